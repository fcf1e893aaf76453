//! PostgreSQL: with the settings people have, through a network, and against `pgbench`.

use std::process::Command;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use tempfile::TempDir;
use url::Url;

use super::blocks::{Must, Row, Side, compare, figures, median};
use super::load::{Till, acks_per_second};
use super::proxy::Network;
use super::service::{Service, fill};
use super::setup::{Binary, Setup, folder};

const TILLS: usize = 16;
const BLOCK: Duration = Duration::from_secs(2);
/// What a plain service would run: tables, and a script of one transaction a change. Both stay as they are, whatever
/// becomes of ours: against our own statements a service would look the better, the more it wastes.
const YARDSTICK: &str = include_str!("yardstick.sql");
const SCRIPT: &str = include_str!("redemption.pgbench");

/// A cluster with PostgreSQL's default settings, jit among them ÷ the same with jit off for our database.
pub fn defaults(setup: &Setup) {
    let Some(server) = server() else { return };
    let whats = (
        Side { what: "acknowledgements, 16 tills, default settings", unit: "1/s" },
        Side { what: "the same with jit off", unit: "1/s" },
    );
    let mut sides = setup.sides(|binary| {
        let plain = Served::new(binary, Database::new(&server), 1_000);
        let without = Database::new(&server);
        without.execute(&format!("ALTER DATABASE {} SET jit = off", without.name));
        (plain, Served::new(binary, without, 1_000))
    });
    let name = "PostgreSQL with default settings ÷ with jit off";
    compare(name, whats, Must::AtLeast(0.95), setup.blocks, &mut sides, |(plain, without), first| {
        let service = if first { &plain.service } else { &without.service };
        acks_per_second(&service.target, TILLS, BLOCK)
    });
}

/// Through a network of 0.5 ms there and back: round trips of a hold on an idle service, and how long it takes.
pub fn round_trips(setup: &Setup) {
    const TIMES: usize = 50;
    let Some(server) = server() else { return };
    let rows = [
        Row { name: "PostgreSQL: round trips a hold", unit: "", must: Must::AtMost(4.0) },
        Row { name: "PostgreSQL: hold p50, a round trip of 0.5 ms", unit: "ms", must: Must::AtMost(4.0) },
    ];
    let mut sides = setup.sides(|binary| {
        let database = Database::new(&server);
        let mut url = Url::parse(&database.url).unwrap();
        let network = Network::to((url.host_str().unwrap(), url.port().unwrap()), Duration::from_micros(250));
        url.set_port(Some(network.address.port())).unwrap();
        let folder = folder();
        let token = fill(binary, folder.path(), &database.url, 1_000);
        database.execute("VACUUM ANALYZE");
        let service = Service::start(binary, folder.path(), url.as_str(), &token, 1_000, &[]);
        let till = Till::new(&service.target);
        (till, service, network, folder, database)
    });
    figures(&rows, setup.at_most(10), &mut sides, |(till, _, network, ..)| {
        let (mut trips, mut took) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            let before = network.round_trips();
            let (us, after) = till.hold_us_then(|| network.round_trips());
            took.push(us / 1e3);
            trips.push((after - before) as f64);
        }
        vec![median(&mut trips), median(&mut took)]
    });
}

/// 10,000 members, spread.
pub fn spread(setup: &Setup) {
    against_pgbench("PostgreSQL, 10,000 members, 16 tills ÷ pgbench", 10_000, Must::AtLeast(1.5), setup);
}

/// One member whom everybody redeems for.
pub fn hot(setup: &Setup) {
    against_pgbench("PostgreSQL, one hot member, 16 tills ÷ the same pgbench", 1, Must::AtLeast(5.0), setup);
}

fn against_pgbench(name: &str, members: u64, must: Must, setup: &Setup) {
    let Some(server) = server() else { return };
    let whats = (
        Side { what: "acknowledgements, 16 tills", unit: "1/s" },
        Side { what: "changes by pgbench, 16 clients", unit: "1/s" },
    );
    let folder = folder();
    let script = folder.path().join("redemption.pgbench");
    std::fs::write(&script, SCRIPT).unwrap();
    let yardstick = Database::new(&server);
    yardstick.execute(&YARDSTICK.replace(":members", &members.to_string()));
    yardstick.execute("VACUUM ANALYZE");
    let mut sides = setup.sides(|binary| Served::new(binary, Database::new(&server), members));
    compare(name, whats, must, setup.blocks, &mut sides, |ours, first| {
        if first {
            return acks_per_second(&ours.service.target, TILLS, BLOCK);
        }
        let run = Command::new(std::env::var("LOYALTY_BENCH_PGBENCH").unwrap_or_else(|_| "pgbench".to_owned()))
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--client", &TILLS.to_string()])
            .args(["--time", &BLOCK.as_secs().to_string(), "--define", &format!("members={members}")])
            .arg("--file")
            .arg(&script)
            // Prepared before there are rows, it would read whole tables.
            .env("PGOPTIONS", "-c enable_seqscan=off -c jit=off")
            .arg(&yardstick.url)
            .output()
            .expect("pgbench is installed");
        let out = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "{out}{}", String::from_utf8_lossy(&run.stderr));
        let tps = out.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
        // One run of the script is a hold and its capture.
        2.0 * tps.unwrap_or_else(|| panic!("pgbench tells no tps: {out}"))
    });
}

fn server() -> Option<String> {
    let server = std::env::var("LOYALTY_BENCH_POSTGRES_URL").ok();
    if server.is_none() {
        eprintln!("  left out: LOYALTY_BENCH_POSTGRES_URL names no server");
    }
    server
}

/// A program's service on a database of its own, filled. What comes first here ends first.
struct Served {
    service: Service,
    _folder: TempDir,
    _database: Database,
}

impl Served {
    fn new(binary: &Binary, database: Database, members: u64) -> Self {
        let folder = folder();
        let token = fill(binary, folder.path(), &database.url, members);
        database.execute("VACUUM ANALYZE");
        let service = Service::start(binary, folder.path(), &database.url, &token, members, &[]);
        Self { service, _folder: folder, _database: database }
    }
}

/// A database of the server, dropped at the end.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    fn new(server: &str) -> Self {
        let name = format!("bench_{}", uuid::Uuid::now_v7().simple());
        let mut conn = PgConnection::establish(server).expect("LOYALTY_BENCH_POSTGRES_URL");
        conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let mut url = Url::parse(server).unwrap();
        url.set_path(&name);
        Self { server: server.to_owned(), name, url: url.to_string() }
    }

    fn execute(&self, statements: &str) {
        PgConnection::establish(&self.url).unwrap().batch_execute(statements).unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut conn) = PgConnection::establish(&self.server) {
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}
