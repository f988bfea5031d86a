//! Signing as one identity for one node: stamped above everything seen, in the identity's lanes, durable before it is sent.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use dmpc::{Hlc, Identity, NodeId, OpId, SignedOperation, operation::Draft};

use crate::{
    clock::{Clock, Random},
    context::Context,
    error::CliError,
    hex,
    lane::LaneKey,
    outbox::{Outbox, OutboxError},
    seen::Seen,
};

/// How long to wait for another process that signs as the same identity.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// How often to look whether it is done.
const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// The state directory of a user: one below the state directory, for each user of this machine.
///
/// # Errors
/// [`CliError::NoStateDirectory`]
pub fn user_directory(context: &Context, identity: &Identity) -> Result<PathBuf, CliError> {
    Ok(context.state_dir()?.join(identity.user.to_string()))
}

/// Signs as one identity for one node.
#[derive(Debug)]
pub struct Signer {
    outbox: Outbox,
    node: NodeId,
    clock: Clock,
    random: Random,
}

impl Signer {
    /// Opens the lanes of the identity's signing key; waits a little while another process has them open.
    ///
    /// # Errors
    /// [`CliError::Outbox`]
    pub async fn open(context: &Context, identity: &Identity, node: NodeId) -> Result<Self, CliError> {
        let key = hex::encode(identity.signing.verifying_key().as_bytes());
        let directory = user_directory(context, identity)?.join(key);
        let mut waited = Duration::ZERO;
        let outbox = loop {
            match Outbox::open(&directory, context.identity_path()?) {
                Err(OutboxError::Locked { .. }) if waited < LOCK_PATIENCE => {
                    tokio::time::sleep(LOCK_INTERVAL).await;
                    waited += LOCK_INTERVAL;
                }
                other => break other?,
            }
        };
        Ok(Self { outbox, node, clock: context.clock, random: context.rng() })
    }

    /// Signs an operation, stamped above everything seen. When it is returned it is in the outbox, durably, and may be sent.
    ///
    /// # Errors
    /// [`CliError::Outbox`]; what `payload` returns; [`CliError::Unsound`] when it would not be well formed.
    pub fn sign(
        &mut self,
        identity: &Identity,
        seen: &mut Seen,
        draft: Draft,
        payload: impl FnOnce(&[u8]) -> Result<Vec<u8>, CliError>,
    ) -> Result<SignedOperation, CliError> {
        let now_ms = self.clock.now_ms();
        let lane = LaneKey { user: identity.user, key: identity.signing.verifying_key(), channel: draft.channel };
        let before = self.outbox.head(&lane).map_or(Hlc::ZERO, |head| head.timestamp).max(seen.latest());
        let at = Hlc::tick(before, now_ms).ok_or(OutboxError::EndOfTime(before))?;
        let operation = self.outbox.sign(self.node, identity, draft, at, &mut self.random, payload)?;
        seen.raise(at, now_ms)?;
        Ok(operation)
    }

    /// What was signed for the node in earlier runs and not acknowledged, oldest first.
    pub fn unacknowledged(&self) -> Vec<(OpId, Bytes)> {
        self.outbox.unacknowledged(&self.node)
    }

    /// The node said what became of these.
    ///
    /// # Errors
    /// [`CliError::Outbox`]
    pub fn acknowledge(&mut self, operations: &[OpId]) -> Result<(), CliError> {
        Ok(self.outbox.acknowledge(operations)?)
    }
}
