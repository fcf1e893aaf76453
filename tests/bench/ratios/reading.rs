//! Reading a whole shop: how much longer than the reads alone does it take to make points of them?

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use loyalty_sidecar::demo::{Served, server, shop};

use super::blocks::{Must, Side, compare};
use super::service::{self, fill};

const ORDERS: i64 = 200_000;

/// `sync` of 200,000 orders into an empty ledger ÷ the same requests, whose answers are thrown away.
pub fn full_sync(blocks: usize) {
    eprintln!("  making {ORDERS} orders …");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let stand_in = super::shop::filled(ORDERS);
    let served: Served = runtime.block_on(async { server::serve(stand_in, 0) }).unwrap();
    let address: SocketAddr = served.url().trim_start_matches("http://").parse().unwrap();
    let folder = service::folder();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let proxy = record(address, Arc::clone(&requests));
    let mut ledgers = 0;
    let mut sync = |url: String| {
        ledgers += 1;
        let path = folder.path().join(format!("{ledgers}.db"));
        let database = format!("sqlite://{}", path.display());
        fill(&database, 0);
        let started = Instant::now();
        let run = Command::new(service::program())
            .current_dir(folder.path())
            .env("LOYALTY__DATABASE__URL", &database)
            .envs([
                ("LOYALTY__ODOO__URL", url.as_str()),
                ("LOYALTY__ODOO__DATABASE", shop::DATABASE),
                ("LOYALTY__ODOO__LOGIN", shop::LOGIN),
                ("LOYALTY__ODOO__API_KEY", shop::KEY),
                // What was measured before is measured again.
                ("LOYALTY__ODOO__PROTOCOL", "jsonrpc"),
                ("LOYALTY__LOG__LEVEL", "warn"),
            ])
            .args(["sync", "--json"])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        let took = started.elapsed().as_secs_f64();
        let report: serde_json::Value = serde_json::from_slice(&run.stdout).expect("a report");
        assert_eq!(report["orders_read"], ORDERS, "{report}");
        std::fs::remove_file(path).unwrap();
        took
    };
    sync(format!("http://{proxy}"));
    let requests: Vec<Vec<u8>> = std::mem::take(&mut requests.lock().unwrap());
    eprintln!("  {} requests", requests.len());
    let sides = (
        Side { what: "reading 200,000 orders into the ledger", unit: "s" },
        Side { what: "the same reads, thrown away", unit: "s" },
    );
    let name = "full sync of 200,000 orders ÷ the same reads alone";
    compare(name, sides, Must::AtMost(1.3), blocks, |ours| {
        if ours {
            return sync(served.url().to_owned());
        }
        let started = Instant::now();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut answer = Vec::new();
        for request in &requests {
            stream.write_all(request).unwrap();
            read_message(&mut stream, &mut answer).expect("an answer");
        }
        started.elapsed().as_secs_f64()
    });
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
