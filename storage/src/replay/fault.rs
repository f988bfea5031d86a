//! What an audit finds: what does not agree, and where.

use dmpc::{OpKey, operation::OperationError};

use crate::Verdict;

/// What does not agree, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Bytes in the log that are no operation.
    #[error("{}: the log holds no operation: {error}", place(key))]
    BadOperation {
        /// Where.
        key: OpKey,
        /// What is wrong.
        error: OperationError,
    },
    /// Bytes in an exported log that are no operation.
    #[error("at byte {offset}: the log holds no operation: {error}")]
    BadFrame {
        /// Where its length stands.
        offset: u64,
        /// What is wrong.
        error: OperationError,
    },
    /// An operation of an exported log that does not stand after the one before it.
    #[error("{}: at byte {offset}, it does not stand after the one before it", place(key))]
    Disorder {
        /// The operation.
        key: OpKey,
        /// Where its length stands.
        offset: u64,
    },
    /// An operation that stands at another key than its own.
    #[error("{}: the operation's own key is {}", place(stored), place(own))]
    Misplaced {
        /// Where it stands.
        stored: OpKey,
        /// Where it belongs.
        own: OpKey,
    },
    /// A signature that does not verify.
    #[error("{}: a signature does not verify", place(.0))]
    BadSignature(OpKey),
    /// An operation that arrived, and that the log does not hold.
    #[error("{}: it arrived as number {arrival}, has a record in {family}, and is not in the log", place(key))]
    NotLogged {
        /// The family of its record.
        family: &'static str,
        /// The operation.
        key: OpKey,
        /// Its place in the order of arrival.
        arrival: u64,
    },
    /// A place in the order of arrival that is empty.
    #[error("arrival {0} is missing")]
    Arrival(u64),
    /// The log holds another number of operations than arrived.
    #[error("the log holds {log} operations, {arrivals} arrived")]
    Count {
        /// Operations in the log.
        log: u64,
        /// Arrivals.
        arrivals: u64,
    },
    /// The file HEAD does not agree with the log, or is damaged.
    #[error("HEAD: {0}")]
    Head(String),
    /// The node kept another verdict.
    #[error("{}: the verdict is {}, the node kept {}", place(key), verdict(Some(computed)), verdict(stored.as_ref()))]
    Verdict {
        /// Where.
        key: OpKey,
        /// What the definition says.
        computed: Verdict,
        /// What the node kept; `None` when nothing.
        stored: Option<Verdict>,
    },
    /// An entry of a family that does not follow from the log, or is missing.
    #[error("{}", entry(family, key, operation.as_ref(), stored.as_deref(), computed.as_deref()))]
    Entry {
        /// The family.
        family: &'static str,
        /// The entry's key.
        key: Vec<u8>,
        /// The operation at whose place the entry stands, in families where it names one.
        operation: Option<OpKey>,
        /// The value that is stored; `None` when there is no entry.
        stored: Option<Vec<u8>>,
        /// The value that follows from the log; `None` when there should be no entry.
        computed: Option<Vec<u8>>,
    },
    /// What a family holds together does not follow from the log.
    #[error("{family}: {what}")]
    Derived {
        /// The family.
        family: &'static str,
        /// What is wrong, and where.
        what: String,
    },
    /// The log gives another digest than the node kept.
    #[error("the {digest} digest is {}, the node kept {}", hex(computed), hex(stored))]
    Digest {
        /// `state` or `log`.
        digest: &'static str,
        /// What the log gives.
        computed: [u8; 32],
        /// What the node kept.
        stored: [u8; 32],
    },
    /// The log gives other digests than the checkpoint.
    #[error("the {digest} digest of {operations} operations is not that of the checkpoint")]
    Checkpoint {
        /// `state` or `log`.
        digest: &'static str,
        /// Operations that were compared.
        operations: u64,
    },
}

