//! Whom an operation concerns, and how: what the family `by_user` remembers of it.

use dmpc::{SignedOperation, UserId, kinds::Payload};

use crate::{families::by_user::Roles, projection::views::subject};

/// Everybody whom an operation concerns, each once, with all of its roles.
pub(crate) fn concerned(operation: &SignedOperation) -> Vec<(UserId, Roles)> {
    let mut concerned = vec![(operation.issuer(), Roles::AUTHOR), (operation.certifier(), Roles::AUTHOR)];
    concerned.extend(subject(operation).map(|user| (user, Roles::SUBJECT)));
    match operation.payload() {
        Payload::ChannelOpen(open) => {
            concerned.extend(open.members.iter().map(|member| (member.user, Roles::MEMBER)));
        }
        Payload::ChannelMembers(members) => {
            concerned.extend(members.set.iter().map(|member| (member.user, Roles::MEMBER)));
            concerned.extend(members.remove.iter().map(|user| (*user, Roles::MEMBER)));
        }
        Payload::UserCreate(_)
        | Payload::UserUpdate(_)
        | Payload::ChannelEpoch(_)
        | Payload::ChannelMessage(_)
        | Payload::ChannelClose => {}
    }
    concerned.sort_by_key(|(user, _)| *user);
    concerned.dedup_by(|(other, roles), (user, all)| {
        let is_same = other == user;
        *all = if is_same { all.union(*roles) } else { *all };
        is_same
    });
    concerned
}
