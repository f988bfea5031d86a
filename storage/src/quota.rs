//! The quota of operations without effect: whoever brings them pays, and a full account refuses more of them. An operation
//! that takes effect is never refused for it. Source: docs/PROTOCOL.md, "Admission".
//!
//! A user pays for what its own key certified. What names a user and is certified with a key that is none of its own is
//! charged to nobody, whose one account is as large as anybody's: so nobody fills the account of another, and all whom
//! the node does not know together fill no more than one. What is refused for that is not applied as things stand; once
//! it would be, it is never refused.
//!
//! Who introduced whom follows the order of arrival, so every chain of introductions ends at a user who was known before
//! it, or at nobody; nobody makes an account by telling another past.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

use dmpc::{
    KeyId, OpKey, UserId, VerifiedOperation,
    keys::VerifyingKey,
    kinds::{Kind, Payload, UserCreate},
};
use foldhash::fast::RandomState;

use crate::{
    Limits, Missing, Rejection, StoreError, Verdict,
    db::{Batch, Db, Read},
    facts::{fact_before, stretch_before},
    families::{
        Family, UserNo,
        charges::{self, Charge},
    },
    names::{self, Names},
    outcome::Refusal,
    projection::{Register, engine::Admission, overlay::BeforeKey, rules::Before},
    remembered::{Entry, Stretch},
    views::{DbViews, damaged},
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
    introduced: HashMap<UserId, Introduction, RandomState>,
    /// Who becomes known by this batch, and who introduces them.
    introductions: Vec<(UserId, Introduction)>,
    totals: BTreeMap<Payer, Charge>,
    payers: BTreeMap<OpKey, Payer>,
    /// Who pays for whom, as far as it was looked up.
    known_payers: RefCell<HashMap<UserId, Option<Payer>, RandomState>>,
    /// Which signing key somebody has where it was asked for last.
    signing_keys: RefCell<HashMap<UserId, Stretch, RandomState>>,
}

/// Who pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Payer {
    /// Whoever it is, it does not hold the key of whom it names.
    Nobody,
    /// A user.
    User(UserId),
}

impl Payer {
    /// Its number; that of nobody is 0.
    fn no(self, db: &Db, names: &mut Names) -> Result<UserNo, StoreError> {
        match self {
            Self::Nobody => Ok(UserNo(0)),
            Self::User(user) => names.user(db, &user),
        }
    }

    fn of(db: &Db, no: UserNo) -> Result<Self, StoreError> {
        if no == UserNo(0) { Ok(Self::Nobody) } else { names::user_id(db, no).map(Self::User) }
    }
}

/// How a user became known.
#[derive(Clone, Copy, Debug)]
struct Introduction {
    by: Payer,
    /// The signing key that its id was made of.
    genesis: VerifyingKey,
}

impl<'a> Quota<'a> {
    /// For one batch.
    pub(crate) fn new(
        db: &'a Db,
        limits: Limits,
        live_at_ms: Option<u64>,
        batch: &[std::sync::Arc<VerifiedOperation>],
    ) -> Result<Self, StoreError> {
        let mut quota = Self {
            db,
            limits,
            live_at_ms,
            introduced: HashMap::default(),
            introductions: Vec::new(),
            totals: BTreeMap::new(),
            payers: BTreeMap::new(),
            known_payers: RefCell::default(),
            signing_keys: RefCell::default(),
        };
        for operation in batch {
            if let Payload::UserCreate(create) = operation.payload()
                && !quota.introduced.contains_key(&create.user)
            {
                let introduction = quota.introduction(operation, create)?;
                quota.introduced.insert(create.user, introduction);
            }
        }
        Ok(quota)
    }

    fn introduction(&self, operation: &VerifiedOperation, create: &UserCreate) -> Result<Introduction, StoreError> {
        let (certifier, key) = (operation.certifier(), operation.certifier_key());
        let is_own = self.holds(&certifier, &key, &operation.key())?;
        let by = if is_own { Payer::User(certifier) } else { Payer::Nobody };
        Ok(Introduction { by, genesis: create.signing_key })
    }

    /// Remembers who introduces a user that becomes known.
    pub(crate) fn introduce(&mut self, operation: &VerifiedOperation, create: &UserCreate) -> Result<(), StoreError> {
        let introduction = self.introduction(operation, create)?;
        self.introductions.push((create.user, introduction));
        Ok(())
    }

    /// Whether a key is one of a user: at a point of the order, at present, or the one that its id was made of.
    fn holds(&self, user: &UserId, key: &VerifyingKey, at: &OpKey) -> Result<bool, StoreError> {
        for point in [at, &OpKey::MAX] {
            if self.signing_key(user, point)?.is_some_and(|(_, value)| value.as_key() == Some(key.as_bytes())) {
                return Ok(true);
            }
        }
        Ok(self.find_introduction(user)?.is_some_and(|introduction| introduction.genesis == *key))
    }

    /// The signing key of a user at a point of the order. Whoever loses a right loses it for one operation after another.
    fn signing_key(&self, user: &UserId, at: &OpKey) -> Result<Entry, StoreError> {
        let mut known = self.signing_keys.borrow_mut();
        if let Some(stretch) = known.get(user).filter(|stretch| stretch.holds(at)) {
            return Ok(stretch.entry.clone());
        }
        let stretch = stretch_before(self.db, &Register::UserSigningKey(*user), at)?;
        let entry = stretch.entry.clone();
        known.insert(*user, stretch);
        Ok(entry)
    }

