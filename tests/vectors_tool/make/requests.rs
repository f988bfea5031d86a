//! Requests that read, as sequences: what is fresh depends on the node's clock, and each is accepted once.

use anyhow::Result;
use bytes::Bytes;
use dmpc::{
    LaneId, NodeId,
    hash::Domain,
    identity::node_id,
    keys::EncryptionKey,
    request::{Query, REQUEST_AHEAD_MS_MAX, REQUEST_LIFETIME_MS, sign_request},
    v1,
};
use prost::Message;

use super::{
    file::{Case, File},
    forge::{at, field},
    json::Json,
    operations::channel,
    people::Person,
    raw,
    sealed::Sealed,
};

/// What the node says to one request.
#[derive(Clone, Copy)]
enum Said {
    Accepted,
    Refused(&'static str, &'static str),
}

struct Stage {
    node: NodeId,
    bob: Person,
    channel: Query,
    now: u64,
}

impl Stage {
    fn signed(&self, nonce: u8, at: u64, query: &Query, reply_to: Option<&EncryptionKey>) -> Bytes {
        sign_request(&self.bob.identity, &self.node, [nonce; 16], at, query, reply_to)
    }

    /// A request of bob's for the channel, changed before it is signed.
    fn spoiled(&self, change: impl FnOnce(&mut v1::Request)) -> Result<Bytes> {
        let signed = v1::SignedRequest::decode(self.signed(1, self.now, &self.channel, None))?;
        let mut request = v1::Request::decode(signed.request)?;
        change(&mut request);
        Ok(self.sign(request.encode_to_vec()))
    }

    fn sign(&self, request: Vec<u8>) -> Bytes {
        let signature = field(self.bob.identity.signing.sign(Domain::SignRequest, &[&request]).0);
        v1::SignedRequest { request: request.into(), signature }.encode_to_vec().into()
    }

    /// Requests, each at a time of the node's clock, and what the node says. The node began a minute and a half before.
    fn sequence(&self, name: &str, text: &str, steps: &[(u64, &Bytes, Said)]) -> Result<Case> {
        let alice = Person::called("alice")?;
        let user = |person: &Person, active: bool| {
            Json::Object(vec![
                ("user", Json::hex(person.user())),
                ("key", Json::hex(person.identity.signing.verifying_key().as_bytes())),
                ("active", active.into()),
            ])
        };
        let given = steps
            .iter()
            .map(|(now, request, _)| Json::Object(vec![("now_ms", (*now).into()), ("request", Json::hex(request))]));
        let said = steps.iter().map(|(_, _, said)| match said {
            Said::Accepted => Json::Object(vec![("result", "accepted".into())]),
            Said::Refused(class, reason) => Json::Object(vec![
                ("result", "refused".into()),
                ("class", (*class).into()),
                ("reason", (*reason).into()),
            ]),
        });
        Ok(Case::new(name, text)
            .input("node", Json::hex(self.node))
            .input("started_ms", self.now - 90_000)
            .input("users", Json::List(vec![user(&self.bob, true), user(&alice, false)]))
            .input("steps", Json::List(given.collect()))
            .expect("steps", Json::List(said.collect())))
    }

    fn one(&self, name: &str, text: &str, request: &Bytes, said: Said) -> Result<Case> {
        self.sequence(name, text, &[(self.now, request, said)])
    }
}

/// The query for the channel of the examples.
pub(super) fn channel_query() -> Result<Query> {
    Ok(Query::Channel { channel: channel()?, cursor: Bytes::new(), limit: 0 })
}

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    let node = Person::called("node")?;
    let node = node_id(&node.identity.signing.verifying_key(), &node.encryption_key()?);
    let channel = channel_query()?;
    let stage = Stage { node, bob: Person::called("bob")?, channel, now: at(0).millis() };
    let mut files = vec![queries(&stage)?];
    files.extend(stale(&stage)?);
    files.extend(flaws(&stage)?);
    Ok(files)
}

fn queries(stage: &Stage) -> Result<File> {
    let bob = &stage.bob;
    let id = channel()?;
    let cursor = field(b"cursor");
    let queries = [
        ("users, all", Query::Users { users: Vec::new(), cursor: Bytes::new(), limit: 0 }),
        ("users, one page", Query::Users { users: vec![bob.user()], cursor: cursor.clone(), limit: 5 }),
        ("channel", channel_query()?),
        ("keys of a user", Query::Keys { user: bob.user(), key: None, cursor: Bytes::new(), limit: 0 }),
        (
            "lanes of a key",
            Query::Keys {
                user: bob.user(),
                key: Some(bob.identity.signing.verifying_key()),
                cursor: Bytes::new(),
                limit: 2,
            },
        ),
        ("channels", Query::Channels { cursor: Bytes::new(), limit: u32::MAX }),
        ("messages", Query::Messages { channel: id, cursor, limit: 1, backward: true }),
        ("subscribe", Query::Subscribe { channel: id, cursor: Bytes::new(), from_now: true }),
        (
            "end of a lane",
            Query::LaneEnd {
                user: bob.user(),
                key: bob.identity.signing.verifying_key(),
                lane: LaneId::from_bytes([0x2a; 16]),
            },
        ),
    ];
    let mut file =
        File::new("request/queries", "request", "Every query, with and without reply_to, signed and accepted.");
    for (number, (name, query)) in (0..).zip(queries) {
        let reply_to = (number % 2 == 0).then(|| bob.encryption_key()).transpose()?;
        let bytes = stage.signed(number, stage.now, &query, reply_to.as_ref());
        let signed = v1::SignedRequest::decode(bytes.clone())?;
        file = file.case(
            stage
                .one(name, "", &bytes, Said::Accepted)?
                .input("asker", bob.secrets())
                .value("request", Json::hex(&signed.request))
                .value("signed_hash", Json::hex(Domain::SignRequest.hash(&[&signed.request])))
                .value("signature", Json::hex(&signed.signature)),
        );
    }
    Ok(file)
}

