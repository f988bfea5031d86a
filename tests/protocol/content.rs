//! The content of messages: a ciphertext cannot be given another author, channel, time or epoch.

use dmpc::{
    ChannelId, Hlc, KeyId, VerifiedOperation,
    kinds::Payload,
    operation::Draft,
    seal::{NONCE_BYTES, SealError, TAG_BYTES, open_content, seal_content},
};

use super::forge::Parts;
use crate::support::operations::{Cast, Room, at};

struct Scene {
    cast: Cast,
    room: Room,
    message: VerifiedOperation,
}

fn scene() -> Scene {
    let mut cast = Cast::new(1);
    let (_, room) = cast.open("alice", "lounge", &[], at(0));
    let message = cast.message("bob", &room, "hello", at(5));
    Scene { cast, room, message }
}

impl Scene {
    /// The same ciphertext under another header, truly signed by whom that names.
    fn moved(&mut self, author: &str, channel: ChannelId, key_id: KeyId, at: Hlc) -> VerifiedOperation {
        let payload = Parts::from_bytes(self.message.bytes()).payload;
        self.cast.act(author, Draft::message(channel, key_id), at, |_| payload)
    }
}

#[test]
fn a_holder_of_the_epoch_key_reads_the_message() {
    let scene = scene();
    assert_eq!(open_content(&scene.room.key, &scene.message).unwrap().as_slice(), b"hello");
}

#[test]
fn a_message_issued_for_another_to_certify_is_read_too() {
    let mut scene = scene();
    let message = scene.cast.message(("carol", "alice", at(9)), &scene.room, "Grüße ☂", at(6));
    assert_eq!(open_content(&scene.room.key, &message).unwrap().as_slice(), "Grüße ☂".as_bytes());
}

#[test]
fn content_is_its_ciphertext_less_a_tag_and_may_be_empty_or_large() {
    let mut scene = scene();
    for text in [String::new(), "x".repeat(100_000)] {
        let message = scene.cast.message("bob", &scene.room, &text, at(6));
        let Payload::ChannelMessage(sealed) = message.payload() else { panic!("{:?}", message.kind()) };
        assert_eq!(sealed.ciphertext.len(), text.len() + TAG_BYTES);
        assert_eq!(open_content(&scene.room.key, &message).unwrap().as_slice(), text.as_bytes());
    }
}

#[test]
fn a_ciphertext_moved_to_another_author_is_refused() {
    let mut scene = scene();
    let (channel, key_id) = (scene.room.id, scene.room.key.key_id());
    let moved = scene.moved("carol", channel, key_id, at(5));
    assert_eq!(open_content(&scene.room.key, &moved), Err(SealError::Tampered));
}

#[test]
fn a_ciphertext_moved_to_another_channel_is_refused() {
    let mut scene = scene();
    let key_id = scene.room.key.key_id();
    let moved = scene.moved("bob", ChannelId::from_bytes([9; 32]), key_id, at(5));
    assert_eq!(open_content(&scene.room.key, &moved), Err(SealError::Tampered));
}

#[test]
fn a_ciphertext_moved_to_another_time_or_place_in_the_lane_is_refused() {
    let mut scene = scene();
    let (channel, key_id) = (scene.room.id, scene.room.key.key_id());
    for at in [at(4), at(5), at(6)] {
        let moved = scene.moved("bob", channel, key_id, at);
        assert_eq!(open_content(&scene.room.key, &moved), Err(SealError::Tampered));
    }
}

#[test]
fn a_ciphertext_moved_to_another_epoch_is_refused() {
    let mut scene = scene();
    let (_, next) = scene.cast.epoch("alice", &scene.room, &["alice"], at(1));
    let (channel, key_id) = (scene.room.id, next.key.key_id());
    let moved = scene.moved("bob", channel, key_id, at(5));
    assert_eq!(open_content(&next.key, &moved), Err(SealError::Tampered));
    assert_eq!(open_content(&scene.room.key, &moved), Err(SealError::OtherEpoch));
}

#[test]
fn the_reader_checks_that_its_key_is_the_one_named() {
    let mut scene = scene();
    let (_, next) = scene.cast.epoch("alice", &scene.room, &["alice"], at(1));
    assert_eq!(open_content(&next.key, &scene.message), Err(SealError::OtherEpoch));
}

#[test]
fn the_same_key_seals_differently_in_another_channel() {
    let scene = scene();
    let seal = |channel| seal_content(&scene.room.key, &channel, b"header", &[1; NONCE_BYTES], b"hello").unwrap();
    assert_ne!(seal(scene.room.id), seal(ChannelId::from_bytes([9; 32])));
}

#[test]
fn the_header_bytes_are_the_associated_data() {
    let scene = scene();
    let Payload::ChannelMessage(sealed) = scene.message.payload() else { panic!("not a message") };
    let again = seal_content(&scene.room.key, &scene.room.id, scene.message.header_bytes(), &sealed.nonce, b"hello");
    assert_eq!(again.unwrap(), sealed.ciphertext);
}

#[test]
fn other_kinds_hold_no_content() {
    let mut scene = scene();
    let close = scene.cast.close("alice", &scene.room, at(9));
    assert_eq!(open_content(&scene.room.key, &close), Err(SealError::NotAMessage));
}
