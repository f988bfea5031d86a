//! What a node is told of another node with which it exchanges operations: the same in its configuration, in the file of those
//! that were added at run time, and in what `dmpc-cli peer` asks. Source: docs/PROTOCOL.md, "Links between nodes".

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{ids::ChannelId, keys::VerifyingKey};

/// Bytes of a peer's name.
pub const PEER_NAME_BYTES_MAX: usize = 64;
/// Channels that one peer may be limited to.
pub use crate::wire::schemas::PEER_CHANNELS_MAX;
/// Bytes of a peer's address.
const ADDRESS_BYTES_MAX: usize = 280;

/// Why a peer cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerSettingsError {
    /// Its name is no label of metrics and logs.
    #[error("'{0}' is no name of a peer: up to {PEER_NAME_BYTES_MAX} letters, digits, '-', '_' and '.'")]
    Name(String),
    /// Its address is none.
    #[error("'{0}' is no address of a peer: write host:port, as node.example:64929 or [2001:db8::1]:64929")]
    Address(String),
    /// Over [`PEER_CHANNELS_MAX`].
    #[error("a peer is limited to {0} channels; at most {PEER_CHANNELS_MAX}")]
    Channels(usize),
    /// A channel is named twice.
    #[error("the channel {0} is named twice")]
    ChannelTwice(ChannelId),
}

impl PeerSettingsError {
    /// Stable words for programs.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Name(_) => "peer_name",
            Self::Address(_) => "peer_address",
            Self::Channels(_) | Self::ChannelTwice(_) => "peer_channels",
        }
    }
}

/// Which way operations go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Both ways.
    #[default]
    Both,
    /// This node gives, and takes nothing.
    Push,
    /// This node takes, and gives nothing.
    Pull,
}

impl Direction {
    /// Whether operations go to the peer.
    pub const fn gives(self) -> bool {
        matches!(self, Self::Both | Self::Push)
    }

    /// Whether operations are taken from the peer.
    pub const fn takes(self) -> bool {
        matches!(self, Self::Both | Self::Pull)
    }

    /// As it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Push => "push",
            Self::Pull => "pull",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A node with which operations are exchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerSettings {
    /// What this node calls it: its name in `dmpc-cli peer`, logs and metrics.
    pub name: String,
    /// Its node key: the signing key of its node id, `dmpcsign1...`.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub key: VerifyingKey,
    /// `host:port` where it listens for peers; absent: this node does not dial it and waits to be dialed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Which way operations go.
    #[serde(default)]
    pub direction: Direction,
    /// The channels that are exchanged, with the operations on users that they need; none named: everything.
    #[serde(default, serialize_with = "as_texts", deserialize_with = "from_texts")]
    pub channels: Vec<ChannelId>,
    /// Operations a second that are taken from it; 0: any number.
    #[serde(default)]
    pub operations_per_second: u32,
    /// Bytes of frames a second that are read from it; 0: any number.
    #[serde(default)]
    pub bytes_per_second: u32,
}

impl PeerSettings {
    /// Checks what its kinds do not.
    ///
    /// # Errors
    /// The first [`PeerSettingsError`].
    pub fn check(&self) -> Result<(), PeerSettingsError> {
        let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
        if self.name.is_empty() || self.name.len() > PEER_NAME_BYTES_MAX || !self.name.chars().all(is_of_name) {
            return Err(PeerSettingsError::Name(self.name.clone()));
        }
        if let Some(address) = self.address.as_ref().filter(|address| !is_address(address)) {
            return Err(PeerSettingsError::Address(address.clone()));
        }
        if self.channels.len() > PEER_CHANNELS_MAX {
            return Err(PeerSettingsError::Channels(self.channels.len()));
        }
        let mut sorted = self.channels.clone();
        sorted.sort_unstable();
        match sorted.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[_]>::first) {
            Some(twice) => Err(PeerSettingsError::ChannelTwice(*twice)),
            None => Ok(()),
        }
    }
}

/// Whether a text is `host:port`; the system looks the host up when it is dialed.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bare {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_'))
        }
    };
    text.len() <= ADDRESS_BYTES_MAX && is_host && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn as_text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn from_text<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

fn as_texts<S: Serializer>(values: &[ChannelId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(ToString::to_string))
}

fn from_texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ChannelId>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(de::Error::custom)).collect()
}