    fn find_introduction(&self, user: &UserId) -> Result<Option<Introduction>, StoreError> {
        match introduction(self.db, user)? {
            Some(introduction) => Ok(Some(introduction)),
            None => Ok(self.introduced.get(user).copied()),
        }
    }

    fn total(&mut self, payer: Payer) -> Result<Charge, StoreError> {
        if let Some(total) = self.totals.get(&payer) {
            return Ok(*total);
        }
        let no = match payer {
            Payer::Nobody => Some(UserNo(0)),
            Payer::User(user) => names::user_no(self.db, &user)?,
        };
        let stored = match no {
            Some(no) => self.db.get(Family::Charges, &charges::total_key(no))?,
            None => None,
        };
        let total = stored.as_deref().map(charges::parse_total);
        let total = total.unwrap_or(Some(Charge::default()));
        let total = total.ok_or_else(|| damaged(Family::Charges, "a total is short"))?;
        self.totals.insert(payer, total);
        Ok(total)
    }

    /// The certifier, if the key is its own, or its introducer while its own creation is not applied; else nobody.
    /// `None` when introductions lead too far. A verdict that follows the check of the key says that it is.
    fn payer(&self, operation: &VerifiedOperation, verdict: Option<Verdict>) -> Result<Option<Payer>, StoreError> {
        let (certifier, key) = (operation.certifier(), operation.certifier_key());
        let is_checked = verdict.is_some_and(|verdict| match verdict {
            Verdict::Pending(Missing::Certifier)
            | Verdict::Rejected(Rejection::CertifierInactive | Rejection::CertifierKey) => false,
            Verdict::Applied | Verdict::Pending(_) | Verdict::Rejected(_) => true,
        });
        if !is_checked && !self.holds(&certifier, &key, &operation.key())? {
            return Ok(Some(Payer::Nobody));
        }
        if let Some(payer) = self.known_payers.borrow().get(&certifier) {
            return Ok(*payer);
        }
        let payer = self.find_payer(certifier)?;
        self.known_payers.borrow_mut().insert(certifier, payer);
        Ok(payer)
    }

    fn find_payer(&self, certifier: UserId) -> Result<Option<Payer>, StoreError> {
        let mut payer = certifier;
        for _ in 0..INTRODUCERS_MAX {
            if fact_before(self.db, &Register::UserCreated(payer), &OpKey::MAX)?.is_some() {
                return Ok(Some(Payer::User(payer)));
            }
            match self.find_introduction(&payer)?.map(|introduction| introduction.by) {
                Some(Payer::User(introducer)) => payer = introducer,
                Some(Payer::Nobody) => return Ok(Some(Payer::Nobody)),
                None => return Ok(Some(Payer::User(payer))),
            }
        }
        Ok(None)
    }

    /// Whether the account that an operation without effect would be charged to has no room for it.
    pub(crate) fn is_full_for(
        &mut self,
        operation: &VerifiedOperation,
        verdict: Option<Verdict>,
    ) -> Result<bool, StoreError> {
        let Some(payer) = self.payer(operation, verdict)? else { return Ok(true) };
        let total = self.total(payer)?;
        Ok(total.operations >= self.limits.charged_operations
            || total.bytes + bytes_of(operation) > self.limits.charged_bytes)
    }

    /// Charges an operation that has no effect.
    pub(crate) fn charge(&mut self, operation: &VerifiedOperation, verdict: Verdict) -> Result<(), StoreError> {
        let payer = self.payer(operation, Some(verdict))?.unwrap_or(Payer::User(operation.certifier()));
        let mut total = self.total(payer)?;
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
        let payer = Payer::of(self.db, payer)?;
        let mut total = self.total(payer)?;
        total.operations = total.operations.saturating_sub(1);
        total.bytes = total.bytes.saturating_sub(bytes_of(operation));
        self.totals.insert(payer, total);
        batch.delete(Family::Charges, &key);
        Ok(())
    }

    /// Puts what changed into a batch.
    pub(crate) fn write(self, batch: &mut Batch, names: &mut Names) -> Result<(), StoreError> {
        for (payer, total) in &self.totals {
            let no = payer.no(self.db, names)?;
            batch.put(Family::Charges, &charges::total_key(no), &charges::total_value(total));
        }
        for (key, payer) in &self.payers {
            let no = payer.no(self.db, names)?;
            batch.put(Family::Charges, &charges::payer_key(key), &charges::user_value(no));
        }
        for (user, Introduction { by, genesis }) in &self.introductions {
            let (user, by) = (names.user(self.db, user)?, by.no(self.db, names)?);
            let (key, value) = (charges::introduction_key(user), charges::introduction_value(by, genesis));
            batch.put(Family::Charges, &key, &value);
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
        if self.live_at_ms.is_some() && self.is_full_for(operation, Some(verdict))? {
            return Ok(Some(Refusal::QuotaFull));
        }
        self.charge(operation, verdict)?;
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

/// How a user became known; `None` for a root.
fn introduction(db: &Db, user: &UserId) -> Result<Option<Introduction>, StoreError> {
    let Some(no) = names::user_no(db, user)? else { return Ok(None) };
    let Some(stored) = db.get(Family::Charges, &charges::introduction_key(no))? else { return Ok(None) };
    let (by, genesis) =
        charges::parse_introduction(&stored).ok_or_else(|| damaged(Family::Charges, "an introduction is short"))?;
    Ok(Some(Introduction { by: Payer::of(db, by)?, genesis }))
}
