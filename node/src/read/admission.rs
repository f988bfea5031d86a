//! Admission of requests: from a transaction's bytes to a query of somebody who may ask this node something.

use std::time::Duration;

use bytes::Bytes;
use dmpc::{
    UserId,
    keys::{EncryptionKey, VerifyingKey},
    request::{Query, VerifiedRequest},
    transaction::{Content, Transaction},
};
use dmpc_storage::{Reader, reader::UserView};

use tokio::time::sleep;

use super::{Inner, ReadError};
use crate::listener::Origin;

/// A request that is to be answered.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) asker: Asker,
    pub(super) query: Query,
    pub(super) reply_to: Option<EncryptionKey>,
}

/// Who asks: active when asked, with the key that is current.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) user: UserId,
    pub(super) key: VerifyingKey,
    /// As of the request.
    pub(super) view: UserView,
}

impl Inner {
    /// Opens, decodes, verifies; checks that the request is fresh, its asker somebody, and that it was not answered
    /// before. What the asker may see is left to the query.
    pub(super) async fn admit(&self, transaction: &Bytes, origin: Origin) -> Result<Admitted, ReadError> {
        let opened = Transaction::decode(transaction)?.open(&self.parts.keys.key, origin.accepts_open)?;
        let Content::Request(request) = opened.content else { return Err(ReadError::NotARequest) };
        let request = VerifiedRequest::decode(&request)?;
        let now_ms = self.until_due(&request).await?;
        let view = present_user(&self.parts.reader, &request.user, &request.key)?;
        if !self.identities.admit(&request.user) {
            return Err(ReadError::TooFast);
        }
        self.nonces.lock().accept(&request, now_ms)?;
        let asker = Asker { user: request.user, key: request.key, view };
        Ok(Admitted { asker, query: request.query, reply_to: request.reply_to })
    }
}

impl Inner {
    /// Waits until the node's clock is where a fresh request is stamped; says what time it is then.
    async fn until_due(&self, request: &VerifiedRequest) -> Result<u64, ReadError> {
        loop {
            let (now_ms, since_ms) = self.parts.horizon.look();
            match request.require_fresh(&self.parts.keys.node, now_ms, since_ms)? {
                0 => return Ok(now_ms),
                ahead_ms => tokio::select! {
                    biased;
                    interrupted = self.parts.lifecycle.interrupted() => return Err(interrupted.into()),
                    () = sleep(Duration::from_millis(ahead_ms)) => {}
                },
            }
        }
    }
}

/// That a user is active at present and the key its own: [`present_user`] without the view.
pub(super) fn require_present(reader: &Reader, user: &UserId, key: &VerifyingKey) -> Result<(), ReadError> {
    let (signing_key, is_active) = reader.signer(user)?.ok_or(ReadError::UnknownUser)?;
    require_signer(is_active, signing_key == *key)
}

fn require_signer(is_active: bool, has_key: bool) -> Result<(), ReadError> {
    match (is_active, has_key) {
        (false, _) => Err(ReadError::UserInactive),
        (true, false) => Err(ReadError::KeyNotCurrent),
        (true, true) => Ok(()),
    }
}

/// The user at present, if it is active and the key is its own.
pub(super) fn present_user(reader: &Reader, user: &UserId, key: &VerifyingKey) -> Result<UserView, ReadError> {
    let view = reader.user(user)?.ok_or(ReadError::UnknownUser)?;
    require_signer(view.active, view.signing_key == *key)?;
    Ok(view)
}
