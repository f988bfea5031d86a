//! The names of all metrics, in one table.

/// A metric, for whoever lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What it says, with its unit and its label.
    pub help: &'static str,
}

/// Makes the constants, their descriptions, and the list.
macro_rules! names {
    ($($kind:ident $constant:ident = $name:literal, $help:literal;)+) => {
        $(#[doc = $help] pub const $constant: &str = $name;)+

        /// Every metric, in the order of the documentation.
        pub const ALL: &[Metric] = &[$(Metric { name: $name, kind: stringify!($kind), help: $help },)+];

        /// Tells the recorder what they mean.
        pub(super) fn describe() {
            $(names!(@describe $kind $constant, $help);)+
        }
    };
    (@describe counter $constant:ident, $help:literal) => { ::metrics::describe_counter!($constant, $help) };
    (@describe gauge $constant:ident, $help:literal) => { ::metrics::describe_gauge!($constant, $help) };
    (@describe histogram $constant:ident, $help:literal) => { ::metrics::describe_histogram!($constant, $help) };
}

names! {
    counter OPERATIONS = "dmpc_operations_total",
        "Operations that were answered, by outcome: applied, pending, rejected, duplicate, refused";
    counter REFUSALS = "dmpc_refusals_total",
        "Operations and transactions that were refused, by reason, as in the Errors of PROTOCOL.md";
    counter REQUESTS = "dmpc_requests_total",
        "Requests that were answered, by query: users, channel, channels, messages, subscribe, keys";
    counter VERDICT_FLIPS = "dmpc_verdict_flips_total",
        "Operations whose verdict changed later on, by change: retracted, restored";
    histogram VERIFY_SECONDS = "dmpc_verify_seconds",
        "Seconds to verify the signatures of a batch";
    histogram COMMIT_SECONDS = "dmpc_commit_seconds",
        "Seconds to judge, write and sync a batch";
    histogram FSYNC_SECONDS = "dmpc_fsync_seconds",
        "Seconds to write a batch to the write-ahead log and sync it";
    histogram COMMIT_OPERATIONS = "dmpc_commit_operations",
        "Operations that were committed together";
    gauge VERIFY_QUEUE = "dmpc_verify_queue_sessions",
        "Sessions that wait for a verifier";
    gauge COMMIT_QUEUE = "dmpc_commit_queue_units",
        "Verified units, each of one session, that wait for the sequencer";
    gauge ARRIVING_BYTES = "dmpc_arriving_bytes",
        "Bytes of messages that have arrived in part, of limits.arriving_bytes";
    gauge INGEST_BYTES = "dmpc_ingest_bytes",
        "Bytes of transactions between arrival and commit, of limits.ingest_bytes";
    gauge CONNECTIONS = "dmpc_connections",
        "Open connections of both front ends, and those of peers while they greet";
    gauge SESSIONS = "dmpc_sessions",
        "Websockets and streams of submissions, of limits.sessions";
    gauge SUBSCRIPTIONS = "dmpc_subscriptions",
        "Open subscriptions, of limits.subscriptions";
    gauge LOG_OPERATIONS = "dmpc_log_operations",
        "Operations in the log";
    gauge WAITING_OPERATIONS = "dmpc_waiting_operations",
        "Operations kept aside, of limits.waiting_total_operations";
    gauge WAITING_BYTES = "dmpc_waiting_bytes",
        "Bytes of operations kept aside, of limits.waiting_total_bytes";
    gauge STORE_BYTES = "dmpc_store_bytes",
        "Bytes of the store's files: the log, what follows from it, and what RocksDB has not tidied up yet";
    gauge LOG_AHEAD = "dmpc_log_ahead_seconds",
        "Seconds by which the log ends farther ahead of the clock than operations may be; over 0, the clock is or was wrong";
    gauge DIGEST_CHANGED = "dmpc_state_digest_changed_timestamp_seconds",
        "When the state digest changed last, in seconds since 1970; at a start, the time of the latest operation";
    counter PEER_HANDSHAKES_REFUSED = "dmpc_peer_handshakes_refused_total",
        "Connections from who is no peer, by reason: unknown_key, tls, slow, handshakes";
    gauge PEER_CONNECTED = "dmpc_peer_connected",
        "1 while there is a connection with the peer, else 0";
    gauge PEER_EXCHANGED = "dmpc_peer_exchanged_timestamp_seconds",
        "When the last exchange with the peer ended, in seconds since 1970; 0: there was none";
    gauge PEER_MISSING_HERE = "dmpc_peer_missing_here",
        "Operations that the peer has and were missing here, as the last exchange found them";
    gauge PEER_MISSING_THERE = "dmpc_peer_missing_there",
        "Operations of this node that were missing at the peer, as the last exchange found them";
    gauge PEER_LAG = "dmpc_peer_lag_operations",
        "Operations that were committed here and that the peer has not acknowledged";
    counter PEER_BYTES_IN = "dmpc_peer_received_bytes_total",
        "Bytes of frames that were received from the peer";
    counter PEER_BYTES_OUT = "dmpc_peer_sent_bytes_total",
        "Bytes of frames that were sent to the peer";
    counter PEER_OPERATIONS_IN = "dmpc_peer_received_operations_total",
        "Operations that were received from the peer, by what became of them here";
    counter PEER_OPERATIONS_OUT = "dmpc_peer_sent_operations_total",
        "Operations that were sent to the peer, by what became of them there";
    counter PEER_REFUSALS = "dmpc_peer_refusals_total",
        "What the peer sent and was refused, by reason: frames, operations, and why exchanges were ended";
}

/// Makes every counter whose labels are known stand at zero, so that a rate can be taken from the first one on.
pub(super) fn begin() {
    for outcome in ["applied", "pending", "rejected", "duplicate", "refused"] {
        ::metrics::counter!(OPERATIONS, "outcome" => outcome).absolute(0);
    }
    for query in ["users", "channel", "channels", "messages", "subscribe", "keys"] {
        ::metrics::counter!(REQUESTS, "query" => query).absolute(0);
    }
    for change in ["retracted", "restored"] {
        ::metrics::counter!(VERDICT_FLIPS, "change" => change).absolute(0);
    }
    for reason in ["unknown_key", "tls", "slow", "handshakes"] {
        ::metrics::counter!(PEER_HANDSHAKES_REFUSED, "reason" => reason).absolute(0);
    }
    for gauge in [VERIFY_QUEUE, COMMIT_QUEUE, CONNECTIONS, SUBSCRIPTIONS] {
        ::metrics::gauge!(gauge).set(0.0);
    }
}
