//! A wire to PostgreSQL that a test cuts at the worst moment: when a commit is made and not yet answered.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A statement `COMMIT` on the wire: a simple query of that text.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// A port of loopback that leads to a PostgreSQL.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    server: u16,
    /// Commits that are yet to be cut.
    to_cut: AtomicUsize,
    /// Whether, after a cut, nobody is connected any more.
    then_closed: AtomicBool,
    closed: AtomicBool,
    ended: AtomicBool,
    /// Both ends of every connection, to be closed with all others.
    ends: Mutex<Vec<TcpStream>>,
}

impl State {
    fn close_all(&self) {
        self.closed.store(true, Ordering::SeqCst);
        for end in self.ends.lock().unwrap().drain(..) {
            // One that is gone already is closed.
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Proxy {
    /// To the PostgreSQL on this port of loopback.
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            server,
            to_cut: AtomicUsize::new(0),
            then_closed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            ends: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                if let (Ok(client), false) = (client, shared.closed.load(Ordering::SeqCst)) {
                    connect(&shared, client);
                }
            }
        });
        Self { address, state }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next so many commits reach the server, are made there, and their answers never arrive: the connection is cut
    /// instead.
    pub fn cut_commits(&self, how_many: usize) {
        self.state.to_cut.store(how_many, Ordering::SeqCst);
    }

    /// As [`Proxy::cut_commits`] of one, after which the server cannot be reached until [`Proxy::open`].
    pub fn cut_a_commit_and_close(&self) {
        self.state.then_closed.store(true, Ordering::SeqCst);
        self.cut_commits(1);
    }

    /// The server can be reached again.
    pub fn open(&self) {
        self.state.then_closed.store(false, Ordering::SeqCst);
        self.state.closed.store(false, Ordering::SeqCst);
    }

    /// Whether all the cuts that were asked for were made.
    pub fn has_cut(&self) -> bool {
        self.state.to_cut.load(Ordering::SeqCst) == 0
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

fn connect(state: &Arc<State>, client: TcpStream) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", state.server)) else { return };
    state.ends.lock().unwrap().extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
    let cut = Arc::new(AtomicBool::new(false));
    for (from, to, is_client) in [(&client, &server, true), (&server, &client, false)] {
        let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        let (state, cut) = (Arc::clone(state), Arc::clone(&cut));
        std::thread::spawn(move || pump(&state, from, to, &cut, is_client));
    }
}

/// Carries bytes one way until either side is gone, or an answer is to be lost.
fn pump(state: &State, mut from: TcpStream, mut to: TcpStream, cut: &AtomicBool, is_client: bool) {
    let mut buffer = [0_u8; 16_384];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..count];
        if is_client && bytes.ends_with(COMMIT) {
            let spent = state.to_cut.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if spent.is_ok() {
                cut.store(true, Ordering::SeqCst);
            }
        } else if !is_client && cut.load(Ordering::SeqCst) {
            // The server has answered, so the commit is made.
            if state.then_closed.load(Ordering::SeqCst) {
                state.close_all();
            }
            break;
        }
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
