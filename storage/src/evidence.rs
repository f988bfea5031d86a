//! Evidence: what the places of a lane say about how its signer keeps it. It changes no verdict. A pure function of the set
//! of places: the order in which operations arrived is no part of it. Source: docs/PROTOCOL.md, "Evidence".

use std::collections::BTreeMap;

use dmpc::{Hlc, OpId, OpKey};

/// A place of a lane, taken by an operation. Places are walked in the order of seq and then id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// 1, 2, 3, ...
    pub seq: u64,
    /// The operation.
    pub key: OpKey,
    /// What it names as the operation before it; zeros at 1.
    pub prev: OpId,
}

/// Something that an honest signer's lane does not show once all of it has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Evidence {
    /// No operation stands at these places, and one stands after them. It may still arrive.
    Gap {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// Two operations at one place: equivocation. Of more than two, each and the next one by id.
    Fork {
        /// The place.
        seq: u64,
        /// The one of the lesser id.
        first: OpKey,
        /// The other one.
        second: OpKey,
    },
    /// The time does not increase.
    Time {
        /// The place.
        seq: u64,
        /// The operation at it.
        operation: OpKey,
        /// The one before it: which it names, else the first by id at the place before it.
        before: OpKey,
    },
    /// An operation names another one as the one before it than any that stands there.
    Prev {
        /// The place.
        seq: u64,
        /// The operation at it.
        operation: OpKey,
        /// What it names.
        named: OpId,
    },
}

/// A walk over the places of a lane: what is remembered between two of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// The place before the present one, and the first operation at it by id.
    pub(crate) before: Option<(u64, OpKey)>,
    /// The present place, the first operation at it by id, and the last one that was walked over.
    pub(crate) here: Option<(u64, OpKey, OpKey)>,
}

impl Walk {
    /// Goes on to the next place. `named` is the timestamp of the operation that it names, if that stands at the place
    /// before it.
    pub fn step(&mut self, place: &Place, named: Option<Hlc>) -> Vec<Evidence> {
        let Place { seq, key, prev } = *place;
        let mut found = Vec::new();
        match self.here {
            Some((here, first, last)) if here == seq => {
                found.push(Evidence::Fork { seq, first: last, second: key });
                self.here = Some((here, first, key));
            }
            here => {
                self.before = here.map(|(before, first, _)| (before, first));
                let expected = self.before.map_or(1, |(before, _)| before.saturating_add(1));
                if seq > expected {
                    found.push(Evidence::Gap { first: expected, last: seq - 1 });
                }
                self.here = Some((seq, key, key));
            }
        }
        let Some((before, first)) = self.before else { return found };
        let before_it = named.map(|timestamp| OpKey { timestamp, id: prev });
        if before_it.is_none() && before.checked_add(1) == Some(seq) {
            found.push(Evidence::Prev { seq, operation: key, named: prev });
        }
        let before = before_it.unwrap_or(first);
        if key.timestamp <= before.timestamp {
            found.push(Evidence::Time { seq, operation: key, before });
        }
        found
    }
}

/// All places of a lane: by seq and operation id, its timestamp and what it names as the one before it.
pub type Places = BTreeMap<(u64, OpId), (Hlc, OpId)>;

/// The evidence of a lane, of all its places.
pub fn evidence(places: &Places) -> Vec<Evidence> {
    let mut walk = Walk::default();
    let mut found = Vec::new();
    for (&(seq, id), &(timestamp, prev)) in places {
        let place = Place { seq, key: OpKey { timestamp, id }, prev };
        let named = seq.checked_sub(1).and_then(|before| places.get(&(before, prev)));
        found.extend(walk.step(&place, named.map(|(timestamp, _)| *timestamp)));
    }
    found
}
