//! Any bytes as a message of a reconciliation: bounds ascend, lists are sorted and have nothing twice, and what is read and
//! written again says the same of the same ranges.

use dmpc::reconcile::{Bound, Message, Mode, PROTOCOL_BYTE, Writer};

/// What is said, and of which range: what is skipped says nothing.
fn said(message: &Message) -> Vec<(Bound, Bound, Mode)> {
    let mut begin = Bound::BEGIN;
    let mut said = Vec::new();
    for range in &message.ranges {
        if range.mode != Mode::Skip {
            said.push((begin, range.end, range.mode.clone()));
        }
        begin = range.end;
    }
    said
}

pub(super) fn run(data: &[u8]) -> bool {
    let Ok(message) = Message::decode(data) else { return false };
    let mut writer = Writer::default();
    let mut last = Bound::BEGIN;
    for range in &message.ranges {
        assert!(last.key() <= range.end.key(), "bounds that do not ascend");
        last = range.end;
        match &range.mode {
            Mode::Skip => writer.skip(range.end),
            Mode::Fingerprint(fingerprint) => writer.fingerprint(range.end, fingerprint),
            Mode::List(ids) => {
                assert!(ids.iter().is_sorted_by(|one, next| one < next), "a list that is not sorted");
                assert!(ids.len() * 32 <= data.len(), "more ids than there are bytes");
                writer.list(range.end, ids);
            }
        }
    }
    let written = writer.finish().unwrap_or_else(|| vec![PROTOCOL_BYTE]);
    let again = Message::decode(&written).expect("what was written");
    assert_eq!(said(&again), said(&message), "something else is said");
    true
}
