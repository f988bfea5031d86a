//! Ids: their text forms, and the key that orders operations.

use std::{fmt::Display, str::FromStr};

use dmpc::{ChannelId, Hlc, IssueId, KeyId, LaneId, NodeId, OpId, OpKey, UserId, ids::IdError};
use proptest::prelude::*;

use super::cases;

/// The letters and digits of bech32's data part.
const CHARSET: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

fn round_trips<I: Display + FromStr<Err = IdError> + PartialEq>(id: &I, prefix: &str) {
    let text = id.to_string();
    assert!(text.starts_with(&format!("{prefix}1")), "{text}");
    assert!(text.parse::<I>().is_ok_and(|parsed| parsed == *id));
    assert!(text.to_uppercase().parse::<I>().is_ok_and(|parsed| parsed == *id), "bech32 may be upper case");
    for other in ["dmpc", "dmpcchannel", "dmpcnode", "dmpcop", "dmpcissue", "dmpckey", "dmpclane", "age"] {
        let renamed = text.replacen(prefix, other, 1);
        assert_eq!(renamed.parse::<I>().is_ok(), other == prefix, "{renamed}");
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn text_forms_round_trip_and_each_kind_of_id_has_its_own(bytes: [u8; 32], lane: [u8; 16]) {
        round_trips(&UserId::from_bytes(bytes), "dmpc");
        round_trips(&ChannelId::from_bytes(bytes), "dmpcchannel");
        round_trips(&NodeId::from_bytes(bytes), "dmpcnode");
        round_trips(&OpId::from_bytes(bytes), "dmpcop");
        round_trips(&IssueId::from_bytes(bytes), "dmpcissue");
        round_trips(&KeyId::from_bytes(bytes), "dmpckey");
        round_trips(&LaneId::from_bytes(lane), "dmpclane");
    }

    #[test]
    fn an_id_of_one_kind_is_none_of_another(bytes: [u8; 32]) {
        let text = ChannelId::from_bytes(bytes).to_string();
        let refused = text.parse::<UserId>();
        let other_prefix = matches!(refused, Err(IdError::Prefix { what: "user id", expected: "dmpc", .. }));
        prop_assert!(other_prefix);
    }

    #[test]
    fn keys_order_by_timestamp_then_id_and_their_bytes_do_too(
        times in prop::array::uniform2(prop_oneof![any::<u64>(), 0_u64..3]),
        ids in prop::array::uniform2(prop_oneof![any::<[u8; 32]>(), prop::array::uniform32(0_u8..2)]),
    ) {
        let key = |index: usize| OpKey { timestamp: Hlc::from_bits(times[index]), id: OpId::from_bytes(ids[index]) };
        let (a, b) = (key(0), key(1));
        prop_assert_eq!(a.cmp(&b), (a.timestamp, a.id).cmp(&(b.timestamp, b.id)));
        prop_assert_eq!(a.cmp(&b), a.to_bytes().cmp(&b.to_bytes()));
        prop_assert_eq!(OpKey::from_slice(&a.to_bytes()), Ok(a));
        prop_assert!(OpKey::MIN <= a && a <= OpKey::MAX);
    }
}

#[test]
fn slices_of_other_lengths_are_neither_ids_nor_keys() {
    for length in (0..64).filter(|length| *length != 32) {
        let expected = IdError::Length { what: "user id", expected: 32, actual: length };
        assert_eq!(UserId::from_slice(&vec![1; length]), Err(expected));
    }
    for length in (0..64).filter(|length| *length != 40) {
        assert!(
            matches!(OpKey::from_slice(&vec![1; length]), Err(IdError::Length { expected: 40, actual, .. }) if actual == length)
        );
    }
}

/// Every text that differs from `text` by one character mistyped, left out, added, or exchanged with the next.
fn mistyped(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for place in 0..text.len() {
        let (before, after) = text.split_at(place);
        found.push(format!("{before}{}", &after[1..]));
        for letter in CHARSET.chars().chain("b1io-".chars()) {
            found.push(format!("{before}{letter}{}", &after[1..]));
            found.push(format!("{before}{letter}{after}"));
        }
        if after.len() > 1 {
            found.push(format!("{before}{}{}{}", &after[1..2], &after[..1], &after[2..]));
        }
    }
    found.retain(|other| other != text);
    found
}

#[test]
fn mistyped_ids_are_refused() {
    for byte in [0, 7, 0xff] {
        let user = UserId::from_bytes([byte; 32]).to_string();
        let lane = LaneId::from_bytes([byte; 16]).to_string();
        assert_eq!(mistyped(&user).into_iter().find(|text| text.parse::<UserId>().is_ok()), None);
        assert_eq!(mistyped(&lane).into_iter().find(|text| text.parse::<LaneId>().is_ok()), None);
    }
}

#[test]
fn texts_that_are_no_bech32_are_refused() {
    let good = UserId::from_bytes([7; 32]).to_string();
    let mixed = format!("{}{}", &good[..20].to_uppercase(), &good[20..]);
    for text in ["", "dmpc", "dmpc1", "1", "dmpc1qqqq", &mixed, &format!(" {good}"), &format!("{good}\n"), &good[4..]] {
        assert!(matches!(text.parse::<UserId>(), Err(IdError::Text { what: "user id", .. })), "{text:?}");
    }
}

#[test]
fn an_id_has_one_text() {
    // 32 bytes are 51 letters and one of which a single bit counts; the four others must be zero.
    let padded = with_padding_bits_set();
    assert!(padded.parse::<UserId>().is_err(), "{padded} has bits set that no id has");
}

/// The text of an id whose last data letter carries bits beyond the 32 bytes, under a checksum that is right.
fn with_padding_bits_set() -> String {
    let last = |text: &str| CHARSET.find(text.chars().nth_back(6).unwrap()).unwrap();
    let plain = UserId::from_bytes([0; 32]).to_string();
    assert_eq!(last(&plain), 0);
    let data = format!("{}{}", &plain[..plain.len() - 7], CHARSET.chars().nth(1).unwrap());
    format!("{data}{}", checksum("dmpc", &data["dmpc1".len()..]))
}

/// The six letters of a bech32 checksum, as BIP 173 defines it.
fn checksum(prefix: &str, data: &str) -> String {
    let step = |sum: u32, value: u32| {
        let top = sum >> 25;
        let generators = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3_u32];
        let folded = generators.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1);
        folded.fold((sum & 0x01ff_ffff) << 5 ^ value, |sum, (_, generator)| sum ^ generator)
    };
    let high = prefix.bytes().map(|byte| u32::from(byte >> 5));
    let low = prefix.bytes().map(|byte| u32::from(byte & 31));
    let letters = data.chars().map(|letter| u32::try_from(CHARSET.find(letter).unwrap()).unwrap());
    let sum = high.chain([0]).chain(low).chain(letters).chain([0; 6]).fold(1, step) ^ 1;
    let letter = |place: u32| CHARSET.chars().nth(usize::try_from(sum >> (5 * (5 - place)) & 31).unwrap()).unwrap();
    (0..6).map(letter).collect()
}

#[test]
fn the_checksum_written_here_is_that_of_the_ids() {
    let text = UserId::from_bytes([9; 32]).to_string();
    let (data, sum) = text.split_at(text.len() - 6);
    assert_eq!(checksum("dmpc", &data["dmpc1".len()..]), sum);
}
