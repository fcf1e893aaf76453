//! A PostgreSQL of a test's own: one that it may stop, kill and start again without hurting another's.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection};

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running cluster on a port of loopback, stopped and deleted with the test.
///
/// A commit is answered only once it is written to the log (`synchronous_commit`), and the log outlives the server's
/// death, not the machine's (`fsync` is off): nothing here waits for the disk.
pub struct Cluster {
    folder: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
    password: String,
    server: Option<Child>,
    environment: Vec<(String, String)>,
}

/// How a server is told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// `pg_ctl stop -m fast`: transactions are undone, all is written.
    Fast,
    /// `pg_ctl stop -m immediate`: every session is dropped at once, as in a crash; the log is read again at the start.
    Immediate,
    /// kill -9 of the server and of all its sessions.
    Kill,
}

impl Cluster {
    /// A fresh one, running. Whether this machine can have one is asked with [`Cluster::is_possible`].
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A fresh one whose server sees these variables: for a clock that is not the machine's.
    pub fn start_with(environment: &[(String, String)]) -> Self {
        let bin = programs().expect("PostgreSQL's server programs (initdb, postgres): install the package postgresql");
        // The server refuses to run as root and must be able to reach its files: not below root's home, then.
        let folder = tempfile::Builder::new().prefix("loyalty-pg-").tempdir_in("/tmp").expect("a temporary folder");
        let password = uuid::Uuid::new_v4().simple().to_string();
        let file = folder.path().join("password");
        fs::write(&file, &password).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some((user, group)) = server_user() {
            for path in [folder.path(), &file] {
                chown(path, Some(user), Some(group)).expect("the server's user gets its folder");
            }
        }
        let made = as_server_user(&bin.join("initdb"))
            .current_dir(folder.path())
            .args(["-D", "data", "-U", "loyalty", "--pwfile=password", "--auth=scram-sha-256", "--encoding=UTF8"])
            .args(["--locale=C.UTF-8", "--no-sync", "--no-instructions"])
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut cluster = Self { folder, bin, port: 0, password, server: None, environment: environment.to_vec() };
        // Between finding a port and listening on it somebody else may take it.
        for _ in 0..5 {
            cluster.port = free_port();
            cluster.configure();
            if cluster.try_launch() {
                return cluster;
            }
        }
        panic!("no PostgreSQL: {}", cluster.log());
    }

    /// Whether this machine has PostgreSQL's server programs.
    pub fn is_possible() -> bool {
        programs().is_some()
    }

    fn configure(&self) {
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\nmax_connections = 100\n\
             shared_buffers = 64MB\nfsync = off\nfull_page_writes = off\nsynchronous_commit = on\nwal_level = minimal\n\
             max_wal_senders = 0\nlog_min_messages = warning\n",
            self.port
        );
        // Included last, it wins; written anew with each port.
        fs::write(self.data().join("postgresql.auto.conf"), settings).unwrap();
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// What the server has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The server's URL, of its database `postgres`, for a role that may do everything.
    pub fn url(&self) -> String {
        format!("postgres://loyalty:{}@127.0.0.1:{}/postgres", self.password, self.port)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again after [`Cluster::stop`], on its port, and waits until it answers.
    pub fn launch(&mut self) {
        let started = Instant::now();
        // After a kill the old sessions need a moment to notice before their memory is free again.
        while !self.try_launch() {
            assert!(started.elapsed() < PATIENCE, "PostgreSQL does not start again: {}", self.log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn try_launch(&mut self) -> bool {
        assert!(self.server.is_none(), "it runs already");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let mut server = as_server_user(&self.bin.join("postgres"))
            .arg("-D")
            .arg(self.data())
            .current_dir(self.folder.path())
            .envs(self.environment.clone())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("postgres starts");
        let started = Instant::now();
        loop {
            if server.try_wait().unwrap().is_some() {
                return false;
            }
            if PgConnection::establish(&format!("{}?connect_timeout=5", self.url())).is_ok() {
                self.server = Some(server);
                return true;
            }
            if started.elapsed() > PATIENCE {
                let _ = server.kill();
                let _ = server.wait();
                return false;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends it, and waits until it is gone.
    pub fn stop(&mut self, how: Stop) {
        let mut server = self.server.take().expect("a running server");
        let signal = match how {
            Stop::Fast => "-INT",
            Stop::Immediate => "-QUIT",
            Stop::Kill => "-KILL",
        };
        let mut targets = vec![server.id()];
        if how == Stop::Kill {
            targets.extend(children(server.id()));
        }
        for pid in targets {
            // A session that has just ended by itself is gone, which is what was wanted.
            let _ = Command::new("kill").arg(signal).arg(pid.to_string()).stderr(Stdio::null()).status();
        }
        server.wait().unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.stop(Stop::Immediate);
        }
    }
}

/// The folder of the newest server's programs.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("postgres").is_file())
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin).or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file())
    })
}

/// User and group of `postgres`, when we are root.
fn server_user() -> Option<(u32, u32)> {
    let number = |arguments: &[&str]| -> u32 {
        let said = Command::new("id").args(arguments).output().expect("id runs");
        assert!(said.status.success(), "root needs a user postgres to run a server as");
        String::from_utf8_lossy(&said.stdout).trim().parse().expect("a number")
    };
    (number(&["-u"]) == 0).then(|| (number(&["-u", "postgres"]), number(&["-g", "postgres"])))
}

/// A program of the server, run by somebody who is not root.
fn as_server_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((user, group)) = server_user() {
        command.uid(user).gid(group);
    }
    // Variables of the machine's PostgreSQL are not ours.
    for (name, _) in std::env::vars() {
        if name.starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
}

/// The processes that a server has made.
fn children(parent: u32) -> Vec<u32> {
    let tasks = format!("/proc/{parent}/task/{parent}/children");
    let listed = fs::read_to_string(tasks).unwrap_or_default();
    listed.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// A free port below those that outgoing connections take: it is still free when the server comes back to it.
fn free_port() -> u16 {
    loop {
        let bytes = uuid::Uuid::new_v4().into_bytes();
        let port = 15_000 + u16::from_be_bytes([bytes[0], bytes[1]]) % 17_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
