//! Who may speak at all: issuer and certifier exist, are active, and sign with the keys that are theirs at that point.

use dmpc::{UserId, keys::VerifyingKey, kinds::Payload, operation::SignedOperation};

use super::{Before, is_active, require};
use crate::{
    projection::register::Register,
    verdict::{Missing, Rejection, Verdict},
};

pub(super) fn check<B: Before>(operation: &SignedOperation, before: &B) -> Result<Result<(), Verdict>, B::Error> {
    let (issuer, certifier) = (operation.issuer(), operation.certifier());
    require!(before.has(&Register::UserCreated(certifier))?, Verdict::Pending(Missing::Certifier));
    require!(is_active(&certifier, before)?, Verdict::Rejected(Rejection::CertifierInactive));
    require!(has_key(&certifier, &operation.certifier_key(), before)?, Verdict::Rejected(Rejection::CertifierKey));
    if issuer == certifier {
        return Ok(Ok(()));
    }
    if !before.has(&Register::UserCreated(issuer))? {
        require!(is_invitation_answered(operation), Verdict::Pending(Missing::Issuer));
        return Ok(Ok(()));
    }
    require!(is_active(&issuer, before)?, Verdict::Rejected(Rejection::IssuerInactive));
    require!(has_key(&issuer, &operation.header().issuer_key, before)?, Verdict::Rejected(Rejection::IssuerKey));
    Ok(Ok(()))
}

fn has_key<B: Before>(user: &UserId, key: &VerifyingKey, before: &B) -> Result<bool, B::Error> {
    let value = before.get(&Register::UserSigningKey(*user))?;
    Ok(value.is_some_and(|value| value.as_key() == Some(key.as_bytes())))
}

/// A create that its own subject issued, with its genesis key, and somebody else certifies.
fn is_invitation_answered(operation: &SignedOperation) -> bool {
    match operation.payload() {
        Payload::UserCreate(create) => {
            create.user == operation.issuer() && create.signing_key == operation.header().issuer_key
        }
        Payload::UserUpdate(_)
        | Payload::ChannelOpen(_)
        | Payload::ChannelMembers(_)
        | Payload::ChannelEpoch(_)
        | Payload::ChannelMessage(_)
        | Payload::ChannelClose => false,
    }
}
