//! Reading a whole shop: what it takes, and what tills notice of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::blocks::{Must, Row, Side, compare, figures, p99};
use super::clocks::of_child;
use super::load::{Target, Till};
use super::service::{PLENTY, Service, StandIn, borrowed, prepare, reading, token};
use super::setup::{Binary, Setup, folder, sqlite};
use super::shop;
use super::sqlite::size;

const ORDERS: i64 = 200_000;

/// `sync` of 200,000 orders into an empty ledger: its processor time, its rate, and what stays in the database.
pub fn full_sync(setup: &Setup) {
    eprintln!("  making {ORDERS} orders …");
    let (all, none) = (StandIn::of(shop::filled(ORDERS)), StandIn::of(shop::filled(0)));
    let rows = [
        Row { name: "full sync: processor µs / order", unit: "µs", must: Must::AtMost(90.0) },
        Row { name: "full sync: orders/s from the stand-in", unit: "1/s", must: Must::Known },
        Row { name: "bytes an order in the database", unit: "bytes", must: Must::AtMost(700.0) },
    ];
    let mut sides = setup.sides(|binary| {
        let folder = folder();
        synced(binary, folder.path(), "empty.db", none.served.url());
        let empty = size(folder.path().join("empty.db"));
        (binary.clone(), folder, empty)
    });
    figures(&rows, setup.at_most(5), &mut sides, |(binary, folder, empty)| {
        let started = Instant::now();
        let (processor_s, _) = synced(binary, folder.path(), "orders.db", all.served.url());
        let took = started.elapsed().as_secs_f64();
        let file = folder.path().join("orders.db");
        let bytes = size(file.clone()) - *empty;
        std::fs::remove_file(file).unwrap();
        vec![processor_s * 1e6 / ORDERS as f64, ORDERS as f64 / took, bytes / ORDERS as f64]
    });
}

/// Makes a database and reads a shop into it; the processor time in seconds, and the report.
pub fn synced(binary: &Binary, folder: &Path, name: &str, url: &str) -> (f64, Value) {
    let database = sqlite(&folder.join(name));
    prepare(binary, folder, &database);
    let report = folder.join("report.json");
    let mut command = binary.command(folder, &database);
    command.envs(reading(url)).args(["sync", "--json"]).stdout(std::fs::File::create(&report).unwrap());
    let (processor_s, _) = of_child(command.spawn().unwrap());
    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).expect("a report");
    (processor_s, report)
}

/// The same in time ÷ the same requests, whose answers are thrown away.
pub fn reads_alone(setup: &Setup) {
    eprintln!("  making {ORDERS} orders …");
    let stand_in = StandIn::of(shop::filled(ORDERS));
    let address: SocketAddr = stand_in.served.url().trim_start_matches("http://").parse().unwrap();
    let sync = |binary: &Binary, folder: &TempDir, url: &str| {
        let started = Instant::now();
        let (_, report) = synced(binary, folder.path(), "orders.db", url);
        let took = started.elapsed().as_secs_f64();
        assert_eq!(report["orders_read"], ORDERS, "{report}");
        std::fs::remove_file(folder.path().join("orders.db")).unwrap();
        took
    };
    let mut sides = setup.sides(|binary| {
        let (folder, requests) = (folder(), Arc::new(Mutex::new(Vec::new())));
        let proxy = record(address, Arc::clone(&requests));
        sync(binary, &folder, &format!("http://{proxy}"));
        let requests: Vec<Vec<u8>> = std::mem::take(&mut requests.lock().unwrap());
        eprintln!("  {} requests", requests.len());
        (binary.clone(), folder, requests)
    });
    let whats = (
        Side { what: "reading 200,000 orders into the ledger", unit: "s" },
        Side { what: "the same reads, thrown away", unit: "s" },
    );
    let name = "full sync of 200,000 orders ÷ the same reads alone";
    compare(name, whats, Must::Known, setup.at_most(5), &mut sides, |(binary, folder, requests), ours| {
        if ours {
            return sync(binary, folder, stand_in.served.url());
        }
        let started = Instant::now();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut answer = Vec::new();
        for request in requests {
            stream.write_all(request).unwrap();
            read_message(&mut stream, &mut answer).expect("an answer");
        }
        started.elapsed().as_secs_f64()
    });
}

