//! Reports on lanes: what each is evidence of, from a store beside its writer, or from operations alone. Both say the same.

use std::{collections::BTreeMap, path::Path};

use bytes::Bytes;
use dmpc::{ChannelId, LaneId, OpId, SignedOperation, UserId, keys::VerifyingKey};

use crate::{
    StoreError,
    db::{Db, Read},
    evidence::{Evidence, Places, evidence},
    families::{Family, ids, prefix_end},
    lanes::lane,
    reader::whole,
    store::database,
    views::damaged,
};

/// A lane, and all that it is evidence of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneReport {
    /// Whom its operations name as their certifier.
    pub user: UserId,
    /// The key that certified them.
    pub key: VerifyingKey,
    /// The lane.
    pub lane: LaneId,
    /// The channel of its first operation; `None` for operations on users.
    pub channel: Option<ChannelId>,
    /// Operations in it.
    pub operations: u64,
    /// Its last place.
    pub head: u64,
    /// What is not as an honest signer's.
    pub evidence: Vec<Evidence>,
}

/// Both operations of a fork, the one of the lesser id first.
pub type Fork = [Bytes; 2];

/// Gives the report of each lane in the store in `directory`, which another process may be writing to, to `each`, with the
/// operations of its forks in the order of the evidence; of one user or of all. `scratch` is an empty directory of the
/// caller's.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn report_store(
    directory: &Path,
    scratch: &Path,
    user: Option<&UserId>,
    mut each: impl FnMut(LaneReport, Vec<Fork>),
) -> Result<(), StoreError> {
    let path = database(directory);
    if !path.join("CURRENT").exists() {
        return Err(StoreError::Absent(directory.into()));
    }
    let db = Db::open_secondary(&path, scratch)?;
    let prefix = ids::lane_prefix(user, None);
    for entry in db.ascend(Family::Ids, &prefix, &prefix_end(&prefix))? {
        let entry = entry?;
        let (user, key) =
            ids::parse_lane_owner(&entry.0).ok_or_else(|| damaged(Family::Ids, "the owner of a lane is unreadable"))?;
        let lane = lane(Ok(entry))?;
        let mut report = LaneReport {
            user,
            key,
            lane: lane.id,
            channel: lane.channel(&db)?,
            operations: 0,
            head: 0,
            evidence: Vec::new(),
        };
        let mut forks = Vec::new();
        for step in lane.walk(&db, None)? {
            let (place, found) = step?;
            (report.operations, report.head) = (report.operations + 1, place.seq);
            for evidence in found {
                forks.extend(Fork::try_from(whole(&db, &evidence)?).ok());
                report.evidence.push(evidence);
            }
        }
        each(report, forks);
    }
    Ok(())
}

/// Gives both operations of every fork in the store in `directory`, which another process may be writing to, to `each`; of
/// one user or of all. `scratch` is an empty directory of the caller's.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub fn forks(
    directory: &Path,
    scratch: &Path,
    user: Option<&UserId>,
    mut each: impl FnMut(Bytes, Bytes),
) -> Result<(), StoreError> {
    report_store(directory, scratch, user, |_, forks| forks.into_iter().for_each(|[one, other]| each(one, other)))
}

/// The lanes of operations, added in any order. Holds about 100 bytes for each.
#[derive(Debug, Default)]
pub struct LaneBook(BTreeMap<(UserId, [u8; 32], LaneId), Pages>);

/// A lane in the book.
#[derive(Debug)]
struct Pages {
    key: VerifyingKey,
    /// The first place, and its channel.
    first: ((u64, OpId), Option<ChannelId>),
    places: Places,
}

impl LaneBook {
    /// Adds an operation; one that is there already changes nothing.
    pub fn add(&mut self, operation: &SignedOperation) {
        let (link, key) = (operation.link(), operation.certifier_key());
        let place = (link.seq, operation.id());
        let first = (place, operation.channel());
        let lane = (operation.certifier(), *key.as_bytes(), link.lane);
        let pages = self.0.entry(lane).or_insert_with(|| Pages { key, first, places: Places::new() });
        if place < pages.first.0 {
            pages.first = first;
        }
        pages.places.insert(place, (operation.timestamp(), link.prev));
    }

    /// The reports, in the order of user, key and lane; of one user or of all.
    pub fn reports(&self, user: Option<UserId>) -> impl Iterator<Item = LaneReport> {
        let lanes = self.0.iter().filter(move |((owner, ..), _)| user.is_none_or(|user| user == *owner));
        lanes.map(|((user, _, lane), pages)| LaneReport {
            user: *user,
            key: pages.key,
            lane: *lane,
            channel: pages.first.1,
            operations: u64::try_from(pages.places.len()).unwrap_or(u64::MAX),
            head: pages.places.last_key_value().map_or(0, |((seq, _), _)| *seq),
            evidence: evidence(&pages.places),
        })
    }
}
