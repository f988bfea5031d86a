//! What goes wrong on the command line, and the exit code of each: one table, without a wildcard arm.

use std::{error::Error, io, path::PathBuf, process::ExitCode};

use dmpc::{
    NodeId, UserId, error::Classified, ids::IdError, key_chain::ChainFault, keys::KeyError, operation::OperationError,
    seal::SealError, transaction::TransactionError,
};

use crate::{
    client::Via, identity_file::IdentityFileError, object::InputError, outbox::OutboxError, passphrase::PassphraseError,
};

/// What a node says when the answer depends on who asks: the words of its failures of authentication and permission.
const DENIED: [&str; 8] = [
    "permission_denied",
    "unknown_user",
    "user_inactive",
    "key_not_current",
    "bad_signature",
    "permission_missing",
    "not_a_member",
    "right_missing",
];

/// Exit codes; scripts rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Ok,
    /// The node refused or rejected it, or something failed.
    Failed,
    /// The command line is wrong.
    Usage,
    /// An audit or a comparison does not agree.
    Disagrees,
    /// The node cannot be reached, or the connection broke.
    Unreachable,
    /// Permission denied, or the identity cannot be used.
    Denied,
}

impl Exit {
    /// All of them, ascending.
    pub const ALL: [Self; 6] = [Self::Ok, Self::Failed, Self::Usage, Self::Disagrees, Self::Unreachable, Self::Denied];

    /// What it says to people: the one list of exit codes, which help and docs/cli.md print.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done",
            Self::Failed => "refused, rejected or failed; stderr says what, and mostly what helps",
            Self::Usage => "wrong usage",
            Self::Disagrees => "an audit or a comparison does not agree",
            Self::Unreachable => "the node cannot be reached, or the connection broke",
            Self::Denied => "permission denied, or the identity cannot be used",
        }
    }

    /// Its number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Disagrees => 3,
            Self::Unreachable => 4,
            Self::Denied => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What goes wrong on the command line.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// An argument cannot be used; says which and why.
    #[error("{0}")]
    Usage(String),
    /// The command needs to know who runs it.
    #[error("this command needs an identity")]
    NoIdentity,
    /// There is no place for lanes and outboxes.
    #[error("there is no directory for lane state: none of DMPC_STATE, XDG_STATE_HOME and HOME is set")]
    NoStateDirectory,
    /// There is no place for contexts and names.
    #[error("there is no directory for contexts and names: none of DMPC_CONFIG, XDG_CONFIG_HOME and HOME is set")]
    NoConfigDirectory,
    /// No context has this name.
    #[error("there is no context '{0}'")]
    NoContext(String),
    /// A file of contexts or names holds something else.
    #[error("{path}: {cause}", path = path.display())]
    Saved {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The identity cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityFileError),
    /// The identity needs a passphrase, and there is none or a wrong one.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// What was piped in or read from a file holds no objects, or one that is damaged.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Lane state or outbox cannot be used.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// A text is no id.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The node cannot be reached.
    #[error("no node answers over {via} at {address}: {cause}")]
    Unreachable {
        /// The front end.
        via: Via,
        /// Its address.
        address: String,
        /// What the system says.
        cause: String,
    },
    /// Another node answers than the one that is meant.
    #[error("{answered} answers, not {pinned}")]
    OtherNode {
        /// The node that is meant.
        pinned: NodeId,
        /// The node that answers.
        answered: NodeId,
    },
    /// The connection broke.
    #[error("the connection to the node broke: {0}")]
    Disconnected(String),
    /// The node refuses; in its own words.
    #[error("the node refuses: {detail} ({reason})")]
    Node {
        /// Stable words for programs.
        reason: String,
        /// One sentence for people.
        detail: String,
    },
    /// The node did not take an operation, or gave it no effect.
    #[error("the operation was {verdict}: {detail} ({reason})")]
    Operation {
        /// `rejected` or `refused`.
        verdict: &'static str,
        /// Stable words for programs.
        reason: String,
        /// One sentence for people.
        detail: String,
    },
    /// The node's answer breaks the protocol.
    #[error("the node's answer breaks the protocol: {0}")]
    Answer(String),
    /// What was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// The identity lacks a right or a key that this needs.
    #[error("{0}")]
    Denied(String),
    /// The node names keys of a user that neither the user's id nor the user's own changes prove.
    #[error("the node's keys of {0} are not those that the id stands for, and {1}")]
    Unproven(UserId, ChainFault),
    /// The operation would break a rule of the protocol.
    #[error(transparent)]
    Unsound(#[from] OperationError),
    /// Something cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The transaction cannot be made.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An audit or a comparison does not agree.
    #[error("{0}")]
    Disagrees(String),
    /// Failures of one command alone, which has an error type of its own.
    #[error("{source}")]
    Command {
        /// The exit code.
        exit: Exit,
        /// What failed.
        source: Box<dyn Error + Send + Sync>,
        /// What helps.
        hint: Option<String>,
    },
    /// stdout cannot be written.
    #[error("stdout: {0}")]
    Stdout(io::Error),
    /// Nobody reads stdout any more: a quiet end.
    #[error("nobody reads the output")]
    BrokenPipe,
}

