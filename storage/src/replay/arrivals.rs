//! The order of arrival: contiguous, and what is remembered of each operation by it.

use dmpc::OpKey;

use crate::{
    StoreError,
    db::{Db, Read},
    families::{ChannelNo, Family, arrival, meta::Head},
    projection::views::Record,
    replay::fault::Fault,
    store::read_head,
};

/// Times that a log is caught up with until its arrivals are whole.
const CATCH_UPS_MAX: usize = 5;

const RECORDED: u8 = 1;
const APPLIED: u8 = 2;
const TOLD: u8 = 4;
const STANDS: u8 = 8;

/// Sees that arrivals are contiguous from 1 to the head, catching up with the writer a few times; a look beside a writer
/// can catch families at different moments. Gives the head, how many arrivals there are, and what is wrong.
pub(crate) fn whole_arrivals(db: &Db) -> Result<(Head, u64, Option<Fault>), StoreError> {
    let mut attempt = 0;
    loop {
        let head = read_head(db)?;
        let (count, gap) = first_gap(db, head.arrivals)?;
        attempt += 1;
        if gap.is_none() || attempt > CATCH_UPS_MAX {
            return Ok((head, count, gap.map(Fault::Arrival)));
        }
        db.catch_up()?;
    }
}

/// The operation that arrived as this number.
pub(super) fn key_of(db: &Db, number: u64) -> Result<Option<OpKey>, StoreError> {
    Ok(db.get(Family::Arrival, &arrival::key(number))?.as_deref().and_then(arrival::parse_value))
}

/// How many arrivals there are, and the first place that is not there, or after the head though it should not be.
fn first_gap(db: &Db, arrivals: u64) -> Result<(u64, Option<u64>), StoreError> {
    let mut count = 0;
    let mut gap = None;
    db.for_each(Family::Arrival, |key, _| {
        count += 1;
        if gap.is_none() && arrival::parse_key(key) != Some(count) {
            gap = Some(count);
        }
        Ok(())
    })?;
    Ok((count, gap.or((count != arrivals).then_some(count.min(arrivals) + 1))))
}

/// What is remembered of operations, by their place in the order of arrival: eight bytes for each.
#[derive(Debug)]
pub(super) struct Arrivals(Vec<(u32, u8)>);

impl Arrivals {
    pub(super) fn new(count: u64) -> Self {
        Self(vec![(0, 0); usize::try_from(count).unwrap_or_default()])
    }

    fn place(&mut self, arrival: u64) -> Option<&mut (u32, u8)> {
        let index = usize::try_from(arrival.checked_sub(1)?).ok()?;
        self.0.get_mut(index)
    }

    /// What the record of an operation says.
    pub(super) fn record(&mut self, channel: ChannelNo, record: &Record) {
        if let Some(place) = self.place(record.arrival) {
            let applied = if record.verdict.is_applied() { APPLIED } else { 0 };
            *place = (channel.0, RECORDED | applied);
        }
    }

    /// Whether an operation of this channel arrived there.
    pub(super) fn is_of(&mut self, arrival: u64, channel: ChannelNo) -> bool {
        self.place(arrival).is_some_and(|(of, flags)| *of == channel.0 && *flags & RECORDED != 0)
    }

    /// Whether subscribers were told of it so far.
    pub(super) fn is_told(&mut self, arrival: u64) -> bool {
        self.place(arrival).is_some_and(|(_, flags)| *flags & TOLD != 0)
    }

    /// What subscribers hear: that it stands, or does no longer. Gives whether it stood before; `None` if they were never told.
    pub(super) fn tell(&mut self, arrival: u64, stands: bool) -> Option<bool> {
        let (_, flags) = self.place(arrival)?;
        let before = (*flags & TOLD != 0).then_some(*flags & STANDS != 0);
        *flags = *flags & !STANDS | TOLD | if stands { STANDS } else { 0 };
        before
    }

    /// The places at which subscribers believe something else than the record says.
    pub(super) fn misled(&self) -> impl Iterator<Item = (u64, bool)> {
        let flags = self.0.iter().map(|(_, flags)| *flags).zip(1..);
        let wrong = flags.filter(|(flags, _)| flags & RECORDED != 0 && (flags & APPLIED != 0) != (flags & STANDS != 0));
        wrong.map(|(flags, arrival)| (arrival, flags & STANDS != 0))
    }
}
