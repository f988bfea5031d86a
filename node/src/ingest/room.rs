//! What one session may have between arrival and acknowledgement. Whoever submits waits for room, and room is made when
//! the front end takes an acknowledgement to send it: a client that does not read is not read from.

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The session's answers are no longer wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// See the module.
#[derive(Debug)]
pub(super) struct Room {
    operations_max: usize,
    bytes_max: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    operations: usize,
    bytes: usize,
    gone: bool,
}

impl Taken {
    fn is_empty(&self) -> bool {
        self.operations == 0
    }
}

impl Room {
    /// Room for so many operations and bytes.
    pub(super) fn new(operations_max: usize, bytes_max: usize) -> Self {
        Self { operations_max, bytes_max, taken: Mutex::default(), freed: Notify::new() }
    }

    fn fits(&self, taken: &Taken, operations: usize, bytes: usize) -> bool {
        taken.operations + operations <= self.operations_max && taken.bytes + bytes <= self.bytes_max
    }

    /// Waits until there is room, and takes it. One waits at a time.
    pub(super) async fn take(&self, operations: usize, bytes: usize) -> Result<(), Gone> {
        loop {
            {
                let mut taken = self.taken.lock();
                if taken.gone {
                    return Err(Gone);
                }
                if taken.is_empty() || self.fits(&taken, operations, bytes) {
                    taken.operations += operations;
                    taken.bytes += bytes;
                    return Ok(());
                }
            }
            self.freed.notified().await;
        }
    }

    /// Counts operations that came to light when a transaction was opened. They are in memory already.
    pub(super) fn take_more(&self, operations: usize) {
        self.taken.lock().operations += operations;
    }

    /// Makes room.
    pub(super) fn free(&self, operations: usize, bytes: usize) {
        {
            let mut taken = self.taken.lock();
            taken.operations = taken.operations.saturating_sub(operations);
            taken.bytes = taken.bytes.saturating_sub(bytes);
        }
        self.freed.notify_one();
    }

    /// Whether everything that was accepted was answered, and the answers taken.
    pub(super) fn is_empty(&self) -> bool {
        self.taken.lock().operations == 0
    }

    /// The answers are no longer wanted.
    pub(super) fn leave(&self) {
        self.taken.lock().gone = true;
        self.freed.notify_one();
    }
}
