//! Cursors: each has one encoding, and bytes that are none are answered `reset`.

use dmpc::{
    Hlc, LaneId, OpId, OpKey,
    cursor::{Cursor, ForeignCursor, Generation, KeyUse},
    error::{Classified, ErrorClass},
    wire::schemas::CURSOR_BYTES_MAX,
};
use proptest::prelude::*;

use super::cases;

fn op_key() -> impl Strategy<Value = OpKey> {
    (any::<u64>(), any::<[u8; 32]>())
        .prop_map(|(time, id)| OpKey { timestamp: Hlc::from_bits(time), id: OpId::from_bytes(id) })
}

fn cursor() -> impl Strategy<Value = Cursor> {
    let generation = || any::<[u8; 16]>().prop_map(Generation::from_bytes);
    let numbered = || (generation(), any::<u32>());
    let purpose = prop_oneof![Just(KeyUse::Signing), Just(KeyUse::Encryption)];
    prop_oneof![
        (generation(), any::<u64>()).prop_map(|(generation, sequence)| Cursor::Events { generation, sequence }),
        op_key().prop_map(Cursor::Messages),
        numbered().prop_map(|(generation, number)| Cursor::Users { generation, number }),
        numbered().prop_map(|(generation, number)| Cursor::Channels { generation, number }),
        (op_key(), op_key()).prop_map(|(epoch, wraps)| Cursor::Epochs { epoch, wraps }),
        numbered().prop_map(|(generation, number)| Cursor::Members { generation, number }),
        (purpose, op_key()).prop_map(|(purpose, from)| Cursor::Keys { purpose, from }),
        (any::<[u8; 16]>(), any::<u64>(), any::<[u8; 32]>()).prop_map(|(lane, seq, id)| Cursor::Lanes {
            lane: LaneId::from_bytes(lane),
            seq,
            operation: OpId::from_bytes(id),
        }),
    ]
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_cursor_round_trips_and_fits_a_request(cursor in cursor()) {
        let bytes = cursor.encode();
        prop_assert!(bytes.len() <= CURSOR_BYTES_MAX);
        prop_assert_eq!(Cursor::decode(&bytes), Ok(cursor));
    }

    #[test]
    fn a_cursor_that_is_cut_or_lengthened_is_none(cursor in cursor(), more: u8, cut in any::<prop::sample::Index>()) {
        let bytes = cursor.encode();
        let cut = bytes.get(..cut.index(bytes.len())).unwrap();
        prop_assert_eq!(Cursor::decode(cut), Err(ForeignCursor));
        prop_assert_eq!(Cursor::decode(&[bytes.as_ref(), &[more]].concat()), Err(ForeignCursor));
    }

    #[test]
    fn bytes_that_are_a_cursor_are_its_one_encoding(
        what in 0_u8..12,
        place in prop::collection::vec(any::<u8>(), 0..100),
        length in prop::sample::select(vec![20, 24, 40, 41, 56, 80]),
    ) {
        let mut bytes = vec![1, what];
        bytes.extend(place.iter().copied().cycle().take(if place.is_empty() { 0 } else { length }));
        if let Ok(cursor) = Cursor::decode(&bytes) {
            prop_assert_eq!(cursor.encode().to_vec(), bytes);
        }
    }
}

#[test]
fn bytes_of_another_version_or_of_nothing_known_are_foreign() {
    let known = Cursor::Users { generation: Generation::from_bytes([7; 16]), number: 9 }.encode();
    assert_eq!(known.as_ref(), [[1, 3].as_slice(), &[7; 16], &[0, 0, 0, 9]].concat());
    for (at, byte) in [(0, 0), (0, 2), (1, 0), (1, 9), (1, 255)] {
        let mut other = known.to_vec();
        other[at] = byte;
        assert_eq!(Cursor::decode(&other), Err(ForeignCursor), "{at} {byte}");
    }
    assert_eq!(Cursor::decode(&[]), Err(ForeignCursor), "absence is the caller's to see");
    let keys = Cursor::Keys { purpose: KeyUse::Signing, from: OpKey::MIN }.encode();
    let mut other = keys.to_vec();
    other[2] = 3;
    assert_eq!(Cursor::decode(&other), Err(ForeignCursor));
    assert_eq!((ForeignCursor.class(), ForeignCursor.reason()), (ErrorClass::StaleRequest, "reset"));
}
