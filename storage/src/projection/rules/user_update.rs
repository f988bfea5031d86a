//! `user.update`: each field has a permission of its own; all must be met, or nothing is written.

use dmpc::{Permissions, kinds::UserUpdate, operation::SignedOperation};

use super::{Before, Ruling, permissions, require};
use crate::{
    projection::register::{Register, Value, permission_registers},
    verdict::{Missing, Rejection, Verdict},
};

pub(super) fn rule<B: Before>(
    operation: &SignedOperation,
    update: &UserUpdate,
    before: &B,
) -> Result<Ruling, B::Error> {
    let certifier = operation.certifier();
    let subject = update.user;
    require!(before.has(&Register::UserCreated(subject))?, Verdict::Pending(Missing::Subject));
    let is_root = before.has(&Register::UserRoot(subject))?;
    require!(!is_root || certifier == subject, Verdict::Rejected(Rejection::RootFixed));
    let held = permissions(&certifier, before)?;
    let is_subject = certifier == subject;
    let (needed, outranked) = needs(update, is_subject);
    require!(held.contains(needed), Verdict::Rejected(Rejection::PermissionMissing));
    if outranked {
        require!(held.contains(permissions(&subject, before)?), Verdict::Rejected(Rejection::Attenuation));
    }
    require!(held.contains(update.permissions()), Verdict::Rejected(Rejection::Attenuation));
    Ok(Ok(writes(update)))
}

/// The permissions that the certifier needs, and whether it must hold every permission of the subject too.
fn needs(update: &UserUpdate, is_subject: bool) -> (Permissions, bool) {
    let fields = [
        (update.active.is_some(), Permissions::USER_REMOVE, true),
        (update.encryption_key.is_some(), Permissions::USER_ENC_KEY_UPDATE, true),
        (update.signing_key.is_some(), Permissions::USER_SIGN_KEY_UPDATE, true),
        (update.display_name.is_some(), Permissions::USER_PERMISSIONS_UPDATE, false),
    ];
    let mut needed = Permissions::NONE;
    let mut outranked = false;
    for (_, permission, outranks) in fields.into_iter().filter(|(written, ..)| *written && !is_subject) {
        needed = needed.union(permission);
        outranked |= outranks;
    }
    if !update.permissions().is_empty() {
        needed = needed.union(Permissions::USER_PERMISSIONS_UPDATE);
    }
    (needed, outranked)
}

fn writes(update: &UserUpdate) -> Vec<(Register, Value)> {
    let subject = update.user;
    let flags = |permissions, flag| {
        permission_registers(subject, permissions).map(move |register| (register, Value::Flag(flag)))
    };
    let fields = [
        update.active.map(|active| (Register::UserActive(subject), Value::Flag(active))),
        update.encryption_key.map(|key| (Register::UserEncryptionKey(subject), Value::Key(*key.as_bytes()))),
        update.signing_key.map(|(key, _)| (Register::UserSigningKey(subject), Value::Key(*key.as_bytes()))),
        update.display_name.as_deref().map(|name| (Register::UserName(subject), Value::Text(name.into()))),
    ];
    fields.into_iter().flatten().chain(flags(update.grant, true)).chain(flags(update.revoke, false)).collect()
}

pub(super) fn touched(update: &UserUpdate) -> Vec<Register> {
    writes(update).into_iter().map(|(register, _)| register).collect()
}
