//! Operations that are refused: one file for each flaw. All but those of signatures are signed as they stand.

use anyhow::Result;
use bytes::Bytes;
use dmpc::{
    ChannelId, Hlc, Permissions,
    hash::Domain,
    kinds::{
        ChannelEpoch, ChannelMembers, ChannelMessage, ChannelOpen, EpochWraps, Kind, Member, UserCreate, Wrap,
        channel_id,
    },
    v1,
};
use prost::Message;

use super::{
    file::{Case, File},
    forge::{Parts, at, certify_bytes, field, first_link, sign_body},
    json::Json,
    operations::{channel, epoch, genesis},
    people::Person,
    raw,
    sealed::Sealed,
};

/// Signing key of small order: the neutral element.
const SMALL: [u8; 32] = {
    let mut key = [0; 32];
    key[0] = 1;
    key
};

/// What the flaws are made of.
struct Stage {
    root: Person,
    alice: Person,
    bob: Person,
    channel: ChannelId,
    files: Vec<File>,
}

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    let mut stage = Stage {
        root: Person::called("root")?,
        alice: Person::called("alice")?,
        bob: Person::called("bob")?,
        channel: channel()?,
        files: Vec::new(),
    };
    stage.encoding();
    stage.headers();
    stage.links();
    stage.certifications();
    stage.signatures()?;
    stage.users()?;
    stage.channels()?;
    stage.seals()?;
    Ok(stage.files)
}

impl Stage {
    fn flaw(
        &mut self,
        name: &'static str,
        text: &str,
        operation: &v1::Operation,
        class: &'static str,
        reason: &'static str,
    ) {
        self.flaw_bytes(name, text, operation.encode_to_vec(), class, reason);
    }

    fn flaw_bytes(
        &mut self,
        name: &'static str,
        text: &str,
        bytes: Vec<u8>,
        class: &'static str,
        reason: &'static str,
    ) {
        let case = Case::new(name, text).input("operation", Json::hex(bytes)).refused(class, reason);
        self.files.push(File::of(&format!("operation/flaw/{name}"), "operation", case));
    }

    fn malformed(&mut self, name: &'static str, text: &str, operation: &v1::Operation, reason: &'static str) {
        self.flaw(name, text, operation, "malformed", reason);
    }

    /// A close by alice: the least operation.
    fn close(&self) -> Parts {
        Parts::new(&self.alice, Kind::ChannelClose, at(1), Vec::new()).channel(&self.channel)
    }

    fn payload(&self, kind: Kind, payload: impl Into<Vec<u8>>) -> v1::Operation {
        let parts = Parts::new(&self.alice, kind, at(1), payload.into());
        let parts = if kind.is_channel() { parts.channel(&self.channel) } else { parts };
        parts.own(&self.alice)
    }

