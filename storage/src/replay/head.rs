//! What there is one of: the head and the file HEAD against the log; and what is kept aside, which is in no log yet.

use std::path::Path;

use dmpc::{NodeId, OpKey, SignedOperation};

use super::fault::{Fault, Faults};
use crate::{
    StoreError,
    db::{self, Db, Read},
    families::{
        Family, arrival, log,
        meta::{self, Head},
        waiting,
    },
    head_file::{self, Acknowledged},
};

/// Times that HEAD is read until both of its slots are whole: a look can fall into a write.
const LOOKS: usize = 5;

/// What HEAD says, and what is wrong with it. Look before the database is opened: what is acknowledged is there then.
pub(super) fn look(path: &Path) -> Result<(Acknowledged, Option<Fault>), StoreError> {
    let mut looks = 0;
    loop {
        looks += 1;
        let (acknowledged, torn) = head_file::look_closely(path)?;
        if torn.is_none() || looks >= LOOKS {
            let fault =
                torn.map(|slot| Fault::Head(format!("slot {slot} is damaged; what it acknowledged is not known")));
            return Ok((acknowledged, fault));
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// That the head holds what was acknowledged; where it does not, the place in the write-ahead log of the database.
pub(super) fn against_head(head: &Head, acknowledged: &Acknowledged, database: &Path) -> Result<Faults, StoreError> {
    let mut faults = Faults::default();
    let is_lost = head.arrivals < acknowledged.arrivals || head.kept < acknowledged.kept;
    let place = if is_lost { db::damage(database)? } else { None };
    let place = place.map(|place| format!("; {place}")).unwrap_or_default();
    if head.arrivals < acknowledged.arrivals {
        faults.push(Fault::Head(format!(
            "arrivals {} to {} were acknowledged, up to {} at {}, and the log does not hold them{place}",
            head.arrivals + 1,
            acknowledged.arrivals,
            acknowledged.last.id,
            acknowledged.last.timestamp
        )));
    } else if head.arrivals == acknowledged.arrivals && head.last != acknowledged.last {
        let (acknowledged, last) = (acknowledged.last.id, head.last.id);
        faults.push(Fault::Head(format!("{acknowledged} was acknowledged last, and {last} arrived last")));
    }
    if head.kept < acknowledged.kept {
        let (kept, acknowledged) = (head.kept, acknowledged.kept);
        let what = format!("{acknowledged} operations were acknowledged as kept aside, {kept} ever were{place}");
        faults.push(Fault::Head(what));
    }
    Ok(faults)
}

/// That HEAD is of this node.
pub(super) fn of_node(path: Option<&Path>, node: &NodeId) -> Faults {
    let mut faults = Faults::default();
    if path.is_some_and(|path| head_file::look_for(path, node).is_err()) {
        faults.push(Fault::Head("it is of another node".to_owned()));
    }
    faults
}

/// That the head of the database is that of its log, of which `greatest` is the greatest key.
pub(super) fn against_log(db: &Db, head: &Head, greatest: OpKey) -> Result<Faults, StoreError> {
    let mut faults = Faults::default();
    let mut fault = |what: String| faults.push(Fault::Derived { family: Family::Meta.name(), what });
    let last = db.get(Family::Arrival, &arrival::key(head.arrivals))?;
    let last = last.as_deref().and_then(arrival::parse_value).unwrap_or(OpKey::MIN);
    if head.latest != greatest {
        fault(format!("the head says that {} is the greatest key, and it is {}", head.latest.id, greatest.id));
    }
    if head.last != last {
        fault(format!("the head says that {} arrived last, and {} did", head.last.id, last.id));
    }
    let history = db.get(Family::Meta, meta::HISTORY_KEY)?.unwrap_or_default();
    let stretches = meta::parse_history(&history);
    let is_ascending = stretches.as_ref().is_some_and(|stretches| {
        stretches.is_sorted_by_key(|stretch| stretch.before.feed)
            && stretches.iter().all(|stretch| stretch.before.feed <= head.feed)
    });
    if !is_ascending {
        fault("the history of starts is unreadable, or not of this head".to_owned());
    }
    for entry in db.ascend(Family::Meta, &[], &[])? {
        let (key, _) = entry?;
        let keys = [meta::FORMAT_KEY, meta::GENESIS_KEY, meta::HISTORY_KEY, meta::HEAD_KEY];
        if !keys.contains(&key.as_ref()) {
            fault(format!("the entry {key:02x?} is none that this format has"));
        }
    }
    Ok(faults)
}

/// What is kept aside: authentic operations that the log does not hold.
pub(super) fn kept_aside(db: &Db, head: &Head) -> Result<Faults, StoreError> {
    let mut faults = Faults::default();
    let mut count = 0_u64;
    for entry in db.ascend(Family::Waiting, &[], &[])? {
        let (key, value) = entry?;
        count += 1;
        let what = match (log::parse_key(&key), waiting::parse_value(&value)) {
            (Some(key), Some((_, _, bytes))) => wrong(db, key, bytes)?,
            (None, _) | (_, None) => Some("is unreadable".to_owned()),
        };
        if let Some(what) = what {
            faults
                .push(Fault::Derived { family: Family::Waiting.name(), what: format!("the entry {key:02x?} {what}") });
        }
    }
    if count > head.kept {
        let what = format!("{count} operations are kept aside, and {} ever were", head.kept);
        faults.push(Fault::Derived { family: Family::Waiting.name(), what });
    }
    Ok(faults)
}

fn wrong(db: &Db, key: OpKey, bytes: bytes::Bytes) -> Result<Option<String>, StoreError> {
    let operation = match SignedOperation::decode(bytes) {
        Ok(operation) => operation,
        Err(error) => return Ok(Some(format!("holds no operation: {error}"))),
    };
    Ok(if operation.key() != key {
        Some(format!("holds the operation {}", operation.id()))
    } else if db.get(Family::Log, &log::key(&key))?.is_some() {
        Some("is in the log as well".to_owned())
    } else if operation.verify().is_err() {
        Some("has a signature that does not verify".to_owned())
    } else {
        None
    })
}
