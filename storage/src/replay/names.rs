//! The family `ids`: each number stands for one id and each id has one number, from 1 on without a gap, for what the log
//! names and for nothing else; and who is known.

use std::collections::{BTreeSet, HashSet};

use super::{
    fault::{Fault, Faults},
    ledger::Ledger,
    numbers::Named,
};
use crate::{
    Genesis, StoreError,
    db::{Db, Read},
    families::{
        Family,
        ids::{self, Numbered},
    },
};

/// What is stored of numbers.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Numbers that ids have, of users, channels and lanes.
    given: [BTreeSet<u32>; 3],
    known: BTreeSet<u32>,
    roots: HashSet<u32>,
    faults: Faults,
}

const WORDS: [&str; 3] = ["user", "channel", "lane"];

fn fault(what: String) -> Fault {
    Fault::Derived { family: Family::Ids.name(), what }
}

impl Names {
    pub(super) fn load(db: &Db, genesis: &Genesis, ledger: &mut Ledger) -> Result<Self, StoreError> {
        let mut loaded = Self::default();
        for entry in db.ascend(Family::Ids, &[], &[])? {
            let (key, value) = entry?;
            loaded.entry(&key, &value, ledger);
        }
        for root in &genesis.roots {
            let value = db.get(Family::Ids, &Numbered::User.key(root.user.as_bytes()))?;
            loaded.roots.extend(value.as_deref().and_then(ids::parse_value).map(|(number, _)| number));
        }
        Ok(loaded)
    }

    /// Both directions become the same entry, one as stored and one as computed.
    fn entry(&mut self, key: &[u8], value: &[u8], ledger: &mut Ledger) {
        let (tag, rest) = key.split_first().map_or((0, key), |(tag, rest)| (*tag, rest));
        let kind = usize::from(tag & 0x7f).wrapping_sub(1);
        let is_number = tag & 0x80 != 0;
        let number = if is_number { ids::parse_number_key(key) } else { ids::parse_value(value).map(|(no, _)| no) };
        let length = if kind == 0 { 5 } else { 4 };
        let (Some(number), Some(given)) = (number, self.given.get_mut(kind)) else {
            self.faults.push(fault(format!("the entry {key:02x?} is none of a number")));
            return;
        };
        if is_number {
            ledger.computed(Family::Ids, &[&[tag & 0x7f], value].concat(), &number.to_be_bytes());
            return;
        }
        ledger.stored(Family::Ids, key, &number.to_be_bytes());
        let flag = value.get(4).copied().unwrap_or_default();
        if value.len() != length || flag > 1 || rest.is_empty() {
            self.faults.push(fault(format!("the number of {} {number} is unreadable", WORDS.get(kind).unwrap_or(&""))));
        }
        given.insert(number);
        if kind == 0 && flag == 1 {
            self.known.insert(number);
        }
    }

    /// The numbers of the roots.
    pub(super) fn roots(&self) -> &HashSet<u32> {
        &self.roots
    }

    /// What does not agree with what the log names; `known` are the numbers of those whom it creates.
    pub(super) fn finish(mut self, named: &Named, known: &BTreeSet<u32>, counts: [u32; 3]) -> Faults {
        let lists = [&named.users, &named.channels, &named.lanes];
        for (((given, named), count), word) in self.given.iter().zip(lists).zip(counts).zip(WORDS) {
            let is_contiguous = given.last().copied().unwrap_or_default() == count
                && u32::try_from(given.len()).is_ok_and(|length| length == count);
            if !is_contiguous {
                self.faults.push(fault(format!("numbers of {word}s are not those from 1 to {count}")));
            }
            for number in given.difference(named) {
                self.faults.push(fault(format!("{word} {number} stands for what the log does not name")));
            }
        }
        for missing in &named.missing {
            self.faults.push(fault(format!("{missing} has no number, and the log names it")));
        }
        let known: BTreeSet<u32> = known.iter().chain(&self.roots).copied().collect();
        for number in self.known.symmetric_difference(&known) {
            let word = if known.contains(number) {
                "is not marked as known, and is"
            } else {
                "is marked as known, and is not"
            };
            self.faults.push(fault(format!("user {number} {word}")));
        }
        self.faults
    }
}