/// A till's holds while the service reads a shop for the first time ÷ after it.
pub fn beside_tills(setup: &Setup) {
    const ORDERS: i64 = 60_000;
    const MEMBERS: u64 = 200;
    eprintln!("  making {ORDERS} orders …");
    let stand_in = StandIn::of(shop::filled(ORDERS));
    let whats = (
        Side { what: "a hold during a first reading of 60,000 orders, p99", unit: "ms" },
        Side { what: "a hold after it, p99", unit: "ms" },
    );
    let name = "hold p99 during a first reading ÷ after it";
    let mut sides = setup.sides(|binary| (binary.clone(), Vec::new()));
    compare(name, whats, Must::AtMost(5.0), setup.at_most(5), &mut sides, |(binary, after), during| {
        // One reading gives both figures, whichever is asked for first.
        if let Some((was_during, kept)) = after.pop() {
            return if during { was_during } else { kept };
        }
        let folder = folder();
        let database = sqlite(&folder.path().join("loyalty.db"));
        prepare(binary, folder.path(), &database);
        let settings = reading(stand_in.served.url());
        let (pos, admin) =
            (token(binary, folder.path(), &database, "pos"), token(binary, folder.path(), &database, "admin"));
        let service = Service::start(binary, folder.path(), &database, &pos, MEMBERS, &borrowed(&settings));
        let mut office = Till::new(&Target { token: admin, ..service.target.clone() });
        (1..=MEMBERS).for_each(|member| give_when_known(&mut office, member));
        let mut till = Till::new(&service.target);
        let mut holds = |until: &mut dyn FnMut(usize) -> bool| {
            let mut took = Vec::new();
            while !until(took.len()) {
                took.push(till.hold_us() / 1e3);
                // A cashier; and a load that leaves the reading its processor.
                std::thread::sleep(Duration::from_millis(3));
            }
            took
        };
        let mut of_reading = holds(&mut |done| done % 20 == 0 && has_read(&mut office));
        assert!(of_reading.len() >= 100, "the reading was over after {} holds", of_reading.len());
        std::thread::sleep(Duration::from_secs(1));
        let mut of_rest = holds(&mut |done| done >= 1_000);
        let (was_during, kept) = (p99(&mut of_reading), p99(&mut of_rest));
        after.push((was_during, kept));
        if during { was_during } else { kept }
    });
}

