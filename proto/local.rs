//! What the owner of a data directory asks of the node that runs in it, over the unix socket `local.socket` in it: a line of
//! JSON for the request, lines of JSON for the answers. The connection ends after the last one. Source: docs/ARCHITECTURE.md,
//! "The local socket".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::peer_settings::{Direction, PeerSettings};

/// The socket's name in the data directory.
pub const SOCKET: &str = "local.socket";
/// Bytes of a request with the end of its line.
pub const REQUEST_BYTES_MAX: usize = 128 * 1024;
/// Bytes of an answer with the end of its line.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum LocalRequest {
    /// A copy of the database as it is at one moment; it is there until the client closes the connection.
    Checkpoint,
    /// The peers, and what others need to know of this node.
    PeerList,
    /// Exchange with this node from now on.
    PeerAdd {
        /// The node.
        peer: PeerSettings,
    },
    /// Exchange with it no more.
    PeerRemove {
        /// Its name.
        name: String,
    },
    /// One exchange from its beginning to its end, now.
    PeerSync {
        /// The peer's name.
        name: String,
    },
    /// How the exchanges stand.
    PeerStatus,
}

/// An answer. All but [`LocalAnswer::Progress`] are the last of their request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum LocalAnswer {
    /// The checkpoint is made.
    Made {
        /// A directory in the data directory.
        name: String,
    },
    /// It was not done.
    Failed {
        /// Stable words for programs.
        reason: String,
        /// One sentence for people.
        detail: String,
        /// What helps, where something does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// The peers.
    Peers {
        /// This node.
        node: LocalNode,
        /// Ascending by name.
        peers: Vec<ListedPeer>,
    },
    /// The peer is added.
    Added {
        /// Its name.
        name: String,
    },
    /// The peer is removed.
    Removed {
        /// Its name.
        name: String,
    },
    /// So far.
    Progress(Exchanged),
    /// An exchange ended.
    Synced(Exchanged),
    /// How the exchanges stand.
    Status {
        /// Ascending by name.
        peers: Vec<PeerStatus>,
    },
}

/// What others need to know of a node to exchange with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalNode {
    /// Its id.
    pub node: String,
    /// Its node key, which peers are told.
    pub key: String,
    /// Where it listens for peers; absent: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
}

/// A peer, and who added it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPeer {
    /// What the node was told of it.
    #[serde(flatten)]
    pub settings: PeerSettings,
    /// Whether it stands in the configuration, and not in the file of those that were added at run time.
    pub configured: bool,
}

/// What went over in an exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchanged {
    /// The peer's name.
    pub name: String,
    /// Operations that the peer has and this node had not, as they were found.
    pub missing_here: u64,
    /// Operations that this node has and the peer had not, as they were found.
    pub missing_there: u64,
    /// Operations that were received.
    pub operations_in: u64,
    /// Operations that were sent.
    pub operations_out: u64,
    /// Bytes of frames that were received.
    pub bytes_in: u64,
    /// Bytes of frames that were sent.
    pub bytes_out: u64,
    /// Times that one of the two asked what differs and the other answered.
    pub round_trips: u64,
    /// Operations of the peer that were refused here.
    pub refused_here: u64,
    /// Operations of this node that were refused there.
    pub refused_there: u64,
}

/// How the exchange with a peer stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerStatus {
    /// Its name.
    pub name: String,
    /// `connected`, `dialing`, `waiting` (until it is dialed again, or dials), `refused` (one of the two does not know the other).
    pub state: String,
    /// Which way operations go.
    pub direction: Direction,
    /// Why it is not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// When the last exchange ended, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_exchange_ms: Option<u64>,
    /// Of the last exchange: operations that were missing here.
    pub missing_here: u64,
    /// Of the last exchange: operations that were missing there.
    pub missing_there: u64,
    /// Since when operations that the peer has are known to be missing here and do not come, milliseconds since 1970; absent: none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_here_since_ms: Option<u64>,
    /// Since when operations of this node are known to be missing there and are not taken, milliseconds since 1970; absent: none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_there_since_ms: Option<u64>,
    /// Operations that were committed here and not acknowledged by the peer.
    pub lag: u64,
    /// Operations that were received since the start.
    pub operations_in: u64,
    /// Operations that were sent since the start.
    pub operations_out: u64,
    /// Bytes of frames that were received since the start.
    pub bytes_in: u64,
    /// Bytes of frames that were sent since the start.
    pub bytes_out: u64,
    /// What was refused and counts against the peer since the start, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Whether both have the same state; absent: the roots differ, or it is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_state: Option<bool>,
    /// Since when the logs differ without a pause, milliseconds since 1970; absent: they do not, or it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs_differ_since_ms: Option<u64>,
    /// Whether both have the same log; absent: it is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_log: Option<bool>,
}
