//! Frames between nodes: what is written is read, and what is none is refused with what is wrong.

use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, NodeId, OpId, OpKey,
    error::Classified,
    peer::{End, Frame, Head, Operations, OutcomeKind, Outcomes, Reconcile, Scopes, Terms, Want},
    v1,
    wire::schemas::{PEER_CHANNELS_MAX, PEER_FRAME_BYTES_MAX, PEER_OPERATIONS_BYTES_MAX, PEER_OPERATIONS_MAX},
};
use prost::Message;

const HEAD: Head = Head { operations: 7, latest: Hlc::from_bits(9), log_digest: [1; 32], state_digest: [2; 32] };

fn terms(scopes: Scopes) -> Terms {
    let (node, roots) = (NodeId::from_bytes([4; 32]), [5; 32]);
    let (pushes, pulls, window_operations, window_bytes) = (true, false, 16, 0);
    Terms { version: 1, ruleset: 1, node, roots, scopes, pushes, pulls, window_operations, window_bytes, head: HEAD }
}

fn want(ids: &[u8]) -> Want {
    Want { number: 1, scope: 0, from: OpKey::MIN, ids: ids.iter().map(|id| OpId::from_bytes([*id; 32])).collect() }
}

/// The reason for which a frame with these fields is refused.
fn refused(change: impl FnOnce(&mut v1::PeerFrame)) -> &'static str {
    let mut frame = v1::PeerFrame::default();
    change(&mut frame);
    Frame::decode(&frame.encode_to_vec().into()).expect_err("a frame that is none").reason()
}

/// The same, of a frame that is changed after it was written.
fn changed(frame: &Frame, change: impl FnOnce(&mut v1::PeerFrame)) -> &'static str {
    let mut wire = v1::PeerFrame::decode(frame.encode().unwrap()).unwrap();
    change(&mut wire);
    refused(|frame| *frame = wire)
}

