//! Lanes in the store: which a key has, and a walk over one.

use dmpc::{ChannelId, LaneId, OpId, OpKey, UserId, keys::VerifyingKey};

use crate::{
    StoreError,
    db::{Entries, Entry, Read},
    evidence::{Evidence, Place, Walk},
    families::{ChannelNo, Family, LaneNo, ids, lanes, prefix_end},
    names,
    views::damaged,
};

/// Operations at the last place of a lane that are told apart: one, or a fork.
const LAST_MAX: usize = 2;

/// A lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    /// Its id.
    pub(crate) id: LaneId,
    no: LaneNo,
}

/// The lanes of a user's key, or of everybody who certified as the user, ascending by key and id; from one on.
pub(crate) fn lanes_of<'a, R: Read>(
    read: &'a R,
    user: &UserId,
    key: Option<&VerifyingKey>,
    from: Option<LaneId>,
) -> Result<impl Iterator<Item = Result<Lane, StoreError>> + use<'a, R>, StoreError> {
    let prefix = ids::lane_prefix(Some(user), key);
    let from = [prefix.as_slice(), from.as_ref().map_or(&[], |lane| lane.as_bytes().as_slice())].concat();
    Ok(read.ascend(Family::Ids, &from, &prefix_end(&prefix))?.map(lane))
}

/// The lane of an entry of the family `ids`.
pub(crate) fn lane(entry: Result<Entry, StoreError>) -> Result<Lane, StoreError> {
    let (key, value) = entry?;
    let id = ids::parse_lane_key(&key).ok_or_else(|| damaged(Family::Ids, "a lane is short"))?;
    let (no, _) = ids::parse_value(&value).ok_or_else(|| damaged(Family::Ids, "a number is short"))?;
    Ok(Lane { id, no: LaneNo(no) })
}

impl Lane {
    /// The channel of its first place; `None` for operations on users.
    pub(crate) fn channel(&self, read: &impl Read) -> Result<Option<ChannelId>, StoreError> {
        let prefix = lanes::prefix(self.no);
        let first = read.ascend(Family::Lanes, &prefix, &prefix_end(&prefix))?.next().transpose()?;
        let Some((_, value)) = first else { return Ok(None) };
        let (_, channel, _) = lanes::parse_value(&value).ok_or_else(short)?;
        if channel == ChannelNo::NONE { Ok(None) } else { names::channel_id(read, channel).map(Some) }
    }

    /// The last place that is known of it, and up to two of the operations there, ascending by id: the last ones.
    pub(crate) fn end(&self, read: &impl Read) -> Result<Option<(u64, Vec<OpId>)>, StoreError> {
        let prefix = lanes::prefix(self.no);
        let mut end: Option<(u64, Vec<OpId>)> = None;
        for entry in read.descend(Family::Lanes, &prefix, &prefix_end(&prefix))?.take(LAST_MAX) {
            let (key, _) = entry?;
            let (seq, id) = lanes::parse_key(&key).ok_or_else(short)?;
            let (last, ids) = end.get_or_insert_with(|| (seq, Vec::with_capacity(LAST_MAX)));
            if *last == seq {
                ids.insert(0, id);
            }
        }
        Ok(end)
    }

    /// Walks over its places after one of them, in order; each beside what it is evidence of.
    pub(crate) fn walk<'a, R: Read>(
        &self,
        read: &'a R,
        after: Option<(u64, OpId)>,
    ) -> Result<Steps<'a, R>, StoreError> {
        let prefix = lanes::prefix(self.no);
        let from = match &after {
            None => prefix.to_vec(),
            // The least key after it.
            Some((seq, id)) => [lanes::key(self.no, *seq, id).as_slice(), &[0]].concat(),
        };
        let walk = after.map_or(Ok(Walk::default()), |(seq, id)| self.resume(read, seq, &id))?;
        let entries = read.ascend(Family::Lanes, &from, &prefix_end(&prefix))?;
        Ok(Steps { read, no: self.no, entries, walk, last: None })
    }

    /// What a walk remembers that has come as far as an operation.
    fn resume(&self, read: &impl Read, seq: u64, id: &OpId) -> Result<Walk, StoreError> {
        let Some(value) = read.get(Family::Lanes, &lanes::key(self.no, seq, id))? else { return Ok(Walk::default()) };
        let (timestamp, _, _) = lanes::parse_value(&value).ok_or_else(short)?;
        let first = |seq| -> Result<Option<OpKey>, StoreError> {
            let from = lanes::place_prefix(self.no, seq);
            let entry = read.ascend(Family::Lanes, &from, &prefix_end(&from))?.next().transpose()?;
            entry.map(|(key, value)| parse(&key, &value).map(|place| place.key)).transpose()
        };
        let last = OpKey { timestamp, id: *id };
        let start = lanes::place_prefix(self.no, seq);
        let before = read.descend(Family::Lanes, &lanes::prefix(self.no), &start)?.next().transpose()?;
        let before = before.map(|(key, value)| parse(&key, &value)).transpose()?;
        let before = match before {
            Some(place) => first(place.seq)?.map(|first| (place.seq, first)),
            None => None,
        };
        Ok(Walk { before, here: first(seq)?.map(|first| (seq, first, last)) })
    }
}

fn short() -> StoreError {
    damaged(Family::Lanes, "an entry is short")
}

fn parse(key: &[u8], value: &[u8]) -> Result<Place, StoreError> {
    let (seq, id) = lanes::parse_key(key).ok_or_else(short)?;
    let (timestamp, _, prev) = lanes::parse_value(value).ok_or_else(short)?;
    Ok(Place { seq, key: OpKey { timestamp, id }, prev })
}

/// A walk over a lane.
pub(crate) struct Steps<'a, R> {
    read: &'a R,
    no: LaneNo,
    entries: Entries<'a>,
    walk: Walk,
    last: Option<Place>,
}

impl<R: Read> Iterator for Steps<'_, R> {
    type Item = Result<(Place, Vec<Evidence>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next().map(|entry| self.step(entry))
    }
}

impl<R: Read> Steps<'_, R> {
    fn step(&mut self, entry: Result<Entry, StoreError>) -> Result<(Place, Vec<Evidence>), StoreError> {
        let (key, value) = entry?;
        let place = parse(&key, &value)?;
        let named = match (place.seq.checked_sub(1), self.last) {
            (None | Some(0), _) => None,
            // Almost always: the one that was just walked over.
            (Some(before), Some(last)) if (last.seq, last.key.id) == (before, place.prev) => Some(last.key.timestamp),
            (Some(before), _) => {
                let value = self.read.get(Family::Lanes, &lanes::key(self.no, before, &place.prev))?;
                let parsed = value.map(|value| lanes::parse_value(&value).ok_or_else(short)).transpose()?;
                parsed.map(|(timestamp, _, _)| timestamp)
            }
        };
        self.last = Some(place);
        Ok((place, self.walk.step(&place, named)))
    }
}
