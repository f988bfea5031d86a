//! Who pays for operations without effect: their certifier, or whoever introduced it while its own create is not applied.
//! All whom one user introduces draw on one account, whatever they tell about one another.

use dmpc::{
    ChannelId, Hlc, Identity, KeyId, Permissions, VerifiedOperation,
    kinds::{ChannelMessage, FieldWrite, Kind},
    operation::Draft,
};
use dmpc_storage::{Limits, Missing, Outcome, Refusal, Rejection, Source, Store, Submission, Wait, Writer};

use crate::support::{
    operations::{Cast, at},
    store::open,
    world::genesis,
};

/// A store of which alice is a user without permissions.
struct House {
    cast: Cast,
    writer: Writer,
    _directory: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let cast = Cast::with_blank_wraps(7);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        Store::init(&path, &genesis(&cast)).unwrap();
        let (writer, _) = open(&path);
        let mut house = Self { cast, writer, _directory: directory };
        let alice = house.cast.create("root", "alice", Permissions::NONE, "", at(1_000));
        assert_eq!(house.submit(&[alice]), [Outcome::Applied]);
        house
    }

    fn submit(&mut self, operations: &[VerifiedOperation]) -> Vec<Outcome> {
        let submission =
            |operation: &VerifiedOperation| Submission { operation: operation.clone(), source: Source([1; 16]) };
        let batch: Vec<_> = operations.iter().map(submission).collect();
        self.writer.commit(&batch, at(100_000).millis()).unwrap()
    }

    fn create(&mut self, by: &str, subject: &str, time: Hlc) -> VerifiedOperation {
        self.cast.join(subject);
        self.cast.create(by, subject, Permissions::NONE, "", time)
    }

    /// Half a megabyte without effect, to a channel that is not there.
    fn ballast(&mut self, by: &str, time: Hlc) -> VerifiedOperation {
        let draft = Draft::message(ChannelId::from_bytes([9; 32]), KeyId::from_bytes([9; 32]));
        assert_eq!(draft.kind, Kind::ChannelMessage);
        self.cast.act(by, draft, time, |_| ChannelMessage::encode([0; 24], vec![0; 500_000]))
    }

    /// Sends ballast until it is refused; gives the bytes that were logged.
    fn fill(&mut self, by: &str) -> u64 {
        let mut logged = 0;
        for millis in 0..40 {
            let operation = self.ballast(by, at(50_000 + millis));
            match self.submit(std::slice::from_ref(&operation)).as_slice() {
                [Outcome::Refused(Refusal::QuotaFull)] => return logged,
                [Outcome::Pending(Missing::Certifier)] => logged += u64::try_from(operation.bytes().len()).unwrap(),
                other => panic!("{other:?}"),
            }
        }
        panic!("nothing bounds {by}");
    }
}

/// Somebody who says to be a user, and signs with a key of its own.
fn pose(house: &mut House, as_whom: &str, called: &str) {
    house.cast.join(called);
    let mut imposter = Identity::from_text(&house.cast.identity(called).to_text().unwrap()).unwrap();
    imposter.user = house.cast.user(as_whom);
    house.cast.add(called, imposter);
}

#[test]
fn who_is_named_as_certifier_with_a_key_of_somebody_else_does_not_pay() {
    let mut house = House::new();
    pose(&mut house, "alice", "imposter");
    let mut refused = false;
    for millis in 0..40 {
        let operation = house.ballast("imposter", at(50_000 + millis));
        match house.submit(&[operation]).as_slice() {
            [Outcome::Refused(Refusal::QuotaFull)] => refused = true,
            [Outcome::Rejected(Rejection::CertifierKey)] => assert!(!refused),
            other => panic!("{other:?}"),
        }
    }
    assert!(refused, "nobody's account is bounded too");
    let own = house.ballast("alice", at(60_000));
    assert_eq!(house.submit(&[own]), [Outcome::Pending(Missing::Channel)], "alice has her own account");
    // All imposters of everybody draw on one account.
    pose(&mut house, "root", "another");
    let other = house.ballast("another", at(50_000));
    assert_eq!(house.submit(&[other]), [Outcome::Refused(Refusal::QuotaFull)]);
}

#[test]
fn who_introduces_somebody_with_a_key_of_somebody_else_makes_nobody_pay() {
    let mut house = House::new();
    pose(&mut house, "alice", "imposter");
    let dave = house.create("imposter", "dave", at(2_000));
    assert_eq!(house.submit(&[dave]), [Outcome::Rejected(Rejection::CertifierKey)]);
    assert!(house.fill("dave") <= Limits::default().charged_bytes);
    let own = house.ballast("alice", at(60_000));
    assert_eq!(house.submit(&[own]), [Outcome::Pending(Missing::Channel)]);
    pose(&mut house, "root", "another");
    let other = house.ballast("another", at(50_000));
    assert_eq!(house.submit(&[other]), [Outcome::Refused(Refusal::QuotaFull)], "it came off nobody's account");
}

