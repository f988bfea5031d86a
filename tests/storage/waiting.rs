//! What is kept aside is bounded for each source; over the bound it is refused, and may be offered again.

use dmpc::{ChannelId, KeyId, VerifiedOperation, kinds::ChannelMessage, operation::Draft};
use dmpc_storage::{Limits, Outcome, Refusal, Source, Store, Submission, Wait, Writer};

use crate::support::{
    operations::{Cast, at},
    store,
    world::genesis,
};

fn submit(writer: &mut Writer, source: u8, operation: &VerifiedOperation) -> Outcome {
    let submission = Submission { operation: operation.clone(), source: Source([source; 16]) };
    writer.commit(&[submission], at(100_000).millis()).unwrap()[0]
}

#[test]
fn what_waits_is_bounded_for_each_source_and_over_it_is_refused() {
    let mut cast = Cast::with_blank_wraps(7);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    Store::init(&path, &genesis(&cast)).unwrap();
    let (mut writer, _) = store::open(&path);
    let most = Limits::default().waiting_bytes;
    // Alice is unknown: half a megabyte of hers is kept aside, again and again.
    let draft = Draft::message(ChannelId::from_bytes([9; 32]), KeyId::from_bytes([9; 32]));
    let mut message =
        |millis| cast.act("alice", draft, at(millis), |_| ChannelMessage::encode([0; 24], vec![0; 500_000]));
    let (mut kept, mut first) = (0, None);
    let mut times = 50_000..;
    let refused = loop {
        let operation = message(times.next().unwrap());
        match submit(&mut writer, 1, &operation) {
            Outcome::Waiting(Wait::UnknownCertifier) => kept += operation.bytes().len(),
            Outcome::Refused(Refusal::WaitingFull) => break operation,
            other => panic!("{other:?}"),
        }
        first.get_or_insert(operation);
        assert!(kept <= most, "nothing bounds a source");
    };
    assert!(kept > most - 600_000, "{kept} bytes are kept");
    assert_eq!(submit(&mut writer, 1, &first.unwrap()), Outcome::Duplicate, "what was kept is not dropped");
    assert_eq!(
        submit(&mut writer, 2, &refused),
        Outcome::Waiting(Wait::UnknownCertifier),
        "another source has its own"
    );
}
