//! Objects: what goes through pipes and files between commands. Each is one line of JSON with its type, its exact bytes in
//! base64, and readable fields that are ignored when it is read. None of them holds a secret in the clear.
//!
//! A command reads objects, makes others of them, and prints those. Source: docs/PROTOCOL.md, "Objects in files and pipes".

mod ack;
mod channel;
mod draft;
mod error;
mod input;
mod json;
mod keys;
mod request;
mod transaction;
mod user;

pub use ack::AckObject;
pub use channel::ChannelDraft;
pub use draft::{Draft, DraftPayload};
pub use error::ObjectError;
pub use input::{InputError, Source, read_all};
pub use keys::NewKeys;
pub use request::RequestObject;
pub use transaction::{Call, TransactionObject};
pub use user::NewUser;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use dmpc::{SignedOperation, operation::Issue};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::view::{Fields, issue_fields, operation_fields};
use json::Line;

/// Bytes of a line: a transaction of 1 MiB in base64, with room for its fields.
pub const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What goes through a pipe.
#[derive(Clone, Debug)]
pub enum Object {
    /// A user who is to be created: public keys and the proof that they are held.
    User(NewUser),
    /// Keys that a user who has others is to have from now on.
    Keys(NewKeys),
    /// A channel that is to be opened: name, members, nonce; no key.
    Channel(ChannelDraft),
    /// An operation or request before it is signed.
    Draft(Draft),
    /// An operation that its issuer signed and that waits for its certifier.
    Issue(Box<Issue>),
    /// An operation with all its signatures.
    Operation(Box<SignedOperation>),
    /// A signed request.
    Request(RequestObject),
    /// A transaction.
    Transaction(TransactionObject),
    /// What a node said of a transaction.
    Ack(AckObject),
}

impl Object {
    /// Its type, as the line has it.
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Keys(_) => "keys",
            Self::Channel(_) => "channel",
            Self::Draft(_) => "draft",
            Self::Issue(_) => "issue",
            Self::Operation(_) => "operation",
            Self::Request(_) => "request",
            Self::Transaction(_) => "transaction",
            Self::Ack(_) => "ack",
        }
    }

    /// Its exact bytes.
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::User(user) => user.encode(),
            Self::Keys(keys) => keys.encode(),
            Self::Channel(channel) => channel.encode(),
            Self::Draft(draft) => draft.encode(),
            Self::Issue(issue) => issue.bytes().clone(),
            Self::Operation(operation) => operation.bytes().clone(),
            Self::Request(request) => request.bytes().clone(),
            Self::Transaction(transaction) => transaction.bytes.clone(),
            Self::Ack(ack) => ack.encode(),
        }
    }

    /// What people read of it.
    pub fn fields(&self) -> Fields {
        match self {
            Self::User(user) => user.fields(),
            Self::Keys(keys) => keys.fields(),
            Self::Channel(channel) => channel.fields(),
            Self::Draft(draft) => draft.fields(),
            Self::Issue(issue) => issue_fields(issue),
            Self::Operation(operation) => operation_fields(operation),
            Self::Request(request) => request.fields(),
            Self::Transaction(transaction) => transaction.fields(),
            Self::Ack(ack) => ack.fields(),
        }
    }

    /// Reads a line.
    ///
    /// # Errors
    /// [`ObjectError`], one variant for each thing that may be wrong.
    pub fn parse(text: &str) -> Result<Self, ObjectError> {
        let Line { tag, bytes, call } = Line::parse(text)?;
        let bytes = Bytes::from(bytes);
        Ok(match tag.as_str() {
            "user" => Self::User(NewUser::decode(&bytes)?),
            "keys" => Self::Keys(NewKeys::decode(&bytes)?),
            "channel" => Self::Channel(ChannelDraft::decode(&bytes)?),
            "draft" => Self::Draft(Draft::decode(&bytes)?),
            "issue" => {
                let issue = Issue::decode(bytes).map_err(|error| ObjectError::content("issue")(&error))?;
                Self::Issue(Box::new(issue))
            }
            "operation" => {
                let operation = SignedOperation::decode(bytes);
                Self::Operation(Box::new(operation.map_err(|error| ObjectError::content("operation")(&error))?))
            }
            "request" => Self::Request(RequestObject::decode(bytes)?),
            "transaction" => Self::Transaction(TransactionObject::decode(bytes, call.as_deref())?),
            "ack" => Self::Ack(AckObject::decode(&bytes)?),
            _ => return Err(ObjectError::UnknownType(tag)),
        })
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.tag())?;
        map.serialize_entry("bytes", &BASE64_STANDARD.encode(self.bytes()))?;
        for (name, value) in self.fields().iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
