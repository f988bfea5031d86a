//! The key view: the keys of a user over time, and for a signing key its lanes and what they are evidence of.

use bytes::Bytes;
use dmpc::{
    LaneId, OpId, OpKey, UserId,
    cursor::{Cursor, ForeignCursor, KeyUse},
    keys::VerifyingKey,
};

use super::{Found, KeyView, LaneEndView, LaneView, Page, Reader, page::Budget};
use crate::{
    StoreError,
    db::Read,
    evidence::Evidence,
    facts::parse_fact,
    families::{Family, facts::Place, keys, log, prefix_end},
    lanes::{Lane, lanes_of},
    names,
    views::damaged,
};

/// Bytes of what one page holds, but at least one place of a lane.
const KEYS_PAGE_BYTES_MAX: usize = 512 * 1024;
/// Bytes of a key on a page, about.
const KEY_BYTES: usize = 96;
/// Bytes of a lane on a page without its evidence, about.
const LANE_BYTES: usize = 96;
/// Bytes of something found on a page without whole operations, about.
const EVIDENCE_BYTES: usize = 128;

impl Reader {
    /// The keys of a user, from when to when each was the user's: signing keys, then encryption keys, each in their order.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn keys(&self, user: &UserId, cursor: &[u8], limit: usize) -> Result<Page<KeyView>, StoreError> {
        self.keys_page(user, cursor, limit, false)
    }

    /// The same, each with the operation that made it the user's; there is none for a root's first.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn key_chain(&self, user: &UserId, cursor: &[u8], limit: usize) -> Result<Page<KeyView>, StoreError> {
        self.keys_page(user, cursor, limit, true)
    }

    fn keys_page(
        &self,
        user: &UserId,
        cursor: &[u8],
        limit: usize,
        with_operations: bool,
    ) -> Result<Page<KeyView>, StoreError> {
        let snapshot = self.view();
        let after = match cursor {
            [] => None,
            bytes => match Cursor::decode(bytes)? {
                Cursor::Keys { purpose, from } => Some((purpose, from)),
                _ => return Err(ForeignCursor.into()),
            },
        };
        let mut page = Page { items: Vec::new(), cursor: None };
        let Some(user) = names::user_no(&snapshot, user)? else { return Ok(page) };
        let mut budget = Budget::new(limit, KEYS_PAGE_BYTES_MAX);
        for (purpose, code) in [(KeyUse::Signing, keys::SIGNING), (KeyUse::Encryption, keys::ENCRYPTION)] {
            if after.is_some_and(|(last, _)| last > purpose) {
                continue;
            }
            let place = keys::place(user, code);
            let after = after.filter(|(last, _)| *last == purpose).map(|(_, from)| from);
            let wanted = Wanted { purpose, after, with_operations };
            let end = uses(&snapshot, &place, &wanted, &mut budget, &mut page.items)?;
            if let Some(from) = end {
                page.cursor = Some(Cursor::Keys { purpose, from }.encode());
                break;
            }
        }
        Ok(page)
    }

    /// The lanes of a signing key that certified as a user, and their evidence; two whole operations beside each fork. A
    /// lane that does not fit a page goes on on the next one.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn lanes(
        &self,
        user: &UserId,
        key: &VerifyingKey,
        cursor: &[u8],
        limit: usize,
    ) -> Result<Page<LaneView>, StoreError> {
        let snapshot = self.view();
        let after = match cursor {
            [] => None,
            bytes => match Cursor::decode(bytes)? {
                Cursor::Lanes { lane, seq, operation } => Some((lane, seq, operation)),
                _ => return Err(ForeignCursor.into()),
            },
        };
        let mut budget = Budget::new(limit, KEYS_PAGE_BYTES_MAX);
        let mut items: Vec<LaneView> = Vec::new();
        for lane in lanes_of(&snapshot, user, Some(key), after.map(|(lane, _, _)| lane))? {
            let lane = lane?;
            let after = after.filter(|(last, _, _)| *last == lane.id).map(|(_, seq, id)| (seq, id));
            let (view, end) = walk(&snapshot, &lane, after, &mut budget)?;
            items.extend((view.operations > 0).then_some(view));
            if let Some((seq, operation)) = end {
                let cursor = Cursor::Lanes { lane: lane.id, seq, operation };
                return Ok(Page { items, cursor: Some(cursor.encode()) });
            }
        }
        Ok(Page { items, cursor: None })
    }

    /// The end of a lane of a signing key that certified as a user; `None` where nothing is logged of it. What was logged is
    /// in it at once, also while readers see a state of before: no re-judgement changes places.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn lane_end(
        &self,
        user: &UserId,
        key: &VerifyingKey,
        lane: &LaneId,
    ) -> Result<Option<LaneEndView>, StoreError> {
        let snapshot = self.latest();
        let lane =
            lanes_of(&snapshot, user, Some(key), Some(*lane))?.next().transpose()?.filter(|found| found.id == *lane);
        let Some(lane) = lane else { return Ok(None) };
        let Some((seq, last)) = lane.end(&snapshot)? else { return Ok(None) };
        Ok(Some(LaneEndView { lane: lane.id, channel: lane.channel(&snapshot)?, seq, last }))
    }
}