    fn encoding(&mut self) {
        let good = self.close().own(&self.alice);
        let bytes = good.encode_to_vec();
        let more = |tail: Vec<u8>| [bytes.clone(), tail].concat();
        let flaw =
            |stage: &mut Self, name, text, bytes, reason| stage.flaw_bytes(name, text, bytes, "malformed", reason);
        flaw(self, "unknown_field", "A field 5 after all others.", more(raw::number(5, 1)), "unknown_field");
        flaw(
            self,
            "repeated_field",
            "The signature stands twice.",
            more(raw::bytes(2, &good.signature)),
            "repeated_field",
        );
        let misordered = [raw::bytes(2, &good.signature), raw::bytes(1, &good.body)].concat();
        flaw(self, "misordered_field", "The signature stands before the body.", misordered, "misordered_field");
        flaw(self, "trailing_byte", "One zero byte after the operation: field 0.", more(vec![0]), "unknown_field");
        flaw(
            self,
            "trailing_bytes",
            "A field that is cut off after the operation.",
            more(raw::tag(3, raw::LENGTH_DELIMITED)),
            "truncated",
        );
        flaw(self, "truncated", "The last byte is missing.", bytes[..bytes.len() - 1].to_vec(), "truncated");
        let padded =
            [raw::tag(1, 2), raw::padded(good.body.len() as u64), good.body.to_vec(), raw::bytes(2, &good.signature)];
        flaw(
            self,
            "non_minimal_length",
            "The length of the body has one byte more than it needs.",
            padded.concat(),
            "non_minimal_varint",
        );
        flaw(
            self,
            "empty",
            "No bytes: a body, a header and a version that are absent. The version is looked at first.",
            Vec::new(),
            "unknown_version",
        );
        let header = self.close().header_bytes();
        let with_default = [header.clone(), raw::number(10, 0)].concat();
        let body = v1::Body { header: with_default.into(), payload: Bytes::new() }.encode_to_vec();
        self.malformed(
            "unknown_field_in_header",
            "The header has a field 10.",
            &sign_body(body, &self.alice, Domain::SignOperation),
            "unknown_field",
        );
        let body = [raw::bytes(1, &header), raw::bytes(2, [])].concat();
        self.malformed(
            "default_written",
            "An empty payload is written out.",
            &sign_body(body, &self.alice, Domain::SignOperation),
            "default_written",
        );
        let mut padded_version = vec![0x08, 0x81, 0x00];
        padded_version.extend_from_slice(&header[2..]);
        let body = raw::bytes(1, padded_version);
        self.malformed(
            "non_minimal_varint",
            "The version is 81 00 instead of 01.",
            &sign_body(body, &self.alice, Domain::SignOperation),
            "non_minimal_varint",
        );
        let case = Case::new(
            "operation_too_large",
            "524,289 bytes: one more than an operation may have. What is in them does not matter.",
        )
        .input("operation", Json::Object(vec![("times", 524_289_u64.into()), ("hex", "0a".into())]))
        .refused("too_large", "operation_too_large");
        self.files.push(File::of("operation/flaw/operation_too_large", "operation", case));
    }

    fn header_flaw(
        &mut self,
        name: &'static str,
        text: &str,
        reason: &'static str,
        change: impl FnOnce(&mut v1::Header),
    ) {
        let operation = self.close().with(change).own(&self.alice);
        self.malformed(name, text, &operation, reason);
    }

    fn headers(&mut self) {
        self.header_flaw("unknown_version", "Version 2.", "unknown_version", |header| header.version = 2);
        self.header_flaw("no_version", "Version 0, which is absent.", "unknown_version", |header| header.version = 0);
        self.header_flaw("unknown_kind", "Kind 8.", "unknown_kind", |header| header.kind = 8);
        self.header_flaw("no_kind", "Kind 0, which is absent.", "unknown_kind", |header| header.kind = 0);
        self.header_flaw("channel_missing", "A close without a channel.", "channel_misplaced", |header| {
            header.channel = Bytes::new()
        });
        self.header_flaw("key_id_on_a_close", "A close with a key id.", "key_id_misplaced", |header| {
            header.key_id = field([4; 32])
        });
        self.header_flaw("zero_timestamp", "Issued at zero, which is absent.", "zero_timestamp", |header| {
            header.issued_at = 0
        });
        let alice = self.alice.user();
        self.header_flaw("self_named", "Alice names herself as the certifier.", "self_named", |header| {
            header.certifier = field(alice);
            header.link = None;
        });
        self.header_flaw("issuer_missing", "No issuer.", "missing_field", |header| header.issuer = Bytes::new());
        self.header_flaw("issuer_key_missing", "No key of the issuer.", "missing_field", |header| {
            header.issuer_key = Bytes::new()
        });
        self.header_flaw("channel_of_31_bytes", "An id is too short.", "wrong_length", |header| {
            header.channel = field([3; 31])
        });
        let with_key = self.close().with(|header| header.issuer_key = field(SMALL)).own(&self.alice);
        self.flaw(
            "small_order_issuer_key",
            "Anybody can sign for the neutral element.",
            &with_key,
            "unauthentic",
            "small_order_signing_key",
        );
        let update =
            Parts::new(&self.alice, Kind::UserUpdate, at(1), self.naming()).channel(&self.channel).own(&self.alice);
        self.malformed("channel_on_a_user_kind", "A user.update with a channel.", &update, "channel_misplaced");
        let message = self.payload(Kind::ChannelMessage, ChannelMessage::encode([1; 24], vec![0; 16]));
        self.malformed("key_id_missing", "A message without a key id.", &message, "key_id_misplaced");
    }

    fn naming(&self) -> Vec<u8> {
        v1::UserUpdate { user: field(self.alice.user()), display_name: Some("A".into()), ..Default::default() }
            .encode_to_vec()
    }

