//! Tills: each one connection, one call at a time, a hold and then its capture, again and again.
//!
//! The client is as cheap as can be, because it shares the machine's two cores with what it measures: one thread
//! a till, one buffer, HTTP written by hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Where the service is and who calls.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    pub token: String,
    /// Members 1 to this one redeem.
    pub members: u64,
}

/// One till.
pub struct Till {
    stream: TcpStream,
    head: String,
    request: String,
    answer: Vec<u8>,
    members: u64,
    /// Unlike any other till's, in this process and in others.
    mark: String,
    serial: u64,
}

impl Till {
    pub fn new(target: &Target) -> Self {
        let stream = TcpStream::connect(target.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let head = format!(
            "POST /jsonrpc HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
            target.token
        );
        let mark = format!("{}-{number}", uuid::Uuid::now_v7().simple());
        Self {
            stream,
            head,
            request: String::new(),
            answer: vec![0; 16 * 1024],
            members: target.members,
            mark,
            serial: number.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        }
    }

    /// Whether the service lives: the least that an answer can be.
    pub fn health(&mut self) {
        "GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n".clone_into(&mut self.request);
        assert!(self.exchange().contains("ok"));
    }

    /// One call; the answer's body.
    pub fn call(&mut self, body: &str) -> &str {
        use std::fmt::Write as _;
        self.request.clear();
        write!(self.request, "{}Content-Length: {}\r\n\r\n{body}", self.head, body.len()).unwrap();
        self.exchange()
    }

    fn exchange(&mut self) -> &str {
        self.stream.write_all(self.request.as_bytes()).unwrap();
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.answer[filled..]).unwrap();
            assert!(read > 0, "the service hung up");
            filled += read;
            let Some(start) = find(&self.answer[..filled], b"\r\n\r\n").map(|at| at + 4) else { continue };
            let head = std::str::from_utf8(&self.answer[..start]).unwrap();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |text| text.parse::<usize>().unwrap());
            if start + length > self.answer.len() {
                self.answer.resize(start + length, 0);
            }
            while filled < start + length {
                let read = self.stream.read(&mut self.answer[filled..]).unwrap();
                assert!(read > 0, "the service hung up");
                filled += read;
            }
            return std::str::from_utf8(&self.answer[start..start + length]).unwrap();
        }
    }

    /// The member of the next redemption, and a mark that no other has.
    fn next(&mut self) -> (u64, String) {
        // Weyl's sequence: every member comes about equally often.
        self.serial = self.serial.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let member = (self.serial >> 33) % self.members + 1;
        (member, format!("{}-{:x}", self.mark, self.serial))
    }

    /// Sets points aside; the hold and its order.
    pub fn hold(&mut self) -> (String, String) {
        let (member, order) = self.next();
        let body = hold_body(member, &order);
        let answer = self.call(&body);
        let hold = answer.split_once("\"hold_id\":\"").and_then(|(_, rest)| rest.split_once('"'));
        let hold = hold.unwrap_or_else(|| panic!("no hold: {answer}")).0.to_owned();
        (hold, order)
    }

    /// Spends it.
    pub fn capture(&mut self, hold: &str, order: &str) {
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":2,"method":"loyalty.capture","params":{{"hold_id":"{hold}","order":{{"uuid":"{order}"}}}}}}"#
        );
        let answer = self.call(&body);
        assert!(answer.contains("\"entry_id\""), "no capture: {answer}");
    }
}

/// A hold of the reward `5off` on an order of one line.
pub fn hold_body(member: u64, order: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"loyalty.hold","params":{{"idempotency_key":"{order}","partner_id":{member},"program":"club","reward":"5off","order":{{"uuid":"{order}","company_id":1,"currency":"USD","pos_config_id":1,"partner_id":{member},"lines":[{{"uuid":"{order}-1","product_id":1,"qty":"1","price_subtotal":"25.00","price_subtotal_incl":"25.00"}}]}}}}}}"#
    )
}

fn find(text: &[u8], sign: &[u8]) -> Option<usize> {
    text.windows(sign.len()).position(|window| window == sign)
}

/// Tills that redeem for a while; acknowledged redemptions, and how long it took.
pub fn redeem(target: &Target, tills: usize, during: Duration) -> (u64, f64) {
    let (ready, over) = (Barrier::new(tills + 1), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let working: Vec<_> = (0..tills)
            .map(|_| {
                scope.spawn(|| {
                    let mut till = Till::new(target);
                    ready.wait();
                    let mut done = 0_u64;
                    while !over.load(Ordering::Relaxed) {
                        let (hold, order) = till.hold();
                        till.capture(&hold, &order);
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        ready.wait();
        let started = Instant::now();
        std::thread::sleep(during);
        over.store(true, Ordering::Relaxed);
        let done = working.into_iter().map(|till| till.join().unwrap()).sum();
        (done, started.elapsed().as_secs_f64())
    })
}

/// Acknowledgements a second: a redemption has two.
pub fn acks_per_second(target: &Target, tills: usize, during: Duration) -> f64 {
    let (done, seconds) = redeem(target, tills, during);
    2.0 * done as f64 / seconds
}

/// The load alone, against a service that runs already.
pub fn from_arguments(mut arguments: impl Iterator<Item = String>) {
    let (mut url, mut token, mut clients, mut seconds, mut members) = (String::new(), String::new(), 16, 1.0, 1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().unwrap_or_else(|| panic!("{name} wants a value"));
        match name.as_str() {
            "--url" => url = value,
            "--token" => token = value,
            "--clients" => clients = value.parse().unwrap(),
            "--seconds" => seconds = value.parse().unwrap(),
            "--members" => members = value.parse().unwrap(),
            other => panic!("unknown argument {other}"),
        }
    }
    let address = url.trim_start_matches("http://").trim_end_matches('/').parse().expect("an address of loopback");
    let target = Target { address, token, members };
    let (redemptions, seconds) = redeem(&target, clients, Duration::from_secs_f64(seconds));
    println!("{}", json!({"redemptions": redemptions, "seconds": seconds}));
}
