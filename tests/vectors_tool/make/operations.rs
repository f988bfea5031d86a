//! Valid operations: each kind, and both ways of certifying.

use anyhow::Result;
use bytes::Bytes;
use dmpc::{
    ChannelId, KeyId, Permissions, Rights,
    hash::Domain,
    identity::countersign,
    kinds::{
        ChannelEpoch, ChannelMembers, ChannelMessage, ChannelOpen, EpochWraps, FieldWrite, Kind, Member, UserCreate,
        UserUpdate, Wrap, channel_id,
    },
    seal::{EpochKey, seal_content},
    v1,
};
use prost::Message;

use super::{
    file::{Case, File},
    forge::{Parts, at, explain, field, operation_id, time},
    json::Json,
    people::{Given, Person},
    sealed::Sealed,
};

/// The epoch key of the examples: 32 times `e1`.
pub(super) fn epoch() -> EpochKey {
    EpochKey::generate(&mut Given(0xe1))
}

/// The genesis of the channel of the examples: opened by alice, with bob.
pub(super) fn genesis(bob: &Person) -> Bytes {
    let bob = Member { user: bob.user(), rights: Rights::READ.union(Rights::WRITE) };
    ChannelOpen::encode_genesis([0x77; 32], "lounge", &[bob], &epoch().key_id())
}

/// The channel of the examples.
pub(super) fn channel() -> Result<ChannelId> {
    Ok(channel_id(&Person::called("alice")?.user(), &genesis(&Person::called("bob")?)))
}

/// The key of `epoch`, wrapped for somebody, under a name of its own among the sealed bytes.
pub(super) fn wrap(sealed: &mut Sealed, name: &str, epoch: &EpochKey, secret: u8, to: &Person) -> Result<Wrap> {
    let inside = wrapped_key(&channel()?, to, secret).encode_to_vec();
    debug_assert_eq!(Domain::KeyId.hash(&[&[secret; 32]]), *epoch.key_id().as_bytes());
    let encryption_key = to.encryption_key()?;
    let sealed = sealed.seal(name, &inside, &[encryption_key])?.into();
    Ok(Wrap { user: to.user(), encryption_key, sealed })
}

/// What a wrap holds.
pub(super) fn wrapped_key(channel: &ChannelId, to: &Person, secret: u8) -> v1::WrappedKey {
    v1::WrappedKey {
        purpose: "dmpc.v1 epoch key".into(),
        channel: field(channel),
        recipient: field(to.user()),
        key: field([secret; 32]),
    }
}

/// A message of bob's in the channel of the examples.
pub(super) fn message(text: &[u8]) -> Result<(Parts, Vec<u8>)> {
    let bob = Person::called("bob")?;
    let (channel, key) = (channel()?, epoch());
    let parts = Parts::new(&bob, Kind::ChannelMessage, at(5), Vec::new()).channel(&channel).under(&key.key_id());
    seal_into(parts, &channel, &key, text)
}

/// Seals content to the header of `parts`.
pub(super) fn seal_into(parts: Parts, channel: &ChannelId, key: &EpochKey, text: &[u8]) -> Result<(Parts, Vec<u8>)> {
    let nonce = [0x5c; 24];
    let ciphertext = seal_content(key, channel, &parts.header_bytes(), &nonce, text)?;
    Ok((Parts { payload: ChannelMessage::encode(nonce, ciphertext.clone()), ..parts }, ciphertext))
}

/// A case of an operation that its issuer certifies.
fn own(name: &str, text: &str, issuer: &Person, parts: &Parts) -> Result<Case> {
    let case = Case::new(name, text).input("issuer", issuer.secrets());
    explain(case, &parts.own(issuer))
}

pub(super) fn files(sealed: &mut Sealed) -> Result<Vec<File>> {
    let mut files = users()?;
    files.extend(channels(sealed)?);
    files.push(issue()?);
    Ok(files)
}

fn file(path: &str, case: Case) -> File {
    File::of(&format!("operation/{path}"), "operation", case)
}

