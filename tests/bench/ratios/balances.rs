//! Does a balance get slower as history grows?

use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use super::blocks::{Must, Side, compare, median_with_interval};
use super::load::Till;
use super::service::{self, Service, fill};

const MEMBERS: u64 = 10_000;
/// Entries of each member in the ledger with a long history: ten million in all.
const LONG: u64 = 1_000;
const CALLS: usize = 400;

/// `loyalty.balance` in a ledger of ten million entries ÷ in one of ten thousand, of as many members.
pub fn by_history(blocks: usize) {
    let folder = service::folder();
    let make = |name: &str| {
        let path = folder.path().join(name);
        let url = format!("sqlite://{}", path.display());
        let token = fill(&url, MEMBERS);
        (path, url, token)
    };
    let (path, url, token) = make("long.db");
    lengthen(path.to_str().unwrap());
    let long = Service::start(&url, folder.path(), &token, MEMBERS, &[]);
    let (_, url, token) = make("short.db");
    let short = Service::start(&url, folder.path(), &token, MEMBERS, &[]);
    let (mut of_long, mut of_short) = (Till::new(&long.target), Till::new(&short.target));
    let mut member = 0;
    let sides = (
        Side { what: "a balance among 10,000,000 entries, median", unit: "µs" },
        Side { what: "a balance among 10,000 entries, median", unit: "µs" },
    );
    let name = "loyalty.balance: 10,000,000 entries ÷ 10,000";
    compare(name, sides, Must::AtMost(1.2), blocks, |first| {
        let till = if first { &mut of_long } else { &mut of_short };
        let mut took: Vec<f64> = (0..CALLS)
            .map(|_| {
                member = (member + 7919) % MEMBERS;
                let body = format!(
                    r#"{{"jsonrpc":"2.0","id":1,"method":"loyalty.balance","params":{{"partner_ids":[{}]}}}}"#,
                    member + 1
                );
                let started = Instant::now();
                let answer = till.call(&body);
                let took = started.elapsed().as_secs_f64() * 1e6;
                assert!(answer.contains("\"balance\":\"900000000\""), "{answer}");
                took
            })
            .collect();
        median_with_interval(&mut took).0
    });
}

/// Gives every account a long history, behind the service's back: the hashes do not matter here.
fn lengthen(path: &str) {
    eprintln!("  making ten million entries …");
    let mut conn = SqliteConnection::establish(path).unwrap();
    conn.batch_execute(&format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
         BEGIN;
         WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {LONG})
         INSERT INTO entries (id, account_id, sequence, kind, points_e2, balance_after_e2, occurred_at_us,
             recorded_at_us, cause_model, cause_name, actor, detail, previous_hash, hash)
         SELECT printf('%012d-%06d', accounts.id, i), accounts.id, i, 'earn', 0, accounts.balance_e2,
             i * 1000000, i * 1000000, 'pos.order', 'Shop/0001', 'sync', '{{}}', 'before', 'after'
         FROM accounts CROSS JOIN n;
         UPDATE accounts SET entry_count = {LONG};
         COMMIT;
         PRAGMA journal_mode = WAL;"
    ))
    .unwrap();
}