#[test]
fn what_was_refused_for_an_unknown_key_is_admitted_once_the_key_is_the_users() {
    let mut house = House::new();
    pose(&mut house, "root", "imposter");
    for millis in 0..40 {
        let operation = house.ballast("imposter", at(50_000 + millis));
        house.submit(&[operation]);
    }
    let rotation = house.cast.rotate("alice", "alice", "former alice", at(3_000));
    let renamed = house.cast.update("alice", "alice", &[FieldWrite::DisplayName("new".to_owned())], at(4_000));
    let ballast = house.ballast("alice", at(60_000));
    let refused = house.submit(std::slice::from_ref(&ballast));
    assert_eq!(refused, [Outcome::Refused(Refusal::QuotaFull)], "the key is nobody's yet");
    let expected = [Outcome::Applied, Outcome::Applied, Outcome::Pending(Missing::Channel)];
    assert_eq!(house.submit(&[rotation, renamed, ballast]), expected);
}

#[test]
fn what_a_former_key_signs_is_charged_to_its_user() {
    let mut house = House::new();
    let rotation = house.cast.rotate("alice", "alice", "former alice", at(3_000));
    house.submit(&[rotation]);
    // Stamped before the rotation, with the key of that time: pending, and alice's.
    for millis in 0..40 {
        let operation = house.ballast("former alice", at(2_000 + millis));
        house.submit(&[operation]);
    }
    let own = house.ballast("alice", at(60_000));
    assert_eq!(house.submit(&[own]), [Outcome::Refused(Refusal::QuotaFull)]);
}

#[test]
fn an_introducer_pays_for_whom_it_introduced() {
    let mut house = House::new();
    let dave = house.create("alice", "dave", at(2_000));
    assert_eq!(house.submit(&[dave]), [Outcome::Rejected(Rejection::PermissionMissing)]);
    assert!(house.fill("dave") <= Limits::default().charged_bytes);
    let ballast = house.ballast("alice", at(60_000));
    assert_eq!(house.submit(&[ballast]), [Outcome::Refused(Refusal::QuotaFull)]);
}

#[test]
fn a_backdated_create_of_oneself_opens_no_account() {
    for in_one_batch in [false, true] {
        let mut house = House::new();
        let dave = house.create("alice", "dave", at(2_000));
        let itself = house.cast.create("dave", "dave", Permissions::NONE, "", at(1_500));
        if in_one_batch {
            house.submit(&[dave, itself]);
        } else {
            house.submit(&[dave]);
            assert_eq!(house.submit(&[itself]), [Outcome::Pending(Missing::Certifier)]);
        }
        house.fill("dave");
        let ballast = house.ballast("alice", at(60_000));
        assert_eq!(house.submit(&[ballast]), [Outcome::Refused(Refusal::QuotaFull)]);
    }
}

#[test]
fn two_who_introduce_each_other_open_no_account() {
    let mut house = House::new();
    let dave = house.create("alice", "dave", at(2_000));
    let erin = house.create("dave", "erin", at(2_001));
    let back = house.cast.create("erin", "dave", Permissions::NONE, "", at(1_500));
    for operation in [dave, erin, back] {
        house.submit(&[operation]);
    }
    house.fill("erin");
    let ballast = house.ballast("alice", at(60_000));
    assert_eq!(house.submit(&[ballast]), [Outcome::Refused(Refusal::QuotaFull)]);
}

#[test]
fn a_long_chain_of_introductions_opens_no_account() {
    let mut house = House::new();
    let mut by = "alice".to_owned();
    let mut names = Vec::new();
    for number in 0..40 {
        let subject = format!("number {number}");
        let create = house.create(&by, &subject, at(2_000 + number));
        house.submit(&[create]);
        names.push(subject.clone());
        by = subject;
    }
    let mut logged = 0;
    for name in names.iter().rev().step_by(7) {
        let ballast = house.ballast(name, at(50_000));
        let bytes = u64::try_from(ballast.bytes().len()).unwrap();
        if let [Outcome::Pending(_)] = house.submit(&[ballast]).as_slice() {
            logged += bytes;
        }
    }
    logged += house.fill("number 3");
    assert!(logged <= Limits::default().charged_bytes, "{logged} bytes without effect");
}

#[test]
fn a_full_account_keeps_nothing_for_later() {
    let mut house = House::new();
    let dave = house.create("alice", "dave", at(2_000));
    house.submit(&[dave]);
    house.fill("dave");
    for by in ["alice", "dave"] {
        let future = house.ballast(by, at(100_000 + 61_000));
        assert_eq!(house.submit(&[future]), [Outcome::Refused(Refusal::QuotaFull)]);
    }
    let future = house.cast.open("root", "room", &[], at(100_000 + 61_000)).0;
    assert_eq!(house.submit(&[future]), [Outcome::Waiting(Wait::Future)]);
}
