//! Bounds that an operator may set, with their units and their least and greatest values. What makes bytes an operation
//! is never among them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Makes the struct, its defaults, and the table that [`Limits::faults`] checks.
macro_rules! limits {
    ($($(#[$doc:meta])+ $name:ident = $default:expr, $least:expr, $greatest:expr;)+) => {
        /// How much a node takes, and how long it waits.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits {
            $($(#[$doc])+ pub $name: usize,)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Limits {
            /// The settings that are out of their range: name, value, least and greatest.
            pub fn faults(&self) -> impl Iterator<Item = (&'static str, usize, usize, usize)> {
                [$((stringify!($name), self.$name, $least, $greatest),)+]
                    .into_iter()
                    .filter(|(_, value, least, greatest)| value < least || value > greatest)
            }
        }
    };
}

limits! {
    /// Connections of one listener; more of them wait in the system's backlog.
    connections = 10_000, 1, 1_000_000;
    /// Connections of one listener from one address (of IPv6: from one network of 64 bits); more are closed at once.
    connections_per_address = 1_024, 1, 1_000_000;
    /// Concurrent streams of one gRPC connection.
    grpc_streams = 256, 1, 65_536;
    /// Streams of one gRPC connection that a client may reset before they were accepted; then it is closed.
    grpc_resets = 64, 1, 65_536;
    /// Bytes of one gRPC message or websocket frame from a client.
    frame_bytes = 1_064_960, 16_384, 16_777_216;
    /// Bytes of messages and frames that have arrived in part, over all connections, beside 4 KiB of each.
    arriving_bytes = 67_108_864, 1_048_576, 1_073_741_824;
    /// Submission streams at a time, over all connections.
    sessions = 16_384, 1, 1_000_000;
    /// Operations of one connection between arrival and acknowledgement.
    session_operations = 4_096, 1, 65_536;
    /// Bytes of one connection's transactions between arrival and acknowledgement.
    session_bytes = 4_194_304, 1_048_576, 67_108_864;
    /// Bytes of all connections' transactions between arrival and commit.
    ingest_bytes = 67_108_864, 1_048_576, 1_073_741_824;
    /// Operations a second that one signing key may certify, over all connections; 0: any number.
    identity_operations_per_second = 0, 0, 1_000_000;
    /// Transactions a second from one address (of IPv6: from one network of 64 bits); 0: any number.
    address_transactions_per_second = 0, 0, 1_000_000;
    /// Requests a second of one user; 0: any number.
    identity_requests_per_second = 1_000, 0, 1_000_000;
    /// Requests of one user that are remembered while they are fresh, so that each is answered once; more are refused.
    identity_requests_remembered = 65_536, 1, 16_777_216;
    /// Requests of all users that are remembered.
    requests_remembered = 262_144, 1, 16_777_216;
    /// Subscriptions at a time, over all connections.
    subscriptions = 16_384, 1, 1_000_000;
    /// Subscriptions of one websocket.
    connection_subscriptions = 64, 1, 4_096;
    /// Requests of one websocket that are being answered.
    connection_reads = 64, 1, 4_096;
    /// Seconds that a subscriber may take for one batch of events.
    subscriber_seconds = 30, 1, 3_600;
    /// Seconds that a client may take to greet: its first byte, its TLS handshake, the header of its HTTP request.
    greeting_seconds = 10, 1, 300;
    /// Seconds without a frame after which a connection is pinged.
    ping_seconds = 30, 1, 3_600;
    /// Seconds without a frame after which a connection is closed.
    silence_seconds = 90, 2, 7_200;
    /// Seconds after which a websocket or a stream of submissions is ended that is idle and asked for no keep_alive.
    idle_seconds = 600, 1, 86_400;
    /// Seconds that stopping waits for clients to take their last answers.
    drain_seconds = 10, 0, 600;
    /// Other nodes with which operations are exchanged.
    peers = 64, 1, 1_024;
    /// Operations kept aside for one address: of unknown users, and those stamped ahead.
    waiting_operations = 10_000, 1, 10_000_000;
    /// Bytes of operations kept aside for one address.
    waiting_bytes = 8_388_608, 1_048_576, 1_073_741_824;
    /// Operations kept aside for all addresses.
    waiting_total_operations = 131_072, 1, 100_000_000;
    /// Bytes of operations kept aside for all addresses.
    waiting_total_bytes = 67_108_864, 1_048_576, 17_179_869_184;
    /// Operations without effect that one payer may have logged.
    charged_operations = 10_000, 1, 10_000_000;
    /// Bytes of operations without effect that one payer may have logged.
    charged_bytes = 8_388_608, 1_048_576, 1_073_741_824;
}

impl Limits {
    /// The bounds of the store among them.
    pub fn store(&self) -> dmpc_storage::Limits {
        dmpc_storage::Limits {
            waiting_operations: self.waiting_operations,
            waiting_bytes: self.waiting_bytes,
            waiting_total_operations: self.waiting_total_operations,
            waiting_total_bytes: self.waiting_total_bytes,
            charged_operations: self.charged_operations.try_into().unwrap_or(u64::MAX),
            charged_bytes: self.charged_bytes.try_into().unwrap_or(u64::MAX),
            ..dmpc_storage::Limits::default()
        }
    }

    /// A number of seconds as a time.
    pub fn seconds(number: usize) -> Duration {
        Duration::from_secs(number.try_into().unwrap_or(u64::MAX))
    }
}
