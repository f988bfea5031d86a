//! Re-judging in steps: how the writer goes on with what a batch left to be judged again, and what it tells of it.

use std::sync::Arc;

use super::Writer;
use crate::{StoreError, db::Batch, projection::engine::Absorbed, quota::Quota};

/// A re-judgement that goes over several batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rejudging {
    /// Operations that were judged again so far; since the start of the process, if it began before that.
    pub operations: u64,
    /// Batches that it took so far.
    pub steps: u64,
    /// Whether a batch that came meanwhile made it longer. One that follows should wait until it is finished, so that
    /// it comes to an end and readers see it.
    pub extended: bool,
}

/// What a batch wrote, and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Entries of all families, written or taken away.
    pub entries: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Operations that were judged again.
    pub judged: u64,
}

impl Writer {
    /// Goes on with a re-judgement by one batch; `None` when there is none. All is on disk when it returns.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub fn step(&mut self) -> Result<Option<Rejudging>, StoreError> {
        if self.rejudging.is_none() {
            return Ok(None);
        }
        self.settled(|writer| {
            let db = Arc::clone(&writer.db);
            let mut quota = Quota::new(&db, writer.limits, None, &[])?;
            let absorbed = writer.absorb(&db, &[], &mut quota, true)?;
            let progress = writer.progress(&absorbed, true);
            writer.write(Batch::default(), absorbed, quota, (&[], 0), progress)?;
            Ok(Some(progress.unwrap_or_default()))
        })
    }

    /// The re-judgement that is not finished, if there is one.
    pub fn rejudging(&self) -> Option<Rejudging> {
        self.rejudging
    }

    /// What the batch that was written last wrote, and what it cost.
    pub fn written(&self) -> Written {
        self.written
    }

    /// How far the re-judgement is when the batch is written; `None` when nothing of it is left.
    pub(super) fn progress(&self, absorbed: &Absorbed, with_stored: bool) -> Option<Rejudging> {
        if !absorbed.remains && (with_stored || self.rejudging.is_none()) {
            return None;
        }
        let before = self.rejudging.unwrap_or_default();
        Some(Rejudging {
            operations: before.operations + absorbed.judged.values().sum::<u64>(),
            steps: before.steps + 1,
            extended: before.extended || (absorbed.remains && !with_stored && self.rejudging.is_some()),
        })
    }
}
