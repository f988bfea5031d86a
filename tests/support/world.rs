//! Random worlds: sets of operations that a seed determines, with people who may and people who may not, ties,
//! equivocations, rotations, removals, epochs, closes, invitations, issues certified twice and channels opened twice.

use std::collections::BTreeMap;

use dmpc::{
    Permissions, Rights, VerifiedOperation,
    kinds::{FieldWrite, Kind},
    operation::{Draft, Issue, Link},
    v1,
};
use dmpc_storage::{Genesis, Root};
use prost::Message;

use super::operations::{Cast, Room, Seeded, at};

/// Who acts in a world. Not all of them are ever created.
const PEOPLE: [&str; 6] = ["root", "alice", "bob", "carol", "dave", "stranger"];
/// Under which names the cast keeps keys that were rotated.
const FORMER: [&str; 2] = ["former one", "former two"];
/// Milliseconds over which a world's operations spread; few, so that ties are common.
const SPAN: usize = 24;

/// A set of operations and the roots it is judged by.
pub(crate) struct World {
    pub(crate) genesis: Genesis,
    pub(crate) operations: Vec<VerifiedOperation>,
}

/// The genesis of a node whose root is the cast's.
pub(crate) fn genesis(cast: &Cast) -> Genesis {
    let node = dmpc::NodeId::from_bytes([7; 32]);
    Genesis { node, roots: vec![Root::from(&cast.public("root"))] }
}

impl World {
    /// Makes a world of `size` operations.
    pub(crate) fn random(seed: u64, size: usize) -> Self {
        let mut cast = Cast::with_blank_wraps(seed);
        ["dave", "stranger"].into_iter().for_each(|name| cast.join(name));
        let genesis = genesis(&cast);
        let (rooms, made) = (Vec::new(), Vec::new());
        let mut maker = Maker { rng: Seeded::new(seed, "world"), cast, rooms, genesis: BTreeMap::new(), made };
        if seed.is_multiple_of(2) {
            maker.begin();
        }
        for _ in maker.made.len()..size {
            let made = maker.operation();
            maker.made.push(made);
        }
        Self { genesis, operations: maker.made.into_iter().map(|(operation, _)| operation).collect() }
    }
}

struct Maker {
    rng: Seeded,
    cast: Cast,
    rooms: Vec<Room>,
    /// Those whose keys were rotated, and under which names the cast keeps the keys that they were born with.
    genesis: BTreeMap<&'static str, &'static str>,
    /// Operations, and who certified them.
    made: Vec<(VerifiedOperation, &'static str)>,
}

impl Maker {
    fn chance(&mut self, one_in: usize) -> bool {
        self.rng.below(one_in) == 0
    }

    fn person(&mut self) -> &'static str {
        let index = self.rng.below(PEOPLE.len() * 2);
        // The root acts more often than the others, so that something is allowed at all.
        PEOPLE.get(index).copied().unwrap_or("root")
    }

