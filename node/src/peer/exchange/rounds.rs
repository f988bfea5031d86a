//! The rounds of a reconciliation: what to say of one's own keys, and what to make of what the other says. Stateless: all that
//! is known stands in the message. Source: negentropy, protocol version 1.

use std::collections::BTreeSet;

use dmpc::{
    OpId, OpKey,
    reconcile::{Bound, Fingerprint, Message, Mode, Range, Writer},
};

use super::{
    bounds::{COMPARED_MAX, KEYS_TOGETHER, LISTED_MAX, PARTS, WIDE_MIN, WIDE_PARTS},
    replica::Keys,
};

/// Bytes that a split range and the end of a full message take at most.
const RESERVE: usize = 5_120;
/// Bytes of an id.
const ID_BYTES: usize = 32;

/// A range in which this node has what the other has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Surplus {
    /// Where it begins.
    pub(super) from: OpKey,
    /// Where it ends; `None`: at the end of everything.
    pub(super) end: Option<OpKey>,
    /// How many of its keys the other has not.
    pub(super) operations: u64,
    /// What the other has there, ascending.
    pub(super) except: Vec<OpId>,
}

/// Ids that the other has in a range and this node has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lack {
    /// Where the range begins.
    pub(super) from: OpKey,
    /// The ids, ascending.
    pub(super) ids: Vec<OpId>,
}

/// What a message told, and what is to be said next.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    /// The next message; `None` when all is known.
    pub(super) reply: Option<Vec<u8>>,
    pub(super) surplus: Vec<Surplus>,
    pub(super) lacks: Vec<Lack>,
}

/// The first message.
pub(super) fn open<K: Keys>(keys: &K) -> Result<Vec<u8>, K::Error> {
    let mut writer = Writer::default();
    split(keys, &mut writer, (0, keys.size()), Bound::END)?;
    Ok(writer.finish().unwrap_or_default())
}

/// The answer of who was asked, in at most `limit` bytes. Even one that says nothing has a byte.
pub(super) fn answer<K: Keys>(keys: &K, message: &Message, limit: usize) -> Result<Vec<u8>, K::Error> {
    let mut walk = Walk::new(keys, limit);
    for range in &message.ranges {
        let Some((lower, upper)) = walk.enter(range)? else { break };
        let is_whole = match &range.mode {
            Mode::Skip => walk.skip(range.end),
            Mode::Fingerprint(theirs) => walk.compare(range.end, (lower, upper), theirs)?,
            Mode::List(_) => walk.list(range.end, (lower, upper))?,
        };
        if !is_whole {
            break;
        }
        walk.leave(range.end, upper);
    }
    Ok(walk.writer.finish().unwrap_or_else(|| vec![dmpc::reconcile::PROTOCOL_BYTE]))
}

/// What an answer tells who asked, and what to ask next, in at most `limit` bytes.
pub(super) fn resolve<K: Keys>(keys: &K, message: &Message, limit: usize) -> Result<Resolved, K::Error> {
    let mut walk = Walk::new(keys, limit);
    let mut resolved = Resolved::default();
    for range in &message.ranges {
        let from = walk.begin.key();
        let Some((lower, upper)) = walk.enter(range)? else { break };
        match &range.mode {
            Mode::Skip => walk.skip(range.end),
            Mode::Fingerprint(theirs) => walk.compare(range.end, (lower, upper), theirs)?,
            Mode::List(theirs) if theirs.is_empty() || upper - lower <= COMPARED_MAX => {
                let bounds = (from, (range.end != Bound::END).then(|| range.end.key()));
                differ(keys, bounds, (lower, upper), theirs, &mut resolved)?;
                walk.skip(range.end)
            }
            // A few there, and very many here: where the few are is found faster together.
            Mode::List(_) => {
                split(keys, &mut walk.writer, (lower, upper), range.end)?;
                true
            }
        };
        walk.leave(range.end, upper);
    }
    resolved.reply = walk.writer.finish();
    Ok(resolved)
}

/// Compares a range with what the other lists of it.
fn differ<K: Keys>(
    keys: &K,
    (from, end): (OpKey, Option<OpKey>),
    (lower, upper): (u64, u64),
    theirs: &[OpId],
    resolved: &mut Resolved,
) -> Result<(), K::Error> {
    let mut missing: BTreeSet<OpId> = theirs.iter().copied().collect();
    let mut shared = 0;
    if !theirs.is_empty() {
        let mut at = lower;
        while at < upper {
            let limit = usize::try_from(upper - at).unwrap_or(usize::MAX).min(KEYS_TOGETHER);
            let some = keys.keys(at, limit)?;
            if some.is_empty() {
                break;
            }
            at += u64::try_from(some.len()).unwrap_or(u64::MAX);
            shared += some.iter().map(|key| u64::from(missing.remove(&key.id))).sum::<u64>();
        }
    }
    if upper - lower > shared {
        resolved.surplus.push(Surplus { from, end, operations: upper - lower - shared, except: theirs.to_vec() });
    }
    if !missing.is_empty() {
        resolved.lacks.push(Lack { from, ids: missing.into_iter().collect() });
    }
    Ok(())
}

