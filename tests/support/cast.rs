//! A cast of people who make operations: deterministic from a seed, with signing, lanes and links out of sight.
//! What may not live here: what each kind carries, which is in `operations.rs`.

use std::collections::{BTreeMap, HashMap};

use dmpc::{
    ChannelId, Hlc, Identity, LaneId, OpId, UserId, VerifiedOperation,
    identity::PublicIdentity,
    keys::{EncryptionKey, VerifyingKey},
    operation::{Draft, Issue, Link, OperationError, certify, issue_for, sign},
};

use super::seeded::Seeded;

/// Who issues and who certifies: `"alice"` does both, `("bob", "root")` issues and has it certified at the same time,
/// `("bob", "root", later)` at another.
#[derive(Clone, Copy)]
pub(crate) struct By<'a> {
    issuer: &'a str,
    certifier: Option<(&'a str, Option<Hlc>)>,
}

impl<'a> By<'a> {
    pub(super) fn issuer(&self) -> &'a str {
        self.issuer
    }
}

impl<'a> From<&'a str> for By<'a> {
    fn from(issuer: &'a str) -> Self {
        Self { issuer, certifier: None }
    }
}

impl<'a> From<(&'a str, &'a str)> for By<'a> {
    fn from((issuer, certifier): (&'a str, &'a str)) -> Self {
        Self { issuer, certifier: Some((certifier, None)) }
    }
}

impl<'a> From<(&'a str, &'a str, Hlc)> for By<'a> {
    fn from((issuer, certifier, at): (&'a str, &'a str, Hlc)) -> Self {
        Self { issuer, certifier: Some((certifier, Some(at))) }
    }
}

/// People with keys and lanes: root, alice, bob, carol, and whoever joins.
pub(crate) struct Cast {
    seed: u64,
    rng: Seeded,
    people: BTreeMap<String, Identity>,
    lanes: HashMap<(VerifyingKey, Option<ChannelId>), Link>,
    pub(super) seals_wraps: bool,
}

impl Cast {
    /// A cast whose wraps are truly sealed. age draws randomness of its own, so operations that carry wraps differ
    /// from run to run; all others are determined by the seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut cast = Self {
            seed,
            rng: Seeded::new(seed, "operations"),
            people: BTreeMap::new(),
            lanes: HashMap::new(),
            seals_wraps: true,
        };
        ["root", "alice", "bob", "carol"].into_iter().for_each(|name| cast.join(name));
        cast
    }

    /// A cast whose wraps look sealed and that nobody can open: every byte is determined by the seed, and wraps cost nothing.
    pub(crate) fn with_blank_wraps(seed: u64) -> Self {
        Self { seals_wraps: false, ..Self::new(seed) }
    }

    /// Adds somebody, with keys that depend on the seed and the name alone.
    pub(crate) fn join(&mut self, name: &str) {
        let identity = Identity::generate(&mut Seeded::new(self.seed, name)).unwrap();
        self.people.insert(name.to_owned(), identity);
    }

    /// Adds somebody with these secrets.
    pub(crate) fn add(&mut self, name: &str, identity: Identity) {
        self.people.insert(name.to_owned(), identity);
    }

    pub(crate) fn rng(&mut self) -> &mut Seeded {
        &mut self.rng
    }

    pub(crate) fn identity(&self, name: &str) -> &Identity {
        self.people.get(name).unwrap_or_else(|| panic!("nobody is called {name}"))
    }

    pub(crate) fn user(&self, name: &str) -> UserId {
        self.identity(name).user
    }

    pub(crate) fn public(&self, name: &str) -> PublicIdentity {
        self.identity(name).public().unwrap()
    }

    pub(crate) fn encryption_key(&self, name: &str) -> EncryptionKey {
        self.identity(name).encryption.encryption_key().unwrap()
    }

    /// The place that the next certification of `name` takes in its lane, for a channel or for none.
    pub(crate) fn next_link(&mut self, name: &str, channel: Option<ChannelId>) -> Link {
        let key = self.identity(name).signing.verifying_key();
        let rng = &mut self.rng;
        *self.lanes.entry((key, channel)).or_insert_with(|| Link::first(LaneId::from_bytes(rng.array())))
    }

    /// Sets that place, to make gaps and forks.
    pub(crate) fn set_next_link(&mut self, name: &str, channel: Option<ChannelId>, link: Link) {
        let key = self.identity(name).signing.verifying_key();
        self.lanes.insert((key, channel), link);
    }

    fn advance(&mut self, name: &str, channel: Option<ChannelId>, id: OpId) {
        let next = self.next_link(name, channel).next(id).unwrap();
        self.set_next_link(name, channel, next);
    }

    /// Issues anything for `certifier` to certify. `payload` is given the header's bytes.
    pub(crate) fn issue(
        &self,
        issuer: &str,
        certifier: &str,
        draft: Draft,
        at: Hlc,
        payload: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Issue {
        let payload = |header: &[u8]| Ok::<_, OperationError>(payload(header));
        issue_for(self.identity(issuer), draft, at, self.user(certifier), payload).unwrap()
    }

    /// Certifies an issue, whether or not it names `certifier`.
    pub(crate) fn certify(&mut self, certifier: &str, issue: &Issue, at: Hlc) -> VerifiedOperation {
        let channel = issue.header().channel;
        let link = self.next_link(certifier, channel);
        // As somebody does who is not named, and who uses none of our code.
        let mut forger = Identity::from_text(&self.identity(certifier).to_text().unwrap()).unwrap();
        forger.user = issue.certifier();
        let operation = certify(&forger, issue, at, link).unwrap().verify().unwrap();
        self.advance(certifier, channel, operation.id());
        operation
    }

    /// Makes anything. `payload` is given the header's bytes.
    pub(crate) fn act<'a>(
        &mut self,
        by: impl Into<By<'a>>,
        draft: Draft,
        at: Hlc,
        payload: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> VerifiedOperation {
        let By { issuer, certifier } = by.into();
        if let Some((certifier, certified_at)) = certifier {
            let issue = self.issue(issuer, certifier, draft, at, payload);
            return self.certify(certifier, &issue, certified_at.unwrap_or(at));
        }
        let link = self.next_link(issuer, draft.channel);
        let payload = |header: &[u8]| Ok::<_, OperationError>(payload(header));
        let operation = sign(self.identity(issuer), draft, at, link, payload).unwrap().verify().unwrap();
        self.advance(issuer, draft.channel, operation.id());
        operation
    }

    /// Replaces somebody's keys; the old ones stay in the cast under the name `former`.
    pub(super) fn replace_keys(&mut self, name: &str, keys: Identity, former: &str) {
        let old = self.people.insert(name.to_owned(), keys).unwrap();
        self.people.insert(former.to_owned(), old);
    }
}
