//! The real program on a database with members that have points to spend.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use loyalty_sidecar::demo::{FakeOdoo, Served, fake_odoo, server};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::load::Target;
use super::setup::{Binary, set_up};

/// The program of every benchmark: a reward for 100 points.
pub fn club() -> Value {
    json!({
        "code": "club", "name": "Club", "currency": "USD",
        "earning": {"rules": [{"code": "base", "kind": "per_amount", "every": "10.00", "points": "10"}]},
        "rewards": [{"code": "5off", "name": "5 off", "kind": "discount_amount", "points": "100", "amount": "5.00"}],
    })
}

/// Points of each member: more than any run takes.
pub const PLENTY: &str = "900000000";

/// A stand-in for Odoo that answers as long as this is there.
pub struct StandIn {
    pub served: Served,
    _runtime: tokio::runtime::Runtime,
}

impl StandIn {
    pub fn of(shop: FakeOdoo) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let served = runtime.block_on(async { server::serve(shop, 0) }).unwrap();
        Self { served, _runtime: runtime }
    }
}

/// The settings of a service that reads the stand-in at this address.
pub fn reading(url: &str) -> Vec<(&'static str, String)> {
    let settings = [
        ("LOYALTY__ODOO__URL", url),
        ("LOYALTY__ODOO__DATABASE", fake_odoo::DATABASE),
        ("LOYALTY__ODOO__LOGIN", fake_odoo::LOGIN),
        ("LOYALTY__ODOO__API_KEY", fake_odoo::KEY),
        // What was measured before is measured again.
        ("LOYALTY__ODOO__PROTOCOL", "jsonrpc"),
    ];
    settings.map(|(name, value)| (name, value.to_owned())).to_vec()
}

/// As [`reading`] gives them, for [`Binary::run`].
pub fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// A database with the program and nothing else.
pub fn prepare(binary: &Binary, folder: &Path, database: &str) {
    binary.run(folder, database, &[], &["migrate"]);
    std::fs::write(folder.join("club.json"), club().to_string()).unwrap();
    binary.run(folder, database, &[], &["program", "put", "club.json"]);
}

/// A shop, the program, and so many members with points for ever; a till's token.
pub fn fill(binary: &Binary, folder: &Path, database: &str, members: u64) -> String {
    let stand_in = StandIn::of(super::shop::with_customers(members));
    prepare(binary, folder, database);
    binary.run(folder, database, &borrowed(&reading(stand_in.served.url())), &["sync"]);
    give(binary, folder, database, members);
    token(binary, folder, database, "pos")
}

/// Points for the members 1 to this one, who are known already.
pub fn give(binary: &Binary, folder: &Path, database: &str, members: u64) {
    let mut file = "partner_id,points\n".to_owned();
    (1..=members).for_each(|member| writeln!(file, "{member},{PLENTY}").unwrap());
    std::fs::write(folder.join("points.csv"), file).unwrap();
    binary.run(folder, database, &[], &["import", "csv", "--program", "club", "points.csv"]);
}

/// A new token.
pub fn token(binary: &Binary, folder: &Path, database: &str, role: &str) -> String {
    let made =
        binary.run(folder, database, &[], &["token", "create", "--role", role, "--name", &format!("bench {role}")]);
    made["token"].as_str().expect("a token").to_owned()
}

/// A running service, stopped when this is dropped.
pub struct Service {
    child: Child,
    pub target: Target,
}

impl Service {
    /// Starts the program on a database that was filled.
    pub fn start(
        binary: &Binary,
        folder: &Path,
        database: &str,
        token: &str,
        members: u64,
        environment: &[(&str, &str)],
    ) -> Self {
        Self::start_as(Command::new(&binary.0), folder, (database, token, members), environment)
    }

    /// Starts it by this command, which may be another program's that runs it.
    pub fn start_as(
        mut command: Command,
        folder: &Path,
        (database, token, members): (&str, &str, u64),
        environment: &[(&str, &str)],
    ) -> Self {
        set_up(&mut command, folder, database);
        command
            .env("LOYALTY__HTTP__BIND", "127.0.0.1:0")
            .env("LOYALTY__HTTP__METRICS_PUBLIC", "true")
            .env("LOYALTY__HTTP__RATE_LIMIT_PER_SECOND", "0")
            .envs(environment.iter().copied())
            .arg("serve")
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").expect("the service answers");
        let address = url.trim_start_matches("http://").parse().unwrap();
        Self { child, target: Target { address, token: token.to_owned(), members } }
    }

    /// A figure of its metrics; 0 while it is not there.
    pub fn metric(&self, name: &str) -> f64 {
        let mut stream = std::net::TcpStream::connect(self.target.address).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        found.unwrap_or(0.0)
    }

    /// Commands and batches so far.
    pub fn batches(&self) -> (f64, f64) {
        let commands = self.metric("loyalty_writer_batch_commands_sum ");
        (commands, self.metric("loyalty_writer_batch_commands_count "))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success(), "the service ended badly");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
