//! What the writer remembers of registers between batches: between which keys which value stands. It spares reading the
//! database for operations at the end of the log, and for those that are judged again one after another. While a large
//! re-judgement takes entries away by the thousand, it also steps over what is gone.

use std::collections::{BTreeMap, HashMap};

use dmpc::OpKey;
use foldhash::fast::RandomState;

use crate::projection::{Register, Value};

/// Registers that are remembered, each of the two sorts; over it, all are forgotten and read again.
const REGISTERS_MAX: usize = 1 << 17;

/// An entry of a register.
pub(crate) type Entry = Option<(OpKey, Value)>;

/// Changed entries of registers; `None` is one taken away.
pub(crate) type Facts = BTreeMap<(Register, OpKey), Option<Value>>;

/// Where a value stands: from after its entry up to and including a key. There is no entry between them.
#[derive(Clone, Debug)]
pub(crate) struct Stretch {
    /// The last entry before the stretch ends; `None` when there is none.
    pub(crate) entry: Entry,
    /// Up to where it stands, at least.
    pub(crate) upto: OpKey,
}

impl Stretch {
    /// Whether the entry is the last one before `key`.
    pub(crate) fn holds(&self, key: &OpKey) -> bool {
        *key <= self.upto && self.entry.as_ref().is_none_or(|(at, _)| at < key)
    }

    /// Whether it is still true after a change at `key`.
    fn survives(&self, key: &OpKey) -> bool {
        *key >= self.upto || self.entry.as_ref().is_some_and(|(at, _)| key < at)
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// The last entries.
    latest: HashMap<Register, Entry, RandomState>,
    /// Where others were read last.
    earlier: HashMap<Register, Stretch, RandomState>,
}

impl Remembered {
    /// The last entry of a register, if it is remembered.
    pub(crate) fn latest(&self, register: &Register) -> Option<&Entry> {
        self.latest.get(register)
    }

    /// Remembers the last entry of a register.
    pub(crate) fn set_latest(&mut self, register: Register, entry: Entry) {
        if self.latest.len() >= REGISTERS_MAX {
            self.latest.clear();
        }
        self.latest.insert(register, entry);
    }

    /// Where a register was read last.
    pub(crate) fn earlier(&self, register: &Register) -> Option<&Stretch> {
        self.earlier.get(register)
    }

    /// Remembers where a register was read.
    pub(crate) fn set_earlier(&mut self, register: Register, stretch: Stretch) {
        if self.earlier.len() >= REGISTERS_MAX {
            self.earlier.clear();
        }
        self.earlier.insert(register, stretch);
    }

    /// Keeps it true when entries were changed.
    pub(crate) fn change(&mut self, facts: Facts) {
        for ((register, key), value) in facts {
            if self.earlier.get(&register).is_some_and(|stretch| !stretch.survives(&key)) {
                self.earlier.remove(&register);
            }
            let Some(known) = self.latest.get_mut(&register) else { continue };
            match value {
                Some(value) if known.as_ref().is_none_or(|(last, _)| *last <= key) => *known = Some((key, value)),
                Some(_) => {}
                None => {
                    self.latest.remove(&register);
                }
            }
        }
    }
}
