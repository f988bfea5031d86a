//! What changed on the way, and what signers owe an explanation for: verdicts that flipped, as the feed told them, and the
//! evidence of lanes.

use dmpc::{ChannelId, LaneId, OpKey, UserId};

use crate::{
    StoreError, Verdict,
    db::{Db, Read},
    evidence::Evidence,
    families::{ChannelNo, Family, feed, ids::Numbered, prefix_end, split_u32},
    lanes, names,
    reader::Change,
    replay::arrivals,
};

/// Changes and pieces of evidence that are named, each; more are counted.
const NAMED_MAX: usize = 1_000;

/// A verdict that flipped, of one operation or of a range of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The local sequence of the event that told it.
    pub sequence: u64,
    /// The channel; `None` for operations on users.
    pub channel: Option<ChannelId>,
    /// The operation; of a range, the first.
    pub operation: OpKey,
    /// Of a range: the last operation.
    pub last: Option<OpKey>,
    /// How many operations.
    pub count: u64,
    /// The verdict that it got; applied when it was restored.
    pub verdict: Verdict,
}

/// A piece of evidence, and the lane that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneEvidence {
    /// Whose lane it is.
    pub user: UserId,
    /// The key that signs in it.
    pub key: [u8; 32],
    /// The lane.
    pub lane: LaneId,
    /// What it shows.
    pub evidence: Evidence,
}

/// Named pieces, and how many there are.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// At most 1,000.
    pub named: Vec<T>,
    /// All.
    pub count: u64,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { named: Vec::new(), count: 0 }
    }
}

impl<T> Listed<T> {
    fn push(&mut self, item: T) {
        self.count += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(item);
        }
    }
}

/// The verdicts that flipped, channel by channel in the order in which the node learnt of it.
pub(super) fn flips(db: &Db) -> Result<Listed<Flip>, StoreError> {
    let mut flips = Listed::default();
    for entry in db.ascend(Family::Feed, &[], &[])? {
        let (key, value) = entry?;
        let parsed = split_u32(&key).zip(feed::parse_key(&key)).zip(feed::parse_value(&value));
        // What is no event was named by the comparison.
        let Some((((channel, _), sequence), event)) = parsed else { continue };
        let verdict = match event.change {
            Change::Retracted(verdict) => verdict,
            Change::Restored => Verdict::Applied,
            _ => continue,
        };
        if flips.named.len() >= NAMED_MAX {
            flips.count += 1;
            continue;
        }
        let channel = ChannelNo(channel);
        let channel = if channel == ChannelNo::NONE { None } else { names::channel_id(db, channel).ok() };
        let Some(operation) = arrivals::key_of(db, event.arrival)? else { continue };
        let last = event.through.map(|(last, _)| arrivals::key_of(db, last)).transpose()?.flatten();
        let count = event.through.map_or(1, |(_, count)| count);
        flips.push(Flip { sequence, channel, operation, last, count, verdict });
    }
    Ok(flips)
}

/// The evidence of all lanes, by user, key and lane.
pub(super) fn evidence(db: &Db) -> Result<Listed<LaneEvidence>, StoreError> {
    let mut found = Listed::default();
    let prefix = Numbered::Lane.key(&[]);
    for entry in db.ascend(Family::Ids, &prefix, &prefix_end(&prefix))? {
        let (id, value) = entry?;
        let parts = id.get(1..).and_then(|id| id.split_first_chunk::<32>());
        let parts = parts.and_then(|(user, rest)| Some((user, rest.split_first_chunk::<32>()?.0)));
        let Some((user, key)) = parts else { continue };
        let (user, key) = (UserId::from_bytes(*user), *key);
        let lane = lanes::lane(Ok((id.clone(), value)))?;
        for step in lane.walk(db, None)? {
            let (_, evidence) = step?;
            for evidence in evidence {
                found.push(LaneEvidence { user, key, lane: lane.id, evidence });
            }
        }
    }
    Ok(found)
}
