//! Accounts of admission: what is charged is what has no effect, and totals are the sums of what is charged. Who pays depends
//! on the order of arrival and is taken as it is stored.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    expected::Introduction,
    fault::{Fault, Faults},
    ledger::Ledger,
};
use crate::{
    StoreError,
    db::{Db, Read},
    families::{
        Family,
        charges::{self, Charge},
        split_u32,
    },
};

/// What is stored of accounts.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    totals: BTreeMap<u32, Charge>,
    /// By user: who introduced it (0: nobody), and its genesis signing key.
    introductions: BTreeMap<u32, (u32, [u8; 32])>,
    faults: Faults,
}

fn fault(what: String) -> Fault {
    Fault::Derived { family: Family::Charges.name(), what }
}

impl Accounts {
    pub(super) fn load(db: &Db, ledger: &mut Ledger) -> Result<Self, StoreError> {
        let mut loaded = Self::default();
        for entry in db.ascend(Family::Charges, &[], &[])? {
            let (key, value) = entry?;
            let user = key.get(1..).and_then(split_u32).filter(|(_, rest)| rest.is_empty()).map(|(user, _)| user);
            match (key.first(), user) {
                (Some(1), Some(user)) if charges::parse_total(&value).is_some() => {
                    loaded.totals.extend(charges::parse_total(&value).map(|total| (user, total)));
                }
                (Some(2), _) if charges::parse_user(&value).is_some() => {
                    ledger.stored(Family::Charges, &key, &[]);
                }
                (Some(3), Some(user)) if charges::parse_introduction(&value).is_some() => {
                    let introduction = charges::parse_introduction(&value);
                    loaded.introductions.extend(introduction.map(|(by, key)| (user, (by.0, *key.as_bytes()))));
                }
                (_, _) => loaded.faults.push(fault(format!("the entry {key:02x?} is none of an account"))),
            }
        }
        Ok(loaded)
    }

    /// What does not agree with what is charged and with who introduced whom.
    pub(super) fn finish(
        mut self,
        charged: &BTreeMap<u32, Charge>,
        introduced: &HashMap<u32, Introduction>,
        roots: &HashSet<u32>,
    ) -> Faults {
        let payers: Vec<u32> = self.totals.keys().chain(charged.keys()).copied().collect();
        for payer in payers {
            let stored = self.totals.get(&payer).copied().unwrap_or_default();
            let sum = charged.get(&payer).copied().unwrap_or_default();
            if stored != sum {
                self.faults.push(fault(format!(
                    "user {payer} is charged {} operations of {} bytes, and should be charged {} of {}",
                    stored.operations, stored.bytes, sum.operations, sum.bytes
                )));
            }
        }
        for (user, introduction) in introduced.iter().filter(|(user, _)| !roots.contains(user)) {
            let by = introduction.by.map(|by| by.0);
            let is_right = self.introductions.remove(user).is_some_and(|(stored_by, genesis)| {
                genesis == introduction.genesis && (stored_by == 0 || Some(stored_by) == by)
            });
            if !is_right {
                self.faults
                    .push(fault(format!("who introduced user {user} is not the certifier of {}", introduction.key.id)));
            }
        }
        if let Some(user) = self.introductions.keys().next() {
            self.faults.push(fault(format!("user {user} is introduced by no operation of the log")));
        }
        self.faults
    }
}
