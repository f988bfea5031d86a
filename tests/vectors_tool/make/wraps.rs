//! Wraps of epoch keys, opened; and the shape of age.

use anyhow::Result;
use dmpc::{ChannelId, KeyId, seal::EpochKey};
use prost::Message;

use super::{
    file::{Case, File},
    flaws::blank_age,
    json::Json,
    operations::{channel, epoch, wrapped_key},
    people::{Given, Person},
    raw,
    sealed::Sealed,
};

pub(super) fn files(sealed: &mut Sealed) -> Result<Vec<File>> {
    let [bob, carol] = [Person::called("bob")?, Person::called("carol")?];
    let (channel, key_id) = (channel()?, epoch().key_id());
    let case = |name: &str, text: &str, bytes: &[u8], opener: &Person, channel: &ChannelId, key_id: &KeyId| {
        Case::new(name, text)
            .input("opener", opener.secrets())
            .input("channel", Json::hex(channel))
            .input("key_id", Json::hex(key_id))
            .input("sealed", Json::hex(bytes))
    };
    let right = wrapped_key(&channel, &bob, 0xe1);
    let inside = right.encode_to_vec();
    let to_bob = [bob.encryption_key()?];
    let good = sealed.seal("wrap for bob", &inside, &to_bob)?;
    let opened = case("bob", "", &good, &bob, &channel, &key_id)
        .value("wrapped_key", Json::hex(&inside))
        .accepted()
        .expect("epoch_key", Json::hex([0xe1; 32]));
    let mut files = vec![File::of("wrap/opened", "open_wrap", opened)];
    let mut flaw = |name: &str, case: Case, class: &'static str, reason: &'static str| {
        files.push(File::of(&format!("wrap/flaw/{name}"), "open_wrap", case.refused(class, reason)));
    };
    let other = ChannelId::from_bytes([8; 32]);
    flaw(
        "moved_to_other_channel",
        case("channel", "The wrap stands in another channel.", &good, &bob, &other, &key_id),
        "cannot_unseal",
        "wrap_mismatch",
    );
    let other = EpochKey::generate(&mut Given(0xe2)).key_id();
    flaw(
        "key_id_of_other_key",
        case("key id", "The wrap stands below the key id of another key.", &good, &bob, &channel, &other),
        "cannot_unseal",
        "key_id_mismatch",
    );
    flaw(
        "opened_by_another",
        case("carol", "Not sealed to carol.", &good, &carol, &channel, &key_id),
        "cannot_unseal",
        "not_sealed_to_this_key",
    );
    let mut changed = good.clone();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    flaw(
        "last_byte_changed",
        case("changed", "One bit of the payload of age.", &changed, &bob, &channel, &key_id),
        "cannot_unseal",
        "tampered_seal",
    );
    flaw(
        "cut_off",
        case("cut off", "The last byte is missing.", &good[..good.len() - 1], &bob, &channel, &key_id),
        "cannot_unseal",
        "tampered_seal",
    );
    let for_carol = wrapped_key(&channel, &carol, 0xe1).encode_to_vec();
    let bytes = sealed.seal("wrap for carol sealed to bob", &for_carol, &to_bob)?;
    flaw(
        "made_for_another",
        case("recipient", "It names carol inside.", &bytes, &bob, &channel, &key_id),
        "cannot_unseal",
        "wrap_mismatch",
    );
    let purpose = dmpc::v1::WrappedKey { purpose: "dmpc.v1 message".into(), ..right };
    let bytes = sealed.seal("wrap of another purpose", &purpose.encode_to_vec(), &to_bob)?;
    flaw(
        "of_other_purpose",
        case("purpose", "It was sealed for something else.", &bytes, &bob, &channel, &key_id),
        "cannot_unseal",
        "wrap_mismatch",
    );
    let more = [inside.clone(), raw::number(5, 1)].concat();
    let bytes = sealed.seal("wrap with an unknown field", &more, &to_bob)?;
    flaw(
        "unknown_field_inside",
        case("field", "What it holds is decoded strictly.", &bytes, &bob, &channel, &key_id),
        "malformed",
        "unknown_field",
    );
    let bytes = sealed.seal("wrap of 257 bytes", &[0; 257], &to_bob)?;
    flaw(
        "too_large_inside",
        case("large", "It holds 257 bytes.", &bytes, &bob, &channel, &key_id),
        "too_large",
        "too_large",
    );
    let bytes = sealed.seal("wrap for two", &inside, &[bob.encryption_key()?, carol.encryption_key()?])?;
    flaw(
        "for_two_recipients",
        case("two", "Sealed to bob and carol.", &bytes, &bob, &channel, &key_id),
        "too_large",
        "recipient_count",
    );
    files.push(shapes());
    Ok(files)
}

/// The shape of age bytes, which is checked by those who cannot open them.
fn shapes() -> File {
    const X25519: &str =
        "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\nhjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n";
    let case = |name: &str, allowed: u64, stanzas: &str| {
        let bytes = format!("age-encryption.org/v1\n{stanzas}--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\npayload");
        raw_case(name, allowed, bytes.as_bytes())
    };
    let foreign = |name: &str, stanza: &str, reason| {
        case(name, 2, &format!("{X25519}{stanza}\nAAAA\n")).refused("cannot_unseal", reason)
    };
    File::new("age/shape", "age_shape", "Which headers of age are accepted, by those too who cannot open the bytes.")
        .cases([
            case("one recipient", 1, X25519).accepted(),
            case("two of two", 2, &X25519.repeat(2)).accepted(),
            case("two of one", 1, &X25519.repeat(2)).refused("too_large", "recipient_count"),
            case("none", 1, "").refused("too_large", "recipient_count"),
            case("grease alone", 1, "-> x-grease a\nAAAA\n").refused("too_large", "recipient_count"),
            case("grease beside one", 1, &format!("{X25519}-> %k-grease a b\nAAAA\n")).accepted(),
            foreign("scrypt", "-> scrypt cGVwcGVyIGFuZCBzYWx0 18", "scrypt_stanza"),
            foreign("ssh-ed25519", "-> ssh-ed25519 Xyg06A rH24zuz7XHFc1lRyQmMrekpLrcKrJupohEh/YjvQCxs", "ssh_stanza"),
            foreign("ssh-rsa", "-> ssh-rsa mhir0Q", "ssh_stanza"),
            foreign("post-quantum", "-> mlkem768x25519 NfLcgAbz", "post_quantum_stanza"),
            foreign("post-quantum, tagged", "-> mlkem768p256tag AAAA", "post_quantum_stanza"),
            foreign("plugin", "-> yubikey AAAA", "foreign_stanza"),
            foreign("grease without a name", "-> grease AAAA", "foreign_stanza"),
            foreign("no tag", "-> ", "foreign_stanza"),
            raw_case("armored", 1, b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCg==\n")
                .refused("cannot_unseal", "armored"),
            raw_case("version 2", 1, b"age-encryption.org/v2\n-> X25519 AAAA\nAAAA\n--- AAAA\n")
                .refused("cannot_unseal", "not_age"),
            raw_case("no end of the header", 1, format!("age-encryption.org/v1\n{X25519}").as_bytes())
                .refused("cannot_unseal", "not_age"),
            raw_case("empty", 1, b"").refused("cannot_unseal", "not_age"),
            raw_case("blank", 1, &blank_age()).accepted(),
        ])
}

fn raw_case(name: &str, allowed: u64, bytes: &[u8]) -> Case {
    Case::new(name, "").input("sealed", Json::hex(bytes)).input("recipients_allowed", allowed)
}
