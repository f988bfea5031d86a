//! What a node is told: where it keeps its data, where it listens, how much it takes from whom.
//!
//! [`layers`] brings it together from a file, the environment and flags; [`rules`] says what does not go together.
//! [`limits`] has what may be configured of its bounds, [`bounds`] the others. `docs/dmpc-node.toml` is the commented
//! example, and a specification holds it against this module.

pub mod bounds;
pub mod layers;
pub mod limits;
pub mod memory;
pub mod rules;

use std::{net::SocketAddr, path::PathBuf};

use dmpc::peer_settings::PeerSettings;
use serde::{Deserialize, Serialize};

pub use bounds::*;
pub use limits::Limits;

/// Everything that a node is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The data directory.
    pub data: PathBuf,
    /// Address of the gRPC listener; port 0 lets the system choose.
    pub grpc: SocketAddr,
    /// Address of the websocket listener; port 0 lets the system choose.
    pub ws: SocketAddr,
    /// Address where Prometheus asks, with `/metrics`, `/live` and `/ready`; none when absent.
    pub metrics: Option<SocketAddr>,
    /// Whether it may listen without TLS where others than this machine reach it.
    pub plain_beyond_loopback: bool,
    /// Origins of web pages that may open a websocket, beside those of this machine and of the host that is asked for:
    /// `http://host[:port]` or `https://host[:port]`.
    pub origins: Vec<String>,
    /// The certificate of both front ends.
    pub tls: Tls,
    /// Other nodes with which operations are exchanged.
    pub peer: Peer,
    /// What is logged, and how.
    pub log: Log,
    /// How much it takes.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            grpc: SocketAddr::from(([127, 0, 0, 1], 64928)),
            ws: SocketAddr::from(([127, 0, 0, 1], 64927)),
            metrics: None,
            plain_beyond_loopback: false,
            origins: Vec::new(),
            tls: Tls::default(),
            peer: Peer::default(),
            log: Log::default(),
            limits: Limits::default(),
        }
    }
}

/// The certificate of both front ends; both files or none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate and those that lead from it to one that clients trust.
    pub certificate: Option<PathBuf>,
    /// PEM file with its private key; nobody but its owner may read it.
    pub key: Option<PathBuf>,
}

/// Other nodes with which operations are exchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Peer {
    /// Address where it listens for peers; none when absent. Always TLS, with the node keys of both ends.
    pub listen: Option<SocketAddr>,
    /// The peers, beside those that are added at run time.
    pub peers: Vec<PeerSettings>,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `off`, `error`, `warn`, `info`, `debug`, `trace`, or per module as in `info,dmpc_node=debug`.
    pub filter: String,
    /// For people, or for programs.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Human }
    }
}

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line of text.
    #[default]
    Human,
    /// A JSON object.
    Json,
}
