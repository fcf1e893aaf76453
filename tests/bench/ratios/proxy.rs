//! A network between the service and its database: each message takes its time, and the turns are counted.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// A way to a server, through which every message takes so long in each direction.
pub struct Network {
    pub address: SocketAddr,
    turns: Arc<AtomicU64>,
}

impl Network {
    pub fn to(server: impl ToSocketAddrs, one_way: Duration) -> Self {
        // Threads that this one starts sleep to the microsecond; the kernel would else add up to 50.
        std::fs::write("/proc/self/timerslack_ns", "1").unwrap();
        let server = server.to_socket_addrs().unwrap().next().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let turns = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&turns);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let Ok(server) = TcpStream::connect(server) else { continue };
                // Whether the server spoke last: the client's next word then begins a round trip.
                let server_spoke = Arc::new(AtomicBool::new(true));
                let (counted, spoke) = (Arc::clone(&counted), Arc::clone(&server_spoke));
                carry(client.try_clone().unwrap(), server.try_clone().unwrap(), one_way, move || {
                    if spoke.swap(false, Ordering::SeqCst) {
                        counted.fetch_add(1, Ordering::SeqCst);
                    }
                });
                carry(server, client, one_way, move || server_spoke.store(true, Ordering::SeqCst));
            }
        });
        Self { address, turns }
    }

    /// Round trips so far: how often a client spoke after the server had.
    pub fn round_trips(&self) -> u64 {
        self.turns.load(Ordering::SeqCst)
    }
}

/// Carries what one says to the other, each part when its time has come.
fn carry(mut from: TcpStream, mut to: TcpStream, one_way: Duration, heard: impl Fn() + Send + 'static) {
    to.set_nodelay(true).unwrap();
    let (on_the_way, arriving) = channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut part = vec![0; 64 * 1024];
        while let Ok(read) = from.read(&mut part)
            && read > 0
        {
            heard();
            if on_the_way.send((Instant::now() + one_way, part[..read].to_vec())).is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        for (due, part) in arriving {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&part).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}
