//! A node with users, channels and epochs for every case.

use dmpc::{Hlc, Permissions, Rights, VerifiedOperation, keys::EncryptionKey, kinds::FieldWrite, v1};

use crate::support::{
    client::{Client, Via, now_ms, transaction},
    operations::{Cast, Room, at},
    server::Server,
};

/// Alice adds channels and users and manages her channels, in which bob reads and writes; carol may look around; dave was
/// never created; erin is deactivated; frank's keys were rotated, and `former frank` has the first ones.
pub(crate) struct Stage {
    pub(crate) server: Server,
    /// A moment before the node started.
    pub(super) before_start_ms: u64,
    pub(super) recipient: EncryptionKey,
    pub(super) cast: Cast,
    pub(super) room: Room,
    /// Closed.
    pub(super) closed: Room,
    /// Under its first epoch, of two.
    pub(super) outdated: Room,
    time: u64,
    guests: u64,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let mut cast = Cast::new(1);
        let before_start_ms = now_ms();
        let server = Server::start(&cast);
        ["dave", "erin", "frank"].iter().for_each(|name| cast.join(name));
        let adds = Permissions::CHANNEL_ADD.union(Permissions::USER_ADD);
        let looks = Permissions::USER_READ.union(Permissions::CHANNEL_READ);
        let members = [("bob", Rights::READ.union(Rights::WRITE))];
        let mut made = vec![
            cast.create("root", "alice", adds, "Alice", at(11)),
            cast.create("root", "bob", Permissions::NONE, "Bob", at(12)),
            cast.create("root", "carol", looks, "Carol", at(13)),
            cast.create("root", "erin", Permissions::NONE, "Erin", at(14)),
            cast.create("root", "frank", Permissions::NONE, "Frank", at(15)),
            cast.update("root", "erin", &[FieldWrite::Active(false)], at(16)),
            cast.rotate("frank", "frank", "former frank", at(17)),
        ];
        let mut open = |name, time| {
            let (operation, room) = cast.open("alice", name, &members, at(time));
            made.push(operation);
            room
        };
        let (room, closed, outdated) = (open("tea", 21), open("closed", 22), open("outdated", 23));
        made.push(cast.close("alice", &closed, at(24)));
        made.push(cast.epoch("alice", &outdated, &["alice", "bob"], at(25)).0);
        let recipient = server.recipient().await;
        let mut stage = Self { server, before_start_ms, recipient, cast, room, closed, outdated, time: 100, guests: 0 };
        stage.apply(&made).await;
        stage
    }

    async fn apply(&mut self, operations: &[VerifiedOperation]) {
        let operations: Vec<_> = operations.iter().collect();
        let acks = Client::connect(&self.server, Via::Grpc).await.submit(vec![transaction(&operations)]).await;
        let kinds: Vec<_> = acks[0].outcomes.iter().map(v1::Outcome::kind).collect();
        assert_eq!(kinds, vec![v1::OutcomeKind::Applied; operations.len()], "{acks:?}");
    }

    /// The next moment of 2024.
    pub(super) fn tick(&mut self) -> Hlc {
        self.time += 1;
        at(self.time)
    }

    /// Somebody whom nobody saw before.
    pub(super) fn guest(&mut self) -> String {
        self.guests += 1;
        let name = format!("guest {}", self.guests);
        self.cast.join(&name);
        name
    }
}
