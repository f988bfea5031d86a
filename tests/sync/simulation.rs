//! Simulations: three to five nodes in a network with trouble, and one that lies in some. After the network heals, all honest
//! nodes with equal roots have equal logs and equal states; who exchanges a part has that part. A failing seed prints itself,
//! and gives the same again.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use bytes::Bytes;
use dmpc::{ChannelId, OpId, Permissions, peer::Scopes};
use dmpc_node::peer::exchange::replica::Scope;
use dmpc_storage::{Genesis, Root};

use super::{
    liar::Liar,
    network::{Link, Network},
    node::{Authentic, Node},
};
use crate::support::{
    operations::{Cast, Seeded, at},
    world::World,
};

/// Seeds that are tried, unless `DMPC_SOAK_NETWORKS` says another number.
const SEEDS: u64 = 2_000;
/// Worlds that simulations share, and the most operations of one.
const WORLDS: u64 = 40;
const OPERATIONS_MAX: usize = 90;
/// Milliseconds of trouble, and those after which honest nodes have to agree.
const TROUBLE: u64 = 400;
const PATIENCE: u64 = 20_000;

/// A world, and what is made of it.
struct Story {
    world: World,
    channels: Vec<ChannelId>,
    authentic: Authentic,
    useless: Vec<Bytes>,
    other_roots: Genesis,
}

impl Story {
    fn new(seed: u64) -> Self {
        let size = 10 + usize::try_from(seed * 37 % 81).unwrap();
        let world = World::random(seed, size.min(OPERATIONS_MAX));
        let channels: BTreeSet<ChannelId> =
            world.operations.iter().filter_map(|operation| operation.channel()).collect();
        let mut cast = Cast::with_blank_wraps(seed + 1_000_000);
        let useless = (0..8).map(|number| {
            let subject = ["alice", "bob", "carol"][number % 3];
            cast.create("carol", subject, Permissions::ALL, "", at(u64::try_from(number).unwrap())).bytes().clone()
        });
        let useless = useless.collect();
        let roots = vec![Root::from(&cast.public("root"))].into_iter().chain(world.genesis.roots.clone()).collect();
        let mut other_roots = Genesis { node: world.genesis.node, roots };
        other_roots.roots.sort_by_key(|root| root.user);
        let authentic = world.operations.iter().map(|operation| (operation.key(), operation.clone())).collect();
        Self { channels: channels.into_iter().collect(), world, authentic, useless, other_roots }
    }
}

/// What a node is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Sort {
    Honest,
    OtherRoots,
    Partial(Vec<ChannelId>),
    Liar,
}

struct Simulation<'a> {
    seed: u64,
    story: &'a Story,
    sorts: Vec<Sort>,
    network: Network,
}

impl<'a> Simulation<'a> {
    fn new(seed: u64, story: &'a Story) -> Self {
        let mut rng = Seeded::new(seed, "simulation");
        let honest = 2 + rng.below(2);
        let mut sorts = vec![Sort::Honest; honest];
        for _ in 0..1 + rng.below(5 - honest) {
            sorts.push(match rng.below(5) {
                0 => Sort::OtherRoots,
                1 | 2 => {
                    let mut some = story.channels.clone();
                    some.retain(|_| rng.below(2) == 0);
                    Sort::Partial(some)
                }
                _ if sorts.contains(&Sort::Liar) => Sort::Honest,
                _ => Sort::Liar,
            });
        }
        let links = links(&sorts, &mut rng);
        let node = |sort: &Sort| {
            let genesis = if *sort == Sort::OtherRoots { &story.other_roots } else { &story.world.genesis };
            Node::new(genesis, u64::try_from(rng.below(30)).unwrap())
        };
        let nodes = sorts.iter().map(node).collect();
        let liar = sorts.iter().position(|sort| *sort == Sort::Liar);
        let liar = liar.map(|liar| (liar, Liar::new(seed, story.useless.clone())));
        let mut network = Network::new(nodes, links, liar, story.authentic.clone(), seed);
        for operation in &story.world.operations {
            // Most are given to one node, some to two, a few to one that does not exchange them.
            for _ in 0..1 + usize::from(rng.below(5) == 0) {
                let node = rng.below(sorts.len());
                if belongs(&sorts[node], operation.channel().as_ref()) {
                    let time = u64::try_from(rng.below(usize::try_from(TROUBLE).unwrap())).unwrap();
                    let signed = dmpc::SignedOperation::decode(operation.bytes().clone()).unwrap();
                    network.submit(time, node, signed);
                }
            }
        }
        network.trouble(TROUBLE);
        Self { seed, story, sorts, network }
    }

