//! `backup`: a copy of the ledger while the service runs, durable and checked.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::opening::Opening;
use super::{Failure, Outcome, print};
use crate::config::Settings;
use crate::store::{DatabaseUrl, backup};

pub(super) fn run(settings: &Settings, opening: Opening, file: &Path, as_json: bool) -> Outcome {
    refuse_to_overwrite(file)?;
    let unfinished = Unfinished::beside(file)?;
    match &settings.database_url {
        DatabaseUrl::Sqlite(_) => copy_sqlite(settings, opening, &unfinished.0)?,
        DatabaseUrl::Postgres(url) => dump_postgres(url, file, &unfinished.0)?,
    }
    let bytes = unfinished.finish(file)?;
    print(as_json, &json!({"file": file, "bytes": bytes, "checked": true}), || {
        format!(
            "backed up into {}: {bytes} bytes, checked and on the disk\n\
             `loyalty-sidecar restore-check {}` computes every invariant of it",
            file.display(),
            file.display()
        )
    });
    Ok(true)
}

fn refuse_to_overwrite(file: &Path) -> Result<(), Failure> {
    if file.exists() {
        return Err(Failure::Other(format!(
            "{} is there already, and a backup overwrites nothing; name another file",
            file.display()
        )));
    }
    Ok(())
}

fn copy_sqlite(settings: &Settings, opening: Opening, unfinished: &Path) -> Result<(), Failure> {
    let pool = opening.pool(settings)?;
    let name = unfinished.to_str().ok_or_else(|| Failure::Usage("the file's path is not UTF-8".to_owned()))?;
    backup::copy_into(&mut *pool.get()?, name)?;
    let damage = backup::damage_of(unfinished)?;
    if damage.is_empty() {
        return Ok(());
    }
    Err(Failure::Other(format!("the copy is damaged, and so may be the database itself: {}", damage.join("; "))))
}

/// The command that makes a dump, for people: without the password.
fn pg_dump_command(url: &str, file: &Path) -> String {
    let (url, _) = without_password(url);
    format!("pg_dump --format=custom --file='{}' '{url}'", file.display())
}

fn dump_postgres(url: &str, file: &Path, unfinished: &Path) -> Result<(), Failure> {
    let (shown, password) = without_password(url);
    let mut dump = Command::new("pg_dump");
    dump.arg("--format=custom").arg("--file").arg(unfinished).arg(shown);
    if let Some(password) = password {
        // Not among the arguments, which every process of the machine may read.
        dump.env("PGPASSWORD", password);
    }
    let made = dump.output().map_err(|problem| {
        Failure::Other(format!(
            "pg_dump cannot be started ({problem}); it comes with PostgreSQL's client programs. Where they are, run: {}",
            pg_dump_command(url, file)
        ))
    })?;
    if !made.status.success() {
        return Err(Failure::Other(format!(
            "pg_dump failed: {}. A pg_dump as new as the server is needed; where there is one, run: {}",
            String::from_utf8_lossy(&made.stderr).trim(),
            pg_dump_command(url, file)
        )));
    }
    // Its table of contents can be read to the end.
    match Command::new("pg_restore").arg("--list").arg(unfinished).output() {
        Ok(listed) if !listed.status.success() => {
            Err(Failure::Other(format!("the dump cannot be read: {}", String::from_utf8_lossy(&listed.stderr).trim())))
        }
        _ => Ok(()),
    }
}

/// A URL in two parts: what may be seen, and the password.
fn without_password(text: &str) -> (String, Option<String>) {
    let Ok(mut url) = url::Url::parse(text) else { return (text.to_owned(), None) };
    let password = url.password().map(percent_decoded);
    // Fails only for URLs that cannot have a password.
    let _ = url.set_password(None);
    (url.to_string(), password)
}

/// `%41` as `A`. What is no escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let escaped = code.filter(|_| *first == b'%').and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A file of the same folder that is not a backup yet. It goes when it does not become one.
struct Unfinished(PathBuf);

impl Unfinished {
    fn beside(file: &Path) -> Result<Self, Failure> {
        let name = file.file_name().ok_or_else(|| Failure::Usage("name a file to back up into".to_owned()))?;
        let name = format!("{}.{}.unfinished", name.to_string_lossy(), uuid::Uuid::now_v7().simple());
        let path = file.with_file_name(name);
        // For its owner alone: it says who bought what, and holds the tokens' hashes.
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|problem| Failure::Other(format!("{} cannot be written: {problem}", file.display())))?;
        Ok(Self(path))
    }

    /// Has it on the disk under its name; its size.
    fn finish(self, file: &Path) -> Result<u64, Failure> {
        let failed = |problem: std::io::Error| Failure::Other(format!("{} cannot be kept: {problem}", file.display()));
        let written = File::open(&self.0).map_err(failed)?;
        written.sync_all().map_err(failed)?;
        let bytes = written.metadata().map_err(failed)?.len();
        refuse_to_overwrite(file)?;
        std::fs::rename(&self.0, file).map_err(failed)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(bytes)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already when it was finished.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_taken_out_of_the_url_and_decoded() {
        assert_eq!(
            without_password("postgres://me:a%25%2Fb@h:5432/d?sslmode=require"),
            ("postgres://me@h:5432/d?sslmode=require".to_owned(), Some("a%/b".to_owned()))
        );
        assert_eq!(without_password("postgres://me@h/d"), ("postgres://me@h/d".to_owned(), None));
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%C3%A9%zz"), "é%zz");
    }
}
