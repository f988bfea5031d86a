//! A way to a server that is cut, again and again, in the middle of whatever goes over it: so every client is cut off by the
//! same means, at places that a seed determines.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    thread,
};

use super::seeded::Seeded;

/// Bytes in both directions after which a connection is cut: from this power of two to below that one.
const CLIENT_BITS: Range<usize> = 7..14;
/// The same between nodes, which have more to say to each other.
const NODE_BITS: Range<usize> = 10..18;
const CHUNK_BYTES: usize = 2_048;

/// Listens at an address of its own until the test ends.
pub(crate) struct Cutter {
    address: String,
    server: Arc<Mutex<String>>,
    cuts: Arc<AtomicU32>,
}

impl Cutter {
    /// In front of a server: cuts so many connections, one after the other, each after a number of bytes that is drawn;
    /// what comes then, lives.
    pub(crate) fn before(server: &str, seed: u64, cuts: u32) -> Self {
        Self::with(server, seed, cuts, CLIENT_BITS)
    }

    /// The same, in front of a node that others dial.
    pub(crate) fn between_nodes(node: &str, seed: u64, cuts: u32) -> Self {
        Self::with(node, seed, cuts, NODE_BITS)
    }

    fn with(server: &str, seed: u64, cuts: u32, bits: Range<usize>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, server) = (listener.local_addr().unwrap().to_string(), Arc::new(Mutex::new(server.to_owned())));
        let cutter = Self { address, server: Arc::clone(&server), cuts: Arc::default() };
        let done = Arc::clone(&cutter.cuts);
        thread::spawn(move || {
            let mut draw = Seeded::new(seed, "cuts");
            for client in listener.incoming().map_while(Result::ok) {
                let left = if done.load(Ordering::SeqCst) < cuts { drawn(&mut draw, &bits) } else { i64::MAX };
                // A server that was killed: the client sees its connection end.
                let address = server.lock().unwrap().clone();
                let Ok(server) = TcpStream::connect(address) else { continue };
                carry(&client, &server, left, &done);
            }
        });
        cutter
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// In front of a server that is somewhere else from now on: an address that somebody left may be taken.
    pub(crate) fn lead_to(&self, server: &str) {
        server.clone_into(&mut self.server.lock().unwrap());
    }

    /// Connections that it cut.
    pub(crate) fn cuts(&self) -> u32 {
        self.cuts.load(Ordering::SeqCst)
    }
}

/// As likely to be between a power of two and the next as between any others.
fn drawn(draw: &mut Seeded, bits: &Range<usize>) -> i64 {
    let bits = bits.start + draw.below(bits.len());
    i64::try_from((1 << bits) + draw.below(1 << bits)).unwrap()
}

/// Carries bytes both ways until one side ends, or so many bytes are through.
fn carry(client: &TcpStream, server: &TcpStream, left: i64, cuts: &Arc<AtomicU32>) {
    let left = Arc::new(AtomicI64::new(left));
    for (from, to) in [(client, server), (server, client)] {
        let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        let (left, cuts) = (Arc::clone(&left), Arc::clone(cuts));
        thread::spawn(move || pump(from, to, &left, &cuts));
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, left: &AtomicI64, cuts: &AtomicU32) {
    from.set_nodelay(true).ok();
    to.set_nodelay(true).ok();
    let mut chunk = [0; CHUNK_BYTES];
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        let before = left.fetch_sub(i64::try_from(read).unwrap(), Ordering::SeqCst);
        let through = usize::try_from(before.max(0)).unwrap().min(read);
        let written = to.write_all(&chunk[..through]);
        if before >= 0 && through < read {
            cuts.fetch_add(1, Ordering::SeqCst);
        }
        if written.is_err() || through < read {
            break;
        }
    }
    from.shutdown(Shutdown::Both).ok();
    to.shutdown(Shutdown::Both).ok();
}
