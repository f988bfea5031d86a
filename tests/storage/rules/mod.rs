//! The rules: for each row of the permission table, what takes effect and what does not, with its reason.
//!
//! Every specification tells a story: operations, each with the verdict that the protocol gives it. The definition folds
//! them in the order of keys and must say just that; the engine learns of them in other orders and must say the same.
//! `orders` holds these comparisons. `exhaustive_*` try every order of larger stories.

mod author;
mod channel_close;
mod channel_epoch;
mod channel_members;
mod channel_message;
mod channel_open;
mod exhaustive_channels;
mod exhaustive_users;
mod issues;
mod order;
mod orders;
mod rotation;
mod user_create;
mod user_permissions;
mod user_update;

use dmpc::{Hlc, Permissions, Rights, UserId, VerifiedOperation};
use dmpc_storage::{
    Genesis, Missing, Rejection, Root, Verdict,
    projection::{Register, Value},
};

use self::orders::Orders;
use crate::support::{
    operations::{Cast, Room},
    world::genesis,
};

/// Operations, each with the verdict that is its due, and what is to stand in registers at the end.
struct Story {
    cast: Cast,
    genesis: Genesis,
    told: Vec<(VerifiedOperation, Verdict)>,
    in_the_end: Vec<(Register, Option<Value>)>,
}

/// Tells a story and holds the definition and the engine to it: in every order where it has up to five operations, and in
/// a sample of orders where it has more.
fn specify(tell: impl FnOnce(&mut Story)) {
    let story = Story::told_by(tell);
    let orders = if story.told.len() <= 5 { Orders::Every } else { Orders::Sample };
    orders::hold(&story, orders);
}

/// Tells a story of up to seven operations and holds the definition and the engine to it in every order.
fn specify_every_order(tell: impl FnOnce(&mut Story)) {
    let story = Story::told_by(tell);
    assert!(story.told.len() <= 7, "more orders than can be tried");
    orders::hold(&story, Orders::Every);
}

impl Story {
    fn told_by(tell: impl FnOnce(&mut Self)) -> Self {
        let mut cast = Cast::with_blank_wraps(4);
        ["dave", "erin"].into_iter().for_each(|name| cast.join(name));
        let mut story = Self { genesis: genesis(&cast), cast, told: Vec::new(), in_the_end: Vec::new() };
        tell(&mut story);
        story
    }

    /// Makes somebody a root, beside the one that there is.
    fn trust(&mut self, name: &str) {
        self.genesis.roots.push(Root::from(&self.cast.public(name)));
        self.genesis.roots.sort_unstable_by_key(|root| root.user);
    }

    fn user(&self, name: &str) -> UserId {
        self.cast.user(name)
    }

    fn expect(&mut self, verdict: Verdict, make: impl FnOnce(&mut Cast) -> VerifiedOperation) {
        let operation = make(&mut self.cast);
        self.told.push((operation, verdict));
    }

    /// This takes effect.
    fn applied(&mut self, make: impl FnOnce(&mut Cast) -> VerifiedOperation) {
        self.expect(Verdict::Applied, make);
    }

    /// This breaks a rule.
    fn rejected(&mut self, rejection: Rejection, make: impl FnOnce(&mut Cast) -> VerifiedOperation) {
        self.expect(Verdict::Rejected(rejection), make);
    }

    /// This names something that nothing before it introduces.
    fn pending(&mut self, missing: Missing, make: impl FnOnce(&mut Cast) -> VerifiedOperation) {
        self.expect(Verdict::Pending(missing), make);
    }

    /// The root creates somebody.
    fn created(&mut self, name: &str, permissions: Permissions, time: Hlc) {
        self.applied(|cast| cast.create("root", name, permissions, "", time));
    }

    /// Somebody opens a channel, and may.
    fn opened(&mut self, opener: &str, members: &[(&str, Rights)], time: Hlc) -> Room {
        let (operation, room) = self.cast.open(opener, "room", members, time);
        self.told.push((operation, Verdict::Applied));
        room
    }

    /// After all operations, a register holds this.
    fn ends_with(&mut self, register: Register, value: impl Into<Option<Value>>) {
        self.in_the_end.push((register, value.into()));
    }
}