/// Which entries of a key register are wanted.
struct Wanted {
    purpose: KeyUse,
    after: Option<OpKey>,
    with_operations: bool,
}

/// The entries of a key register after one of them, at least one; says after which the page ends.
fn uses(
    read: &impl Read,
    place: &Place,
    wanted: &Wanted,
    budget: &mut Budget,
    items: &mut Vec<KeyView>,
) -> Result<Option<OpKey>, StoreError> {
    let Wanted { purpose, after, with_operations } = *wanted;
    let from = place.key(&after.unwrap_or(OpKey::MIN));
    let mut open: Option<KeyView> = None;
    for entry in read.ascend(place.family, &from, &prefix_end(&place.prefix))? {
        let (key, value) = entry?;
        let (from, value) = parse_fact(place, &key, &value)?;
        if after == Some(from) {
            continue;
        }
        let key = *value.as_key().ok_or_else(|| damaged(Family::Keys, "a key is none"))?;
        if let Some(last) = open.take() {
            let ended_at = last.from;
            items.push(KeyView { until: Some(from), ..last });
            if budget.is_spent() {
                return Ok(Some(ended_at));
            }
        }
        let operation = if with_operations && from != OpKey::MIN { logged(read, &from)? } else { Bytes::new() };
        budget.scan();
        budget.hold(KEY_BYTES + operation.len());
        open = Some(KeyView { purpose, key, from, until: None, operation });
    }
    items.extend(open);
    Ok(None)
}

/// A lane, and the place where the page ends in it; none at its end.
type Walked = (LaneView, Option<(u64, OpId)>);

/// Walks over a lane as far as the page goes, which may be nowhere; says where that ends early.
fn walk(read: &impl Read, lane: &Lane, after: Option<(u64, OpId)>, budget: &mut Budget) -> Result<Walked, StoreError> {
    let mut view = LaneView { lane: lane.id, channel: None, head: 0, operations: 0, evidence: Vec::new() };
    if budget.is_spent() {
        // Before its first place.
        return Ok((view, Some(after.unwrap_or((0, OpId::from_bytes([0; 32]))))));
    }
    budget.hold(LANE_BYTES);
    view.channel = lane.channel(read)?;
    let mut last = None;
    for step in lane.walk(read, after)? {
        if last.is_some() && budget.is_spent() {
            return Ok((view, last));
        }
        let (place, found) = step?;
        budget.scan();
        (view.head, view.operations) = (place.seq, view.operations + 1);
        for evidence in found {
            let operations = whole(read, &evidence)?;
            budget.hold(EVIDENCE_BYTES + operations.iter().map(Bytes::len).sum::<usize>());
            view.evidence.push(Found { evidence, operations });
        }
        last = Some((place.seq, place.key.id));
    }
    Ok((view, None))
}

/// The whole operations of a fork.
pub(crate) fn whole(read: &impl Read, evidence: &Evidence) -> Result<Vec<Bytes>, StoreError> {
    let Evidence::Fork { first, second, .. } = evidence else { return Ok(Vec::new()) };
    [first, second].into_iter().map(|key| logged(read, key)).collect()
}

/// An operation of the log that something names.
fn logged(read: &impl Read, key: &OpKey) -> Result<Bytes, StoreError> {
    let bytes = read.get(Family::Log, &log::key(key))?;
    Ok(Bytes::from(bytes.ok_or_else(|| damaged(Family::Log, "an operation that is named is missing"))?))
}