    fn links(&mut self) {
        let link = |seq, prev: &[u8]| Some(v1::Link { seq, prev: field(prev), ..first_link() });
        self.header_flaw("link_missing", "Neither a link nor a certifier.", "link_misplaced", |header| {
            header.link = None
        });
        let bob = self.bob.user();
        self.header_flaw("link_beside_a_certifier", "A link and a certifier.", "link_misplaced", |header| {
            header.certifier = field(bob)
        });
        self.header_flaw("link_place_zero", "seq is 0, which is absent.", "bad_link", |header| {
            header.link = link(0, &[])
        });
        self.header_flaw("link_first_with_predecessor", "seq 1 with a predecessor.", "bad_link", |header| {
            header.link = link(1, &[1; 32])
        });
        self.header_flaw("link_second_without_predecessor", "seq 2 without one.", "bad_link", |header| {
            header.link = link(2, &[])
        });
        self.header_flaw("link_predecessor_of_zeros", "seq 2 after zeros.", "bad_link", |header| {
            header.link = link(2, &[0; 32])
        });
        self.header_flaw("link_without_a_lane", "No lane.", "missing_field", |header| {
            header.link = Some(v1::Link { lane: Bytes::new(), ..first_link() });
        });
    }

    /// Issued by bob for alice.
    fn issue(&self, time: Hlc) -> Parts {
        Parts::new(&self.bob, Kind::ChannelClose, time, Vec::new()).channel(&self.channel).certified_by(&self.alice)
    }

    fn certifications(&mut self) {
        let good = self.issue(at(2)).certified(&self.bob, &self.alice, at(3), |_| {});
        let other = self.issue(at(1)).certified(&self.bob, &self.alice, at(3), |_| {});
        let own = self.close().own(&self.alice);
        let stripped =
            v1::Operation { certification: Bytes::new(), certification_signature: Bytes::new(), ..good.clone() };
        self.malformed(
            "certification_stripped",
            "The certification and its signature are taken away.",
            &stripped,
            "certification_missing",
        );
        let unsigned = v1::Operation { certification_signature: Bytes::new(), ..good.clone() };
        self.malformed(
            "certification_signature_stripped",
            "The certification stands without its signature.",
            &unsigned,
            "missing_field",
        );
        let moved = v1::Operation {
            certification: other.certification.clone(),
            certification_signature: other.certification_signature,
            ..good.clone()
        };
        self.malformed(
            "certification_moved_to_other_issue",
            "The certification is of another issue by the same two.",
            &moved,
            "certification_of_other_issue",
        );
        let added = v1::Operation {
            certification: good.certification.clone(),
            certification_signature: good.certification_signature.clone(),
            ..own.clone()
        };
        self.malformed(
            "certification_not_wanted",
            "An operation that its issuer certifies, with a certification.",
            &added,
            "certification_not_wanted",
        );
        let early = self.issue(at(2)).certified(&self.bob, &self.alice, at(1), |_| {});
        self.malformed("certified_too_early", "Certified before it was issued.", &early, "certified_too_early");
        let small = self.issue(at(2)).certified(&self.bob, &self.alice, at(3), |c| c.certifier_key = field(SMALL));
        self.flaw(
            "small_order_certifier_key",
            "The certifier's key has small order.",
            &small,
            "unauthentic",
            "small_order_signing_key",
        );
        let unlinked = self.issue(at(2)).certified(&self.bob, &self.alice, at(3), |c| c.link = None);
        self.malformed("certification_without_a_link", "No place in the certifier's lane.", &unlinked, "missing_field");
        let unknown = [good.certification.to_vec(), raw::number(5, 1)].concat();
        let unknown = certify_bytes(self.issue(at(2)).signed(&self.bob, Domain::SignIssue), unknown, &self.alice);
        self.malformed("unknown_field_in_certification", "The certification has a field 5.", &unknown, "unknown_field");
    }

    fn bad_signature(&mut self, name: &'static str, text: &str, operation: &v1::Operation) {
        self.flaw(name, text, operation, "unauthentic", "bad_signature");
    }

