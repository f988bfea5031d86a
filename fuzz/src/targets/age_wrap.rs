//! Any bytes as a sealed epoch key: what is opened was checked for its shape before, and is the one wrap that was made.

use dmpc::seal::{EpochKey, open_age, require_plain_x25519};

use crate::cast;

/// The committed wrap of the one epoch for bob; age draws randomness, so it cannot be made again.
const WRAP: &[u8] = include_bytes!("../../seeds/age_wrap/valid-wrap");

pub(super) fn run(data: &[u8]) -> bool {
    let (bob, channel, key_id) = (cast::identity("bob"), cast::channel(), cast::epoch_key().key_id());
    let shape = require_plain_x25519(data, 1);
    let opened = open_age(data, &bob.encryption, 1, 256);
    let key = EpochKey::unwrap(data, &bob.encryption, &channel, &bob.user, &key_id);
    if let Err(fault) = shape {
        assert_eq!(opened.err().as_ref(), Some(&fault), "the shape is checked first");
        assert_eq!(key.err().as_ref(), Some(&fault), "the shape is checked first");
        return false;
    }
    let Ok(key) = key else {
        assert!(data != WRAP, "the valid wrap is refused");
        return false;
    };
    assert_eq!(key.key_id(), key_id);
    assert!(opened.is_ok());
    assert!(data == WRAP, "a changed wrap is opened");
    // It is nobody else's, and no other channel's.
    let carol = cast::identity("carol");
    assert!(EpochKey::unwrap(data, &carol.encryption, &channel, &carol.user, &key_id).is_err());
    assert!(EpochKey::unwrap(data, &bob.encryption, &channel, &carol.user, &key_id).is_err());
    true
}
