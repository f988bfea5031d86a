//! Bounds of queues, frames, pages and times that no configuration changes, each with its unit. What makes bytes an
//! operation is not here: that is a constant of the protocol.

use std::time::Duration;

/// Items in one batch of transactions, and acknowledgements in one batch of them.
pub const BATCH_ITEMS_MAX: usize = 256;
/// Bytes of the transactions in one batch.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of the names and marks of a JSON frame beside what the frame holds.
pub const JSON_NAMES_BYTES_MAX: usize = 32 * 1024;
/// Acknowledgements and outcomes together in one batch of acknowledgements.
pub const ACK_BATCH_OUTCOMES_MAX: usize = 4_096;

/// Bytes of the sealed acknowledgements in one batch of them, as far as more than one is in it.
pub const ACK_BATCH_SEALED_BYTES_MAX: usize = 1024 * 1024;

/// Operations that a verifier takes from a session at a time. A single transaction with more stays whole.
pub const VERIFY_OPERATIONS_MAX: usize = 512;
/// Operations of a session that are verified one at a time after a batch of it failed.
pub const VERIFY_SINGLY_OPERATIONS: usize = 1_024;
/// Bytes of a transaction that is verified by the task that read it, where nothing else is on its way.
pub const VERIFY_AT_ONCE_BYTES_MAX: usize = 1_024;
/// Verified units (each of one session) that wait for the sequencer.
pub const SEQUENCER_UNITS_MAX: usize = 64;
/// Operations that the sequencer commits at a time.
pub const COMMIT_OPERATIONS_MAX: usize = 1_024;
/// Operations from which on a batch is judged while the one before it is synced. Fewer wait for that, and for what else comes
/// meanwhile: they would be judged in no time, and cost a sync of their own.
pub const AHEAD_OPERATIONS_MIN: usize = 256;
/// Batches that were written and wait to be settled when one more is given to the settling thread, the one that is settled now
/// among them.
pub const SETTLING_BATCHES_MAX: usize = 1;
/// How often the sequencer looks for operations that were kept aside and are due.
pub const RELEASE_INTERVAL: Duration = Duration::from_secs(1);
/// How often a re-judgement that goes on is logged.
pub const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// Items of a page when the request names no limit.
pub const PAGE_ITEMS_DEFAULT: usize = 256;
/// Items of a page at most.
pub const PAGE_ITEMS_MAX: usize = 1_024;
/// Events in one batch of a subscription. The store ends pages and batches at 1 MiB, too, those of a channel
/// at half of it.
pub const EVENT_BATCH_ITEMS_MAX: usize = 256;

/// Bytes of the operations in the last events of a channel, which are kept for all of its subscribers.
pub const TAIL_BYTES_MAX: usize = 16 * 1024;

/// Encoded answers and events of one websocket that wait to be written.
pub const WS_OUTGOING_FRAMES_MAX: usize = 4;
/// Bytes of a websocket's read and write buffers.
pub const WS_BUFFER_BYTES: usize = 4 * 1024;
/// Bytes that a websocket may hold for a client that does not read: one answer and some.
pub const WS_WRITE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a closed websocket is still read from, so that the client gets the close frame and not a reset.
pub const WS_LINGER: Duration = Duration::from_secs(5);

/// Bytes of each message that may arrive in part without a share of the pool.
pub const ARRIVING_FREE_BYTES: usize = 4 * 1024;
/// Bytes that a client of HTTP/2 may send before they are taken: of a stream, and of a connection.
pub const GRPC_WINDOW_BYTES: u32 = 256 * 1024;
/// Bytes of the headers of a request over HTTP/2, as they are counted there (RFC 9113, section 6.5.2).
pub const HTTP_HEADER_BYTES: u32 = 16 * 1024;
/// Bytes that a connection of HTTP/1.1 buffers: the head of a request, and of an answer what was not taken yet.
pub const HTTP1_BUFFER_BYTES: usize = 64 * 1024;

/// How long a listener rests after the system refused to accept, for instance for want of file descriptors.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Handshakes with those who may be peers that are under way at a time.
pub const PEER_HANDSHAKES_MAX: usize = 64;
/// Those of one address.
pub const PEER_HANDSHAKES_PER_ADDRESS_MAX: usize = 16;
/// Operations in one frame between nodes.
pub const PEER_FRAME_OPERATIONS_MAX: u32 = 256;
/// Links that arrived, and requests for an exchange, that wait for the task of a peer.
pub const PEER_MAIL_MAX: usize = 8;
/// How often a node asks the peers that it dialed once more what differs.
pub const PEER_RECONCILE_INTERVAL: Duration = Duration::from_secs(60);
/// How long no link of a peer is taken after it sent what it should not; twice as long each time in a row.
pub const PEER_SHUNNED_FIRST: Duration = Duration::from_secs(1);
/// How often that is doubled.
pub const PEER_SHUNNED_DOUBLINGS_MAX: u32 = 6;
/// How often the exchange with a peer is told that time passed.
pub const PEER_TICK: Duration = Duration::from_millis(500);
