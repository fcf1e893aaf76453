//! `backup`: a copy of the ledger while the service runs, durable and checked.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use url::Url;

use super::opening::Opening;
use super::{Failure, Outcome, print};
use crate::config::Settings;
use crate::store::DatabaseUrl;
use crate::store::connection::backup;

pub(super) fn run(settings: &Settings, opening: Opening, file: &Path, as_json: bool) -> Outcome {
    refuse_to_overwrite(file)?;
    let unfinished = Unfinished::beside(file)?;
    let checked = match &settings.database_url {
        DatabaseUrl::Sqlite(_) => copy_sqlite(settings, opening, &unfinished.0)?,
        DatabaseUrl::Postgres(url) => dump_postgres(url, file, &unfinished.0)?,
    };
    let bytes = unfinished.finish(file)?;
    print(as_json, &json!({"file": file, "bytes": bytes, "checked": checked}), || {
        let name = file.display();
        let how =
            if checked { "checked and on the disk" } else { "on the disk, but not checked: no pg_restore was found" };
        let next = match &settings.database_url {
            DatabaseUrl::Sqlite(_) => format!("`loyalty-sidecar restore-check {name}` computes every invariant of it"),
            DatabaseUrl::Postgres(_) => format!(
                "to check every invariant of it: `pg_restore --dbname=URL {name}` into an empty database, then \
                 `loyalty-sidecar restore-check URL`"
            ),
        };
        format!("backed up into {name}: {bytes} bytes, {how}\n{next}")
    });
    Ok(true)
}

fn refuse_to_overwrite(file: &Path) -> Result<(), Failure> {
    // A link that leads nowhere is something, too.
    if file.symlink_metadata().is_ok() { Err(is_there(file)) } else { Ok(()) }
}

fn is_there(file: &Path) -> Failure {
    Failure::Other(format!("{} is there already, and a backup overwrites nothing; name another file", file.display()))
}

/// Whether it was checked.
fn copy_sqlite(settings: &Settings, opening: Opening, unfinished: &Path) -> Result<bool, Failure> {
    let pool = opening.pool(settings)?;
    let name = unfinished.to_str().ok_or_else(|| Failure::Usage("the file's path is not UTF-8".to_owned()))?;
    backup::copy_into(&mut *pool.get()?, name)?;
    let damage = backup::damage_of(unfinished)?;
    if damage.is_empty() {
        return Ok(true);
    }
    Err(Failure::Other(format!("the copy is damaged, and so may be the database itself: {}", damage.join("; "))))
}

/// Whether it was checked.
fn dump_postgres(url: &str, file: &Path, unfinished: &Path) -> Result<bool, Failure> {
    let access = Access::of(url)?;
    // For people.
    let command = format!("pg_dump --format=custom --file='{}' '{}'", file.display(), access.shown);
    let mut dump = Command::new("pg_dump");
    dump.arg("--format=custom").arg("--file").arg(unfinished).arg(&access.shown);
    // Not among the arguments, which every process of the machine may read.
    if let Some(password) = &access.password {
        dump.env("PGPASSWORD", password);
    }
    let passphrase =
        access.key_password.as_ref().map(|password| key_password_file(unfinished, password)).transpose()?;
    if let Some(service) = &passphrase {
        dump.env("PGSERVICEFILE", &service.0).env("PGSERVICE", KEY_SERVICE);
    }
    let made = dump.output().map_err(|problem| {
        Failure::Other(format!(
            "pg_dump cannot be started ({problem}); it comes with PostgreSQL's client programs. Where they are, run: {command}"
        ))
    })?;
    drop(passphrase);
    if !made.status.success() {
        return Err(Failure::Other(format!(
            "pg_dump failed: {}. A pg_dump as new as the server is needed; where there is one, run: {command}",
            String::from_utf8_lossy(&made.stderr).trim()
        )));
    }
    // Its table of contents can be read to the end.
    match Command::new("pg_restore").arg("--list").arg(unfinished).output() {
        Ok(listed) if listed.status.success() => Ok(true),
        Ok(listed) => {
            Err(Failure::Other(format!("the dump cannot be read: {}", String::from_utf8_lossy(&listed.stderr).trim())))
        }
        Err(problem) => {
            tracing::warn!(%problem, "pg_restore cannot be started: the dump is not checked");
            Ok(false)
        }
    }
}

