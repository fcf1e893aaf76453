//! Tills: each one connection, one call at a time, a hold and then its capture, again and again.
//!
//! The client is as cheap as can be, because it shares the machine's two cores with what it measures: one thread
//! a till, one buffer, HTTP written by hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

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
    /// Begins unlike any other till's, in this process and in others.
    serial: u64,
}

impl Till {
    pub fn new(target: &Target) -> Self {
        let stream = TcpStream::connect(target.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let head = format!(
            "POST /jsonrpc HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
            target.token
        );
        Self {
            stream,
            head,
            request: String::new(),
            answer: vec![0; 16 * 1024],
            members: target.members,
            serial: uuid::Uuid::new_v4().as_u64_pair().0,
        }
    }

    /// How long the service takes to say that it lives, in microseconds: the least that an answer can take.
    pub fn health_us(&mut self) -> f64 {
        "GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n".clone_into(&mut self.request);
        let started = Instant::now();
        assert!(self.exchange().contains("ok"));
        started.elapsed().as_secs_f64() * 1e6
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

    /// Numbers that nobody could foretell, nor any other till has: Weyl's sequence, mixed as splitmix64 does.
    fn random(&mut self) -> u64 {
        self.serial = self.serial.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.serial ^ (self.serial >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A random UUID, as Odoo's till makes them.
    fn uuid(&mut self) -> uuid::Uuid {
        let bits = uuid::Uuid::from_u64_pair(self.random(), self.random());
        uuid::Builder::from_random_bytes(*bits.as_bytes()).into_uuid()
    }

    /// Sets points aside; the hold and its order.
    pub fn hold(&mut self) -> (String, String) {
        let member = self.random() % self.members + 1;
        let [order, line, key] = [self.uuid(), self.uuid(), self.uuid()].map(|uuid| uuid.to_string());
        let body = hold_body(member, &order, &line, &key);
        let answer = self.call(&body);
        let hold = answer.split_once("\"hold_id\":\"").and_then(|(_, rest)| rest.split_once('"'));
        let hold = hold.unwrap_or_else(|| panic!("no hold: {answer}")).0.to_owned();
        (hold, order)
    }

    /// A hold and its capture.
    pub fn redeem(&mut self) {
        let (hold, order) = self.hold();
        self.capture(&hold, &order);
    }

    /// How long a hold takes, in microseconds; it is captured besides.
    pub fn hold_us(&mut self) -> f64 {
        self.hold_us_then(|| ()).0
    }

    /// As [`Till::hold_us`], with what is looked at between hold and capture.
    pub fn hold_us_then<T>(&mut self, look: impl FnOnce() -> T) -> (f64, T) {
        let started = Instant::now();
        let (hold, order) = self.hold();
        let took = started.elapsed().as_secs_f64() * 1e6;
        let seen = look();
        self.capture(&hold, &order);
        (took, seen)
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
fn hold_body(member: u64, order: &str, line: &str, key: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"loyalty.hold","params":{{"idempotency_key":"{key}","partner_id":{member},"program":"club","reward":"5off","order":{{"uuid":"{order}","company_id":1,"currency":"USD","pos_config_id":1,"partner_id":{member},"lines":[{{"uuid":"{line}","product_id":1,"qty":"1","price_subtotal":"25.00","price_subtotal_incl":"25.00"}}]}}}}}}"#
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
                        till.redeem();
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

/// Tills that redeem so often each.
pub fn redeem_each(target: &Target, tills: usize, times: usize) {
    std::thread::scope(|scope| {
        for _ in 0..tills {
            scope.spawn(|| {
                let mut till = Till::new(target);
                (0..times).for_each(|_| till.redeem());
            });
        }
    });
}

/// Two groups of as many tills in turns: while one group's commands are made durable, which takes `fsync`, the other
/// asks. So each batch is of one group, whole.
pub fn redeem_in_turns(target: &Target, tills: usize, times: usize, fsync: Duration) {
    let group = |wait: Duration| (0..tills).map(move |_| (Till::new(target), wait));
    let mut first = Till::new(target);
    let groups: Vec<_> = group(fsync / 4).chain(group(fsync * 5 / 4)).collect();
    let ready = Barrier::new(groups.len() + 1);
    std::thread::scope(|scope| {
        for (mut till, wait) in groups {
            let ready = &ready;
            scope.spawn(move || {
                ready.wait();
                std::thread::sleep(wait);
                (0..times).for_each(|_| till.redeem());
            });
        }
        // One alone begins, so that all of the first group come while the writer waits.
        ready.wait();
        first.hold();
    });
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
