//! What a configuration must hold beyond the kinds of its values.

use std::net::SocketAddr;

use dmpc::peer_settings::{PeerSettings, PeerSettingsError};

use super::Config;
use crate::origins::WebOrigin;

/// Settings that do not go together, or are out of their range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// One of the two files of TLS is missing.
    #[error("tls.certificate and tls.key go together: set both or none")]
    HalfTls,
    /// Others could read along.
    #[error(
        "{setting} = \"{address}\" is reached from other machines, and there is no TLS: set tls.certificate and tls.key, \
         listen on loopback, or say plain_beyond_loopback = true"
    )]
    Plain {
        /// The setting.
        setting: &'static str,
        /// Its value.
        address: SocketAddr,
    },
    /// Out of range.
    #[error("limits.{setting} = {value} is out of range: {least} to {greatest}")]
    Range {
        /// The setting.
        setting: &'static str,
        /// Its value.
        value: usize,
        /// The least.
        least: usize,
        /// The greatest.
        greatest: usize,
    },
    /// Not an origin.
    #[error("origins: '{0}' is no origin; write scheme://host or scheme://host:port, without a path")]
    Origin(String),
    /// A peer that cannot be one.
    #[error("peer.peers, '{name}': {error}")]
    Peer {
        /// Its name.
        name: String,
        /// What is wrong.
        error: PeerSettingsError,
    },
    /// Two peers with one name, or with one key.
    #[error("peer.peers: '{0}' and '{1}' have the same name or the same key")]
    PeerTwice(String, String),
    /// More peers than there may be.
    #[error("peer.peers: {0} peers; limits.peers allows {1}")]
    Peers(usize, usize),
    /// Silence would be found before the ping that ends it.
    #[error("limits.silence_seconds must be greater than limits.ping_seconds")]
    Silence,
}

/// Checks a configuration.
///
/// # Errors
/// The first [`RuleError`]
pub fn check(config: &Config) -> Result<(), RuleError> {
    if config.tls.certificate.is_some() != config.tls.key.is_some() {
        return Err(RuleError::HalfTls);
    }
    let is_plain = config.tls.certificate.is_none() && !config.plain_beyond_loopback;
    for (setting, address) in [("grpc", config.grpc), ("ws", config.ws)] {
        if is_plain && !address.ip().is_loopback() {
            return Err(RuleError::Plain { setting, address });
        }
    }
    if let Some((setting, value, least, greatest)) = config.limits.faults().next() {
        return Err(RuleError::Range { setting, value, least, greatest });
    }
    if config.limits.silence_seconds <= config.limits.ping_seconds {
        return Err(RuleError::Silence);
    }
    check_peers(&config.peer.peers, config.limits.peers)?;
    match config.origins.iter().find(|origin| origin.parse::<WebOrigin>().is_err()) {
        Some(origin) => Err(RuleError::Origin(origin.clone())),
        None => Ok(()),
    }
}

fn check_peers(peers: &[PeerSettings], peers_max: usize) -> Result<(), RuleError> {
    if peers.len() > peers_max {
        return Err(RuleError::Peers(peers.len(), peers_max));
    }
    for (place, peer) in peers.iter().enumerate() {
        peer.check().map_err(|error| RuleError::Peer { name: peer.name.clone(), error })?;
        let mut before = peers.iter().take(place);
        if let Some(twin) = before.find(|other| other.name == peer.name || other.key == peer.key) {
            return Err(RuleError::PeerTwice(twin.name.clone(), peer.name.clone()));
        }
    }
    Ok(())
}
