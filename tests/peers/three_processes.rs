//! Three nodes with the same roots: a log of real conversations is split three ways and imported into all at once, while nodes are
//! killed and the links between them are cut. In the end there is one log and one state, and each node's audit agrees.
//!
//! `DMPC_PEERS_EVENTS` says how many events (`make soak`: all of them).

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    thread,
};

use flate2::read::GzDecoder;

use super::nodes::{Node, until};
use crate::{
    cli::{
        conventions::repository,
        house::{Said, program},
    },
    support::{cutter::Cutter, operations::Seeded},
};

const EVENTS: usize = 1_500;
/// Times that a node is killed, one after the other, for so many events.
const DEATHS: usize = 6;
/// Links that are cut, of each pair of nodes.
const CUTS: u32 = 5;
/// Runs of one import: it is begun again where its node died.
const RUNS_MAX: usize = 400;

/// The lines of the real log, or of the small one in the repository.
fn lines() -> Vec<String> {
    let events = std::env::var("DMPC_PEERS_EVENTS").map_or(EVENTS, |text| text.parse().unwrap());
    let real = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/irc/ubuntu.jsonl.gz");
    let file: Box<dyn BufRead> = match File::open(&real) {
        Ok(file) => Box::new(BufReader::new(GzDecoder::new(file))),
        Err(_) => Box::new(BufReader::new(File::open(repository("tests/demo/small.jsonl")).unwrap())),
    };
    file.lines().take(events).map(Result::unwrap).collect()
}

/// The import of a part into a node, until it is whole.
fn import(node: &Node, number: usize, part: &[String]) -> impl FnOnce() + Send + 'static {
    let file = node.house.path("part.jsonl");
    let mut written = File::create(&file).unwrap();
    part.iter().for_each(|line| writeln!(written, "{line}").unwrap());
    let people = node.house.path("people");
    let root = node.house.root();
    let mut command = program("dmpc-cli");
    command.env_clear().env("DMPC_STATE", &root.state).env("DMPC_GRPC", node.grpc_door.address()).arg("--identity");
    command.arg(&root.identity).args(["import", "--identities"]).args([&people, &file]);
    move || {
        for _ in 0..RUNS_MAX {
            let said = Said::of(&command.output().unwrap());
            if said.code == 0 {
                return;
            }
            assert!([1, 4].contains(&said.code), "{said:?}");
            thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the import into node {number} does not end");
    }
}

#[test]
fn three_nodes_that_are_killed_and_cut_off_end_with_one_log_and_one_state() {
    let lines = lines();
    let first = Node::new();
    let mut nodes = vec![Node::beside(&first), Node::beside(&first)];
    nodes.insert(0, first);
    // A ring: each dials the one before it, by way of a cutter.
    let cutters: Vec<Cutter> =
        (0..3).map(|number| Cutter::between_nodes(nodes[number].address(), number as u64, CUTS)).collect();
    for number in 0..3 {
        let before = (number + 2) % 3;
        nodes[before].knows("after", &nodes[number], &[]);
        nodes[number].knows("before", &nodes[before], &["--address", cutters[before].address()]);
    }
    let parts: Vec<&[String]> = lines.chunks(lines.len().div_ceil(3)).collect();
    let imports: Vec<_> =
        parts.iter().enumerate().map(|(number, part)| thread::spawn(import(&nodes[number], number, part))).collect();
    let mut draw = Seeded::new(1, "deaths");
    for _ in 0..DEATHS * lines.len().div_ceil(EVENTS).min(DEATHS) {
        let number = draw.below(3);
        let some = nodes[number].info().operations + 20;
        // It dies in the middle of work, or when there is none left.
        until("it has more", || {
            nodes[number].info().operations >= some || imports.iter().all(thread::JoinHandle::is_finished)
        });
        nodes[number].die_and_start();
    }
    imports.into_iter().for_each(|import| import.join().unwrap());
    until("all are the same", || {
        let digests: Vec<_> = nodes.iter().map(Node::digests).collect();
        digests.iter().all(|digest| *digest == digests[0])
    });
    assert!(cutters.iter().map(Cutter::cuts).sum::<u32>() > 0, "no link was cut");
    let operations = nodes[0].info().operations;
    assert!(operations > u64::try_from(lines.len() / 2).unwrap(), "{operations}");
    let audits: Vec<String> = nodes.iter_mut().map(audited).collect();
    assert!(audits.iter().all(|digest| *digest == audits[0]), "{audits:?}");
}

/// Stops a node and folds its log from nothing, with its signatures; the digest of the state.
fn audited(node: &mut Node) -> String {
    node.house.stop();
    let data = node.house.path("node");
    assert!(fs::exists(Path::new(&data)).unwrap());
    let audit = ["replay", "--verify", "--json", "--data", data.to_str().unwrap()];
    let report = node.house.run(&node.house.root(), &audit).expect_success().json().remove(0);
    assert_eq!(report["agrees"], true, "{report}");
    report["digest"].as_str().unwrap().to_owned()
}
