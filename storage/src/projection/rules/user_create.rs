//! `user.create` needs user.add and every permission it grants. A second one writes only what it grants.

use dmpc::{Permissions, kinds::UserCreate, operation::SignedOperation};

use super::{Before, Ruling, permissions, require};
use crate::{
    projection::register::{Register, Value, permission_registers},
    verdict::{Rejection, Verdict},
};

pub(super) fn rule<B: Before>(
    operation: &SignedOperation,
    create: &UserCreate,
    before: &B,
) -> Result<Ruling, B::Error> {
    let certifier = operation.certifier();
    let subject = create.user;
    let is_root = before.has(&Register::UserRoot(subject))?;
    require!(!is_root || certifier == subject, Verdict::Rejected(Rejection::RootFixed));
    let held = permissions(&certifier, before)?;
    require!(held.contains(Permissions::USER_ADD), Verdict::Rejected(Rejection::PermissionMissing));
    require!(held.contains(create.permissions), Verdict::Rejected(Rejection::Attenuation));
    let mut writes: Vec<_> =
        permission_registers(subject, create.permissions).map(|register| (register, Value::Flag(true))).collect();
    if !before.has(&Register::UserCreated(subject))? {
        writes.push((Register::UserCreated(subject), Value::Mark));
        writes.push((Register::UserSigningKey(subject), Value::Key(*create.signing_key.as_bytes())));
        writes.push((Register::UserEncryptionKey(subject), Value::Key(*create.encryption_key.as_bytes())));
        if !create.display_name.is_empty() {
            writes.push((Register::UserName(subject), Value::Text(create.display_name.as_str().into())));
        }
    }
    Ok(Ok(writes))
}

pub(super) fn touched(create: &UserCreate) -> Vec<Register> {
    let subject = create.user;
    permission_registers(subject, create.permissions)
        .chain([
            Register::UserCreated(subject),
            Register::UserSigningKey(subject),
            Register::UserEncryptionKey(subject),
            Register::UserName(subject),
        ])
        .collect()
}
