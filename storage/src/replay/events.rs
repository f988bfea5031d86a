//! The feed: how often and in which order subscribers heard of a change depends on the order of arrival; that they heard of
//! each operation that ever took effect, and what they must believe in the end, does not.

use super::{
    arrivals::{Arrivals, key_of},
    expected::first_event_entry,
    fault::{Fault, Faults},
    ledger::Ledger,
};
use crate::{
    StoreError,
    db::{Db, Read},
    families::{
        ChannelNo, Family,
        feed::{self, Stored},
        records, split_u32,
    },
    reader::Change,
};

/// Walks over the feed, of which the head says that it has `last` events.
pub(super) fn check(db: &Db, last: u64, arrivals: &mut Arrivals, ledger: &mut Ledger) -> Result<Faults, StoreError> {
    let mut faults = Faults::default();
    let (mut events, mut sum) = (0_u64, 0_u128);
    db.for_each(Family::Feed, |key, value| {
        let parsed = split_u32(key).zip(feed::parse_key(key)).zip(feed::parse_value(value));
        let Some((((channel, _), sequence), event)) = parsed else {
            faults.push(fault(format!("the entry {key:02x?} is no event")));
            return Ok(());
        };
        events += 1;
        sum = sum.wrapping_add(ledger.number(&sequence.to_be_bytes()));
        let channel = ChannelNo(channel);
        if let Err(what) = tell(db, channel, &event, arrivals, ledger)? {
            faults.push(fault(format!("event {sequence}: {what}")));
        }
        Ok(())
    })?;
    // As many as there should be, and each number once.
    if events == last {
        for sequence in 1..=last {
            sum = sum.wrapping_sub(ledger.number(&sequence.to_be_bytes()));
        }
    }
    if events != last || sum != 0 {
        faults.push(fault(format!("{events} events are not numbered from 1 to {last}, each once")));
    }
    for (arrived, believed) in arrivals.misled().take(64) {
        let key = key_of(db, arrived)?.map_or_else(|| format!("arrival {arrived}"), |key| key.id.to_string());
        let (believed, truth) = if believed { ("applied", "it is not") } else { ("not applied", "it is") };
        faults.push(fault(format!("by all events {key} is {believed}, and by its record {truth}")));
    }
    Ok(faults)
}

fn fault(what: String) -> Fault {
    Fault::Derived { family: Family::Feed.name(), what }
}

type Told = Result<(), String>;

fn tell(
    db: &Db,
    channel: ChannelNo,
    event: &Stored,
    arrivals: &mut Arrivals,
    ledger: &mut Ledger,
) -> Result<Told, StoreError> {
    let stands = !matches!(event.change, Change::Retracted(_));
    if let Some((last, count)) = event.through {
        return tell_range(db, channel, (event.arrival, last, count), stands, arrivals);
    }
    if !arrivals.is_of(event.arrival, channel) {
        return Ok(Err(format!("arrival {} is no operation of its channel", event.arrival)));
    }
    let before = arrivals.tell(event.arrival, stands);
    Ok(match event.change {
        Change::Retracted(_) | Change::Restored => match before {
            None => Err("it changes what nobody was told of".to_owned()),
            Some(stood) if stood == stands => Err("it tells what stands already".to_owned()),
            Some(_) => Ok(()),
        },
        change => {
            let (key, value) = first_event_entry(channel, event.arrival, change);
            ledger.stored(Family::Feed, &key, &value);
            Ok(())
        }
    })
}

/// A range means every message from the first to the last that subscribers were ever told of.
fn tell_range(
    db: &Db,
    channel: ChannelNo,
    (first, last, count): (u64, u64, u64),
    stands: bool,
    arrivals: &mut Arrivals,
) -> Result<Told, StoreError> {
    let (Some(first), Some(last)) = (key_of(db, first)?, key_of(db, last)?) else {
        return Ok(Err("it is about operations that did not arrive".to_owned()));
    };
    let mut told = 0;
    let end = [records::key(channel, &last).as_slice(), &[0]].concat();
    for entry in db.ascend(Family::Messages, &records::key(channel, &first), &end)? {
        let Some(record) = records::parse_value(&entry?.1) else { continue };
        if arrivals.is_told(record.arrival) {
            told += 1;
            if arrivals.tell(record.arrival, stands) == Some(stands) {
                return Ok(Err(format!("it tells of arrival {} what stands already", record.arrival)));
            }
        }
    }
    Ok(if told == count {
        Ok(())
    } else {
        Err(format!("it says that it is about {count} messages, and is about {told}"))
    })
}
