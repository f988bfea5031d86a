//! Who pays for operations without effect: their certifier, or whoever introduced it while its own create is not applied.
//! All whom one user introduces draw on one account, whatever they tell about one another.

use dmpc::{
    ChannelId, Hlc, KeyId, Permissions, VerifiedOperation,
    kinds::{ChannelMessage, Kind},
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