    fn signatures(&mut self) -> Result<()> {
        let own = self.close().signed(&self.alice, Domain::SignIssue);
        self.bad_signature("issue_signature_on_an_operation", "Signed in the domain of issues.", &own);
        let good = self.issue(at(2)).certified(&self.bob, &self.alice, at(3), |_| {});
        let signature = self.issue(at(2)).signed(&self.bob, Domain::SignOperation).signature;
        self.bad_signature(
            "operation_signature_on_an_issue",
            "The issuer signed in the domain of operations.",
            &v1::Operation { signature, ..good.clone() },
        );
        let signature = field(self.alice.identity.signing.sign(Domain::SignOperation, &[&good.certification]).0);
        self.bad_signature(
            "certification_signed_as_an_operation",
            "The certifier signed in the domain of operations.",
            &v1::Operation { certification_signature: signature, ..good.clone() },
        );
        let mut changed = good.certification_signature.to_vec();
        changed[0] ^= 1;
        self.bad_signature(
            "certification_signature_changed",
            "One bit of the certifier's signature is changed.",
            &v1::Operation { certification_signature: changed.into(), ..good },
        );
        self.bad_signature("signed_by_another", "Bob signs for alice.", &self.close().own(&self.bob));
        let mut changed = self.close().own(&self.alice);
        let mut body = changed.body.to_vec();
        body[50] ^= 1;
        changed.body = body.into();
        self.bad_signature("body_changed", "One bit of the issuer's id is changed after signing.", &changed);
        let mut create =
            v1::UserCreate::decode(UserCreate::encode(&self.bob.public()?, Permissions::NONE, "").as_slice())?;
        create.countersignature = field(self.alice.public()?.countersignature.0);
        let operation = self.payload(Kind::UserCreate, create.encode_to_vec());
        self.bad_signature("countersignature_of_another", "Whoever creates bob does not hold his key.", &operation);
        Ok(())
    }

    fn users(&mut self) -> Result<()> {
        let good = v1::UserCreate::decode(UserCreate::encode(&self.bob.public()?, Permissions::NONE, "").as_slice())?;
        let create = |change: &dyn Fn(&mut v1::UserCreate)| {
            let mut create = good.clone();
            change(&mut create);
            self.payload(Kind::UserCreate, create.encode_to_vec())
        };
        let signing = create(&|create| create.signing_key = field(SMALL));
        let encryption = create(&|create| create.encryption_key = field(SMALL));
        let bits = create(&|create| create.permissions = 256);
        let name = create(&|create| create.display_name = "n".repeat(65));
        let uncountersigned = create(&|create| create.countersignature = Bytes::new());
        self.flaw("user_create_small_order_signing_key", "", &signing, "unauthentic", "small_order_signing_key");
        self.flaw(
            "user_create_small_order_encryption_key",
            "",
            &encryption,
            "unauthentic",
            "small_order_encryption_key",
        );
        self.malformed("user_create_unknown_permission", "Bit 8.", &bits, "bad_value");
        self.flaw("user_create_name_too_long", "65 bytes.", &name, "too_large", "too_long");
        self.malformed("user_create_without_countersignature", "", &uncountersigned, "missing_field");
        let not_utf8 = [good.encode_to_vec(), raw::bytes(5, [0xff, 0xfe])].concat();
        self.malformed(
            "user_create_name_not_utf8",
            "The name is ff fe.",
            &self.payload(Kind::UserCreate, not_utf8),
            "not_utf8",
        );
        let user = raw::bytes(1, self.bob.user());
        let update = |rest: Vec<u8>| self.payload(Kind::UserUpdate, [user.clone(), rest].concat());
        let key = raw::bytes(4, self.bob.identity.signing.verifying_key().as_bytes());
        let cases = [
            ("user_update_changes_nothing", "The subject alone.", update(Vec::new()), "changes_nothing"),
            ("user_update_active_is_two", "A flag is 0 or 1.", update(raw::number(2, 2)), "value_too_large"),
            (
                "user_update_grant_and_revoke",
                "One permission is granted and revoked.",
                update([raw::number(6, 3), raw::number(7, 1)].concat()),
                "bad_value",
            ),
            ("user_update_key_without_countersignature", "", update(key), "missing_field"),
            ("user_update_countersignature_without_key", "", update(raw::bytes(5, [1; 64])), "bad_value"),
            (
                "user_update_reserved_cuts",
                "Field 9 is kept for ruleset 2.",
                update([raw::number(2, 1), raw::bytes(9, [1])].concat()),
                "reserved_field",
            ),
            (
                "user_update_reserved_unlisted",
                "Field 10 is kept for ruleset 2.",
                update([raw::number(2, 1), raw::number(10, 1)].concat()),
                "reserved_field",
            ),
            ("user_update_wrong_wire_type", "A flag as bytes.", update(raw::bytes(2, [1])), "wrong_wire_type"),
        ];
        for (name, text, operation, reason) in cases {
            self.malformed(name, text, &operation, reason);
        }
        Ok(())
    }