impl CliError {
    /// Its exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::BrokenPipe => Exit::Ok,
            Self::Usage(_)
            | Self::NoIdentity
            | Self::NoStateDirectory
            | Self::NoConfigDirectory
            | Self::NoContext(_)
            | Self::Id(_) => Exit::Usage,
            Self::Identity(_) | Self::Passphrase(_) | Self::Key(_) | Self::Denied(_) | Self::Unproven(..) => {
                Exit::Denied
            }
            Self::Unreachable { .. } | Self::OtherNode { .. } | Self::Disconnected(_) => Exit::Unreachable,
            Self::Node { .. } if self.is_denied() => Exit::Denied,
            Self::Command { exit, .. } => *exit,
            Self::Disagrees(_) => Exit::Disagrees,
            Self::Node { .. }
            | Self::Operation { .. }
            | Self::Outbox(_)
            | Self::Input(_)
            | Self::Answer(_)
            | Self::NotFound(_)
            | Self::Unsound(_)
            | Self::Seal(_)
            | Self::Transaction(_)
            | Self::Saved { .. }
            | Self::File { .. }
            | Self::Stdout(_) => Exit::Failed,
        }
    }

    /// What helps, where something does.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Identity(error) => return identity_hint(error),
            Self::Passphrase(error) => return error.hint(),
            Self::Outbox(error) => return error.hint(),
            Self::Command { hint, .. } => return hint.clone(),
            Self::NoIdentity => "pass --identity FILE or set DMPC_IDENTITY; dmpc-cli identity new FILE makes one",
            Self::NoStateDirectory => "set DMPC_STATE to a directory of your own",
            Self::NoConfigDirectory => "set DMPC_CONFIG to a directory of your own",
            Self::NoContext(_) => "dmpc-cli context list shows those that there are, dmpc-cli context add makes one",
            Self::Unreachable { .. } => "is it running? dmpc-node serve --data DIR, and see --grpc and --ws",
            Self::OtherNode { .. } => "see --node, and the addresses --grpc and --ws",
            Self::Disconnected(_) => {
                "what was not acknowledged waits in the outbox and is sent again by the next command"
            }
            Self::Node { reason, .. } if reason == "permission_missing" => {
                "dmpc-cli user show prints what you may do; who may grant more decides"
            }
            Self::Node { reason, .. } if reason == "key_not_current" => {
                "your signing key was replaced; if that was here and was cut off, user update --rotate-signing-key ends it"
            }
            Self::Unproven(..) => "if its keys were rotated and you trust the node on that: --trust-rotated-keys",
            Self::Node { .. }
            | Self::Denied(_)
            | Self::Operation { .. }
            | Self::Usage(_)
            | Self::Input(_)
            | Self::Id(_)
            | Self::Answer(_)
            | Self::NotFound(_)
            | Self::Unsound(_)
            | Self::Seal(_)
            | Self::Key(_)
            | Self::Transaction(_)
            | Self::Saved { .. }
            | Self::File { .. }
            | Self::Disagrees(_)
            | Self::Stdout(_)
            | Self::BrokenPipe => return None,
        };
        Some(hint.to_owned())
    }

    /// A failure of one command alone.
    pub fn command(exit: Exit, source: impl Error + Send + Sync + 'static, hint: Option<String>) -> Self {
        Self::Command { exit, source: Box::new(source), hint }
    }

    /// A file that cannot be read or written.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// An answer that breaks the protocol, from the rule that it breaks.
    pub fn answer(error: impl Classified) -> Self {
        Self::Answer(format!("{error} ({})", error.reason()))
    }

    /// Whether the node refuses because of who asks.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Node { reason, .. } if DENIED.contains(&reason.as_str()))
    }
}

fn identity_hint(error: &IdentityFileError) -> Option<String> {
    match error {
        IdentityFileError::Mode { path, wanted: "700", .. } => Some(format!(
            "chmod 700 '{}', or keep identities in a directory of their own, such as ~/.config/dmpc",
            path.display()
        )),
        IdentityFileError::Mode { path, wanted, .. } => Some(format!("chmod {wanted} '{}'", path.display())),
        IdentityFileError::Absent(_) => Some("make one with: dmpc-cli identity new FILE".to_owned()),
        IdentityFileError::Exists(_) => Some("choose another file name".to_owned()),
        IdentityFileError::NotAFile(_) | IdentityFileError::Text { .. } | IdentityFileError::Io { .. } => None,
    }
}
