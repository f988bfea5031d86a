//! Sealed answers.

use anyhow::Result;
use dmpc::v1;
use prost::Message;

use super::{
    file::{Case, File},
    forge::field,
    json::Json,
    people::Person,
    sealed::Sealed,
};

pub(super) fn files(sealed: &mut Sealed) -> Result<Vec<File>> {
    let [bob, carol] = [Person::called("bob")?, Person::called("carol")?];
    let user = v1::User {
        id: field(bob.user()),
        signing_key: field(bob.identity.signing.verifying_key().as_bytes()),
        encryption_key: field(bob.encryption_key()?.as_bytes()),
        active: true,
        permissions: 3,
        display_name: "Bob".into(),
        root: false,
    };
    let plain = v1::ReadUsersResponse { users: vec![user], latest: 0x018c_c251_f401_0000, ..Default::default() }
        .encode_to_vec();
    let bytes = sealed.seal("answer for bob", &plain, &[bob.encryption_key()?])?;
    let answer = |bytes: &[u8]| v1::ReadUsersResponse { sealed: field(bytes), ..Default::default() }.encode_to_vec();
    let case = |name: &str, bytes: &[u8], opener: &Person| {
        Case::new(name, "")
            .input("message", "ReadUsersResponse")
            .input("answer", Json::hex(answer(bytes)))
            .input("opener", opener.secrets())
    };
    let mut changed = bytes.clone();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    let description =
        "An answer in which only the field 15 stands: age bytes that hold the same message, for reply_to.";
    let good =
        case("users", &bytes, &bob).value("sealed", Json::hex(&bytes)).accepted().expect("plain", Json::hex(&plain));
    Ok(vec![
        File::new("answer/sealed", "sealed_answer", description).case(good),
        File::new("answer/flaw/sealed", "sealed_answer", "Answers that cannot be opened.")
            .case(case("opened by another", &bytes, &carol).refused("cannot_unseal", "not_sealed_to_this_key"))
            .case(case("one bit changed", &changed, &bob).refused("cannot_unseal", "tampered_seal")),
    ])
}