const fn stale_request(reason: &'static str) -> Said {
    Said::Refused("stale_request", reason)
}

fn stale(stage: &Stage) -> Result<Vec<File>> {
    let (now, life) = (stage.now, REQUEST_LIFETIME_MS);
    let asked = |nonce, at| stage.signed(nonce, at, &stage.channel, None);
    let (first, second) = (asked(1, now), asked(2, now));
    let file = |name: &str, case: Case| File::of(&format!("request/flaw/{name}"), "request", case);
    let expired = [(now + life, &first, Said::Accepted), (now + life + 1, &second, stale_request("request_expired"))];
    let ahead = [
        (now - REQUEST_AHEAD_MS_MAX - 1, &first, stale_request("request_ahead")),
        (now - REQUEST_AHEAD_MS_MAX, &first, Said::Accepted),
    ];
    let replayed = [
        (now, &first, Said::Accepted),
        (now, &second, Said::Accepted),
        (now + 1, &first, stale_request("request_replayed")),
        (now + life, &first, stale_request("request_replayed")),
        (now + life + 1, &first, stale_request("request_expired")),
    ];
    let early = asked(3, now - 90_001);
    let before = [(now - 80_000, &early, stale_request("request_before_start"))];
    let (same_second, other_second) = (asked(1, now + 999), asked(1, now + 1_000));
    let other_time = [
        (now, &first, Said::Accepted),
        (now, &same_second, stale_request("request_replayed")),
        (now, &other_second, Said::Accepted),
    ];
    let elsewhere = sign_request(&stage.bob.identity, &NodeId::from_bytes([2; 32]), [1; 16], now, &stage.channel, None);
    Ok(vec![
        file("request_expired", stage.sequence("expired", "It lives for 60 s.", &expired)?),
        file(
            "request_ahead",
            stage.sequence("ahead", "At most 2 s ahead; then it is answered when the clock is there.", &ahead)?,
        ),
        file("request_replayed", stage.sequence("replayed", "Each is accepted once.", &replayed)?),
        file(
            "nonce_used_again",
            stage.sequence("nonce", "The same user and nonce, in the same second and in the next.", &other_time)?,
        ),
        file("request_before_start", stage.sequence("start", "Stamped before the node began.", &before)?),
        file("other_node", stage.one("node", "For another node.", &elsewhere, stale_request("other_node"))?),
    ])
}

fn flaws(stage: &Stage) -> Result<Vec<File>> {
    let mut small = [0; 32];
    small[0] = 1;
    let malformed = |reason| Said::Refused("malformed", reason);
    let signed = v1::SignedRequest::decode(stage.signed(1, stage.now, &stage.channel, None))?;
    let as_operation = field(stage.bob.identity.signing.sign(Domain::SignOperation, &[&signed.request]).0);
    let in_other_domain = v1::SignedRequest { signature: as_operation, ..signed.clone() }.encode_to_vec().into();
    let mut changed = signed.request.to_vec();
    changed[40] ^= 1;
    let changed = v1::SignedRequest { request: changed.into(), ..signed.clone() }.encode_to_vec().into();
    let unknown = stage.sign([signed.request.to_vec(), raw::number(9, 1)].concat());
    let carol = Person::called("carol")?;
    let by_carol = sign_request(&carol.identity, &stage.node, [1; 16], stage.now, &stage.channel, None);
    let alice = Person::called("alice")?;
    let by_alice = sign_request(&alice.identity, &stage.node, [1; 16], stage.now, &stage.channel, None);
    let new = stage.bob.rotated(0x43, 0x53)?;
    let other_key = sign_request(&new.identity, &stage.node, [1; 16], stage.now, &stage.channel, None);
    let denied = |reason| Said::Refused("permission_denied", reason);
    let bad = Said::Refused("unauthentic", "bad_signature");
    let cases = [
        ("unknown_version", stage.spoiled(|request| request.version = 2)?, malformed("unknown_version")),
        ("no_query", stage.spoiled(|request| request.query = None)?, malformed("not_one_query")),
        (
            "two_queries",
            stage.spoiled(|request| {
                if let Some(query) = &mut request.query {
                    query.channels = Some(v1::ListChannels::default());
                }
            })?,
            malformed("not_one_query"),
        ),
        ("nonce_missing", stage.spoiled(|request| request.nonce = Bytes::new())?, malformed("missing_field")),
        ("nonce_of_15_bytes", stage.spoiled(|request| request.nonce = field([1; 15]))?, malformed("wrong_length")),
        ("unknown_field", unknown, malformed("unknown_field")),
        (
            "small_order_key",
            stage.spoiled(|request| request.key = field(small))?,
            Said::Refused("unauthentic", "small_order_signing_key"),
        ),
        (
            "small_order_reply_to",
            stage.spoiled(|request| request.reply_to = field(small))?,
            Said::Refused("unauthentic", "small_order_encryption_key"),
        ),
        ("signed_as_an_operation", in_other_domain, bad),
        ("changed_after_signing", changed, bad),
        ("unknown_user", by_carol, denied("unknown_user")),
        ("user_inactive", by_alice, denied("user_inactive")),
        ("key_not_current", other_key, Said::Refused("unauthentic", "key_not_current")),
    ];
    let mut files = Vec::new();
    for (name, request, said) in cases {
        files.push(File::of(&format!("request/flaw/{name}"), "request", stage.one(name, "", &request, said)?));
    }
    Ok(files)
}
