//! Content of messages: sealed to a header, and what happens when a ciphertext is moved.

use anyhow::{Context as _, Result};
use dmpc::{
    ChannelId,
    hash::Domain,
    kinds::{ChannelMessage, Kind},
    seal::EpochKey,
    v1,
};
use prost::Message;

use super::{
    file::{Case, File},
    forge::{Parts, at, field},
    json::Json,
    operations::{channel, epoch, message, seal_into},
    people::{Given, Person},
    sealed::Sealed,
};

const TEXT: &[u8] = b"Hello, Bob.";

/// A case in which a message is opened with an epoch key of one byte.
fn open(name: &str, text: &str, operation: &v1::Operation, key: u8) -> Case {
    Case::new(name, text)
        .input("operation", Json::hex(operation.encode_to_vec()))
        .input("epoch_key", Json::hex([key; 32]))
}

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    let mut files = vec![sealing()?];
    let bob = Person::called("bob")?;
    let (good, _) = message(TEXT)?;
    let moved = |change: &dyn Fn(&mut v1::Header)| {
        let payload = good.payload.clone();
        Parts { payload, ..good.clone() }.with(change)
    };
    let channel_of = moved(&|header| header.channel = field([8; 32]));
    let later = moved(&|header| header.issued_at += 1);
    let lane = moved(&|header| header.link = Some(v1::Link { lane: field([9; 16]), seq: 1, prev: Default::default() }));
    let alice = Person::called("alice")?;
    let author = moved(&|header| {
        header.issuer = field(alice.user());
        header.issuer_key = field(alice.identity.signing.verifying_key().as_bytes());
    });
    let other = EpochKey::generate(&mut Given(0xe2));
    let epoch_of = moved(&|header| header.key_id = field(other.key_id()));
    let tampered = |name: &str, text: &str, operation: &v1::Operation, key: u8| {
        open(name, text, operation, key).refused("cannot_unseal", "tampered_seal")
    };
    let file = |name: &str, case: Case| File::of(&format!("content/flaw/{name}"), "open_content", case);
    files.extend([
        file(
            "moved_to_other_author",
            tampered("author", "Alice signs bob's ciphertext as hers.", &author.own(&alice), 0xe1),
        ),
        file(
            "moved_to_other_channel",
            tampered("channel", "The header names another channel.", &channel_of.own(&bob), 0xe1),
        ),
        file("moved_to_other_time", tampered("time", "The header is one tick later.", &later.own(&bob), 0xe1)),
        file("moved_to_other_lane", tampered("lane", "The header has another lane.", &lane.own(&bob), 0xe1)),
        file(
            "moved_to_other_epoch",
            tampered(
                "epoch",
                "The header names the key that the reader opens with, and the content was sealed with another.",
                &epoch_of.own(&bob),
                0xe2,
            ),
        ),
        file(
            "opened_with_other_epoch",
            open("key", "The reader's key is not the one that the header names.", &good.own(&bob), 0xe2)
                .refused("cannot_unseal", "other_epoch"),
        ),
    ]);
    let mut wire = v1::ChannelMessage::decode(good.payload.as_slice())?;
    let mut ciphertext = wire.ciphertext.to_vec();
    ciphertext[0] ^= 1;
    wire.ciphertext = ciphertext.into();
    let changed = Parts { payload: wire.encode_to_vec(), ..good.clone() };
    files.push(file(
        "ciphertext_changed",
        tampered("ciphertext", "One bit of the ciphertext is changed.", &changed.own(&bob), 0xe1),
    ));
    let mut wire = v1::ChannelMessage::decode(good.payload.as_slice())?;
    wire.nonce = field([0x5d; 24]);
    let changed = Parts { payload: wire.encode_to_vec(), ..good };
    files.push(file("nonce_changed", tampered("nonce", "Another nonce.", &changed.own(&bob), 0xe1)));
    let close = Parts::new(&bob, Kind::ChannelClose, at(5), Vec::new()).channel(&channel()?);
    files.push(file(
        "not_a_message",
        open("close", "A close holds no content.", &close.own(&bob), 0xe1).refused("cannot_unseal", "not_a_message"),
    ));
    Ok(files)
}

fn sealing() -> Result<File> {
    let bob = Person::called("bob")?;
    let key = epoch();
    let mut file = File::new("content/sealing", "open_content", "Content sealed to a header, and opened again.");
    let far = ChannelId::from_bytes([8; 32]);
    let cases: [(&str, &[u8], ChannelId); 4] = [
        ("a text", TEXT, channel()?),
        ("nothing", b"", channel()?),
        ("one block and a byte", &[0x61; 65], channel()?),
        ("the same key in another channel", TEXT, far),
    ];
    for (name, text, channel) in cases {
        let parts = Parts::new(&bob, Kind::ChannelMessage, at(5), Vec::new()).channel(&channel).under(&key.key_id());
        let (parts, ciphertext) = seal_into(parts, &channel, &key, text)?;
        let header = parts.header_bytes();
        let nonce = v1::ChannelMessage::decode(parts.payload.as_slice())?.nonce;
        let nonce: [u8; 24] = nonce.as_ref().try_into().ok().context("a nonce has 24 bytes")?;
        debug_assert_eq!(ChannelMessage::encode(nonce, ciphertext.clone()), parts.payload);
        file = file.case(
            open(name, "", &parts.own(&bob), 0xe1)
                .input("nonce", Json::hex(nonce))
                .value("key_id", Json::hex(key.key_id()))
                .value("channel", Json::hex(channel))
                .value("content_key", Json::hex(Domain::ContentKey.hash(&[&[0xe1; 32], channel.as_bytes()])))
                .value("associated_data", Json::hex(header))
                .value("ciphertext", Json::hex(ciphertext))
                .accepted()
                .expect("content", Json::hex(text)),
        );
    }
    Ok(file)
}
