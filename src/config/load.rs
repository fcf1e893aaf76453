//! Where settings come from: `config/*.toml` or `--config FILE`, then the environment.

use std::path::{Path, PathBuf};

use super::{BadSetting, Sections, Settings, bad};
use crate::store::DatabaseUrl;

impl Settings {
    /// Reads settings from a file, or from `config/*.toml` below the working folder when none is named, and
    /// from the environment.
    ///
    /// # Errors
    /// [`BadSetting`], naming the setting and where it stands.
    pub fn load(file: Option<&Path>) -> Result<Self, BadSetting> {
        let mut builder = config::Config::builder();
        for path in config_files(file)? {
            builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        let environment = config::Environment::with_prefix("LOYALTY").prefix_separator("__").separator("__");
        let read = builder.add_source(environment).build().map_err(|problem| {
            bad(format!("the settings cannot be read: {}", without_excerpt(&problem.to_string())))
        })?;
        let says_database = read.get_string("database.url").is_ok() && std::env::var_os(DATABASE_URL).is_none();
        let sections: Sections =
            read.try_deserialize().map_err(|problem| bad(format!("a setting is wrong: {problem}")))?;
        let mut settings = sections.validate()?;
        if let Some(file) = file.filter(|_| says_database) {
            settings.database_url = beside(file, settings.database_url)?;
        }
        Ok(settings)
    }
}

/// The setting of the database, as the environment says it.
const DATABASE_URL: &str = "LOYALTY__DATABASE__URL";

/// A relative path that a named file says is one from that file's folder, whatever folder the command is run in. Where
/// such a path used to be one from the working folder, and a ledger is there, nobody is to go on with an empty one.
fn beside(file: &Path, url: DatabaseUrl) -> Result<DatabaseUrl, BadSetting> {
    let DatabaseUrl::Sqlite(path) = &url else { return Ok(url) };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let (true, Some(folder)) = (path.is_relative(), folder) else { return Ok(url) };
    let resolved = folder.join(path);
    if !resolved.exists() && path.exists() {
        let here = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        return Err(bad(format!(
            "database.url: {} means {}, as seen from {}, and there is none; but there is one at {}. Move it there, or write \
             sqlite://{}",
            url.redacted(),
            resolved.display(),
            file.display(),
            here.display(),
            here.display()
        )));
    }
    Ok(DatabaseUrl::Sqlite(resolved))
}

/// What is wrong and where, without the line that it stands in: that may be the one with the password.
fn without_excerpt(problem: &str) -> String {
    let is_excerpt = |line: &&str| {
        line.split_once('|').is_some_and(|(number, _)| number.trim().bytes().all(|digit| digit.is_ascii_digit()))
    };
    problem.lines().filter(|line| !is_excerpt(line)).collect::<Vec<_>>().join("; ")
}

/// The files to read, in order. A file that somebody names must be there.
fn config_files(named: Option<&Path>) -> Result<Vec<PathBuf>, BadSetting> {
    if let Some(path) = named {
        if !path.is_file() {
            return Err(bad(format!("--config {}: there is no such file", path.display())));
        }
        return Ok(vec![path.to_owned()]);
    }
    let Ok(entries) = std::fs::read_dir("config") else { return Ok(Vec::new()) };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter(|path| !path.to_string_lossy().ends_with(".example.toml"))
        .collect();
    found.sort();
    Ok(found)
}
