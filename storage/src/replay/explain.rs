//! Why an operation has its verdict: what the rules read for it, and which operations had put that there.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use bytes::Bytes;
use dmpc::{Hlc, OpId, OpKey, SignedOperation, UserId, kinds::Kind};

use crate::{
    StoreError, Verdict,
    db::{Db, Read},
    families::{Family, log},
    projection::{
        definition::State,
        register::{Register, Value},
        rules::{self, Before},
        views::Record,
    },
    views,
};

/// Letters of a text in bech32, by value.
const LETTERS: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Letters of 32 bytes, without the checksum.
const ID_LETTERS: usize = 52;

/// What is asked about: an operation id, or its first letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted(Vec<u8>);

impl Wanted {
    /// From the text of an operation id or from the first letters of one; with the checksum it must be right.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let letters = text.strip_prefix("dmpcop1").filter(|letters| !letters.is_empty())?;
        let values = letters.chars().map(|letter| LETTERS.find(letter).and_then(|value| u8::try_from(value).ok()));
        let mut values: Vec<u8> = values.collect::<Option<_>>()?;
        if values.len() > ID_LETTERS {
            text.parse::<OpId>().ok()?;
            values.truncate(ID_LETTERS);
        }
        Some(Self(values))
    }

    /// Whether an id begins like that.
    pub fn is(&self, id: &OpId) -> bool {
        let bit = |index: usize| {
            let byte = id.as_bytes().get(index / 8).copied().unwrap_or_default();
            byte >> (7 - index % 8) & 1
        };
        let letter = |place: usize| (0..5).fold(0, |value, index| value << 1 | bit(place * 5 + index));
        self.0.iter().enumerate().all(|(place, value)| letter(place) == *value)
    }
}

/// A register that the rules read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The register.
    pub register: Register,
    /// What stood in it, and the operation that had put it there ([`OpKey::MIN`] for what roots begin with); `None` when
    /// nothing had been written.
    pub entry: Option<(OpKey, Value)>,
}

/// An operation that gave what another one's rules read.
#[derive(Clone, Copy, Debug)]
pub struct Giver {
    /// Its kind.
    pub kind: Kind,
    /// Who certified it.
    pub certifier: UserId,
    /// When.
    pub timestamp: Hlc,
}

/// Why an operation has its verdict.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The operation.
    pub operation: SignedOperation,
    /// The verdict by the definition.
    pub verdict: Verdict,
    /// What the rules read, in the order in which they did.
    pub readings: Vec<Reading>,
    /// What it writes.
    pub writes: Vec<(Register, Value)>,
    /// What the node keeps about it.
    pub record: Option<Record>,
    /// The operations that the readings name.
    pub givers: BTreeMap<OpKey, Giver>,
}

/// A state that remembers what was read of it.
struct Traced<'a> {
    state: &'a State,
    readings: RefCell<Vec<Reading>>,
}

impl Before for Traced<'_> {
    type Error = Infallible;

    fn get(&self, register: &Register) -> Result<Option<Value>, Infallible> {
        let entry = self.state.entry(register).cloned();
        let mut readings = self.readings.borrow_mut();
        if !readings.iter().any(|reading| reading.register == *register) {
            readings.push(Reading { register: *register, entry: entry.clone() });
        }
        Ok(entry.map(|(_, value)| value))
    }
}

impl Explanation {
    /// Of an operation by the state before it.
    pub(super) fn of(operation: &SignedOperation, state: &State) -> Self {
        let traced = Traced { state, readings: RefCell::default() };
        let Ok(judgement) = rules::judge(operation, &traced);
        Self {
            operation: apart(operation),
            verdict: judgement.verdict,
            readings: traced.readings.into_inner(),
            writes: judgement.writes,
            record: None,
            givers: BTreeMap::new(),
        }
    }

    /// The operations that the readings name.
    pub(super) fn named(&self) -> BTreeSet<OpKey> {
        let named = self.readings.iter().filter_map(|reading| reading.entry.as_ref().map(|(key, _)| *key));
        named.filter(|key| *key != OpKey::MIN).collect()
    }

    /// An operation that the readings name.
    pub(super) fn give(&mut self, giver: &SignedOperation) {
        let (kind, certifier, timestamp) = (giver.kind(), giver.certifier(), giver.timestamp());
        self.givers.insert(giver.key(), Giver { kind, certifier, timestamp });
    }

    /// Adds what the store knows: the record, and the operations that the readings name.
    pub(super) fn complete(&mut self, db: &Db) -> Result<(), StoreError> {
        self.record = views::record(db, &self.operation)?;
        for key in self.named() {
            let bytes = db.get(Family::Log, &log::key(&key))?;
            if let Some(Ok(giver)) = bytes.map(|bytes| SignedOperation::decode(bytes.into())) {
                self.give(&giver);
            }
        }
        Ok(())
    }
}

/// The same operation in memory of its own: that of its chunk is given back.
fn apart(operation: &SignedOperation) -> SignedOperation {
    SignedOperation::decode(Bytes::copy_from_slice(operation.bytes())).unwrap_or_else(|_| operation.clone())
}
