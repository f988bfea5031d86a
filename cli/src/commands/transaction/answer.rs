//! Answers to requests, one JSON object on each line: of type `answer`, with the exact bytes of the answer, opened if it was
//! sealed to --identity, and its contents for people.

use base64::{Engine, prelude::BASE64_STANDARD};
use dmpc::{Hlc, OpId, SignedOperation, keys::DecryptionKey, v1};
use serde_json::{Value, json};

use crate::{
    answer::{Answer, id, unseal},
    commands::{channel::shown, user, user_keys},
    error::CliError,
    hex,
    object::Object,
    output::Output,
    time,
};

/// Prints an answer; as it came, when it is sealed to another.
pub(super) fn print<A: Printed>(output: &mut Output, answer: A, key: Option<&DecryptionKey>) -> Result<(), CliError> {
    print_open(output, &open(answer, key))
}

/// Opens an answer if it is sealed to this key.
pub(super) fn open<A: Printed>(answer: A, key: Option<&DecryptionKey>) -> A {
    match key {
        Some(key) if answer.is_sealed() => unseal(answer.clone(), key).unwrap_or(answer),
        Some(_) | None => answer,
    }
}

/// Prints an answer; of a sealed one, that it is.
pub(super) fn print_open<A: Printed>(output: &mut Output, answer: &A) -> Result<(), CliError> {
    let mut members = json!({
        "type": "answer",
        "call": A::CALL,
        "bytes": BASE64_STANDARD.encode(answer.encode_to_vec()),
        "sealed": answer.is_sealed(),
    });
    if answer.is_sealed() {
        return output.json(&members);
    }
    if let (Value::Object(members), Value::Object(more)) = (&mut members, answer.members()?) {
        members.extend(more);
    }
    output.json(&members)
}

/// An answer that is printed.
pub(super) trait Printed: Answer + Clone {
    /// The call that gave it.
    const CALL: &'static str;

    /// Whether it is sealed.
    fn is_sealed(&self) -> bool;

    /// What people read of it.
    fn members(&self) -> Result<Value, CliError>;
}

impl Printed for v1::ReadUsersResponse {
    const CALL: &'static str = "read_users";

    fn is_sealed(&self) -> bool {
        !self.sealed.is_empty()
    }

    fn members(&self) -> Result<Value, CliError> {
        let users = self.users.iter().map(user::shown).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "users": users, "cursor": hex::encode(&self.cursor) }))
    }
}

impl Printed for v1::ReadChannelResponse {
    const CALL: &'static str = "read_channel";

    fn is_sealed(&self) -> bool {
        !self.sealed.is_empty()
    }

    fn members(&self) -> Result<Value, CliError> {
        let Some(channel) = &self.channel else { return Ok(json!({})) };
        let members = self.members.iter().map(shown::member).collect::<Result<Vec<_>, _>>()?;
        let epochs =
            self.epochs.iter().map(|epoch| id(dmpc::KeyId::from_slice(&epoch.key_id)).map(|id| id.to_string()));
        let epochs = epochs.collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "channel": shown::channel(channel)?, "members": members, "epochs": epochs }))
    }
}

impl Printed for v1::ListChannelsResponse {
    const CALL: &'static str = "list_channels";

    fn is_sealed(&self) -> bool {
        !self.sealed.is_empty()
    }

    fn members(&self) -> Result<Value, CliError> {
        let channels = self.channels.iter().map(shown::channel).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "channels": channels, "cursor": hex::encode(&self.cursor) }))
    }
}

impl Printed for v1::ReadMessagesResponse {
    const CALL: &'static str = "read_messages";

    fn is_sealed(&self) -> bool {
        !self.sealed.is_empty()
    }

    fn members(&self) -> Result<Value, CliError> {
        let message = |message: &v1::PositionedMessage| -> Result<Value, CliError> {
            Ok(json!({ "position": message.position, "operation": operation(&message.operation)? }))
        };
        let messages = self.messages.iter().map(message).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "messages": messages, "cursor": hex::encode(&self.cursor) }))
    }
}

impl Printed for v1::ReadKeysResponse {
    const CALL: &'static str = "read_keys";

    fn is_sealed(&self) -> bool {
        !self.sealed.is_empty()
    }

    fn members(&self) -> Result<Value, CliError> {
        let keys = self.keys.iter().map(user_keys::key_shown).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({ "keys": keys, "cursor": hex::encode(&self.cursor) }))
    }
}

impl Printed for v1::EventBatch {
    const CALL: &'static str = "subscribe";

    fn is_sealed(&self) -> bool {
        !self.sealed.is_empty()
    }

    fn members(&self) -> Result<Value, CliError> {
        Ok(json!({ "events": self.events.iter().map(event).collect::<Result<Vec<_>, _>>()? }))
    }
}

fn event(event: &v1::Event) -> Result<Value, CliError> {
    let name = match event.kind() {
        v1::EventKind::Unspecified => "unspecified",
        v1::EventKind::Message => "message",
        v1::EventKind::Opened => "opened",
        v1::EventKind::Closed => "closed",
        v1::EventKind::Members => "members",
        v1::EventKind::Epoch => "epoch",
        v1::EventKind::Retracted => "retracted",
        v1::EventKind::Restored => "restored",
        v1::EventKind::CaughtUp => "caught_up",
    };
    let mut shown = json!({
        "event": name,
        "timestamp": time::rfc3339(Hlc::from_bits(event.timestamp)),
        "reason": event.reason,
        "cursor": hex::encode(&event.cursor),
    });
    if let Value::Object(members) = &mut shown {
        if !event.operation_id.is_empty() {
            let operation = id(OpId::from_slice(&event.operation_id))?;
            members.insert("operation_id".to_owned(), Value::String(operation.to_string()));
        }
        if !event.operation.is_empty() {
            members.insert("operation".to_owned(), operation(&event.operation)?);
        }
    }
    Ok(shown)
}

/// An operation of an answer, as the object that other commands read.
fn operation(bytes: &bytes::Bytes) -> Result<Value, CliError> {
    let operation = SignedOperation::decode(bytes.clone()).map_err(CliError::answer)?;
    let operation = operation.verify().map_err(CliError::answer)?;
    let object = Object::Operation(Box::new(SignedOperation::clone(&operation)));
    serde_json::to_value(&object).map_err(|error| CliError::Stdout(error.into()))
}
