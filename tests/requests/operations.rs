//! Operations: every kind, every verdict, and every refusal of the vectors.

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, Permissions, Rights, VerifiedOperation,
    kinds::{FieldWrite, Kind, UserUpdate},
    operation::Draft,
    seal::EpochKey,
    v1,
};
use prost::Message as _;

use super::{Answer, Call, Case, Stage, flaws};
use crate::support::{
    client::{now_ms, raw_transaction},
    operations::{Room, at},
};

/// Ahead of every clock.
const AHEAD_MS: u64 = 3_600_000;

fn case(name: impl Into<String>, operation: Bytes, answer: Answer) -> Case {
    Case { name: name.into(), call: Call::Submit, transaction: raw_transaction(vec![operation]), answer }
}

/// Operations that are durable, by what becomes of them.
struct Durable(Vec<Case>);

impl Durable {
    fn add(&mut self, outcome: &str, name: &str, operation: &VerifiedOperation) {
        let answer = Answer::success(outcome);
        self.0.push(case(format!("{outcome}: {name}"), operation.bytes().clone(), answer));
    }
}

pub(super) fn cases(stage: &mut Stage) -> Vec<Case> {
    let mut durable = Durable(Vec::new());
    applied(stage, &mut durable);
    pending(stage, &mut durable);
    rejected_for_keys(stage, &mut durable);
    rejected_for_permissions(stage, &mut durable);
    rejected_for_what_was_before(stage, &mut durable);
    let mut cases = durable.0;
    cases.push(stale_epoch(stage));
    cases.extend(refused());
    cases
}

/// Every kind of operation takes effect, once.
fn applied(stage: &mut Stage, durable: &mut Durable) {
    let (room, guest, time) = (stage.room.clone(), stage.guest(), stage.tick());
    let create = stage.cast.create("root", &guest, Permissions::NONE, "Guest", time);
    durable.add("applied", "user.create", &create);
    let renamed = [FieldWrite::DisplayName("Alice".to_owned())];
    let time = stage.tick();
    let update = stage.cast.update("alice", "alice", &renamed, time);
    durable.add("applied", "user.update", &update);
    let time = stage.tick();
    let (open, fresh) = stage.cast.open("alice", "another", &[], time);
    durable.add("applied", "channel.open", &open);
    let time = stage.tick();
    let members = stage.cast.members("alice", &room, &[("bob", Rights::READ.union(Rights::WRITE))], &[], time);
    durable.add("applied", "channel.members", &members);
    let time = stage.tick();
    let epoch = stage.cast.rewrap("alice", &room, &["bob"], time);
    durable.add("applied", "channel.epoch", &epoch);
    let time = stage.tick();
    let message = stage.cast.message("bob", &room, "said", time);
    durable.add("applied", "channel.message", &message);
    durable.add("duplicate duplicate", "channel.message", &message);
    let time = stage.tick();
    let certified = stage.cast.message(("bob", "alice"), &room, "by way of alice", time);
    durable.add("applied", "a message that another certified", &certified);
    let time = stage.tick();
    let close = stage.cast.close("alice", &fresh, time);
    durable.add("applied", "channel.close", &close);
}

fn pending(stage: &mut Stage, durable: &mut Durable) {
    let room = stage.room.clone();
    let (guest, time) = (stage.guest(), stage.tick());
    let subject = stage.cast.update("root", &guest, &[FieldWrite::Active(true)], time);
    durable.add("pending unknown_subject", "user.update", &subject);
    let nowhere = Room { id: ChannelId::from_bytes(stage.cast.rng().array()), key: room.key.clone() };
    let time = stage.tick();
    let channel = stage.cast.message("bob", &nowhere, "to nobody", time);
    durable.add("pending unknown_channel", "channel.message", &channel);
    let unheard = Room { id: room.id, key: EpochKey::generate(stage.cast.rng()) };
    let time = stage.tick();
    let epoch = stage.cast.message("bob", &unheard, "under no key", time);
    durable.add("pending unknown_epoch", "channel.message", &epoch);
    let time = stage.tick();
    let issuer = stage.cast.message(("dave", "alice"), &room, "who?", time);
    durable.add("pending unknown_issuer", "channel.message", &issuer);
    let early = stage.cast.update("bob", "bob", &[FieldWrite::Active(true)], at(1));
    durable.add("pending unknown_certifier", "user.update, before its certifier", &early);
    let time = stage.tick();
    let certifier = stage.cast.message("dave", &room, "let me in", time);
    durable.add("pending waits_for_certifier", "channel.message", &certifier);
    let ahead = stage.cast.message("bob", &room, "later", Hlc::from_millis(now_ms() + AHEAD_MS));
    durable.add("pending waits_for_time", "channel.message", &ahead);
}

