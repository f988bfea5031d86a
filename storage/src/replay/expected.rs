//! The entries that an operation leaves in the families, by what the definition says of it: all that do not depend on the
//! order of arrival.

use std::collections::{BTreeMap, HashMap};

use dmpc::{
    OpKey, SignedOperation,
    kinds::{Kind, Payload},
};

use super::{ledger::Ledger, numbers::Numbers};
use crate::{
    StoreError,
    concerned::concerned,
    db::{Db, Read},
    families::{
        ChannelNo, Family, UserNo, arrival,
        by_user::{self, Roles},
        charges::{self, Charge},
        feed, issues, lanes, records, wraps,
    },
    projection::{
        register::{Register, Value},
        rules::Judgement,
    },
    reader::Change,
};

/// Who introduced a user: the certifier of the operation that created it, of those the one that arrived first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Introduction {
    pub(super) arrival: u64,
    pub(super) key: OpKey,
    pub(super) by: Option<UserNo>,
    pub(super) genesis: [u8; 32],
}

/// What operations should leave behind.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub(super) db: &'a Db,
    pub(super) numbers: Numbers<'a>,
    pub(super) ledger: Ledger,
    /// What the payers that are stored pay for.
    pub(super) charged: BTreeMap<u32, Charge>,
    /// By the number of the user that was introduced.
    pub(super) introduced: HashMap<u32, Introduction>,
}

impl Expected<'_> {
    /// The verdict alone.
    pub(super) fn verdict(&mut self, operation: &SignedOperation, judgement: &Judgement) -> Result<(), StoreError> {
        let Some(channel) = self.numbers.channel_of(operation)? else { return Ok(()) };
        let (family, key) = (records::family(operation.kind()), records::key(channel, &operation.key()));
        self.ledger.computed(family, &key, &[judgement.verdict.code()]);
        Ok(())
    }

    /// Everything else.
    pub(super) fn rest(&mut self, operation: &SignedOperation, judgement: &Judgement) -> Result<(), StoreError> {
        let key = operation.key();
        if let Some(issue) = operation.issue() {
            self.ledger.computed(Family::Issues, &issues::index_key(&issue, &key), &[]);
        }
        let lane = self.numbers.lane_of(operation)?;
        for (register, value) in &judgement.writes {
            self.fact(register, &key, value)?;
        }
        if !judgement.verdict.is_applied() {
            self.charge(operation)?;
        }
        let Some(channel) = self.numbers.channel_of(operation)? else { return Ok(()) };
        if let Some(lane) = lane {
            let link = operation.link();
            let place = lanes::value(key.timestamp, channel, &link.prev);
            self.ledger.computed(Family::Lanes, &lanes::key(lane, link.seq, &key.id), &place);
        }
        for (user, roles) in concerned(operation) {
            let Some(user) = self.numbers.user(&user)? else { continue };
            self.ledger.computed(Family::ByUser, &by_user::key(user, channel, &key), &[roles.0]);
            if operation.kind() == Kind::ChannelOpen && roles.intersects(Roles::AUTHOR) {
                let key = by_user::key(user, ChannelNo::NONE, &key);
                self.ledger.computed(Family::ByUser, &key, &[Roles::AUTHOR.0]);
            }
        }
        for epoch in operation.payload().wraps() {
            for wrap in &epoch.wraps {
                if let Some(user) = self.numbers.user(&wrap.user)? {
                    self.ledger.computed(Family::Wraps, &wraps::key(user, channel, &epoch.key_id, &key), &[]);
                }
            }
        }
        if operation.kind() == Kind::ChannelMessage { Ok(()) } else { self.control(operation, channel) }
    }

    /// An entry of a register.
    pub(super) fn fact(&mut self, register: &Register, key: &OpKey, value: &Value) -> Result<(), StoreError> {
        if let Some(place) = self.numbers.place(register)? {
            self.ledger.computed(place.family, &place.key(key), &value.to_bytes());
        }
        Ok(())
    }

    /// Who pays for an operation without effect depends on when it lost it; that somebody does, and how much, does not.
    fn charge(&mut self, operation: &SignedOperation) -> Result<(), StoreError> {
        let key = charges::payer_key(&operation.key());
        self.ledger.computed(Family::Charges, &key, &[]);
        let payer = self.db.get(Family::Charges, &key)?;
        if let Some(payer) = payer.as_deref().and_then(charges::parse_user) {
            let charge = self.charged.entry(payer.0).or_default();
            charge.operations += 1;
            charge.bytes += u64::try_from(operation.bytes().len()).unwrap_or(u64::MAX);
        }
        Ok(())
    }

    /// What follows from the arrival of an operation that is no message: its first event, and whom it introduces.
    fn control(&mut self, operation: &SignedOperation, channel: ChannelNo) -> Result<(), StoreError> {
        let key = operation.key();
        let record = self.db.get(records::family(operation.kind()), &records::key(channel, &key))?;
        let Some(record) = record.as_deref().and_then(records::parse_value) else { return Ok(()) };
        let change = match operation.kind() {
            Kind::UserCreate | Kind::UserUpdate => Change::User,
            Kind::ChannelOpen => Change::Opened,
            Kind::ChannelMembers => Change::Members,
            Kind::ChannelEpoch => Change::Epoch,
            Kind::ChannelMessage => Change::Message,
            Kind::ChannelClose => Change::Closed,
        };
        if record.announced {
            first_event(&mut self.ledger, channel, record.arrival, change);
        }
        if let Payload::UserCreate(create) = operation.payload()
            && let Some(user) = self.numbers.user(&create.user)?
        {
            let by = self.numbers.user(&operation.certifier())?;
            let genesis = *create.signing_key.as_bytes();
            let introduction = Introduction { arrival: record.arrival, key, by, genesis };
            introduce(&mut self.introduced, user.0, introduction);
        }
        Ok(())
    }
}

/// Of two introductions of one user, the one that arrived first counts.
pub(super) fn introduce(introduced: &mut HashMap<u32, Introduction>, user: u32, introduction: Introduction) {
    let first = introduced.entry(user).or_insert(introduction);
    if introduction.arrival < first.arrival {
        *first = introduction;
    }
}

/// The event by which subscribers hear that an operation is applied: once, at any sequence.
pub(super) fn first_event(ledger: &mut Ledger, channel: ChannelNo, of: u64, change: Change) {
    let (key, value) = first_event_entry(channel, of, change);
    ledger.computed(Family::Feed, &key, &value);
}

/// Key and value by which such an event is compared.
pub(super) fn first_event_entry(channel: ChannelNo, of: u64, change: Change) -> (Vec<u8>, Vec<u8>) {
    let value = feed::value(&feed::Stored { arrival: of, change, through: None });
    ([channel.0.to_be_bytes().as_slice(), &arrival::key(of)].concat(), value)
}
