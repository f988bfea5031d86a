//! What is stored: a walk over every family but the log.

use super::{
    accounts::Accounts,
    arrivals::Arrivals,
    buckets::{Buckets, Walk},
    events,
    fault::Faults,
    head,
    ledger::Ledger,
    members,
    names::Names,
};
use crate::{
    Genesis, StoreError,
    db::Db,
    families::{ChannelNo, Family, arrival, meta::Head, records, split_u32},
    reader::Change,
};

/// Families whose entries follow from the log one by one.
const PLAIN: [Family; 7] =
    [Family::ByUser, Family::Wraps, Family::Lanes, Family::Issues, Family::Users, Family::Keys, Family::Channels];

/// What a walk over the families found.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) ledger: Ledger,
    pub(super) faults: Faults,
    pub(super) accounts: Accounts,
    pub(super) names: Names,
}

/// Walks over the records alone.
pub(super) fn records(db: &Db, mut ledger: Ledger) -> Result<Ledger, StoreError> {
    for family in [Family::Messages, Family::Controls] {
        db.for_each(family, |key, value| {
            ledger.stored(family, key, value.get(..1).unwrap_or_default());
            Ok(())
        })?;
    }
    Ok(ledger)
}

/// Walks over all families.
pub(super) fn families(
    db: &Db,
    genesis: &Genesis,
    head: &Head,
    count: u64,
    mut ledger: Ledger,
) -> Result<Stored, StoreError> {
    let mut faults = Faults::default();
    for family in PLAIN.into_iter().chain([Family::Arrival]) {
        db.for_each(family, |key, value| {
            ledger.stored(family, key, value);
            Ok(())
        })?;
    }
    let mut arrivals = Arrivals::new(count);
    faults.merge(all_records(db, &mut arrivals, &mut ledger)?);
    faults.merge(events::check(db, head.feed, &mut arrivals, &mut ledger)?);
    members::scan(db, &mut ledger)?;
    let accounts = Accounts::load(db, &mut ledger)?;
    let names = Names::load(db, genesis, &mut ledger)?;
    faults.merge(head::kept_aside(db, head)?);
    Ok(Stored { ledger, faults, accounts, names })
}

/// The records, what they say of arrivals and first events, and what buckets should count of them.
fn all_records(db: &Db, arrivals: &mut Arrivals, ledger: &mut Ledger) -> Result<Faults, StoreError> {
    let mut buckets = Buckets::load(db)?;
    for family in [Family::Messages, Family::Controls] {
        let (mut walk, mut whole) = (Walk::default(), Walk::default());
        db.for_each(family, |key, value| {
            let parsed = split_u32(key).zip(records::parse_key(key)).zip(records::parse_value(value));
            let Some((((channel, _), operation), record)) = parsed.filter(|_| value.len() == 10) else {
                // In full: no operation leaves such a record.
                ledger.stored(family, key, value);
                return Ok(());
            };
            let channel = ChannelNo(channel);
            let is_message = family == Family::Messages;
            let is_flag = value.get(1).is_some_and(|flags| *flags <= 1);
            ledger.stored(family, key, if is_flag { value.get(..1).unwrap_or_default() } else { value });
            ledger.computed(Family::Arrival, &arrival::key(record.arrival), &arrival::value(&operation));
            arrivals.record(channel, &record);
            buckets.count(&mut walk, key, &operation, is_message && record.verdict.is_applied());
            buckets.count_whole(&mut whole, &operation);
            if is_message && record.announced {
                super::expected::first_event(ledger, channel, record.arrival, Change::Message);
            }
            Ok(())
        })?;
    }
    Ok(buckets.finish())
}