fn rejected_for_keys(stage: &mut Stage, durable: &mut Durable) {
    let room = stage.room.clone();
    for (issuer, certifier, reason) in [
        ("erin", None, "certifier_inactive"),
        ("erin", Some("alice"), "issuer_inactive"),
        ("former frank", None, "certifier_key"),
        ("former frank", Some("alice"), "issuer_key"),
        ("carol", None, "right_missing"),
    ] {
        let time = stage.tick();
        let message = match certifier {
            Some(certifier) => stage.cast.message((issuer, certifier), &room, "said", time),
            None => stage.cast.message(issuer, &room, "said", time),
        };
        durable.add(&format!("rejected {reason}"), "channel.message", &message);
    }
}

fn rejected_for_permissions(stage: &mut Stage, durable: &mut Durable) {
    let (guest, time) = (stage.guest(), stage.tick());
    let create = stage.cast.create("bob", &guest, Permissions::NONE, "", time);
    durable.add("rejected permission_missing", "user.create", &create);
    let (guest, time) = (stage.guest(), stage.tick());
    let grant = stage.cast.create("alice", &guest, Permissions::USER_REMOVE, "", time);
    durable.add("rejected attenuation", "user.create", &grant);
    let time = stage.tick();
    let of_root = stage.cast.update("alice", "root", &[FieldWrite::Active(false)], time);
    durable.add("rejected root_fixed", "user.update", &of_root);
}

fn rejected_for_what_was_before(stage: &mut Stage, durable: &mut Durable) {
    let closed = stage.closed.clone();
    let time = stage.tick();
    let late = stage.cast.message("bob", &closed, "too late", time);
    durable.add("rejected channel_closed", "channel.message", &late);
    let time = stage.tick();
    let (open, fresh) = stage.cast.open("alice", "twice", &[], time);
    durable.add("applied", "channel.open, for the first time", &open);
    let time = stage.tick();
    let again = stage.cast.act("alice", Draft::channel(Kind::ChannelOpen, fresh.id), time, |_| payload_of(&open));
    durable.add("rejected channel_exists", "channel.open", &again);
    let renamed = UserUpdate::encode(&stage.cast.user("bob"), &[FieldWrite::DisplayName("Bob".to_owned())]);
    let time = stage.tick();
    let issue = stage.cast.issue("bob", "root", Draft::user(Kind::UserUpdate), time, |_| renamed);
    for (outcome, name) in [("applied", "an issue"), ("rejected duplicate_issue", "an issue that took effect")] {
        let time = stage.tick();
        durable.add(outcome, name, &stage.cast.certify("root", &issue, time));
    }
}

/// What an operation carries.
fn payload_of(operation: &VerifiedOperation) -> Vec<u8> {
    let wire = v1::Operation::decode(operation.bytes().clone()).unwrap();
    v1::Body::decode(wire.body).unwrap().payload.to_vec()
}

/// A message of just now under a key that is not the current one any more.
fn stale_epoch(stage: &mut Stage) -> Case {
    let outdated = stage.outdated.clone();
    let message = stage.cast.message("bob", &outdated, "under the old key", Hlc::from_millis(now_ms()));
    case("stale_epoch", message.bytes().clone(), Answer::operation_refused("stale_epoch"))
}

/// Every operation of the vectors that nobody accepts.
fn refused() -> Vec<Case> {
    let found = flaws::files("operation/flaw").into_iter().map(|(name, whole)| {
        let reason = flaws::text(&whole["expected"]["reason"]);
        // It does not even fit the field of a transaction.
        let answer = match reason.as_str() {
            "operation_too_large" => Answer::not_understood("too_long"),
            reason => Answer::operation_refused(reason),
        };
        case(name, flaws::bytes(&whole["inputs"]["operation"]), answer)
    });
    found.collect()
}
