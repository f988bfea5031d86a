//! The quota of operations without effect: whoever brings them pays, and a full account refuses more of them. An operation
//! that takes effect is never refused for it. Source: docs/PROTOCOL.md, "Admission".
//!
//! Who introduced whom follows the order of arrival, so every chain of introductions ends at a user who was known before
//! it, and nobody makes an account by telling another past.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

use dmpc::{
    KeyId, OpKey, UserId, VerifiedOperation,
    kinds::{Kind, Payload},
};

use crate::{
    Limits, StoreError, Verdict,
    db::{Batch, Db, Read},
    families::{
        Family,
        charges::{self, Charge},
        log,
    },
    names::{self, Names},
    outcome::Refusal,
    projection::{Register, engine::Admission, overlay::BeforeKey, rules::Before},
    views::{DbViews, damaged, fact_before},
};

/// Introducers followed to find who pays; of users that are farther away, nothing without effect is taken from clients.
const INTRODUCERS_MAX: usize = 16;

/// The accounts that a batch touches.
pub(crate) struct Quota<'a> {
    db: &'a Db,
    limits: Limits,
    /// The clock, when the batch comes from a client right now, rather than from what was kept aside.
    live_at_ms: Option<u64>,
    /// Who is the first in this batch to certify the creation of whom.
    introduced: HashMap<UserId, UserId>,
    /// Who becomes known by this batch, and who introduces them.
    introductions: Vec<(UserId, UserId)>,
    totals: BTreeMap<UserId, Charge>,
    payers: BTreeMap<OpKey, UserId>,
    /// Who pays for whom, as far as it was looked up.
    known_payers: RefCell<HashMap<UserId, Option<UserId>>>,
}

impl<'a> Quota<'a> {
    /// For one batch.
    pub(crate) fn new(
        db: &'a Db,
        limits: Limits,
        live_at_ms: Option<u64>,
        batch: &[std::sync::Arc<VerifiedOperation>],
    ) -> Self {
        let mut introduced = HashMap::new();
        for operation in batch {
            if let Payload::UserCreate(create) = operation.payload() {
                introduced.entry(create.user).or_insert_with(|| operation.certifier());
            }
        }
        Self {
            db,
            limits,
            live_at_ms,
            introduced,
            introductions: Vec::new(),
            totals: BTreeMap::new(),
            payers: BTreeMap::new(),
            known_payers: RefCell::default(),
        }
    }

    /// Remembers who introduces a user that becomes known.
    pub(crate) fn introduce(&mut self, user: UserId, introducer: UserId) {
        self.introductions.push((user, introducer));
    }

    fn total(&mut self, user: &UserId) -> Result<Charge, StoreError> {
        if let Some(total) = self.totals.get(user) {
            return Ok(*total);
        }
        let stored = match names::user_no(self.db, user)? {
            Some(no) => self.db.get(Family::Charges, &charges::total_key(no))?,
            None => None,
        };
        let total = stored.as_deref().map(charges::parse_total);
        let total = total.unwrap_or(Some(Charge::default()));
        let total = total.ok_or_else(|| damaged(Family::Charges, "a total is short"))?;
        self.totals.insert(*user, total);
        Ok(total)
    }

    /// The certifier, or its introducer while its own creation is not applied; `None` when that leads too far.
    fn payer(&self, certifier: UserId) -> Result<Option<UserId>, StoreError> {
        if let Some(payer) = self.known_payers.borrow().get(&certifier) {
            return Ok(*payer);
        }
        let payer = self.find_payer(certifier)?;
        self.known_payers.borrow_mut().insert(certifier, payer);
        Ok(payer)
    }

    fn find_payer(&self, certifier: UserId) -> Result<Option<UserId>, StoreError> {
        let mut payer = certifier;
        for _ in 0..INTRODUCERS_MAX {
            if fact_before(self.db, &Register::UserCreated(payer), &OpKey::MAX)?.is_some() {
                return Ok(Some(payer));
            }
            let introducer = introducer(self.db, &payer)?.or_else(|| self.introduced.get(&payer).copied());
            match introducer {
                Some(introducer) => payer = introducer,
                None => return Ok(Some(payer)),
            }
        }
        Ok(None)
    }

    /// Whether the account that an operation without effect would be charged to has no room for it.
    pub(crate) fn is_full_for(&mut self, operation: &VerifiedOperation) -> Result<bool, StoreError> {
        let Some(payer) = self.payer(operation.certifier())? else { return Ok(true) };
        let total = self.total(&payer)?;
        Ok(total.operations >= self.limits.charged_operations
            || total.bytes + bytes_of(operation) > self.limits.charged_bytes)
    }

