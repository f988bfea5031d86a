//! The stages that what is written goes through, by name, so that a test can stop a process at each of them.
//!
//! The programs observe nothing: a stage that nobody observes costs a look at one pointer. What a process that dies at a stage
//! leaves is in docs/ARCHITECTURE.md, "What a crash leaves".

use std::sync::OnceLock;

use crate::StoreError;

/// A place on the way of what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// A batch is judged and encoded; nothing of it is written.
    BatchReady,
    /// RocksDB wrote the batch, and has not synced it; nobody reads it.
    BatchUnsynced,
    /// RocksDB wrote the batch and says that it is on disk; HEAD does not know of it.
    BatchWritten,
    /// HEAD is about to be told what will be acknowledged.
    HeadReady,
    /// HEAD is told, which a process that dies leaves behind and a machine that dies may not.
    HeadWritten,
    /// HEAD is about to be synced.
    HeadDue,
    /// HEAD is synced.
    HeadSynced,
    /// A step of a re-judgement is encoded; nothing of it is written.
    StepReady,
    /// The step is on disk.
    StepWritten,
    /// The node has the outcomes of a commit; nobody was told anything.
    Committed,
    /// Readers and subscribers see the commit; no client has its acknowledgement.
    Published,
    /// Acknowledgements are with the connections.
    Acknowledged,
    /// `init` made the database; there is no HEAD.
    InitDatabase,
    /// `init` made everything; the store does not have its name yet.
    InitComplete,
    /// A rebuild made its database; the old one is in place.
    RebuildReady,
    /// The new database is in place; the old one is not removed.
    RebuildExchanged,
    /// The files of a backup are copied; it has no manifest.
    BackupCopied,
    /// A backup is whole; it does not have its name yet.
    BackupComplete,
    /// The files of a backup are copied back; nothing is compared.
    RestoreCopied,
    /// What was put back is whole; the directory does not have its name yet.
    RestoreComplete,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 20] = [
        Self::BatchReady,
        Self::BatchUnsynced,
        Self::BatchWritten,
        Self::HeadReady,
        Self::HeadWritten,
        Self::HeadDue,
        Self::HeadSynced,
        Self::StepReady,
        Self::StepWritten,
        Self::Committed,
        Self::Published,
        Self::Acknowledged,
        Self::InitDatabase,
        Self::InitComplete,
        Self::RebuildReady,
        Self::RebuildExchanged,
        Self::BackupCopied,
        Self::BackupComplete,
        Self::RestoreCopied,
        Self::RestoreComplete,
    ];
}

/// Sees stages, and may say that one fails.
#[derive(Debug)]
pub struct Observer {
    /// Told of each stage, on the thread that is there. What it returns is taken for what the system said.
    pub at: fn(Stage) -> Result<(), StoreError>,
    /// Whether a write is on disk when RocksDB says so. Without it nothing that is acknowledged is durable: for the one test
    /// which shows that this is noticed.
    pub syncs: bool,
}

static OBSERVER: OnceLock<Observer> = OnceLock::new();

/// Observes every stage from now on, in the whole process; gives the observer back where there is one already. For tests, in a
/// process of their own.
///
/// # Errors
/// The observer, when there is one.
pub fn observe(observer: Observer) -> Result<(), Observer> {
    OBSERVER.set(observer)
}

/// Passes a stage.
///
/// # Errors
/// What the observer says.
pub fn pass(stage: Stage) -> Result<(), StoreError> {
    OBSERVER.get().map_or(Ok(()), |observer| (observer.at)(stage))
}

/// Whether a store that is opened now counts what RocksDB does. It costs something, so the programs do not.
pub(crate) fn is_observed() -> bool {
    OBSERVER.get().is_some()
}

/// Whether writes are synced.
pub(crate) fn syncs() -> bool {
    OBSERVER.get().is_none_or(|observer| observer.syncs)
}
