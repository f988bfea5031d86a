//! What people read of objects: names and values in a fixed order, as lines of text or members of JSON. No secrets.

use std::fmt::Display;

use dmpc::{
    Hlc, SignedOperation, UserId,
    kinds::{EpochWraps, Member, Payload},
    operation::{Header, Issue},
    request::Query,
};
use serde_json::Value;

use crate::{
    error::CliError,
    hex,
    output::{Output, plain},
    time,
};

/// Names and values, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    /// A text.
    pub fn text(&mut self, name: &'static str, value: impl Display) {
        self.0.push((name, Value::String(value.to_string())));
    }

    /// A text that may be absent.
    pub fn text_if(&mut self, name: &'static str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A text that may be empty, and is left out then.
    pub fn text_unless_empty(&mut self, name: &'static str, value: &str) {
        self.text_if(name, (!value.is_empty()).then_some(value));
    }

    /// A number.
    pub fn number(&mut self, name: &'static str, value: impl TryInto<u64>) {
        self.0.push((name, value.try_into().map_or(Value::Null, Value::from)));
    }

    /// Yes or no.
    pub fn flag(&mut self, name: &'static str, value: bool) {
        self.0.push((name, Value::Bool(value)));
    }

    /// Members and their rights.
    pub fn members(&mut self, name: &'static str, members: &[Member]) {
        self.list(name, members.iter().map(|member| format!("{}:{}", member.user, member.rights)));
    }

    /// Texts; left out when there are none.
    pub fn list(&mut self, name: &'static str, values: impl Iterator<Item = impl Display>) {
        let values: Vec<Value> = values.map(|value| Value::String(value.to_string())).collect();
        if !values.is_empty() {
            self.0.push((name, Value::Array(values)));
        }
    }

    /// Anything else.
    pub fn json(&mut self, name: &'static str, value: Value) {
        self.0.push((name, value));
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.0.iter().map(|(name, value)| (*name, value))
    }

    /// One line for each name and value; several values of one name on lines of their own.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, value) in &self.0 {
            match value {
                Value::Array(items) => lines.extend(items.iter().map(|item| format!("{name}: {}", words(item)))),
                other => lines.push(format!("{name}: {}", words(other))),
            }
        }
        lines
    }

    /// Prints the lines.
    ///
    /// # Errors
    /// [`CliError::BrokenPipe`], [`CliError::Stdout`].
    pub fn print(&self, output: &mut Output) -> Result<(), CliError> {
        self.lines().into_iter().try_for_each(|line| output.line(line))
    }
}

/// A value as words that a terminal shows as they are.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        Value::Bool(it_is) => (if *it_is { "yes" } else { "no" }).to_owned(),
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| value.as_str() != Some(""));
            members.map(|(name, value)| format!("{name} {}", words(value))).collect::<Vec<_>>().join(", ")
        }
        Value::Null | Value::Number(_) | Value::Array(_) => plain(&value.to_string()),
    }
}

/// What an operation says, and who signed it.
pub fn operation_fields(operation: &SignedOperation) -> Fields {
    let mut fields = Fields::default();
    fields.text("operation", operation.id());
    header_fields(&mut fields, operation.header());
    fields.text_if("issue", operation.issue());
    if let Some(certification) = operation.certification() {
        fields.text("certifier_key", hex::encode(certification.key.as_bytes()));
        fields.text("certified_at", stamp(certification.timestamp));
    }
    let link = operation.link();
    fields.text("lane", link.lane);
    fields.number("seq", link.seq);
    payload_fields(&mut fields, operation.payload());
    fields
}

/// What an issue says, who signed it, and who is to certify it.
pub fn issue_fields(issue: &Issue) -> Fields {
    let mut fields = Fields::default();
    fields.text("issue", issue.id());
    header_fields(&mut fields, issue.header());
    payload_fields(&mut fields, issue.payload());
    fields
}

fn header_fields(fields: &mut Fields, header: &Header) {
    fields.text("kind", header.kind.name());
    fields.text_if("channel", header.channel);
    fields.text_if("key_id", header.key_id);
    fields.text("issuer", header.issuer);
    fields.text("issuer_key", hex::encode(header.issuer_key.as_bytes()));
    fields.text("issued_at", stamp(header.issued_at));
    fields.text_if("certifier", header.certifier);
}

