//! The real binary: as a service on a free port, and as a command that ends.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Api, Database, TestShop, club};

/// The binary under test, with an environment that holds nothing of the machine's.
fn binary(database: Option<&str>, folder: &Path) -> Command {
    command_of(Command::new(env!("CARGO_BIN_EXE_loyalty-sidecar")), database, folder)
}

fn command_of(mut command: Command, database: Option<&str>, folder: &Path) -> Command {
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars() {
        if name.starts_with("LOYALTY__") {
            command.env_remove(name);
        }
    }
    if let Some(url) = database {
        command.env("LOYALTY__DATABASE__URL", url);
    }
    command.env("LOYALTY__HTTP__BIND", "127.0.0.1:0").env("LOYALTY__LOG__LEVEL", "info");
    // Tests press one token as hard as they can; the limit has a test of its own.
    command.env("LOYALTY__HTTP__RATE_LIMIT_PER_SECOND", "0");
    command
}

/// How a command ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// What a command that went well printed with `--json`.
pub fn parsed(run: &Run) -> Value {
    assert_eq!(run.code, 0, "{run:?}");
    serde_json::from_str(&run.out).unwrap_or_else(|problem| panic!("{run:?}: {problem}"))
}

/// Runs a verb to its end.
pub fn run(database: Option<&str>, environment: &[(&str, &str)], arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    run_in(folder.path(), database, environment, arguments, None)
}

/// Runs a verb to its end in a folder, with something on its standard input.
pub fn run_in(
    folder: &Path,
    database: Option<&str>,
    environment: &[(&str, &str)],
    arguments: &[&str],
    input: Option<&str>,
) -> Run {
    let mut command = binary(database, folder);
    command.envs(environment.iter().copied()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().expect("the binary starts");
    if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(text.as_bytes()).expect("it reads");
    }
    let output = child.wait_with_output().expect("it ends");
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).trim_end().to_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A running service with its database and shop, stopped with the test.
pub struct Service {
    child: Option<Child>,
    pub database: Database,
    pub shop: Arc<TestShop>,
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
    descriptors: Option<u32>,
    pub admin: Api,
    admin_token: String,
}

impl Service {
    /// With an empty shop and the program `club`. It reads Odoo when told to, not by itself.
    pub fn start() -> Self {
        let service = Self::without_program(&[]);
        service.admin.call("program.put", json!({"program": club()}));
        service
    }

    /// With an empty shop and no program.
    pub fn without_program(environment: &[(&str, &str)]) -> Self {
        Self::on(Database::new(), environment)
    }

    /// As [`Service::without_program`], on a database that is there.
    pub fn on(database: Database, environment: &[(&str, &str)]) -> Self {
        Self::reading(Arc::new(TestShop::new()), database, environment)
    }

    /// As [`Service::on`], on a shop that others may read as well.
    pub fn reading(shop: Arc<TestShop>, database: Database, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings: Vec<(String, String)> = vec![("LOYALTY__SYNC__INTERVAL_SECONDS".into(), "3600".into())];
        settings.extend(shop.environment());
        settings.extend(environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut service = Self {
            child: None,
            database,
            shop,
            folder,
            environment: settings,
            descriptors: None,
            admin: Api::new("", None),
            admin_token: String::new(),
        };
        service.admin_token = service.token("admin");
        service.launch();
        // The first pass, which a start makes by itself, is over when this one is: no test races with it.
        let _ = service.admin.try_call("sync.run", json!({}));
        service
    }

    /// A fresh token of a role.
    pub fn token(&self, role: &str) -> String {
        // No two tokens that are accepted have one name.
        let name = format!("{role} {}", uuid::Uuid::new_v4().simple());
        let made = self.verb(&["token", "create", "--role", role, "--name", &name]);
        assert_eq!(made.code, 0, "{made:?}");
        made.out
    }

    /// A caller of a role.
    pub fn api(&self, role: &str) -> Api {
        Api::new(&self.admin.base, Some(&self.token(role)))
    }

    /// Runs a verb beside the running service, on its database and shop.
    pub fn verb(&self, arguments: &[&str]) -> Run {
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        run_in(self.folder.path(), Some(&self.database.url()), &environment, arguments, None)
    }

    /// Takes a setting out of its environment, from the next start on.
    pub fn unset(&mut self, name: &str) {
        self.environment.retain(|(known, _)| known != name);
    }

    /// Changes a setting, or anything else of its environment, from the next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// From the next start on it may have no more file descriptors than that.
    pub fn limit_descriptors(&mut self, most: u32) {
        self.descriptors = Some(most);
    }

    /// Starts it again after [`Service::kill`] or [`Service::terminate`].
    pub fn launch(&mut self) {
        let (child, base) = self.spawn(&[]);
        self.admin = Api::new(&base, Some(&self.admin_token));
        self.child = Some(child);
    }

    /// One more process on the same database, with an admin's caller.
    pub fn replica(&self) -> (Replica, Api) {
        self.replica_with(&[])
    }

    /// As [`Service::replica`], with more in its environment.
    pub fn replica_with(&self, environment: &[(String, String)]) -> (Replica, Api) {
        let (child, base) = self.spawn(environment);
        (Replica(child), Api::new(&base, Some(&self.admin_token)))
    }

    fn spawn(&self, environment: &[(String, String)]) -> (Child, String) {
        let url = self.database.url();
        let mut command = match self.descriptors {
            None => binary(Some(&url), self.folder.path()),
            Some(most) => {
                let mut limited = Command::new("prlimit");
                limited.arg(format!("--nofile={most}:{most}")).arg(env!("CARGO_BIN_EXE_loyalty-sidecar"));
                command_of(limited, Some(&url), self.folder.path())
            }
        };
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        command
            .envs(self.environment.clone())
            .envs(environment.iter().cloned())
            .arg("serve")
            .stdout(Stdio::piped())
            .stderr(log);
        let mut child = command.spawn().expect("the service starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Some(base) = line.trim_end().strip_prefix("listening on ") else {
            let status = child.wait();
            panic!("no service: {line:?} {status:?}\n{}", self.log());
        };
        (child, base.to_owned())
    }

    fn log_path(&self) -> std::path::PathBuf {
        self.folder.path().join("service.log")
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Waits until somebody else has killed it.
    pub fn was_killed(&mut self) {
        let child = self.child.as_mut().expect("a running service");
        eventually("the service is killed", || child.try_wait().unwrap().is_some());
        self.child = None;
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("a running service");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends it a signal, `STOP` or `CONT`, and leaves it.
    pub fn signal(&self, name: &str) {
        signal(self.child.as_ref().expect("a running service"), name);
    }

    /// SIGTERM; its exit code and how long it took.
    pub fn terminate(&mut self) -> (i32, Duration) {
        let mut child = self.child.take().expect("a running service");
        let started = Instant::now();
        let sent = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
        assert!(sent.success());
        let status = child.wait().unwrap();
        (status.code().unwrap_or(-1), started.elapsed())
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().unwrap();
    assert!(sent.success(), "kill -{name}");
}

/// A second process, stopped with the test.
pub struct Replica(Child);

impl Replica {
    /// Sends it a signal, `STOP` or `CONT`, and leaves it.
    pub fn signal(&self, name: &str) {
        signal(&self.0, name);
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- the service's log ---\n{}", self.log());
        }
    }
}

/// Waits until something holds, for at most ten seconds.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(10), "it never happened: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
