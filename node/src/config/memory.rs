//! How much memory a node can be made to use by those who have no right to read, as it follows from its limits. What each
//! figure stands for is in `docs/ARCHITECTURE.md`, "Memory"; a specification floods a node and holds it to this.

use super::{ARRIVING_FREE_BYTES, GRPC_WINDOW_BYTES, Limits};

/// The program, its threads, RocksDB with its caches and memtables, the sums of channels, what is remembered of registers, ids
/// and requests.
const BASE_BYTES: usize = 384 * 1024 * 1024;
/// Of a connection with its task and its buffers.
const CONNECTION_BYTES: usize = 64 * 1024;
/// Of a call over gRPC.
const STREAM_BYTES: usize = 4 * 1024;
/// Of what became of an operation, until it is taken.
const OUTCOME_BYTES: usize = 256;
/// Of an operation kept aside, beside its bytes.
const WAITING_BYTES: usize = 1_024;
/// As received, opened, decoded, and on its way into the log.
const INGEST_COPIES: usize = 4;
/// A buffer that grows is copied into one of twice its size; what is kept aside is in the log's memory, too.
const COPIES: usize = 2;

impl Limits {
    /// Bytes of memory that a node uses at most, as long as nobody with a right to read is among those who mean it harm.
    pub fn memory_bytes_max(&self) -> usize {
        let stream = ARRIVING_FREE_BYTES + STREAM_BYTES;
        let window = usize::try_from(GRPC_WINDOW_BYTES).unwrap_or(usize::MAX);
        let grpc = CONNECTION_BYTES + window + self.grpc_streams.saturating_mul(stream);
        let websocket = CONNECTION_BYTES + ARRIVING_FREE_BYTES;
        let parts = [
            BASE_BYTES,
            self.ingest_bytes.saturating_mul(INGEST_COPIES),
            self.arriving_bytes.saturating_mul(COPIES),
            self.waiting_total_bytes.saturating_mul(COPIES),
            self.waiting_total_operations.saturating_mul(WAITING_BYTES),
            self.connections.saturating_mul(grpc + websocket),
            self.sessions.saturating_mul(self.session_operations).saturating_mul(OUTCOME_BYTES),
        ];
        parts.into_iter().fold(0, usize::saturating_add)
    }
}