fn users() -> Result<Vec<File>> {
    let [root, alice, bob] = [Person::called("root")?, Person::called("alice")?, Person::called("bob")?];
    let create = UserCreate::encode(&alice.public()?, Permissions::CHANNEL_ADD.union(Permissions::USER_READ), "Alice");
    let by_root = Parts::new(&root, Kind::UserCreate, at(1), create.clone());
    let invitation = Parts::new(&alice, Kind::UserCreate, at(1), create.clone()).certified_by(&root);
    let mut with_next_key = v1::UserCreate::decode(create.as_slice())?;
    with_next_key.next_key = field([0x3c; 32]);
    let bare = v1::UserCreate { permissions: 0, display_name: String::new(), ..with_next_key.clone() };
    let new = alice.rotated(0x42, 0x52)?;
    let countersignature = countersign(&new.identity.signing, &alice.user());
    let rotation = [
        FieldWrite::EncryptionKey(new.encryption_key()?),
        FieldWrite::SigningKey(new.identity.signing.verifying_key(), countersignature),
    ];
    let all = [
        FieldWrite::Active(false),
        FieldWrite::Grant(Permissions::CHANNEL_ADD),
        FieldWrite::Revoke(Permissions::USER_ADD),
        FieldWrite::DisplayName(String::new()),
    ];
    let update = |issuer: &Person, writes: &[FieldWrite]| {
        Parts::new(issuer, Kind::UserUpdate, at(2), UserUpdate::encode(&alice.user(), writes))
    };
    let certified = |parts: &Parts, issuer: &Person, certifier: &Person, name: &str, text: &str| {
        let case = Case::new(name, text).input("issuer", issuer.secrets()).input("certifier", certifier.secrets());
        let case = case.input("certified_at", time(at(3)));
        explain(case, &parts.certified(issuer, certifier, at(3), |_| {}))
    };
    Ok(vec![
        file("user_create_by_root", own("user.create", "A root creates alice.", &root, &by_root)?),
        file(
            "user_create_invitation_answered",
            certified(&invitation, &alice, &root, "user.create", "Alice issues her own create; a root certifies it.")?,
        ),
        file(
            "user_create_with_next_key",
            own(
                "user.create",
                "The commitment to a next key stands in the bytes, without effect; no permission, no name.",
                &root,
                &Parts::new(&root, Kind::UserCreate, at(1), bare.encode_to_vec()),
            )?,
        ),
        file(
            "user_update_keys",
            own(
                "user.update",
                "Alice replaces both of her keys; the new signing key countersigns.",
                &alice,
                &update(&alice, &rotation),
            )?
            .input("new_keys", new.secrets()),
        ),
        file(
            "user_update_every_other_field",
            own(
                "user.update",
                "false and the empty name are written out: the fields are explicit.",
                &root,
                &update(&root, &all),
            )?,
        ),
        file(
            "user_update_certified_by_another",
            certified(
                &update(&bob, &all[..1]).certified_by(&root),
                &bob,
                &root,
                "user.update",
                "Bob issues that alice is deactivated; a root certifies.",
            )?,
        ),
    ])
}

