//! One batch over all families: encoded, remembered as acknowledged, written, and what follows from that in memory.

use std::{sync::Arc, time::Instant};

use dmpc::{VerifiedOperation, kinds::Payload};

use super::{Rejudging, Writer, Written, unsynced::Unsynced};
use crate::{
    StoreError,
    batch::Encoder,
    db::Batch,
    families::{Family, meta},
    projection::engine::Absorbed,
    quota::Quota,
    stage::{self, Stage},
};

impl Writer {
    /// Writes one batch over all families, remembers that it is about to be acknowledged, and goes on from there.
    pub(super) fn write(
        &mut self,
        mut batch: Batch,
        absorbed: Absorbed,
        mut quota: Quota<'_>,
        (logged, aside): (&[Arc<VerifiedOperation>], u64),
        progress: Option<Rejudging>,
    ) -> Result<(), StoreError> {
        let mut head = self.head.clone();
        head.kept += aside;
        let db = Arc::clone(&self.db);
        let mut encoder = Encoder { db: &db, names: &mut self.names, batch: &mut batch };
        for operation in logged.iter().filter(|operation| absorbed.changes.added.contains_key(&operation.key())) {
            head.arrivals += 1;
            head.last = operation.key();
            head.latest = head.latest.max(operation.key());
            encoder.log(operation, head.arrivals)?;
            if let Payload::UserCreate(create) = operation.payload()
                && encoder.names.make_known(&db, &create.user)?
            {
                quota.introduce(operation, create)?;
                self.waiting.make_known(create.user);
            }
        }
        encoder.facts(&absorbed.changes.facts)?;
        let ranked = encoder.records(&absorbed.changes, &mut quota, &self.ranks)?;
        encoder.work(&absorbed.work);
        let told = absorbed.told;
        if let (Some((sequence, _)), Some(continued)) = (self.told, told.continued) {
            encoder.events(&[continued], sequence)?;
        }
        let first_event = head.feed + 1;
        encoder.events(&told.events, first_event)?;
        head.feed += u64::try_from(told.events.len()).unwrap_or_default();
        head.digests = absorbed.digests;
        quota.write(&mut batch, &mut self.names)?;
        self.names.write(&mut batch);
        head.numbers = self.names.given();
        batch.put(Family::Meta, meta::HEAD_KEY, &head.value());
        let (entries, bytes) = batch.size();
        let judged = absorbed.judged.values().sum();
        self.settle()?;
        if progress.is_some() {
            self.published.hold(&db);
        }
        // Before the write: who sees it looks for sums of this version.
        self.ranks.publish(ranked);
        let is_new = (head.arrivals, head.kept) != (self.head.arrivals, self.head.kept);
        // What is judged again in steps is shown when it is done, and not before: it is synced at once.
        let is_ahead = self.is_ahead && is_new && progress.is_none() && self.rejudging.is_none();
        stage::pass(if is_new { Stage::BatchReady } else { Stage::StepReady })?;
        let begun = Instant::now();
        if is_ahead {
            self.published.defer(&db);
            db.write_unsynced(batch)?;
            stage::pass(Stage::BatchUnsynced)?;
        } else {
            db.write(batch)?;
            self.tally.wrote(begun.elapsed());
            stage::pass(if is_new { Stage::BatchWritten } else { Stage::StepWritten })?;
        }
        let before = self.told.as_ref().map(|(_, event)| event);
        told.continued.iter().for_each(|event| self.tally.told(event, before));
        told.events.iter().for_each(|event| self.tally.told(event, None));
        let acknowledged = head.acknowledged(false);
        if is_ahead {
            let (published, head_file) = (Arc::clone(&self.published), Arc::clone(&self.head_file));
            let (line, write, took) = (Arc::clone(&self.line), self.line.begin(), begun.elapsed());
            self.unsynced = Some(Unsynced { db, published, head_file, acknowledged, line, write, took });
        } else if is_new {
            self.head_file.lock().acknowledge(&acknowledged)?;
        }
        self.remembered.get_mut().change(absorbed.changes.facts);
        // What readers see already does not change any more.
        let last = told.last.filter(|_| progress.is_some());
        self.told = last.and_then(|(event, place)| {
            let sequence = match place {
                Some(place) => Some(first_event + u64::try_from(place).unwrap_or_default()),
                None => self.told.map(|(sequence, _)| sequence),
            };
            sequence.map(|sequence| (sequence, event))
        });
        self.written = Written { entries, bytes, judged };
        self.head = head;
        self.rejudging = progress;
        if progress.is_none() {
            self.published.release();
        }
        Ok(())
    }
}
