//! What is measured: a program, and beside it, in the same blocks, the one before it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// A program that is measured. It is driven from outside alone: its command line, its HTTP, its files.
#[derive(Clone)]
pub struct Binary(pub PathBuf);

/// What a benchmark is asked for.
pub struct Setup {
    pub blocks: usize,
    pub now: Binary,
    pub before: Option<Binary>,
}

/// The same thing of both programs.
pub struct Sides<S> {
    pub before: Option<S>,
    pub now: S,
}

impl Setup {
    /// Makes the same of both programs.
    pub fn sides<S>(&self, mut make: impl FnMut(&Binary) -> S) -> Sides<S> {
        Sides { before: self.before.as_ref().map(&mut make), now: make(&self.now) }
    }

    /// No more blocks than that: for what takes long.
    pub fn at_most(&self, blocks: usize) -> usize {
        self.blocks.min(blocks)
    }
}

impl Binary {
    /// A call of it, without settings but those that are said.
    pub fn command(&self, folder: &Path, database: &str) -> Command {
        let mut command = Command::new(&self.0);
        set_up(&mut command, folder, database);
        command
    }

    /// Runs a verb to its end; what it printed as JSON.
    pub fn run(&self, folder: &Path, database: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Value {
        let mut command = self.command(folder, database);
        let out = command
            .envs(environment.iter().copied())
            .args(arguments)
            .arg("--json")
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{} {arguments:?}: {said}", self.0.display());
        serde_json::from_slice(&out.stdout).unwrap_or_default()
    }
}

/// Sets up a command of the program, or of one that runs it: as [`Binary::command`] says.
pub fn set_up(command: &mut Command, folder: &Path, database: &str) {
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LOYALTY__")) {
        command.env_remove(name);
    }
    command
        .current_dir(folder)
        .env("LOYALTY__DATABASE__URL", database)
        .env("LOYALTY__LOG__LEVEL", "warn")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
}

/// A folder on the disk that is measured: `LOYALTY_BENCH_FOLDER`, or the build's own. Not the temporary one, which
/// may be memory.
pub fn folder() -> tempfile::TempDir {
    let parent = std::env::var("LOYALTY_BENCH_FOLDER").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    tempfile::Builder::new().prefix("bench-").tempdir_in(parent).unwrap()
}

/// The address of a SQLite file.
pub fn sqlite(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}