    fn channels(&mut self) -> Result<()> {
        let good = genesis(&self.bob);
        let open = |genesis: Bytes, wraps: &[Wrap], channel: &ChannelId| {
            Parts::new(&self.alice, Kind::ChannelOpen, at(1), ChannelOpen::encode(genesis, wraps))
                .channel(channel)
                .own(&self.alice)
        };
        let id_of = |genesis: &Bytes| channel_id(&self.alice.user(), genesis);
        let mismatch = open(good.clone(), &[], &ChannelId::from_bytes([8; 32]));
        let read = dmpc::Rights::READ;
        let genesis_of = |members: &[Member]| ChannelOpen::encode_genesis([7; 32], "", members, &epoch().key_id());
        let listed = genesis_of(&[Member { user: self.alice.user(), rights: read }]);
        let listed = open(listed.clone(), &[], &id_of(&listed));
        let mut two = [Member { user: self.bob.user(), rights: read }, Member { user: self.root.user(), rights: read }];
        two.sort_by_key(|member| std::cmp::Reverse(member.user));
        let descending = genesis_of(&two);
        let descending = open(descending.clone(), &[], &id_of(&descending));
        let stranger =
            Wrap { user: self.root.user(), encryption_key: self.root.encryption_key()?, sealed: blank_age() };
        let for_stranger = open(good.clone(), std::slice::from_ref(&stranger), &self.channel);
        let nonceless = raw::bytes(4, epoch().key_id());
        let nonceless = open(nonceless.clone().into(), &[], &id_of(&nonceless.into()));
        let members = |set: &[Member], remove: &[dmpc::UserId], epochs: &[EpochWraps]| {
            self.payload(Kind::ChannelMembers, ChannelMembers::encode(set, remove, epochs))
        };
        let bob = [Member { user: self.bob.user(), rights: read }];
        let both = members(&bob, &[self.bob.user()], &[]);
        let nothing = self.payload(Kind::ChannelMembers, Vec::new());
        let wrapped = EpochWraps { key_id: epoch().key_id(), wraps: vec![stranger] };
        let wrapped_for_stranger = members(&bob, &[], std::slice::from_ref(&wrapped));
        let empty_epoch = members(&bob, &[], &[EpochWraps { wraps: Vec::new(), ..wrapped }]);
        let rightless = raw::bytes(1, raw::bytes(1, self.bob.user()));
        let rightless = self.payload(Kind::ChannelMembers, rightless);
        let set_bob = raw::bytes(1, [raw::bytes(1, self.bob.user()), raw::number(2, 1)].concat());
        let cuts = self.payload(Kind::ChannelMembers, [set_bob.clone(), raw::bytes(4, [1])].concat());
        let unlisted = self.payload(Kind::ChannelMembers, [set_bob, raw::number(5, 1)].concat());
        let full_close = self.payload(Kind::ChannelClose, raw::number(1, 1));
        let key_id = epoch().key_id();
        let message = |payload: Vec<u8>| {
            Parts::new(&self.alice, Kind::ChannelMessage, at(1), payload)
                .channel(&self.channel)
                .under(&key_id)
                .own(&self.alice)
        };
        let short = message(ChannelMessage::encode([1; 24], vec![0; 15]));
        let short_nonce = message([raw::bytes(1, [1; 23]), raw::bytes(2, [0; 16])].concat());
        let keyless = self.payload(Kind::ChannelEpoch, raw::bytes(1, []));
        let cases = [
            (
                "channel_id_mismatch",
                "The channel is not the hash of opener and genesis.",
                mismatch,
                "channel_id_mismatch",
            ),
            ("channel_open_opener_listed", "Alice lists herself.", listed, "opener_listed"),
            ("channel_open_members_descending", "Members stand in descending order.", descending, "not_ascending"),
            (
                "channel_open_wrap_for_stranger",
                "A wrap for somebody who is no member.",
                for_stranger,
                "wrap_for_stranger",
            ),
            ("channel_open_without_nonce", "", nonceless, "missing_field"),
            ("channel_members_set_and_removed", "Bob is both.", both, "set_and_removed"),
            ("channel_members_changes_nothing", "Nobody is set or removed.", nothing, "changes_nothing"),
            (
                "channel_members_wrap_for_stranger",
                "A wrap for somebody who is not set.",
                wrapped_for_stranger,
                "wrap_for_stranger",
            ),
            ("channel_members_epoch_without_wraps", "", empty_epoch, "changes_nothing"),
            (
                "channel_members_no_rights",
                "Bob is set with no right; a removal says that otherwise.",
                rightless,
                "bad_value",
            ),
            ("channel_members_reserved_cuts", "Field 4 is kept for ruleset 2.", cuts, "reserved_field"),
            ("channel_members_reserved_unlisted", "Field 5 is kept for ruleset 2.", unlisted, "reserved_field"),
            ("channel_close_with_a_payload", "A close carries nothing.", full_close, "unknown_field"),
            ("channel_message_shorter_than_a_tag", "15 bytes of ciphertext.", short, "ciphertext_too_short"),
            ("channel_message_short_nonce", "23 bytes.", short_nonce, "wrong_length"),
            ("channel_epoch_without_key_id", "", keyless, "missing_field"),
        ];
        for (name, text, operation, reason) in cases {
            self.malformed(name, text, &operation, reason);
        }
        Ok(())
    }