#[test]
fn what_is_written_is_read() {
    let channels = Scopes::channels(
        (0..PEER_CHANNELS_MAX)
            .rev()
            .map(|number| {
                let mut id = [0; 32];
                id[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
                ChannelId::from_bytes(id)
            })
            .collect(),
    );
    let outcomes = OutcomeKind::ALL.map(|kind| (kind, (!kind.is_kept()).then(|| "quota".to_owned())));
    let full = vec![Bytes::from(vec![7; PEER_OPERATIONS_BYTES_MAX / PEER_OPERATIONS_MAX]); PEER_OPERATIONS_MAX];
    let frames = [
        Frame::Terms(terms(Scopes::Everything)),
        Frame::Terms(terms(channels)),
        Frame::Reconcile(Reconcile { scope: 3, message: Bytes::from_static(&[0x61]) }),
        Frame::Want(want(&[1, 2])),
        Frame::Want(Want { from: OpKey::MAX, ..want(&[9]) }),
        Frame::Operations(Operations { operations: full, want: Some(4), last: true }),
        Frame::Operations(Operations { operations: vec![Bytes::from_static(b"x")], want: None, last: false }),
        Frame::Outcomes(Outcomes { outcomes: outcomes.to_vec() }),
        Frame::Reconciled(HEAD),
        Frame::Alive(HEAD),
        Frame::End(End { reason: "done".to_owned(), detail: "for people".to_owned() }),
    ];
    for frame in frames {
        let bytes = frame.encode().unwrap();
        assert!(bytes.len() <= PEER_FRAME_BYTES_MAX);
        assert_eq!(Frame::decode(&bytes).unwrap(), frame);
    }
}

#[test]
fn a_reason_for_people_is_cut_to_its_limit() {
    let (reason, detail) = ("ä".repeat(200), "ö".repeat(1_000));
    let bytes = Frame::End(End { reason, detail }).encode().unwrap();
    let Frame::End(end) = Frame::decode(&bytes).unwrap() else { panic!("it is the end") };
    assert_eq!((end.reason, end.detail), ("ä".repeat(32), "ö".repeat(128)));
}

#[test]
fn a_frame_between_nodes_has_exactly_one_field() {
    assert_eq!(refused(|_| {}), "peer_frame_not_one_field");
    let alive = Frame::Alive(HEAD);
    let two =
        changed(&alive, |frame| frame.end = Some(v1::PeerEnd { reason: "done".to_owned(), ..Default::default() }));
    assert_eq!(two, "peer_frame_not_one_field");
    assert_eq!(changed(&alive, |frame| frame.alive = Some(v1::PeerAlive::default())), "missing_field");
}

#[test]
fn a_frame_between_nodes_over_its_limit_is_refused() {
    let error = Frame::decode(&vec![0; PEER_FRAME_BYTES_MAX + 1].into()).unwrap_err();
    assert_eq!((error.class().word(), error.reason()), ("too_large", "peer_frame_too_large"));
}

#[test]
fn terms_that_contradict_themselves_are_refused() {
    let everything = Frame::Terms(terms(Scopes::Everything));
    let with = |change: fn(&mut v1::PeerTerms)| changed(&everything, |frame| change(frame.terms.as_mut().unwrap()));
    let id = |byte| Bytes::from(vec![byte; 32]);
    assert_eq!(with(|terms| terms.channels = vec![Bytes::from(vec![1; 32])]), "peer_terms_contradict");
    assert_eq!(with(|terms| terms.window_operations = 0), "peer_terms_contradict");
    for ids in [[id(2), id(1)], [id(1), id(1)]] {
        let channels = changed(&everything, |frame| {
            let terms = frame.terms.as_mut().unwrap();
            (terms.everything, terms.channels) = (false, ids.to_vec());
        });
        assert_eq!(channels, "peer_terms_contradict");
    }
    assert_eq!(with(|terms| terms.node = Bytes::new()), "missing_field");
}

#[test]
fn a_want_whose_ids_do_not_ascend_is_refused() {
    for ids in [[2, 1], [1, 1]] {
        let bytes = Frame::Want(want(&ids)).encode().unwrap();
        assert_eq!(Frame::decode(&bytes).unwrap_err().reason(), "peer_want_unordered");
    }
    let with = |change: fn(&mut v1::PeerWant)| {
        changed(&Frame::Want(want(&[1, 2])), |frame| change(frame.want.as_mut().unwrap()))
    };
    assert_eq!(with(|want| want.ids = want.ids.slice(1..)), "peer_want_unordered");
    assert_eq!(with(|want| want.ids = Bytes::new()), "peer_want_unordered");
    assert_eq!(with(|want| want.number = 0), "peer_want_unordered");
    assert_eq!(with(|want| want.from = vec![0; 40].into()), "peer_want_unordered");
}

#[test]
fn operations_of_a_frame_are_at_least_one_and_within_bounds() {
    let operations = |operations: Vec<Bytes>, want, last| {
        refused(|frame| frame.operations = Some(v1::PeerOperations { operations, want, last }))
    };
    let one = Bytes::from_static(b"x");
    assert_eq!(operations(Vec::new(), 0, false), "peer_operations_misplaced");
    assert_eq!(operations(Vec::new(), 3, false), "peer_operations_misplaced");
    assert_eq!(operations(vec![one.clone()], 0, true), "peer_operations_misplaced");
    assert_eq!(operations(vec![one.clone(), Bytes::new()], 0, false), "peer_operations_misplaced");
    let large = Bytes::from(vec![1; PEER_OPERATIONS_BYTES_MAX]);
    assert_eq!(operations(vec![large, one.clone()], 0, false), "peer_operations_misplaced");
    assert_eq!(operations(vec![one; PEER_OPERATIONS_MAX + 1], 0, false), "too_many");
}

#[test]
fn outcomes_that_are_none_are_refused() {
    let outcomes = |kinds: &'static [u8], reasons: &[&str]| {
        let reasons = reasons.iter().map(|reason| (*reason).to_owned()).collect();
        refused(|frame| frame.outcomes = Some(v1::PeerOutcomes { kinds: Bytes::from_static(kinds), reasons }))
    };
    for (kinds, reasons) in
        [(&[][..], &[][..]), (&[0], &[]), (&[8], &[]), (&[6], &[]), (&[1], &["quota"]), (&[7], &["a", "b"])]
    {
        assert_eq!(outcomes(kinds, reasons), "peer_outcomes_misplaced", "{kinds:?} {reasons:?}");
    }
}
