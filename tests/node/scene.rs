//! A node on which alice opened a channel for bob, and carol may look around.

use dmpc::{Hlc, Permissions, Rights, VerifiedOperation, v1};

use crate::support::{
    client::{Client, Via, transaction},
    operations::{Cast, Room, at},
    server::Server,
};

/// See the module.
pub(super) struct Scene {
    pub(super) cast: Cast,
    pub(super) server: Server,
    pub(super) room: Room,
    time: u64,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let mut cast = Cast::new(1);
        let server = Server::start(&cast);
        let read = Permissions::USER_READ.union(Permissions::CHANNEL_READ);
        let mut operations = vec![
            cast.create("root", "alice", Permissions::CHANNEL_ADD, "Alice", at(1)),
            cast.create("root", "bob", Permissions::NONE, "Bob", at(2)),
            cast.create("root", "carol", read, "Carol", at(3)),
        ];
        let members = [("bob", Rights::READ.union(Rights::WRITE))];
        let (open, room) = cast.open("alice", "tea", &members, at(4));
        operations.push(open);
        let mut scene = Self { cast, server, room, time: 4 };
        scene.apply(&operations).await;
        scene
    }

    /// The next moment.
    pub(super) fn tick(&mut self) -> Hlc {
        self.time += 1;
        at(self.time)
    }

    /// Somebody's next message.
    pub(super) fn message(&mut self, name: &str, text: &str) -> VerifiedOperation {
        let time = self.tick();
        self.cast.message(name, &self.room, text, time)
    }

    /// So many messages of bob.
    pub(super) fn messages(&mut self, count: usize) -> Vec<VerifiedOperation> {
        (0..count).map(|number| self.message("bob", &format!("message {number}"))).collect()
    }

    pub(super) async fn client(&self, via: Via) -> Client {
        Client::connect(&self.server, via).await
    }

    /// Submits operations that all take effect.
    pub(super) async fn apply(&mut self, operations: &[VerifiedOperation]) {
        let operations: Vec<_> = operations.iter().collect();
        let acks = self.client(Via::Grpc).await.submit(vec![transaction(&operations)]).await;
        let kinds: Vec<_> = acks[0].outcomes.iter().map(v1::Outcome::kind).collect();
        assert_eq!(kinds, vec![v1::OutcomeKind::Applied; operations.len()], "{acks:?}");
    }

    /// That the node still answers, and takes a good operation.
    pub(super) async fn assert_node_goes_on(&mut self) {
        let operation = self.message("bob", "still here");
        for via in Via::ALL {
            let outcome = self.client(via).await.submit_one(&operation).await;
            let expected = if via == Via::Grpc { v1::OutcomeKind::Applied } else { v1::OutcomeKind::Duplicate };
            assert_eq!(outcome.kind(), expected);
        }
    }
}
