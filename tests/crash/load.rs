//! What clients send to a node that dies: messages in order and late, changes of rights that come late, users, epochs,
//! operations that are kept aside, and some that have no effect.

use std::path::Path;

use dmpc::{Permissions, Rights, VerifiedOperation};
use dmpc_node::data_directory::{self, RootSource};
use rand_core::OsRng;

use crate::support::{
    client::now_ms,
    operations::{Cast, Room, Seeded, at},
    server::write_identity,
    store::{audited, open, submissions},
};

/// Connections that send at a time.
const CONNECTIONS: usize = 4;
/// Messages of one connection.
const MESSAGES: usize = 64;
/// Those of a load under which batches are judged while those before them are synced.
const MESSAGES_OF_MANY: usize = 400;

/// A data directory, who writes to it, and what was acknowledged.
pub(super) struct Load {
    folder: tempfile::TempDir,
    cast: Cast,
    rng: Seeded,
    room: Room,
    time: u64,
    strangers: usize,
    /// Messages of one connection.
    messages: usize,
    pub(super) acknowledged: Vec<VerifiedOperation>,
}

/// A number of a stranger, as a name.
fn stranger(number: usize) -> String {
    format!("stranger{number}")
}

impl Load {
    /// A node that was just made, and in which alice opened a channel for bob.
    pub(super) fn new(seed: u64) -> Self {
        Self::of(seed, MESSAGES)
    }

    /// The same, and so much to send that the node's queues are never empty.
    pub(super) fn of_many(seed: u64) -> Self {
        Self::of(seed, MESSAGES_OF_MANY)
    }

    fn of(seed: u64, messages: usize) -> Self {
        let mut cast = Cast::with_blank_wraps(seed);
        let folder = crate::support::folder::private_folder();
        let root = folder.path().join("root.identity");
        write_identity(&cast, "root", &root);
        let data = folder.path().join("data");
        data_directory::init(&data, &[RootSource::File(root)], None, |_| unreachable!(), &mut OsRng).unwrap();
        let mut first = vec![
            cast.create("root", "alice", Permissions::ALL, "Alice", at(1)),
            cast.create("root", "bob", Permissions::NONE, "Bob", at(2)),
        ];
        let (opened, room) = cast.open("alice", "tea", &[("bob", Rights::READ.union(Rights::WRITE))], at(3));
        first.push(opened);
        let (mut writer, _) = open(&data.join("store"));
        writer.commit(&submissions(&first), now_ms()).unwrap();
        writer.close().unwrap();
        let rng = Seeded::new(seed, "crash");
        Self { folder, cast, rng, room, time: 10, strangers: 0, messages, acknowledged: first }
    }

    /// The data directory.
    pub(super) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// A number below a bound.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.rng.below(bound)
    }

    /// What each connection sends.
    pub(super) fn streams(&mut self) -> Vec<Vec<VerifiedOperation>> {
        (0..CONNECTIONS).map(|number| self.stream(number)).collect()
    }

    fn stream(&mut self, number: usize) -> Vec<VerifiedOperation> {
        let mut operations = Vec::new();
        for place in 0..self.messages {
            self.time += 1;
            let late = self.below(4) == 0;
            let time = if late {
                4 + u64::try_from(self.below(usize::try_from(self.time).unwrap())).unwrap()
            } else {
                self.time
            };
            let name = if place % 2 == 0 { "alice" } else { "bob" };
            operations.push(self.cast.message(name, &self.room, "tea is ready", at(time)));
            if place % 32 == 16 {
                operations.extend(self.control(number));
            }
        }
        operations
    }

    /// Something that is not a message; each connection has its own sort.
    fn control(&mut self, number: usize) -> Vec<VerifiedOperation> {
        let early = at(4 + u64::try_from(self.below(usize::try_from(self.time).unwrap())).unwrap());
        match number {
            // Late, and it changes what comes after it.
            0 => {
                let rights = if self.below(2) == 0 { Rights::READ } else { Rights::READ.union(Rights::WRITE) };
                vec![self.cast.members("alice", &self.room, &[("bob", rights)], &[], early)]
            }
            // Kept aside: of somebody who comes later, or never.
            1 => {
                self.strangers += 1;
                let (name, guest) = (stranger(self.strangers), format!("guest{}", self.strangers));
                self.cast.join(&name);
                self.cast.join(&guest);
                let aside = self.cast.create(name.as_str(), &guest, Permissions::NONE, "", early);
                let mut operations = vec![aside];
                if self.below(2) == 0 {
                    self.time += 1;
                    operations.push(self.cast.create("root", &name, Permissions::USER_ADD, "", at(self.time)));
                }
                operations
            }
            // Kept aside: its time comes later.
            2 => {
                let later = dmpc::Hlc::from_millis(now_ms() + 3_600_000);
                vec![self.cast.message("alice", &self.room, "tomorrow", later)]
            }
            // A further epoch; and something that nobody may.
            _ => {
                self.time += 1;
                let (epoch, room) = self.cast.epoch("alice", &self.room, &["bob"], at(self.time));
                self.room = room;
                self.time += 1;
                vec![epoch, self.cast.create("bob", "carol", Permissions::ALL, "Carol", at(self.time))]
            }
        }
    }

    /// Opens the store as the next start does, and sees that all that was acknowledged is there; then audits it.
    pub(super) fn require_kept(&self) {
        let store = self.data().join("store");
        require_kept(&store, &self.acknowledged);
    }
}

/// That a store holds these, in the log or kept aside; and that an audit agrees with all that it keeps.
pub(super) fn require_kept(store: &Path, acknowledged: &[VerifiedOperation]) {
    let (mut writer, reader) = open(store);
    for chunk in acknowledged.chunks(512) {
        let outcomes = writer.commit(&submissions(chunk), now_ms()).unwrap();
        let lost = chunk.iter().zip(outcomes).find(|(_, outcome)| *outcome != dmpc_storage::Outcome::Duplicate);
        if let Some((lost, outcome)) = lost {
            panic!("{:?} at {:?} was acknowledged and is not there: {outcome:?}", lost.kind(), lost.key());
        }
    }
    // As after a crash: nothing is closed.
    drop((writer, reader));
    audited(store);
}