/// A walk over the ranges of a message, while another is written.
struct Walk<'a, K> {
    keys: &'a K,
    writer: Writer,
    limit: usize,
    /// Where the next range begins: the bound, and how many keys stand before it.
    begin: Bound,
    lower: u64,
}

impl<'a, K: Keys> Walk<'a, K> {
    fn new(keys: &'a K, limit: usize) -> Self {
        Self { keys, writer: Writer::default(), limit, begin: Bound::BEGIN, lower: 0 }
    }

    /// The places of a range. `None` when the message is full: then it ends with a fingerprint of all that is left.
    fn enter(&mut self, range: &Range) -> Result<Option<(u64, u64)>, K::Error> {
        if self.writer.bytes() + RESERVE > self.limit {
            self.rest(self.lower)?;
            return Ok(None);
        }
        let upper = place(self.keys, range.end)?.max(self.lower);
        Ok(Some((self.lower, upper)))
    }

    fn leave(&mut self, end: Bound, upper: u64) {
        (self.begin, self.lower) = (end, upper);
    }

    fn skip(&mut self, end: Bound) -> bool {
        self.writer.skip(end);
        true
    }

    fn compare(&mut self, end: Bound, (lower, upper): (u64, u64), theirs: &Fingerprint) -> Result<bool, K::Error> {
        if self.keys.sum(lower, upper)?.fingerprint(upper - lower) == *theirs {
            self.writer.skip(end);
        } else {
            split(self.keys, &mut self.writer, (lower, upper), end)?;
        }
        Ok(true)
    }

    /// Lists a range, or as much of it as there is room for; then the message ends with a fingerprint of all that is left.
    fn list(&mut self, end: Bound, (lower, upper): (u64, u64)) -> Result<bool, K::Error> {
        let room = self.limit.saturating_sub(self.writer.bytes() + RESERVE / 4) / ID_BYTES;
        let wanted = usize::try_from(upper - lower).unwrap_or(usize::MAX);
        let mut ids: Vec<OpId> = Vec::new();
        let (mut at, mut next) = (lower, None);
        while at < upper && next.is_none() {
            let some = self.keys.keys(at, (wanted - ids.len()).min(KEYS_TOGETHER))?;
            if some.is_empty() {
                break;
            }
            let fitting = some.len().min(room - ids.len());
            ids.extend(some.iter().take(fitting).map(|key| key.id));
            at += u64::try_from(fitting).unwrap_or(u64::MAX);
            next = some.get(fitting).copied();
        }
        self.writer.list(next.map_or(end, Bound::at), &ids);
        if next.is_some() {
            self.rest(at)?;
        }
        Ok(next.is_none())
    }

    /// Says a fingerprint of all that is left, from a place on that was said where it is.
    fn rest(&mut self, lower: u64) -> Result<(), K::Error> {
        let size = self.keys.size();
        let fingerprint = self.keys.sum(lower, size)?.fingerprint(size - lower);
        self.writer.fingerprint(Bound::END, &fingerprint);
        Ok(())
    }
}

/// Where a bound stands among the keys.
fn place<K: Keys>(keys: &K, bound: Bound) -> Result<u64, K::Error> {
    if bound == Bound::END { Ok(keys.size()) } else { keys.lower_bound(&bound.key()) }
}

/// Says of a range what there is in it: few are listed, many are parted.
fn split<K: Keys>(keys: &K, writer: &mut Writer, (lower, upper): (u64, u64), end: Bound) -> Result<(), K::Error> {
    let size = upper - lower;
    if size < LISTED_MAX {
        let listed = keys.keys(lower, usize::try_from(size).unwrap_or_default())?;
        writer.list(end, &listed.iter().map(|key| key.id).collect::<Vec<_>>());
        return Ok(());
    }
    let mut from = lower;
    let parts = if size > WIDE_MIN { WIDE_PARTS } else { PARTS };
    for part in 0..parts {
        let to = from + size / parts + u64::from(part < size % parts);
        let bound = match keys.keys(to.saturating_sub(1), 2)?.as_slice() {
            [last, next] if to < upper => Bound::between(last, next),
            _ => end,
        };
        writer.fingerprint(bound, &keys.sum(from, to)?.fingerprint(to - from));
        from = to;
    }
    Ok(())
}