fn channels(sealed: &mut Sealed) -> Result<Vec<File>> {
    let [alice, bob, carol] = [Person::called("alice")?, Person::called("bob")?, Person::called("carol")?];
    let (channel, key) = (channel()?, epoch());
    let genesis = genesis(&bob);
    let mut wraps = vec![wrap(sealed, "first epoch for alice", &key, 0xe1, &alice)?];
    wraps.push(wrap(sealed, "first epoch for bob", &key, 0xe1, &bob)?);
    wraps.sort_by_key(|wrap| (wrap.user, wrap.encryption_key));
    let for_carol = wrap(sealed, "first epoch for carol", &key, 0xe1, &carol)?;
    let next = EpochKey::generate(&mut Given(0xe2));
    let next_for_alice = wrap(sealed, "second epoch for alice", &next, 0xe2, &alice)?;
    let parts = |kind, time, payload| Parts::new(&alice, kind, at(time), payload).channel(&channel);
    let open = parts(Kind::ChannelOpen, 3, ChannelOpen::encode(genesis.clone(), &wraps));
    let set = [Member { user: carol.user(), rights: Rights::ALL }];
    let epochs = [EpochWraps { key_id: key.key_id(), wraps: vec![for_carol] }];
    let members = parts(Kind::ChannelMembers, 4, ChannelMembers::encode(&set, &[bob.user()], &epochs));
    let second = EpochWraps { key_id: next.key_id(), wraps: vec![next_for_alice] };
    let epoch = parts(Kind::ChannelEpoch, 4, ChannelEpoch::encode(&second));
    let empty = EpochWraps { key_id: KeyId::from_bytes([0x4d; 32]), wraps: Vec::new() };
    let without_wraps = parts(Kind::ChannelEpoch, 4, ChannelEpoch::encode(&empty));
    let content = "Hello, Bob.".as_bytes();
    let (message, _) = message(content)?;
    let close = parts(Kind::ChannelClose, 6, Vec::new());
    let bobs_issue = Parts::new(&bob, Kind::ChannelMessage, at(5), Vec::new()).channel(&channel).under(&key.key_id());
    let (issued, _) = seal_into(bobs_issue.certified_by(&alice), &channel, &key, content)?;
    let by_another =
        Case::new("channel.message", "Bob writes, alice certifies. The header's bytes are sealed to, as ever.")
            .input("issuer", bob.secrets())
            .input("certifier", alice.secrets())
            .input("certified_at", time(at(6)));
    Ok(vec![
        file(
            "channel_open",
            own("channel.open", "Alice opens a channel with bob, and wraps the first epoch for both.", &alice, &open)?
                .input("epoch_key", Json::hex([0xe1; 32]))
                .input("nonce", Json::hex([0x77; 32]))
                .value("genesis", Json::hex(&genesis))
                .value("key_id", Json::hex(key.key_id())),
        ),
        file(
            "channel_members",
            own("channel.members", "Carol is set and given the epoch, bob is removed.", &alice, &members)?,
        ),
        file(
            "channel_epoch",
            own("channel.epoch", "A second epoch.", &alice, &epoch)?.input("epoch_key", Json::hex([0xe2; 32])),
        ),
        file(
            "channel_epoch_without_wraps",
            own("channel.epoch", "An epoch may be named without wraps.", &alice, &without_wraps)?,
        ),
        file(
            "channel_message",
            own("channel.message", "The content is sealed to the header.", &bob, &message)?
                .input("content", Json::hex(content))
                .input("epoch_key", Json::hex([0xe1; 32]))
                .input("nonce", Json::hex([0x5c; 24])),
        ),
        file(
            "channel_message_certified_by_another",
            explain(by_another, &issued.certified(&bob, &alice, at(6), |_| {}))?,
        ),
        file("channel_close", own("channel.close", "The payload is absent.", &alice, &close)?),
    ])
}

/// An issue on its way to its certifier, and what its certifier makes of it.
fn issue() -> Result<File> {
    let [alice, root] = [Person::called("alice")?, Person::called("root")?];
    let create = UserCreate::encode(&alice.public()?, Permissions::NONE, "Alice");
    let parts = Parts::new(&alice, Kind::UserCreate, at(1), create).certified_by(&root);
    let issued = parts.signed(&alice, Domain::SignIssue);
    let certified = parts.certified(&alice, &root, at(2), |_| {});
    let case = Case::new("issue", "Fields 1 and 2 of an Operation. A node refuses it: certification_missing.")
        .input("issuer", alice.secrets())
        .input("certifier", root.secrets())
        .input("certified_at", time(at(2)))
        .input("issue", Json::hex(issued.encode_to_vec()))
        .value("issue_id", Json::hex(Domain::IssueId.hash(&[&issued.body])))
        .value("certification", Json::hex(&certified.certification))
        .accepted()
        .expect("certifier", Json::hex(root.user()))
        .expect("operation", Json::hex(certified.encode_to_vec()))
        .expect("operation_id", Json::hex(operation_id(&certified)));
    Ok(File::of("issue/certified", "issue", case))
}
