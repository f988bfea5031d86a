//! Members at present, their number, and since when others who could read cannot any more: by the state at the end of the log,
//! and what was lost on the way.

use std::collections::{BTreeMap, HashMap};

use dmpc::{ChannelId, OpKey, Rights, UserId};

use super::expected::Expected;
use crate::{
    StoreError,
    db::{Db, Read},
    families::{ChannelNo, Family, members},
    projection::{
        definition::State,
        register::{Register, Value},
    },
    replay::ledger::Ledger,
};

/// Who could read and since when cannot any more, in the course of the fold.
#[derive(Debug, Default)]
pub(super) struct Losses(HashMap<(ChannelId, UserId), (bool, Option<OpKey>)>);

impl Losses {
    /// An entry of a register.
    pub(super) fn note(&mut self, register: &Register, key: &OpKey, value: &Value) {
        let Register::ChannelMember(channel, user) = register else { return };
        let (can_read, lost) = self.0.entry((*channel, *user)).or_default();
        let can_now = value.as_rights().contains(Rights::READ);
        *lost = match (*can_read, can_now) {
            (_, true) => None,
            (true, false) => Some(*key),
            (false, false) => *lost,
        };
        *can_read = can_now;
    }
}

/// The entries that should be there at the end.
pub(super) fn expect(expected: &mut Expected<'_>, state: &State, losses: &Losses) -> Result<(), StoreError> {
    let mut counts: BTreeMap<ChannelNo, u64> = BTreeMap::new();
    for (register, (_, value)) in state.entries() {
        let Register::ChannelMember(channel, user) = register else { continue };
        let rights = value.as_rights();
        let user = expected.numbers.user(user)?;
        let Some((channel, user)) = expected.numbers.channel(channel)?.zip(user).filter(|_| !rights.is_empty()) else {
            continue;
        };
        expected.ledger.computed(Family::Members, &members::key(channel, user), &[rights.bits()]);
        *counts.entry(channel).or_default() += 1;
    }
    for (channel, count) in counts {
        expected.ledger.computed(Family::Members, &members::count_key(channel), &count.to_be_bytes());
    }
    for ((channel, user), (_, lost)) in &losses.0 {
        let Some(at) = lost else { continue };
        let user = expected.numbers.user(user)?;
        if let Some((channel, user)) = expected.numbers.channel(channel)?.zip(user) {
            expected.ledger.computed(Family::Members, &members::lost_key(channel, at, user), &[]);
        }
    }
    Ok(())
}

/// The entries that are there. A channel that lost all members may say so or not.
pub(super) fn scan(db: &Db, ledger: &mut Ledger) -> Result<(), StoreError> {
    for entry in db.ascend(Family::Members, &[], &[])? {
        let (key, value) = entry?;
        let is_none = key.len() == 8 && key.ends_with(&[0; 4]) && members::parse_count(&value) == Some(0);
        if !is_none {
            ledger.stored(Family::Members, &key, &value);
        }
    }
    Ok(())
}
