//! Operations that are refused: one file for each flaw. All but those of signatures are signed as they stand.

mod certifications;
mod channels;
mod encoding;
mod headers;
mod seals;
mod users;

use anyhow::Result;
use bytes::Bytes;
use dmpc::{ChannelId, kinds::Kind, v1};
use prost::Message;

use super::{
    file::{Case, File},
    forge::{Parts, at},
    json::Json,
    operations::channel,
    people::Person,
    sealed::Sealed,
};

/// Signing key of small order: the neutral element.
const SMALL: [u8; 32] = {
    let mut key = [0; 32];
    key[0] = 1;
    key
};

/// What the flaws are made of.
struct Stage {
    root: Person,
    alice: Person,
    bob: Person,
    channel: ChannelId,
    files: Vec<File>,
}

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    let mut stage = Stage {
        root: Person::called("root")?,
        alice: Person::called("alice")?,
        bob: Person::called("bob")?,
        channel: channel()?,
        files: Vec::new(),
    };
    stage.encoding();
    stage.headers();
    stage.links();
    stage.certifications();
    stage.signatures()?;
    stage.users()?;
    stage.channels()?;
    stage.seals()?;
    Ok(stage.files)
}

impl Stage {
    fn flaw(
        &mut self,
        name: &'static str,
        text: &str,
        operation: &v1::Operation,
        class: &'static str,
        reason: &'static str,
    ) {
        self.flaw_bytes(name, text, operation.encode_to_vec(), class, reason);
    }

    fn flaw_bytes(
        &mut self,
        name: &'static str,
        text: &str,
        bytes: Vec<u8>,
        class: &'static str,
        reason: &'static str,
    ) {
        let case = Case::new(name, text).input("operation", Json::hex(bytes)).refused(class, reason);
        self.files.push(File::of(&format!("operation/flaw/{name}"), "operation", case));
    }

    fn malformed(&mut self, name: &'static str, text: &str, operation: &v1::Operation, reason: &'static str) {
        self.flaw(name, text, operation, "malformed", reason);
    }

    /// A close by alice: the least operation.
    fn close(&self) -> Parts {
        Parts::new(&self.alice, Kind::ChannelClose, at(1), Vec::new()).channel(&self.channel)
    }

    fn payload(&self, kind: Kind, payload: impl Into<Vec<u8>>) -> v1::Operation {
        let parts = Parts::new(&self.alice, kind, at(1), payload.into());
        let parts = if kind.is_channel() { parts.channel(&self.channel) } else { parts };
        parts.own(&self.alice)
    }
}

/// Bytes with the header of an age file for one X25519 recipient, which nobody can open.
pub(super) fn blank_age() -> Bytes {
    Bytes::from_static(b"age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\nnobody can open this")
}