    /// Wraps whose age bytes the protocol does not have.
    fn seals(&mut self) -> Result<()> {
        let key = self.alice.encryption_key()?;
        let with = |sealed: Bytes| {
            let wrap = Wrap { user: self.alice.user(), encryption_key: key, sealed };
            self.payload(
                Kind::ChannelEpoch,
                ChannelEpoch::encode(&EpochWraps { key_id: epoch().key_id(), wraps: vec![wrap] }),
            )
        };
        let stanza = |text: &str| with(format!("age-encryption.org/v1\n{text}\nAAAA\n--- AAAA\n").into());
        let twice = "-> X25519 AAAA\nAAAA\n-> X25519 AAAA";
        let cases = [
            ("wrap_scrypt", "Sealed to a passphrase.", stanza("-> scrypt AAAA 18"), "scrypt_stanza"),
            ("wrap_ssh", "Sealed to a key of SSH.", stanza("-> ssh-ed25519 AAAA BBBB"), "ssh_stanza"),
            ("wrap_post_quantum", "Sealed to a hybrid key.", stanza("-> mlkem768x25519 AAAA"), "post_quantum_stanza"),
            ("wrap_plugin", "Sealed by a plugin.", stanza("-> yubikey AAAA"), "foreign_stanza"),
            (
                "wrap_armored",
                "age in its text form.",
                with("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n".into()),
                "armored",
            ),
            (
                "wrap_not_age",
                "Version 2 of age.",
                with("age-encryption.org/v2\n-> X25519 AAAA\n--- AAAA\n".into()),
                "not_age",
            ),
        ];
        let [two, none] = [stanza(twice), stanza("-> a-grease AAAA")];
        let long = with([blank_age().as_ref(), &[0; 1_000]].concat().into());
        for (name, text, operation, reason) in cases {
            self.flaw(name, text, &operation, "cannot_unseal", reason);
        }
        self.flaw(
            "wrap_for_two_recipients",
            "Two X25519 recipients; a wrap has one.",
            &two,
            "too_large",
            "recipient_count",
        );
        self.flaw("wrap_for_no_recipient", "Nothing but grease.", &none, "too_large", "recipient_count");
        self.flaw("wrap_too_long", "More than 1,024 bytes of age.", &long, "too_large", "too_long");
        let members = (0..1_025_u32).flat_map(|number| {
            let user = [number.to_be_bytes().as_slice(), &[0; 28]].concat();
            raw::bytes(2, user)
        });
        let many = self.payload(Kind::ChannelMembers, members.collect::<Vec<u8>>());
        self.flaw("channel_members_too_many", "1,025 users are removed.", &many, "too_large", "too_many");
        Ok(())
    }
}

/// Bytes with the header of an age file for one X25519 recipient, which nobody can open.
pub(super) fn blank_age() -> Bytes {
    Bytes::from_static(b"age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\nnobody can open this")
}
