//! The places of a listener: how many connections there may be, in all and from one address.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics;

/// Whom a connection or submission is counted against: an IPv4 address (as IPv6 maps it), or the first 64 bits of an IPv6
/// address, which one customer has.
pub type Neighbour = [u8; 16];

/// The neighbour that an address belongs to.
pub fn neighbour(address: IpAddr) -> Neighbour {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => (v6.to_bits() & NETWORK).to_be_bytes(),
    }
}

/// The bits of an IPv6 address that name the network.
const NETWORK: u128 = !0 << 64;

/// The places of one listener; cheap to clone.
#[derive(Clone, Debug)]
pub struct Places {
    free: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<Neighbour, usize>>>,
    per_address: usize,
}

/// One connection's place; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    neighbour: Neighbour,
    taken: Arc<Mutex<HashMap<Neighbour, usize>>>,
    _slot: OwnedSemaphorePermit,
}

impl Places {
    /// So many places, and so many for one address.
    pub fn new(connections: usize, per_address: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(connections)), taken: Arc::default(), per_address }
    }

    /// Waits until there is a place. Nothing while the listener lives when there is none.
    pub async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// Takes the place for a peer; nothing if its address has as many as it may have.
    pub fn take(&self, peer: SocketAddr, slot: OwnedSemaphorePermit) -> Option<Place> {
        let neighbour = neighbour(peer.ip());
        let mut taken = self.taken.lock();
        let count = taken.entry(neighbour).or_default();
        if *count >= self.per_address {
            return None;
        }
        *count += 1;
        ::metrics::gauge!(metrics::CONNECTIONS).increment(1.0);
        Some(Place { neighbour, taken: Arc::clone(&self.taken), _slot: slot })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        ::metrics::gauge!(metrics::CONNECTIONS).decrement(1.0);
        let mut taken = self.taken.lock();
        if let Some(count) = taken.get_mut(&self.neighbour) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.neighbour);
            }
        }
    }
}
