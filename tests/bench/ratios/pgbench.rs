//! PostgreSQL: the service against `pgbench` with the service's own SQL, one transaction a change.

use std::process::Command;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};

use super::blocks::{Must, Side, compare};
use super::commands::{self, gist};
use super::load::acks_per_second;
use super::service::{self, Service};

const TILLS: usize = 16;
const BLOCK: Duration = Duration::from_secs(2);
const SCRIPT: &str = include_str!("redemption.pgbench");

/// 10,000 members, spread.
pub fn spread(blocks: usize) {
    measure("PostgreSQL, 10,000 members: service ÷ pgbench with the same SQL", 10_000, Must::AtLeast(1.0), blocks);
}

/// One member whom everybody redeems for.
pub fn hot(blocks: usize) {
    measure("PostgreSQL, one hot member: service ÷ the same pgbench", 1, Must::AtLeast(4.0), blocks);
}

fn measure(name: &str, members: u64, must: Must, blocks: usize) {
    let Ok(server) = std::env::var("LOYALTY_BENCH_POSTGRES_URL") else {
        eprintln!("  left out: LOYALTY_BENCH_POSTGRES_URL names no server");
        return;
    };
    let (ours, theirs) = (Database::new(&server, "ours"), Database::new(&server, "theirs"));
    let folder = service::folder();
    let token = service::fill(&ours.url, members);
    service::fill(&theirs.url, members);
    is_the_same(&theirs.url);
    let script = folder.path().join("redemption.pgbench");
    std::fs::write(&script, SCRIPT).unwrap();
    for one in [&ours, &theirs] {
        PgConnection::establish(&one.url).unwrap().batch_execute("VACUUM ANALYZE").unwrap();
    }
    let service = Service::start(&ours.url, folder.path(), &token, members, &[]);
    let sides = (
        Side { what: "acknowledgements, 16 tills", unit: "1/s" },
        Side { what: "changes by pgbench, 16 clients", unit: "1/s" },
    );
    compare(name, sides, must, blocks, |first| {
        if first {
            return acks_per_second(&service.target, TILLS, BLOCK);
        }
        let run = Command::new(std::env::var("LOYALTY_BENCH_PGBENCH").unwrap_or_else(|_| "pgbench".to_owned()))
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--client", &TILLS.to_string()])
            .args(["--time", &BLOCK.as_secs().to_string(), "--define", &format!("members={members}")])
            .arg("--file")
            .arg(&script)
            // As the service's own connections have it: prepared before there are rows, it would read whole tables.
            .env("PGOPTIONS", "-c enable_seqscan=off -c jit=off")
            .arg(&theirs.url)
            .output()
            .expect("pgbench is installed");
        let out = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success(), "{out}{}", String::from_utf8_lossy(&run.stderr));
        let tps = out.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse::<f64>().ok());
        // One run of the script is a hold and its capture.
        2.0 * tps.unwrap_or_else(|| panic!("pgbench tells no tps: {out}"))
    });
}

/// Holds the script against what the real writer runs for one hold and its capture.
fn is_the_same(url: &str) {
    let wanted = super::same_sql::statements_of_a_redemption(url);
    let written: Vec<String> = SCRIPT
        .lines()
        .filter(|line| !line.starts_with("--") && !line.starts_with("\\set"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("\\gset", ";")
        .split(';')
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(gist)
        .collect();
    assert_eq!(written, wanted, "redemption.pgbench is no longer what the writer does");
    commands::heard(|| ());
}

/// A database of the server, dropped at the end.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    fn new(server: &str, name: &str) -> Self {
        let name = format!("bench_{name}_{}", std::process::id());
        let mut conn = PgConnection::establish(server).expect("LOYALTY_BENCH_POSTGRES_URL");
        conn.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let mut url = url::Url::parse(server).unwrap();
        url.set_path(&name);
        Self { server: server.to_owned(), name, url: url.to_string() }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(mut conn) = PgConnection::establish(&self.server) {
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}