    /// What differs between honest nodes that should agree.
    fn differs(&self) -> Option<String> {
        let nodes: Vec<usize> = (0..self.sorts.len()).filter(|node| self.sorts[*node] == Sort::Honest).collect();
        let ids = |node: usize, scope: &Scope| {
            self.network.nodes[node].book.ids(scope).into_iter().collect::<BTreeSet<OpId>>()
        };
        let first = nodes[0];
        let log = ids(first, &Scope::Everything);
        for node in &nodes {
            let other = ids(*node, &Scope::Everything);
            if other != log {
                return Some(format!("log of {node}: {} operations, {first} has {}", other.len(), log.len()));
            }
            if self.network.nodes[*node].state_digest() != self.network.nodes[first].state_digest() {
                return Some(format!("state of {node}"));
            }
        }
        for (node, sort) in self.sorts.iter().enumerate() {
            let Sort::Partial(channels) = sort else { continue };
            for scope in [Scope::Users].into_iter().chain(channels.iter().copied().map(Scope::Channel)) {
                if ids(node, &scope) != ids(first, &scope) {
                    return Some(format!("{scope:?} of {node}"));
                }
            }
        }
        None
    }

    fn run(mut self) -> BTreeMap<String, u64> {
        self.network.run(TROUBLE + 200);
        let mut differs = self.differs();
        let mut time = TROUBLE + 200;
        while differs.is_some() && time < PATIENCE {
            time += 100;
            self.network.run(time);
            differs = self.differs();
        }
        if let Some(differs) = differs {
            panic!(
                "seed {} with {:?}, {} operations: {differs}",
                self.seed,
                self.sorts,
                self.story.world.operations.len()
            );
        }
        self.network.ends
    }
}

fn belongs(sort: &Sort, channel: Option<&ChannelId>) -> bool {
    match (sort, channel) {
        (Sort::Partial(channels), Some(channel)) => channels.contains(channel),
        (Sort::Partial(_), None) | (Sort::Honest | Sort::OtherRoots, _) => true,
        (Sort::Liar, _) => false,
    }
}

/// Honest nodes in a row, the others at one of them; and a few more connections, some both ways at once.
fn links(sorts: &[Sort], rng: &mut Seeded) -> Vec<Link> {
    let honest: Vec<usize> = (0..sorts.len()).filter(|node| sorts[*node] == Sort::Honest).collect();
    let mut links = Vec::new();
    let mut link = |one: usize, other: usize, rng: &mut Seeded| {
        let (from, to) = if rng.below(2) == 0 { (one, other) } else { (other, one) };
        let scopes = match (&sorts[one], &sorts[other]) {
            (Sort::Partial(channels), _) | (_, Sort::Partial(channels)) => Scopes::channels(channels.clone()),
            _ => Scopes::Everything,
        };
        links.push(Link { from, to, scopes });
    };
    honest.windows(2).for_each(|pair| link(pair[0], pair[1], rng));
    for node in (0..sorts.len()).filter(|node| sorts[*node] != Sort::Honest) {
        link(node, honest[rng.below(honest.len())], rng);
    }
    for _ in 0..rng.below(3) {
        let (one, other) = (rng.below(sorts.len()), rng.below(sorts.len()));
        if one != other {
            link(one, other, rng);
        }
    }
    links
}

/// Seeds that found something once.
fn regressions() -> Vec<u64> {
    let lines = include_str!("simulation.regressions").lines().map(|line| line.split('#').next().unwrap().trim());
    lines.filter(|line| !line.is_empty()).map(|line| line.parse().expect("a line is a seed")).collect()
}

#[test]
fn after_the_network_heals_all_honest_nodes_with_equal_roots_agree() {
    let seeds = env::var("DMPC_SOAK_NETWORKS").map_or(SEEDS, |seeds| seeds.parse().expect("a number"));
    let stories: Vec<Story> = (0..WORLDS).map(Story::new).collect();
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let ends = std::sync::Mutex::new(BTreeMap::<String, u64>::new());
    let run = |seed: u64| {
        let story = &stories[usize::try_from(seed % WORLDS).unwrap()];
        let seen = Simulation::new(seed, story).run();
        let mut ends = ends.lock().unwrap();
        seen.into_iter().for_each(|(reason, count)| *ends.entry(reason).or_default() += count);
    };
    regressions().into_iter().for_each(run);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    run(seed);
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if seeds > SEEDS && done.is_multiple_of(SEEDS) {
                        println!("{done} of {seeds} networks, in each all honest nodes agree");
                    }
                }
            });
        }
    });
    let ends = ends.into_inner().unwrap();
    println!("{seeds} networks; exchanges that ended, by reason: {ends:?}");
    // The trouble is real: connections were cut, and lies were noticed.
    assert!(ends.contains_key("cut") && ends.contains_key("violation"), "{ends:?}");
}
