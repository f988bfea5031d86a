//! Content, wraps, age, sealed answers.

use dmpc::{
    ChannelId, KeyId, SignedOperation,
    seal::{EpochKey, open_age, open_content as open, require_plain_x25519, seal_content},
    v1,
};
use prost::Message;

use super::case::{Case, Drawn};

fn epoch_key(case: &Case, path: &str) -> EpochKey {
    EpochKey::generate(&mut Drawn(case.array(path)))
}

pub(super) fn open_content(case: &Case) {
    let operation = SignedOperation::decode(case.bytes("inputs.operation").into()).unwrap().verify().unwrap();
    let key = epoch_key(case, "inputs.epoch_key");
    let Some(content) = case.hold(open(&key, &operation)) else { return };
    let place = case.place();
    assert_eq!(*content, case.bytes("expected.content"), "{place}");
    assert_eq!(key.key_id(), KeyId::from_bytes(case.array("values.key_id")), "{place}");
    let channel = ChannelId::from_bytes(case.array("values.channel"));
    let mut input = case.bytes("inputs.epoch_key");
    input.extend_from_slice(channel.as_bytes());
    assert_eq!(blake3::derive_key("dmpc v1 content key", &input), case.array("values.content_key"), "{place}");
    assert_eq!(operation.header_bytes().as_ref(), case.bytes("values.associated_data"), "{place}");
    let sealed = seal_content(&key, &channel, operation.header_bytes(), &case.array("inputs.nonce"), &content);
    assert_eq!(sealed.unwrap(), case.bytes("values.ciphertext"), "{place}");
}

pub(super) fn open_wrap(case: &Case) {
    let opener = case.person("inputs.opener");
    let (channel, key_id) = (case.array("inputs.channel"), KeyId::from_bytes(case.array("inputs.key_id")));
    let sealed = case.bytes("inputs.sealed");
    let channel = ChannelId::from_bytes(channel);
    let opened = EpochKey::unwrap(&sealed, &opener.encryption, &channel, &opener.user, &key_id);
    let Some(key) = case.hold(opened) else { return };
    assert_eq!(key.key_id(), epoch_key(case, "expected.epoch_key").key_id(), "{}", case.place());
    let inside = open_age(&sealed, &opener.encryption, 1, 256).unwrap();
    assert_eq!(*inside, case.bytes("values.wrapped_key"), "{}", case.place());
}

pub(super) fn age_shape(case: &Case) {
    let allowed = usize::try_from(case.number("inputs.recipients_allowed")).unwrap();
    case.hold(require_plain_x25519(&case.bytes("inputs.sealed"), allowed));
}

pub(super) fn sealed_answer(case: &Case) {
    assert_eq!(case.text("inputs.message"), "ReadUsersResponse");
    let answer = v1::ReadUsersResponse::decode(case.bytes("inputs.answer").as_slice()).unwrap();
    assert!(answer.users.is_empty() && answer.latest == 0, "{}: more than age bytes", case.place());
    let opener = case.person("inputs.opener");
    let Some(plain) = case.hold(open_age(&answer.sealed, &opener.encryption, 1, 65_536)) else { return };
    assert_eq!(*plain, case.bytes("expected.plain"), "{}", case.place());
    let inside = v1::ReadUsersResponse::decode(plain.as_slice()).unwrap();
    assert!(inside.sealed.is_empty() && !inside.users.is_empty(), "{}", case.place());
}
