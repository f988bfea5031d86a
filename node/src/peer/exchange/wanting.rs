//! What is asked for: ids that the other node has, in the order of their ranges.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use dmpc::{Hlc, OpId, OpKey, peer::Want};

use super::{
    bounds::{WANT_IDS_MAX, WANTED_MAX},
    refusals::Memory,
    rounds::Lack,
    status::Status,
};

/// What is asked for.
#[derive(Debug, Default)]
pub(super) struct Wanting {
    last: u64,
    /// What is to be asked for, by scope and beginning of its range: what is least goes first.
    queue: BTreeMap<(u32, OpKey, usize), Vec<OpId>>,
    queued: usize,
    open: VecDeque<Open>,
    /// Ids that were asked for and did not come.
    ids: usize,
}

#[derive(Debug)]
struct Open {
    number: u64,
    from: Hlc,
    ids: BTreeSet<OpId>,
}

impl Wanting {
    /// Adds what the other node has, but for what was refused not long ago.
    pub(super) fn add(&mut self, scope: u32, lack: Lack, memory: &Memory, status: &mut Status) {
        let (wanted, patient): (Vec<OpId>, Vec<OpId>) =
            lack.ids.into_iter().partition(|id| memory.here.allows(id, memory.reconciliations));
        status.left.here.add(count(patient.len()), lack.from.timestamp);
        for (ids, part) in wanted.chunks(WANT_IDS_MAX).zip(0..) {
            self.queued += ids.len();
            self.queue.insert((scope, lack.from, part), ids.to_vec());
        }
    }

    /// Whether more may be found out.
    pub(super) fn has_room(&self) -> bool {
        self.ids + self.queued < WANTED_MAX
    }

    /// Whether nothing is asked for.
    pub(super) fn is_settled(&self) -> bool {
        self.queue.is_empty() && self.open.is_empty()
    }

    /// The next want.
    pub(super) fn next(&mut self) -> Option<Want> {
        if self.ids >= WANTED_MAX {
            return None;
        }
        let ((scope, from, _), ids) = self.queue.pop_first()?;
        self.last += 1;
        self.queued = self.queued.saturating_sub(ids.len());
        self.ids += ids.len();
        self.open.push_back(Open { number: self.last, from: from.timestamp, ids: ids.iter().copied().collect() });
        Some(Want { number: self.last, scope, from, ids })
    }

    /// Whether an answer to a want is due now.
    pub(super) fn is_due(&self, number: u64) -> bool {
        self.open.front().is_some_and(|open| open.number == number)
    }

    /// Whether an operation that came was asked for by the want that is due.
    pub(super) fn came(&mut self, id: &OpId) -> bool {
        let came = self.open.front_mut().is_some_and(|open| open.ids.remove(id));
        self.ids = self.ids.saturating_sub(usize::from(came));
        came
    }

    /// The want that is due is answered: what did not come is withheld.
    pub(super) fn answered(&mut self, memory: &mut Memory, status: &mut Status) {
        let Some(open) = self.open.pop_front() else { return };
        self.ids = self.ids.saturating_sub(open.ids.len());
        status.offences.withheld += count(open.ids.len());
        status.left.here.add(count(open.ids.len()), open.from);
        let now = memory.reconciliations;
        open.ids.into_iter().for_each(|id| memory.here.refuse(id, now));
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