    /// Charges an operation that has no effect.
    pub(crate) fn charge(&mut self, operation: &VerifiedOperation) -> Result<(), StoreError> {
        let certifier = operation.certifier();
        let payer = self.payer(certifier)?.unwrap_or(certifier);
        let mut total = self.total(&payer)?;
        total.operations += 1;
        total.bytes += bytes_of(operation);
        self.totals.insert(payer, total);
        self.payers.insert(operation.key(), payer);
        Ok(())
    }

    /// Gives back the charge of an operation that takes effect now.
    pub(crate) fn discharge(&mut self, batch: &mut Batch, operation: &VerifiedOperation) -> Result<(), StoreError> {
        let key = charges::payer_key(&operation.key());
        let Some(payer) = self.db.get(Family::Charges, &key)? else { return Ok(()) };
        let payer = charges::parse_user(&payer).ok_or_else(|| damaged(Family::Charges, "a payer is short"))?;
        let payer = names::user_id(self.db, payer)?;
        let mut total = self.total(&payer)?;
        total.operations = total.operations.saturating_sub(1);
        total.bytes = total.bytes.saturating_sub(bytes_of(operation));
        self.totals.insert(payer, total);
        batch.delete(self.db, Family::Charges, &key)
    }

    /// Puts what changed into a batch.
    pub(crate) fn write(self, batch: &mut Batch, names: &mut Names) -> Result<(), StoreError> {
        for (user, total) in &self.totals {
            let no = names.user(self.db, user)?;
            batch.put(self.db, Family::Charges, &charges::total_key(no), &charges::total_value(total))?;
        }
        for (key, payer) in &self.payers {
            let no = names.user(self.db, payer)?;
            batch.put(self.db, Family::Charges, &charges::payer_key(key), &charges::user_value(no))?;
        }
        for (user, introducer) in &self.introductions {
            let (user, introducer) = (names.user(self.db, user)?, names.user(self.db, introducer)?);
            let (key, value) = (charges::introducer_key(user), charges::user_value(introducer));
            batch.put(self.db, Family::Charges, &key, &value)?;
        }
        Ok(())
    }
}

impl<R: Read> Admission<DbViews<'_, R>> for Quota<'_> {
    fn refusal(
        &mut self,
        operation: &VerifiedOperation,
        verdict: Verdict,
        before: &BeforeKey<'_, '_, DbViews<'_, R>>,
    ) -> Result<Option<Refusal>, StoreError> {
        if verdict.is_applied() {
            let live_until = operation.timestamp().millis().saturating_add(self.limits.live_ms);
            let is_live = self.live_at_ms.is_some_and(|now_ms| live_until >= now_ms);
            return Ok((is_live && is_stale(operation, before)?).then_some(Refusal::StaleEpoch));
        }
        // What was kept aside was acknowledged, and is bounded already: it is charged, and not refused.
        if self.live_at_ms.is_some() && self.is_full_for(operation)? {
            return Ok(Some(Refusal::QuotaFull));
        }
        self.charge(operation)?;
        Ok(None)
    }
}

/// Whether a message is sealed under another epoch than the one that is current where it stands.
fn is_stale<B: Before>(operation: &VerifiedOperation, before: &B) -> Result<bool, B::Error> {
    let (Kind::ChannelMessage, Some(channel), Some(key_id)) =
        (operation.kind(), operation.channel(), operation.header().key_id)
    else {
        return Ok(false);
    };
    let current = before.get(&Register::ChannelCurrentEpoch(channel))?;
    let current = current.as_ref().and_then(|value| value.as_key()).copied().map(KeyId::from_bytes);
    Ok(current.is_some_and(|current| current != key_id))
}

fn bytes_of(operation: &VerifiedOperation) -> u64 {
    u64::try_from(operation.bytes().len()).unwrap_or(u64::MAX)
}

/// Who certified the create that made a user known.
fn introducer(db: &Db, user: &UserId) -> Result<Option<UserId>, StoreError> {
    let Some(no) = names::user_no(db, user)? else { return Ok(None) };
    let Some(introducer) = db.get(Family::Charges, &charges::introducer_key(no))? else { return Ok(None) };
    let introducer = charges::parse_user(&introducer);
    let introducer = introducer.ok_or_else(|| damaged(Family::Charges, "an introducer is short"))?;
    names::user_id(db, introducer).map(Some)
}

/// The keys of a batch that are in the log already.
pub(crate) fn logged(db: &Db, keys: &[OpKey]) -> Result<Vec<bool>, StoreError> {
    let keys: Vec<_> = keys.iter().map(log::key).collect();
    db.get_many(Family::Log, &keys)
}