/// What a payload says.
pub fn payload_fields(fields: &mut Fields, payload: &Payload) {
    match payload {
        Payload::UserCreate(create) => {
            fields.text("user", create.user);
            fields.text_unless_empty("name", &create.display_name);
            fields.text("permissions", create.permissions);
            fields.text("signing_key", hex::encode(create.signing_key.as_bytes()));
            fields.text("encryption_key", create.encryption_key);
        }
        Payload::UserUpdate(update) => {
            fields.text("user", update.user);
            if let Some(active) = update.active {
                fields.flag("active", active);
            }
            fields.text_if("encryption_key", update.encryption_key);
            fields.text_if("signing_key", update.signing_key.map(|(key, _)| hex::encode(key.as_bytes())));
            fields.text_if("grant", (!update.grant.is_empty()).then_some(update.grant));
            fields.text_if("revoke", (!update.revoke.is_empty()).then_some(update.revoke));
            fields.text_if("name", update.display_name.as_ref());
        }
        Payload::ChannelOpen(open) => {
            fields.text_unless_empty("name", &open.name);
            fields.members("members", &open.members);
            fields.list("epochs", std::iter::once(epoch(&open.epoch)));
        }
        Payload::ChannelMembers(members) => {
            fields.members("set", &members.set);
            fields.list("remove", members.remove.iter());
            fields.list("epochs", members.epochs.iter().map(epoch));
        }
        Payload::ChannelEpoch(opened) => fields.list("epochs", std::iter::once(epoch(&opened.epoch))),
        Payload::ChannelMessage(message) => fields.number("sealed_bytes", message.ciphertext.len()),
        Payload::ChannelClose => {}
    }
}

/// What a question says.
pub fn query_fields(fields: &mut Fields, query: &Query) {
    match query {
        Query::Users { users, cursor, limit } => {
            fields.text("query", "users");
            fields.list("users", users.iter());
            page_fields(fields, cursor, *limit);
        }
        Query::Channel { channel, cursor, limit } => {
            fields.text("query", "channel");
            fields.text("channel", channel);
            page_fields(fields, cursor, *limit);
        }
        Query::Channels { cursor, limit } => {
            fields.text("query", "channels");
            page_fields(fields, cursor, *limit);
        }
        Query::Messages { channel, cursor, limit, backward } => {
            fields.text("query", "messages");
            fields.text("channel", channel);
            page_fields(fields, cursor, *limit);
            fields.flag("backward", *backward);
        }
        Query::Keys { user, key, cursor, limit } => {
            fields.text("query", "keys");
            // Beside the asker, who is the user of a request.
            fields.list("users", std::iter::once(user));
            fields.text_if("signing_key", key.map(|key| hex::encode(key.as_bytes())));
            page_fields(fields, cursor, *limit);
        }
        Query::KeyChain { user, channel, cursor, limit } => {
            fields.text("query", "keys");
            fields.text("user", user);
            fields.flag("operations", true);
            fields.text_if("channel", channel.as_ref());
            page_fields(fields, cursor, *limit);
        }
        Query::LaneEnd { user, key, lane } => {
            fields.text("query", "keys");
            fields.text("user", user);
            fields.text("signing_key", hex::encode(key.as_bytes()));
            fields.text("lane", lane);
        }
        Query::Subscribe { channel, cursor, from_now } => {
            fields.text("query", "subscribe");
            fields.text("channel", channel);
            fields.text_if("cursor", (!cursor.is_empty()).then(|| hex::encode(cursor)));
            fields.flag("from_now", *from_now);
        }
    }
}

fn page_fields(fields: &mut Fields, cursor: &[u8], limit: u32) {
    fields.text_if("cursor", (!cursor.is_empty()).then(|| hex::encode(cursor)));
    if limit > 0 {
        fields.number("limit", limit);
    }
}

fn epoch(epoch: &EpochWraps) -> String {
    let users: std::collections::BTreeSet<UserId> = epoch.wraps.iter().map(|wrap| wrap.user).collect();
    format!("{} for {} users", epoch.key_id, users.len())
}

fn stamp(at: Hlc) -> String {
    format!("{} ({at})", time::rfc3339(at))
}
