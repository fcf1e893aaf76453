//! Does a balance get slower as history grows?

use std::time::Instant;

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};

use super::blocks::{Must, Side, compare, median};
use super::load::Till;
use super::service::{PLENTY, Service, fill};
use super::setup::{Setup, folder, sqlite};

const MEMBERS: u64 = 10_000;
/// Entries of each member in the ledger with a long history: ten million in all.
const LONG: u64 = 1_000;
const CALLS: usize = 400;

/// `loyalty.balance` in a ledger of ten million entries ÷ in one of ten thousand, of as many members.
pub fn by_history(setup: &Setup) {
    let mut sides = setup.sides(|binary| {
        let folder = folder();
        let served = |name: &str, lengthened: bool| {
            let path = folder.path().join(name);
            let token = fill(binary, folder.path(), &sqlite(&path), MEMBERS);
            if lengthened {
                lengthen(path.to_str().unwrap());
            }
            let service = Service::start(binary, folder.path(), &sqlite(&path), &token, MEMBERS, &[]);
            (Till::new(&service.target), service)
        };
        let (long, short) = (served("long.db", true), served("short.db", false));
        (long, short, folder)
    });
    let mut member = 0;
    let whats = (
        Side { what: "a balance among 10,000,000 entries, median", unit: "µs" },
        Side { what: "a balance among 10,000 entries, median", unit: "µs" },
    );
    let name = "loyalty.balance: 10,000,000 entries ÷ 10,000";
    compare(name, whats, Must::AtMost(1.2), setup.blocks, &mut sides, |(long, short, _), first| {
        let till = if first { &mut long.0 } else { &mut short.0 };
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
                assert!(answer.contains(&format!("\"balance\":\"{PLENTY}\"")), "{answer}");
                took
            })
            .collect();
        median(&mut took)
    });
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

/// Gives every account a long history, behind the service's back: its first entry again and again, under other numbers.
/// What the table has besides is copied as it stands, whatever it is; sums and hashes do not matter here.
fn lengthen(path: &str) {
    eprintln!("  making ten million entries …");
    let mut conn = SqliteConnection::establish(path).unwrap();
    let columns: Vec<Column> =
        sql_query("SELECT name, type AS kind FROM pragma_table_info('entries') ORDER BY cid").load(&mut conn).unwrap();
    let value = |column: &Column| match (column.name.as_str(), column.kind.as_str()) {
        ("id", "BLOB") => "randomblob(16)".to_owned(),
        ("id", "TEXT") => "printf('%012d-%06d', entries.account_id, n.i)".to_owned(),
        ("id", _) => "entries.account_id * 1000000 + n.i".to_owned(),
        ("sequence", _) => "n.i".to_owned(),
        (name, _) => format!("entries.{name}"),
    };
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let values: Vec<String> = columns.iter().map(value).collect();
    conn.batch_execute(&format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;
         BEGIN;
         WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {LONG})
         INSERT INTO entries ({}) SELECT {} FROM entries CROSS JOIN n WHERE entries.sequence = 1;
         UPDATE accounts SET entry_count = {LONG};
         COMMIT;
         PRAGMA journal_mode = WAL;",
        names.join(", "),
        values.join(", ")
    ))
    .unwrap();
}