/// The connection service that hands over the password of a client key: libpq has no variable for it.
const KEY_SERVICE: &str = "loyalty-sidecar-backup";

/// A service file for libpq beside the backup, for its owner alone. It goes when it is dropped.
fn key_password_file(unfinished: &Path, password: &str) -> Result<Unfinished, Failure> {
    let service = Unfinished::beside(unfinished)?;
    std::fs::write(&service.0, format!("[{KEY_SERVICE}]\nsslpassword={password}\n"))
        .map_err(|problem| Failure::Other(format!("{} cannot be written: {problem}", service.0.display())))?;
    Ok(service)
}

/// How a PostgreSQL is reached: what may be seen, and what may not.
#[derive(Debug, PartialEq, Eq)]
struct Access {
    /// The URL without them.
    shown: String,
    password: Option<String>,
    /// That of the client's key.
    key_password: Option<String>,
}

impl Access {
    /// As libpq reads a URL: what the query says comes after, and a `+` is a plus.
    fn of(text: &str) -> Result<Self, Failure> {
        let mut url =
            Url::parse(text).map_err(|problem| Failure::Usage(format!("database.url cannot be read: {problem}")))?;
        let mut access =
            Self { shown: String::new(), password: url.password().map(percent_decoded), key_password: None };
        // Fails only for URLs that cannot have a password.
        let _ = url.set_password(None);
        let mut rest = Vec::new();
        for pair in url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match percent_decoded(name).as_str() {
                "password" => access.password = Some(percent_decoded(value)),
                "sslpassword" => access.key_password = Some(percent_decoded(value)),
                _ => rest.push(pair),
            }
        }
        let query = Some(rest.join("&")).filter(|query| !query.is_empty());
        url.set_query(query.as_deref());
        access.shown = url.into();
        Ok(access)
    }
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
        put_under(&self.0, file)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(bytes)
    }
}

/// Gives a file its name, unless something has it: also what came there meanwhile stays.
fn put_under(unfinished: &Path, file: &Path) -> Result<(), Failure> {
    let failed = |problem: std::io::Error| match problem.kind() {
        ErrorKind::AlreadyExists => is_there(file),
        _ => Failure::Other(format!("{} cannot be kept: {problem}", file.display())),
    };
    match std::fs::hard_link(unfinished, file) {
        Ok(()) => std::fs::remove_file(unfinished).map_err(failed),
        Err(problem) if problem.kind() == ErrorKind::AlreadyExists => Err(failed(problem)),
        // A file system without links: the name is taken first, and what is replaced is our own empty file.
        Err(_) => {
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(failed)?;
            std::fs::rename(unfinished, file).map_err(|problem| {
                let _ = std::fs::remove_file(file);
                failed(problem)
            })
        }
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

    fn access(text: &str) -> (String, Option<String>, Option<String>) {
        let Access { shown, password, key_password } = Access::of(text).expect("a URL");
        (shown, password, key_password)
    }

    #[test]
    fn a_password_is_taken_out_of_the_url_and_decoded() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            access("postgres://me:a%25%2Fb@h:5432/d?sslmode=require"),
            ("postgres://me@h:5432/d?sslmode=require".to_owned(), some("a%/b"), None)
        );
        assert_eq!(
            access("postgres://me:first@h/d?user=u&password=s+%2B&sslmode=require&sslpassword=k%3D"),
            ("postgres://me@h/d?user=u&sslmode=require".to_owned(), some("s++"), some("k="))
        );
        assert_eq!(
            access("postgres:///d?host=/run&p%61ssword=x"),
            ("postgres:///d?host=/run".to_owned(), some("x"), None)
        );
        assert_eq!(access("postgres://h/d?password=x").0, "postgres://h/d");
        assert_eq!(access("postgres://me@h/d"), ("postgres://me@h/d".to_owned(), None, None));
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%C3%A9%zz"), "é%zz");
    }

    #[test]
    fn what_came_under_the_name_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("copy.db");
        let unfinished = Unfinished::beside(&file).expect("it can be written");
        // It leads nowhere, so that it does not seem to be there.
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &file).expect("a link");
        let refused = unfinished.finish(&file).expect_err("it is not overwritten");
        assert!(refused.to_string().contains("overwrites nothing"), "{refused}");
        assert!(file.is_symlink());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
