//! The settings that say which node is meant and who asks: options of the command line, variables of the environment, contents
//! of a saved context, in this order of precedence, and then the defaults.

use std::path::PathBuf;

use clap::{ArgMatches, ValueEnum, parser::ValueSource};
use dmpc::NodeId;
use serde::{Deserialize, Serialize};

use crate::client::Via;

/// Where a node's gRPC front end is unless something says otherwise.
const GRPC: &str = "127.0.0.1:64928";
/// Where a node's websocket front end is unless something says otherwise.
const WS: &str = "127.0.0.1:64927";

/// Which node is meant and who asks, as far as one source says so.
#[derive(clap::Args, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address of the node's gRPC front end; 127.0.0.1:64928 unless a context says otherwise.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_GRPC", value_name = "ADDR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc: Option<String>,
    /// Address of the node's websocket front end; 127.0.0.1:64927 unless a context says otherwise.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_WS", value_name = "ADDR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ws: Option<String>,
    /// Front end to use: grpc, ws, or both in turn, where a command can; grpc unless a context says otherwise.
    #[arg(
        long,
        global = true,
        hide_env_values = true,
        hide_possible_values = true,
        env = "DMPC_VIA",
        value_name = "FRONT END"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Vias>,
    /// The node that must answer; any other is refused. A node proves its id.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_NODE", value_name = "NODE")]
    #[serde(default, with = "as_text", skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// File with the certificates to trust (PEM) when an address begins with https:// or wss://; else the system's.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_CA", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Identity file of who runs the command.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_IDENTITY", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<PathBuf>,
    /// File whose first line is the passphrase of the identity; /dev/fd/3 reads it from a pipe.
    #[arg(long, global = true, hide_env_values = true, env = "DMPC_PASSPHRASE_FILE", value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passphrase_file: Option<PathBuf>,
}

/// Values of `--via`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vias {
    /// gRPC.
    Grpc,
    /// websocket.
    Ws,
    /// The one and the other in turn.
    Both,
}

impl Vias {
    /// These front ends.
    pub fn of(vias: &[Via]) -> Self {
        match vias {
            [Via::Grpc, Via::Ws, ..] => Self::Both,
            [Via::Ws, ..] => Self::Ws,
            [Via::Grpc, ..] | [] => Self::Grpc,
        }
    }

    /// The front ends, at least one; the first is that of commands that use one.
    pub fn list(self) -> Vec<Via> {
        match self {
            Self::Grpc => vec![Via::Grpc],
            Self::Ws => vec![Via::Ws],
            Self::Both => vec![Via::Grpc, Via::Ws],
        }
    }
}

/// Who said what a setting is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// An option of the command line.
    Option,
    /// A variable of the environment.
    Environment,
    /// The saved context.
    Context,
    /// Nobody.
    Default,
}

impl Source {
    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Option => "option",
            Self::Environment => "environment",
            Self::Context => "context",
            Self::Default => "default",
        }
    }
}

/// A setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its name, as the option has it.
    pub name: &'static str,
    /// Its value; none where there is no default.
    pub value: Option<String>,
    /// Who said so.
    pub source: Source,
}

impl Settings {
    /// What is so where nobody says anything.
    pub fn defaults() -> Self {
        Self { grpc: Some(GRPC.to_owned()), ws: Some(WS.to_owned()), via: Some(Vias::Grpc), ..Self::default() }
    }

    /// These, and the others where these say nothing.
    pub fn or(self, others: Self) -> Self {
        Self {
            grpc: self.grpc.or(others.grpc),
            ws: self.ws.or(others.ws),
            via: self.via.or(others.via),
            node: self.node.or(others.node),
            ca: self.ca.or(others.ca),
            identity: self.identity.or(others.identity),
            passphrase_file: self.passphrase_file.or(others.passphrase_file),
        }
    }

    /// Each setting as text, by the name of its option.
    pub fn texts(&self) -> [(&'static str, Option<String>); 7] {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let via = self.via.and_then(|via| via.to_possible_value()).map(|value| value.get_name().to_owned());
        [
            ("grpc", self.grpc.clone()),
            ("ws", self.ws.clone()),
            ("via", via),
            ("node", self.node.map(|node| node.to_string())),
            ("ca", path(&self.ca)),
            ("identity", path(&self.identity)),
            ("passphrase-file", path(&self.passphrase_file)),
        ]
    }

    /// What is in force when these were given on the command line and in the environment, and `saved` is the context.
    pub fn in_force(&self, matches: &ArgMatches, saved: &Self) -> Vec<InForce> {
        let all = self.clone().or(saved.clone()).or(Self::defaults()).texts();
        let kept = saved.texts();
        let source = |name: &str, kept: &Option<String>| match matches.value_source(&name.replace('-', "_")) {
            Some(ValueSource::CommandLine) => Source::Option,
            Some(ValueSource::EnvVariable) => Source::Environment,
            _ if kept.is_some() => Source::Context,
            _ => Source::Default,
        };
        let rows = all.into_iter().zip(&kept);
        rows.map(|((name, value), (_, kept))| InForce { name, value, source: source(name, kept) }).collect()
    }
}

/// Values that are written as their text.
mod as_text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}