    /// Somebody who signs; now and then with a key that was replaced.
    fn author(&mut self) -> &'static str {
        let person = self.person();
        let former = self.genesis.get(person).copied();
        former.filter(|_| self.chance(3)).unwrap_or(person)
    }

    fn permissions(&mut self) -> Permissions {
        let bits = u32::try_from(self.rng.below(256)).unwrap();
        if self.chance(3) { Permissions::ALL } else { Permissions::from_bits(bits).unwrap() }
    }

    fn rights(&mut self) -> Rights {
        Rights::from_bits(u32::try_from(1 + self.rng.below(15)).unwrap()).unwrap()
    }

    /// In every other world alice and bob are there from the beginning, and have a room, so that more takes effect.
    fn begin(&mut self) {
        for name in ["alice", "bob"] {
            let permissions = self.permissions().union(Permissions::CHANNEL_ADD);
            self.made.push((self.cast.create("root", name, permissions, "", at(0)), "root"));
        }
        let (open, room) = self.cast.open("alice", "room", &[("bob", Rights::ALL)], at(1));
        self.rooms.push(room);
        self.made.push((open, "alice"));
    }

    /// One operation of a random kind, at a random time, whatever its chances; and who certifies it.
    fn operation(&mut self) -> (VerifiedOperation, &'static str) {
        let time = at(u64::try_from(1 + self.rng.below(SPAN)).unwrap());
        let (issuer, certifier) = (self.author(), self.author());
        let is_same = self.cast.user(issuer) == self.cast.user(certifier);
        let by = if is_same || !self.chance(4) { (issuer, None) } else { (issuer, Some(certifier)) };
        if self.chance(8) {
            self.fork(by.1.unwrap_or(by.0));
        }
        if self.chance(8)
            && let Some(again) = self.again(time)
        {
            return again;
        }
        let operation = match self.rng.below(20) {
            0..=2 => self.create(by, time),
            3..=4 => self.update(by, time),
            5 if self.genesis.len() < FORMER.len() => self.rotate(time),
            5..=7 => self.open(by, time),
            _ if self.rooms.is_empty() => self.open(by, time),
            8..=9 => self.members(by, time),
            10 => self.epoch(by, time),
            11 => self.close(by, time),
            12..=15 => self.quarrel(time),
            _ => self.message(by, time),
        };
        let certifier = operation.certifier();
        let certifier = PEOPLE.into_iter().find(|name| self.cast.user(name) == certifier);
        (operation, certifier.unwrap_or("root"))
    }

    /// The issue of an earlier operation, certified again; or an earlier open, signed again.
    fn again(&mut self, time: dmpc::Hlc) -> Option<(VerifiedOperation, &'static str)> {
        let index = self.rng.below(self.made.len().max(1));
        let (operation, certifier) = self.made.get(index).cloned()?;
        let v1::Operation { body, signature, .. } = v1::Operation::decode(operation.bytes().clone()).unwrap();
        if operation.issue().is_some() {
            let time = time.max(operation.header().issued_at);
            let issue = v1::Operation { body, signature, ..Default::default() }.encode_to_vec();
            return Some((self.cast.certify(certifier, &Issue::decode(issue.into()).unwrap(), time), certifier));
        }
        let channel = operation.channel().filter(|_| operation.kind() == Kind::ChannelOpen)?;
        // The keys of its opener may have been replaced since.
        if self.cast.user(certifier) != operation.issuer() {
            return None;
        }
        let payload = v1::Body::decode(body).unwrap().payload.to_vec();
        let draft = Draft::channel(Kind::ChannelOpen, channel);
        Some((self.cast.act(certifier, draft, time, |_| payload), certifier))
    }

    /// Makes the next operation of somebody take a place that is taken.
    fn fork(&mut self, name: &str) {
        let link = self.cast.next_link(name, None);
        self.cast.set_next_link(name, None, Link::first(link.lane));
    }

    fn create(&mut self, by: (&str, Option<&str>), time: dmpc::Hlc) -> VerifiedOperation {
        let (subject, permissions) = (self.person(), self.permissions());
        // Half of those that somebody else certifies are invitations: their subject issues them.
        let issuer = PEOPLE.into_iter().find(|name| *name == by.0);
        let subject = issuer.filter(|_| by.1.is_some() && self.chance(2)).unwrap_or(subject);
        let subject = self.genesis.get(subject).copied().unwrap_or(subject);
        match by {
            (issuer, Some(certifier)) => self.cast.create((issuer, certifier), subject, permissions, "somebody", time),
            (issuer, None) => self.cast.create(issuer, subject, permissions, "", time),
        }
    }

    fn update(&mut self, by: (&str, Option<&str>), time: dmpc::Hlc) -> VerifiedOperation {
        let subject = self.person();
        let permissions = self.permissions();
        let write = match self.rng.below(4) {
            0 => FieldWrite::Active(self.rng.below(2) == 0),
            1 if !permissions.is_empty() => FieldWrite::Grant(permissions),
            2 if !permissions.is_empty() => FieldWrite::Revoke(permissions),
            _ => FieldWrite::DisplayName("renamed".to_owned()),
        };
        match by {
            (issuer, Some(certifier)) => self.cast.update((issuer, certifier), subject, &[write], time),
            (issuer, None) => self.cast.update(issuer, subject, &[write], time),
        }
    }

    /// Alice acts, or root stops her, or lets her act again: what was retracted is restored.
    fn quarrel(&mut self, time: dmpc::Hlc) -> VerifiedOperation {
        if self.chance(2) {
            return self.message(("alice", None), time);
        }
        let write = FieldWrite::Active(self.rng.below(2) == 0);
        self.cast.update("root", "alice", &[write], time)
    }

    fn rotate(&mut self, time: dmpc::Hlc) -> VerifiedOperation {
        let (by, subject) = (self.author(), self.person());
        let former = FORMER.get(self.genesis.len()).copied().unwrap();
        if self.genesis.contains_key(subject) {
            return self.update((subject, None), time);
        }
        self.genesis.insert(subject, former);
        // By an author who may be the subject itself, which then signs with the key that is to be replaced.
        self.cast.rotate(by, subject, former, time)
    }

    fn open(&mut self, by: (&str, Option<&str>), time: dmpc::Hlc) -> VerifiedOperation {
        let opener = self.cast.user(by.0);
        let members = [("bob", self.rights()), ("carol", Rights::ALL)];
        let members: Vec<_> = members.into_iter().filter(|(name, _)| self.cast.user(name) != opener).collect();
        let (operation, room) = match by {
            (issuer, Some(certifier)) => self.cast.open((issuer, certifier), "room", &[], time),
            (issuer, None) => self.cast.open(issuer, "room", &members, time),
        };
        self.rooms.push(room);
        operation
    }

    fn room(&mut self) -> Room {
        let index = self.rng.below(self.rooms.len());
        self.rooms.get(index).unwrap().clone()
    }

    fn members(&mut self, by: (&str, Option<&str>), time: dmpc::Hlc) -> VerifiedOperation {
        let (room, person, rights) = (self.room(), self.person(), self.rights());
        let (set, remove) = if self.chance(2) { (vec![(person, rights)], vec![]) } else { (vec![], vec![person]) };
        match by {
            (issuer, Some(certifier)) => self.cast.members((issuer, certifier), &room, &set, &remove, time),
            (issuer, None) => self.cast.members(issuer, &room, &set, &remove, time),
        }
    }

    fn epoch(&mut self, by: (&str, Option<&str>), time: dmpc::Hlc) -> VerifiedOperation {
        let room = self.room();
        let (operation, next) = match by {
            (issuer, Some(certifier)) => self.cast.epoch((issuer, certifier), &room, &["alice"], time),
            (issuer, None) => self.cast.epoch(issuer, &room, &["alice"], time),
        };
        self.rooms.push(next);
        operation
    }

    fn close(&mut self, by: (&str, Option<&str>), time: dmpc::Hlc) -> VerifiedOperation {
        let room = self.room();
        match by {
            (issuer, Some(certifier)) => self.cast.close((issuer, certifier), &room, time),
            (issuer, None) => self.cast.close(issuer, &room, time),
        }
    }

    fn message(&mut self, by: (&str, Option<&str>), time: dmpc::Hlc) -> VerifiedOperation {
        let room = self.room();
        match by {
            (issuer, Some(certifier)) => self.cast.message((issuer, certifier), &room, "text", time),
            (issuer, None) => self.cast.message(issuer, &room, "text", time),
        }
    }
}
