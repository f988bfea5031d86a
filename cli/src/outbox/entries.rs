//! What of an outbox file is still needed: operations that wait for an answer, the last one of each lane, and those that were
//! handed to somebody last, who may have lost them. No I/O.

use std::collections::{BTreeMap, HashMap, VecDeque};

use bytes::Bytes;
use dmpc::{NodeId, OpId, SignedOperation};

use super::record::Record;
use crate::lane::LaneKey;

/// Bytes that a record takes beside the operation in it, and its acknowledgement.
const OVERHEAD_BYTES: usize = 96;
/// Carried operations that are kept, the latest ones.
pub const CARRIED_MAX: usize = 1024;
/// Bytes of the carried operations that are kept; of one more than that, itself alone.
pub const CARRIED_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Clone, Debug)]
struct Entry {
    /// The node that it is for; none where somebody carries it.
    node: Option<NodeId>,
    bytes: Bytes,
    id: OpId,
    lane: LaneKey,
    /// It was answered; or, carried, is not kept any more.
    settled: bool,
}

/// The operations of a file that are still needed, in the order in which they were signed.
#[derive(Debug, Default)]
pub(super) struct Entries {
    by_number: BTreeMap<u64, Entry>,
    by_id: HashMap<OpId, u64>,
    /// The last operation of each lane that goes on.
    heads: HashMap<LaneKey, u64>,
    /// Carried operations that are kept, oldest first.
    carried: VecDeque<u64>,
    carried_bytes: usize,
    last_number: u64,
    waiting: usize,
    bytes: usize,
}

impl Entries {
    /// Operations without an answer.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// About as many bytes as a file that holds nothing else.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// An operation was signed; it is the last one of its lane now. Without a node it waits for no answer.
    pub(super) fn add(&mut self, node: Option<NodeId>, operation: &SignedOperation) {
        let (id, lane, bytes) = (operation.id(), LaneKey::of(operation), operation.bytes().clone());
        self.last_number += 1;
        self.waiting += usize::from(node.is_some());
        if node.is_none() {
            self.carried.push_back(self.last_number);
            self.carried_bytes += bytes.len();
        }
        self.bytes += bytes.len() + OVERHEAD_BYTES;
        self.by_id.insert(id, self.last_number);
        self.by_number.insert(self.last_number, Entry { node, bytes, id, lane, settled: false });
        if let Some(former) = self.heads.insert(lane, self.last_number) {
            self.drop_if_settled(former);
        }
        self.let_go_of_carried();
    }

    /// An operation was answered. It stays while it is the last one of its lane.
    pub(super) fn settle(&mut self, id: &OpId) {
        let Some(number) = self.by_id.get(id).copied() else { return };
        let Some(entry) = self.by_number.get_mut(&number) else { return };
        if entry.node.is_none() || entry.settled {
            return;
        }
        entry.settled = true;
        self.waiting -= 1;
        self.drop_unless_head(number);
    }

    /// Keeps as many carried operations as there is room for, the last one always.
    fn let_go_of_carried(&mut self) {
        while self.carried.len() > 1
            && (self.carried.len() > CARRIED_MAX || self.carried_bytes > CARRIED_BYTES_MAX)
            && let Some(number) = self.carried.pop_front()
        {
            if let Some(entry) = self.by_number.get_mut(&number) {
                entry.settled = true;
                self.carried_bytes -= entry.bytes.len();
            }
            self.drop_unless_head(number);
        }
    }

    /// Carried operations that are kept, in the order in which they were signed.
    pub(super) fn carried(&self) -> Vec<Bytes> {
        self.carried.iter().filter_map(|number| Some(self.by_number.get(number)?.bytes.clone())).collect()
    }

    /// No lane goes on. What waits for an answer still does.
    pub(super) fn restart_lanes(&mut self) {
        let heads: Vec<u64> = self.heads.drain().map(|(_, number)| number).collect();
        heads.into_iter().for_each(|number| self.drop_if_settled(number));
    }

    /// What is for `node` and was not answered.
    pub(super) fn unacknowledged(&self, node: &NodeId) -> Vec<(OpId, Bytes)> {
        let waiting = self.by_number.values().filter(|entry| !entry.settled && entry.node.as_ref() == Some(node));
        waiting.map(|entry| (entry.id, entry.bytes.clone())).collect()
    }

    /// A file that says the same and nothing else.
    pub(super) fn records(&self, origin: String) -> Vec<Record> {
        let is_head = |number: &u64, entry: &Entry| self.heads.get(&entry.lane) == Some(number);
        let operation = |entry: &Entry| match entry.node {
            Some(node) => Record::Operation { node, bytes: entry.bytes.clone() },
            None => Record::Carried(entry.bytes.clone()),
        };
        // A lane that goes on has its waiting operations after the origin record, and its head last.
        let goes_on = |entry: &Entry| self.heads.contains_key(&entry.lane);
        let mut records: Vec<Record> = self.by_number.values().filter(|entry| !goes_on(entry)).map(operation).collect();
        records.push(Record::Origin(origin));
        for (number, entry) in &self.by_number {
            if goes_on(entry) {
                records.push(operation(entry));
            }
            if entry.settled && entry.node.is_some() && is_head(number, entry) {
                records.push(Record::Done(entry.id));
            }
        }
        records
    }

    fn drop_unless_head(&mut self, number: u64) {
        let lane = self.by_number.get(&number).map(|entry| entry.lane);
        if lane.is_some_and(|lane| self.heads.get(&lane) != Some(&number)) {
            self.drop_if_settled(number);
        }
    }

    fn drop_if_settled(&mut self, number: u64) {
        if self.by_number.get(&number).is_some_and(|entry| entry.settled)
            && let Some(entry) = self.by_number.remove(&number)
        {
            self.by_id.remove(&entry.id);
            self.bytes -= entry.bytes.len() + OVERHEAD_BYTES;
        }
    }
}
