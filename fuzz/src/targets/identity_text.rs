//! Any text as an identity file, an id or a key: what is read is written in one way.

use std::{fmt::Display, str::FromStr};

use dmpc::{
    ChannelId, Identity, IssueId, KeyId, LaneId, NodeId, OpId, UserId,
    keys::{DecryptionKey, EncryptionKey, SigningKey},
};

pub(super) fn run(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let ids = [
        id::<UserId>(text),
        id::<ChannelId>(text),
        id::<NodeId>(text),
        id::<OpId>(text),
        id::<IssueId>(text),
        id::<KeyId>(text),
        id::<LaneId>(text),
        id::<EncryptionKey>(text),
    ];
    assert!(ids.iter().filter(|is| **is).count() <= 1, "a text is an id of two kinds");
    if let Ok(key) = SigningKey::from_text(text) {
        let written = key.to_text().expect("a checked key");
        assert!(written.eq_ignore_ascii_case(text.trim()), "a key is written in two ways");
    }
    if let Ok(key) = DecryptionKey::from_text(text) {
        assert!(key.to_text().eq_ignore_ascii_case(text.trim()), "a key is written in two ways");
    }
    let Ok(identity) = Identity::from_text(text) else { return ids.contains(&true) };
    let written = identity.to_text().expect("checked keys");
    let again = Identity::from_text(&written).expect("our own text");
    assert_eq!(again.user, identity.user);
    assert_eq!(again.signing.verifying_key(), identity.signing.verifying_key());
    assert_eq!(again.encryption.to_text(), identity.encryption.to_text());
    assert_eq!(again.to_text().expect("checked keys"), written);
    true
}

/// Whether a text is an id; then it is written as it was read, in lower case.
fn id<I: FromStr + Display + PartialEq>(text: &str) -> bool {
    let Ok(id) = text.parse::<I>() else { return false };
    let written = id.to_string();
    assert_eq!(written, text.to_ascii_lowercase(), "an id is written in two ways");
    assert!(written.parse::<I>().is_ok_and(|again| again == id));
    true
}
