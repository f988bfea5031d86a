//! Signing as one identity: stamped above everything seen, in the identity's lanes, durable before it leaves. For one node, to
//! which it is sent; or for somebody who carries it.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use dmpc::{
    Hlc, Identity, NodeId, OpId, SignedOperation, UserId,
    operation::{Draft, Issue, issue_for},
};

use crate::{
    clock::{Clock, Random},
    context::Context,
    error::CliError,
    hex,
    lane::{Head, LaneKey},
    outbox::{Outbox, OutboxError},
    seen::{Seen, ahead},
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

/// Signs as one identity.
#[derive(Debug)]
pub struct Signer {
    outbox: Outbox,
    /// The node that operations are for; none where somebody carries them.
    node: Option<NodeId>,
    clock: Clock,
    random: Random,
}

impl Signer {
    /// Opens the lanes of the identity's signing key; waits a little while another process has them open.
    ///
    /// # Errors
    /// [`CliError::Outbox`]
    pub async fn open(context: &Context, identity: &Identity, node: Option<NodeId>) -> Result<Self, CliError> {
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
        let at = self.stamp(&lane, seen, now_ms)?;
        // Raised first: once it is in the outbox, it is sent whatever fails here.
        seen.raise(at, now_ms)?;
        self.outbox.sign(self.node, identity, draft, at, &mut self.random, payload)
    }

    /// Certifies an issue, stamped above it and everything seen. When it is returned it is in the outbox, durably.
    ///
    /// # Errors
    /// [`CliError::Outbox`], also for an issue that is stamped far ahead; [`CliError::Unsound`] when it would not be well
    /// formed.
    pub fn certify(
        &mut self,
        identity: &Identity,
        seen: &mut Seen,
        issue: &Issue,
    ) -> Result<SignedOperation, CliError> {
        let now_ms = self.clock.now_ms();
        seen.raise(issue.header().issued_at, now_ms)?;
        let channel = issue.header().channel;
        let lane = LaneKey { user: identity.user, key: identity.signing.verifying_key(), channel };
        let at = self.stamp(&lane, seen, now_ms)?;
        seen.raise(at, now_ms)?;
        self.outbox.certify(identity, issue, at, &mut self.random)
    }

    /// Above everything seen, and above what stands in the lane. A lane whose end was stamped far ahead, when the clock was,
    /// cannot go on: a new one starts.
    fn stamp(&mut self, lane: &LaneKey, seen: &Seen, now_ms: u64) -> Result<Hlc, OutboxError> {
        let near = next(seen.latest(), now_ms)?;
        seen.require_near(near, now_ms)?;
        let head = self.outbox.head(lane).map_or(Hlc::ZERO, |head| head.timestamp);
        if ahead(head, now_ms).is_some() {
            self.outbox.end_lane(lane);
            return Ok(near);
        }
        next(head.max(seen.latest()), now_ms)
    }

    /// The last operation of a lane.
    pub fn head(&self, lane: &LaneKey) -> Option<&Head> {
        self.outbox.head(lane)
    }

    /// Ends a lane: the next operation starts a new one.
    pub fn end_lane(&mut self, lane: &LaneKey) {
        self.outbox.end_lane(lane);
    }

    /// What was signed last for somebody who carries it, oldest first.
    pub fn carried(&self) -> Vec<Bytes> {
        self.outbox.carried()
    }

    /// What was signed for the node in earlier runs and not acknowledged, oldest first.
    pub fn unacknowledged(&self) -> Vec<(OpId, Bytes)> {
        self.node.map(|node| self.outbox.unacknowledged(&node)).unwrap_or_default()
    }

    /// The node said what became of these.
    ///
    /// # Errors
    /// [`CliError::Outbox`]
    pub fn acknowledge(&mut self, operations: &[OpId]) -> Result<(), CliError> {
        Ok(self.outbox.acknowledge(operations)?)
    }
}

/// Issues an operation for somebody else to certify, stamped above everything seen. It stands in no lane, so it is not kept:
/// what is lost on its way is issued again, and is another issue.
///
/// # Errors
/// [`CliError::Outbox`]; what `payload` returns; [`CliError::Unsound`] when it would not be well formed.
pub fn issue(
    identity: &Identity,
    seen: &mut Seen,
    now_ms: u64,
    draft: Draft,
    certifier: UserId,
    payload: impl FnOnce(&[u8]) -> Result<Vec<u8>, CliError>,
) -> Result<Issue, CliError> {
    let at = next(seen.latest(), now_ms)?;
    seen.require_near(at, now_ms)?;
    let issue = issue_for(identity, draft, at, certifier, payload)?;
    seen.raise(at, now_ms)?;
    Ok(issue)
}

fn next(before: Hlc, now_ms: u64) -> Result<Hlc, OutboxError> {
    Hlc::tick(before, now_ms).ok_or(OutboxError::EndOfTime(before))
}
