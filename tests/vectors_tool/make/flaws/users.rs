//! Flaws of payloads on users.

use anyhow::Result;
use bytes::Bytes;
use dmpc::{
    Permissions,
    kinds::{Kind, UserCreate},
    v1,
};
use prost::Message;

use super::super::{forge::field, raw};
use super::{SMALL, Stage};

impl Stage {
    pub(super) fn users(&mut self) -> Result<()> {
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
}