impl Fault {
    /// Its stable word.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::BadOperation { .. } => "bad_operation",
            Self::BadFrame { .. } => "bad_operation",
            Self::Disorder { .. } | Self::Misplaced { .. } => "misplaced",
            Self::BadSignature(_) => "bad_signature",
            Self::NotLogged { .. } => "not_logged",
            Self::Arrival(_) => "arrival",
            Self::Count { .. } => "count",
            Self::Head(_) => "head",
            Self::Verdict { .. } => "verdict",
            Self::Entry { .. } => "entry",
            Self::Derived { .. } => "derived",
            Self::Digest { .. } => "digest",
            Self::Checkpoint { .. } => "checkpoint",
        }
    }

    /// The operation that it is about.
    pub const fn operation(&self) -> Option<OpKey> {
        match self {
            Self::BadOperation { key, .. }
            | Self::Misplaced { stored: key, .. }
            | Self::Disorder { key, .. }
            | Self::BadSignature(key)
            | Self::NotLogged { key, .. }
            | Self::Verdict { key, .. } => Some(*key),
            Self::Entry { operation, .. } => *operation,
            Self::BadFrame { .. }
            | Self::Arrival(_)
            | Self::Count { .. }
            | Self::Head(_)
            | Self::Derived { .. }
            | Self::Digest { .. }
            | Self::Checkpoint { .. } => None,
        }
    }

    /// The family that it is about.
    pub const fn family(&self) -> Option<&'static str> {
        match self {
            Self::Entry { family, .. } | Self::Derived { family, .. } => Some(family),
            Self::BadOperation { .. }
            | Self::BadFrame { .. }
            | Self::Disorder { .. }
            | Self::Misplaced { .. }
            | Self::BadSignature(_) => Some("log"),
            Self::NotLogged { family, .. } => Some(family),
            Self::Arrival(_) | Self::Count { .. } => Some("arrival"),
            Self::Head(_) | Self::Verdict { .. } | Self::Digest { .. } | Self::Checkpoint { .. } => None,
        }
    }

    /// What causes others comes first: the log, then what follows from it.
    const fn order(&self) -> u8 {
        match self {
            Self::BadOperation { .. }
            | Self::BadFrame { .. }
            | Self::Disorder { .. }
            | Self::Misplaced { .. }
            | Self::BadSignature(_) => 0,
            Self::NotLogged { .. } | Self::Arrival(_) => 1,
            Self::Count { .. } | Self::Head(_) => 2,
            Self::Verdict { .. } => 3,
            Self::Entry { .. } => 4,
            Self::Derived { .. } => 5,
            Self::Checkpoint { .. } => 6,
            Self::Digest { .. } => 7,
        }
    }
}

/// Faults that are named; more are counted.
const NAMED_MAX: usize = 256;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    named: Vec<Fault>,
    count: u64,
}

impl Faults {
    pub(super) fn push(&mut self, fault: Fault) {
        self.count += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(fault);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.named.extend(other.named);
    }

    /// Causes first, each sort in the order of keys.
    pub(super) fn sort(&mut self) {
        self.named.sort_by_key(|fault| (fault.order(), fault.operation()));
        self.named.dedup();
        self.named.truncate(NAMED_MAX);
    }

    /// Those that are named, causes first: at most 256.
    pub fn named(&self) -> &[Fault] {
        &self.named
    }

    /// How many were found.
    pub const fn count(&self) -> u64 {
        self.count
    }
}

fn place(key: &OpKey) -> String {
    format!("{} at {}", key.id, key.timestamp)
}

fn verdict(verdict: Option<&Verdict>) -> String {
    match verdict {
        None => "none".to_owned(),
        Some(Verdict::Applied) => "applied".to_owned(),
        Some(Verdict::Pending(missing)) => format!("pending({})", missing.word()),
        Some(Verdict::Rejected(rejection)) => format!("rejected({})", rejection.word()),
    }
}

fn entry(
    family: &str,
    key: &[u8],
    operation: Option<&OpKey>,
    stored: Option<&[u8]>,
    computed: Option<&[u8]>,
) -> String {
    let of = operation.map(|key| format!("{}: ", place(key))).unwrap_or_default();
    let value = |value: &[u8]| if value.is_empty() { "an empty value".to_owned() } else { hex(value) };
    let what = match (stored, computed) {
        (None, Some(computed)) => format!("is missing, and should be {}", value(computed)),
        (Some(stored), None) => format!("is {}, and should not be there", value(stored)),
        (stored, computed) => {
            format!("is {}, and should be {}", value(stored.unwrap_or_default()), value(computed.unwrap_or_default()))
        }
    };
    format!("{of}the entry {} of {family} {what}", hex(key))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
