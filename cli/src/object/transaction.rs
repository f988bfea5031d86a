//! A transaction, and which call of a node takes it: the seal hides that from who carries it, and a node has one call for
//! submitting and one for each question.

use std::{fmt, str::FromStr};

use bytes::Bytes;
use dmpc::{request::Query, transaction::Transaction, v1, wire};

use super::ObjectError;
use crate::view::Fields;

const TAG: &str = "transaction";

/// The call of a node that takes a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Operations are submitted.
    Submit,
    /// Users are read.
    ReadUsers,
    /// A channel is read.
    ReadChannel,
    /// Channels are listed.
    ListChannels,
    /// Messages are read.
    ReadMessages,
    /// The keys of a user are read.
    ReadKeys,
    /// Events are subscribed to.
    Subscribe,
}

impl Call {
    const ALL: [Self; 7] = [
        Self::Submit,
        Self::ReadUsers,
        Self::ReadChannel,
        Self::ListChannels,
        Self::ReadMessages,
        Self::ReadKeys,
        Self::Subscribe,
    ];

    /// The call that answers a query.
    pub const fn of(query: &Query) -> Self {
        match query {
            Query::Users { .. } => Self::ReadUsers,
            Query::Channel { .. } => Self::ReadChannel,
            Query::Channels { .. } => Self::ListChannels,
            Query::Messages { .. } => Self::ReadMessages,
            Query::Keys { .. } | Query::LaneEnd { .. } => Self::ReadKeys,
            Query::Subscribe { .. } => Self::Subscribe,
        }
    }

    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::ReadUsers => "read_users",
            Self::ReadChannel => "read_channel",
            Self::ListChannels => "list_channels",
            Self::ReadMessages => "read_messages",
            Self::ReadKeys => "read_keys",
            Self::Subscribe => "subscribe",
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Call {
    type Err = ObjectError;

    fn from_str(text: &str) -> Result<Self, ObjectError> {
        let found = Self::ALL.into_iter().find(|call| call.word() == text);
        found.ok_or_else(|| ObjectError::UnknownCall(text.to_owned()))
    }
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionObject {
    /// Its bytes.
    pub bytes: Bytes,
    /// The call that takes it.
    pub call: Call,
}

impl TransactionObject {
    pub(super) fn decode(bytes: Bytes, call: Option<&str>) -> Result<Self, ObjectError> {
        Transaction::decode(&bytes).map_err(|error| ObjectError::content(TAG)(&error))?;
        let call = call.ok_or(ObjectError::Missing("call"))?.parse()?;
        Ok(Self { bytes, call })
    }

    pub(super) fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("call", self.call);
        // Decoded when it was made or read.
        let wire: Option<v1::Transaction> = wire::decode(&wire::schemas::TRANSACTION, &self.bytes).ok();
        let Some(wire) = wire else { return fields };
        let options = wire.options.unwrap_or_default();
        fields.flag("sealed", !wire.sealed.is_empty());
        fields.flag("status_updates", options.read_status_updates);
        fields.flag("result", options.read_result);
        fields.flag("keep_alive", options.keep_alive);
        fields.number("content_bytes", wire.sealed.len() + wire.open.len());
        fields.number("transmission_bytes", wire.transmission.len());
        fields
    }
}
