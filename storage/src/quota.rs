//! The quota of operations without effect: whoever brings them pays, and a full account refuses more of them. An operation
//! that takes effect is never refused for it. Source: docs/PROTOCOL.md, "Admission".

use std::collections::{BTreeMap, HashMap};

use dmpc::{
    KeyId, OpKey, UserId, VerifiedOperation,
    kinds::{Kind, Payload},
};

use crate::{
    StoreError, Verdict,
    db::{Batch, Db, Read},
    families::{
        ChannelNo, Family,
        by_user::{self, Roles},
        charges::{self, Charge},
        log, prefix_end,
    },
    names::{self, Names},
    outcome::Refusal,
    projection::{Register, engine::Admission, overlay::BeforeKey, rules::Before},
    views::{DbViews, damaged, fact_before, operation},
};

/// Operations without effect that one payer may have in the log.
pub const CHARGED_OPERATIONS_MAX: u64 = 10_000;
/// Bytes of operations without effect that one payer may have in the log.
pub const CHARGED_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Introducers followed to find who pays.
const INTRODUCERS_MAX: usize = 16;

/// The accounts that a batch touches.
pub(crate) struct Quota<'a> {
    db: &'a Db,
    /// Whether the batch comes from a client right now, rather than from what was kept aside.
    live: bool,
    /// Who certified the creation of whom in this batch.
    introduced: HashMap<UserId, UserId>,
    totals: BTreeMap<UserId, Charge>,
    payers: BTreeMap<OpKey, UserId>,
}

impl<'a> Quota<'a> {
    /// For one batch.
    pub(crate) fn new(db: &'a Db, live: bool, batch: &[std::sync::Arc<VerifiedOperation>]) -> Self {
        let introduced = batch.iter().filter_map(|operation| match operation.payload() {
            Payload::UserCreate(create) => Some((create.user, operation.certifier())),
            _ => None,
        });
        Self { db, live, introduced: introduced.collect(), totals: BTreeMap::new(), payers: BTreeMap::new() }
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

    /// The certifier, or its introducer while its own creation is not applied.
    fn payer(&self, certifier: UserId) -> Result<UserId, StoreError> {
        let mut payer = certifier;
        for _ in 0..INTRODUCERS_MAX {
            if fact_before(self.db, &Register::UserCreated(payer), &OpKey::MAX)?.is_some() {
                break;
            }
            let introducer = match self.introduced.get(&payer) {
                Some(introducer) => Some(*introducer),
                None => introducer(self.db, &payer)?,
            };
            match introducer {
                Some(introducer) if introducer != payer => payer = introducer,
                Some(_) | None => break,
            }
        }
        Ok(payer)
    }

    /// Charges an operation that has no effect.
    pub(crate) fn charge(&mut self, operation: &VerifiedOperation) -> Result<(), StoreError> {
        let payer = self.payer(operation.certifier())?;
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
        let payer = charges::parse_payer(&payer).ok_or_else(|| damaged(Family::Charges, "a payer is short"))?;
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
            batch.put(self.db, Family::Charges, &charges::payer_key(key), &charges::payer_value(no))?;
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
            return Ok((self.live && is_stale(operation, before)?).then_some(Refusal::StaleEpoch));
        }
        let payer = self.payer(operation.certifier())?;
        let total = self.total(&payer)?;
        let is_full =
            total.operations >= CHARGED_OPERATIONS_MAX || total.bytes + bytes_of(operation) > CHARGED_BYTES_MAX;
        // What was kept aside was acknowledged, and is bounded already: it is charged, and not refused.
        if is_full && self.live {
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

/// Who certified the first logged creation of a user.
fn introducer(db: &Db, user: &UserId) -> Result<Option<UserId>, StoreError> {
    let Some(no) = names::user_no(db, user)? else { return Ok(None) };
    let prefix = by_user::channel_prefix(no, ChannelNo::NONE);
    for entry in db.ascend(Family::ByUser, &prefix, &prefix_end(&prefix))? {
        let (key, roles) = entry?;
        let roles = by_user::parse_value(&roles).ok_or_else(|| damaged(Family::ByUser, "a value is empty"))?;
        if !roles.intersects(Roles::SUBJECT) {
            continue;
        }
        let (_, key) = by_user::parse_key(&key).ok_or_else(|| damaged(Family::ByUser, "a key is short"))?;
        let found = operation(db, &key)?.ok_or_else(|| damaged(Family::Log, "an indexed operation is missing"))?;
        if found.kind() == Kind::UserCreate {
            return Ok(Some(found.certifier()));
        }
    }
    Ok(None)
}

/// The keys of a batch that are in the log already.
pub(crate) fn logged(db: &Db, keys: &[OpKey]) -> Result<Vec<bool>, StoreError> {
    let keys: Vec<_> = keys.iter().map(log::key).collect();
    db.get_many(Family::Log, &keys)
}
