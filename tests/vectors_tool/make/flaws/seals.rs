//! Flaws of wraps.

use anyhow::Result;
use bytes::Bytes;
use dmpc::kinds::{ChannelEpoch, EpochWraps, Kind, Wrap};

use super::super::{operations::epoch, raw};
use super::{Stage, blank_age};

impl Stage {
    /// Wraps whose age bytes the protocol does not have.
    pub(super) fn seals(&mut self) -> Result<()> {
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