/// Gives a member points as soon as the service has read who that is.
fn give_when_known(office: &mut Till, member: u64) {
    let gift = json!({"jsonrpc": "2.0", "id": 1, "method": "ledger.adjust", "params": {
        "idempotency_key": format!("gift-{member}"), "partner_id": member, "program": "club", "points": PLENTY,
        "reason": "bench"}})
    .to_string();
    let begun = Instant::now();
    while !office.call(&gift).contains("\"entry_id\"") {
        assert!(begun.elapsed() < Duration::from_secs(30), "no points for {member}: {}", office.call(&gift));
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn has_read(office: &mut Till) -> bool {
    let answer: Value =
        serde_json::from_str(office.call(r#"{"jsonrpc":"2.0","id":1,"method":"sync.status","params":{}}"#)).unwrap();
    !answer["result"]["last_success_at"].is_null()
}

/// Orders a second that are taken in from the stand-in ÷ those that a real Odoo answers, asked the same by nobody who
/// does anything with the answers: `odoo-reads --url U --database D --login L --key K`.
pub fn beside_odoo(mut arguments: impl Iterator<Item = String>, setup: &Setup) {
    const ORDERS: i64 = 60_000;
    let (mut address, mut settings) = (None, Vec::new());
    while let Some(name) = arguments.next() {
        let value = arguments.next().unwrap_or_else(|| panic!("{name} wants a value"));
        match name.as_str() {
            "--url" => address = value.trim_start_matches("http://").trim_end_matches('/').parse().ok(),
            "--database" => settings.push(("LOYALTY__ODOO__DATABASE", value)),
            "--login" => settings.push(("LOYALTY__ODOO__LOGIN", value)),
            "--key" => settings.push(("LOYALTY__ODOO__API_KEY", value)),
            other => panic!("unknown argument {other}"),
        }
    }
    let address: SocketAddr = address.expect("--url is an address of loopback");
    let stand_in = StandIn::of(shop::filled(ORDERS));
    let mut sides = setup.sides(|binary| {
        let (folder, requests) = (folder(), Arc::new(Mutex::new(Vec::new())));
        let proxy = format!("http://{}", record(address, Arc::clone(&requests)));
        let database = sqlite(&folder.path().join("odoo.db"));
        prepare(binary, folder.path(), &database);
        let mut all = borrowed(&settings);
        all.extend([("LOYALTY__ODOO__URL", proxy.as_str()), ("LOYALTY__ODOO__PROTOCOL", "jsonrpc")]);
        let report = binary.run(folder.path(), &database, &all, &["sync"]);
        let requests: Vec<Vec<u8>> = std::mem::take(&mut requests.lock().unwrap());
        let orders = report["orders_read"].as_f64().unwrap();
        eprintln!("  {orders} orders in {} requests", requests.len());
        (binary.clone(), folder, requests, orders)
    });
    let whats = (
        Side { what: "full sync from the stand-in", unit: "orders/s" },
        Side { what: "a real Odoo 19 that answers the same questions", unit: "orders/s" },
    );
    let name = "full sync: orders/s ÷ a real Odoo's own rate";
    compare(
        name,
        whats,
        Must::AtLeast(5.0),
        setup.at_most(5),
        &mut sides,
        |(binary, folder, requests, orders), ours| {
            if ours {
                let started = Instant::now();
                synced(binary, folder.path(), "orders.db", stand_in.served.url());
                let took = started.elapsed().as_secs_f64();
                std::fs::remove_file(folder.path().join("orders.db")).unwrap();
                return ORDERS as f64 / took;
            }
            let (started, mut answer) = (Instant::now(), Vec::new());
            for request in requests {
                // Odoo's server may hang up after each answer.
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                stream.write_all(request).unwrap();
                read_message(&mut stream, &mut answer).expect("an answer");
            }
            *orders / started.elapsed().as_secs_f64()
        },
    );
}

/// A proxy on a port of its own that keeps a copy of each request, head and body.
fn record(to: SocketAddr, kept: Arc<Mutex<Vec<Vec<u8>>>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let kept = Arc::clone(&kept);
            std::thread::spawn(move || {
                let mut message = Vec::new();
                while read_message(&mut client, &mut message).is_some() {
                    kept.lock().unwrap().push(message.clone());
                    // A connection for each: one that waits for its first request is closed by the stand-in.
                    let mut server = TcpStream::connect(to).unwrap();
                    server.write_all(&message).unwrap();
                    let Some(()) = read_message(&mut server, &mut message) else { break };
                    if client.write_all(&message).is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

/// Reads one HTTP message that says its length; `None` when the other side hung up.
fn read_message(stream: &mut TcpStream, into: &mut Vec<u8>) -> Option<()> {
    into.clear();
    let mut part = vec![0; 64 * 1024];
    let mut whole = None;
    loop {
        let read = stream.read(&mut part).ok().filter(|read| *read > 0)?;
        into.extend_from_slice(&part[..read]);
        if whole.is_none()
            && let Some(head) = into.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
        {
            let text = String::from_utf8_lossy(&into[..head]).to_lowercase();
            let length =
                text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            whole = Some(head + length.unwrap_or(0));
        }
        if whole.is_some_and(|whole| into.len() >= whole) {
            return Some(());
        }
    }
}
