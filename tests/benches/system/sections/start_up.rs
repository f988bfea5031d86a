//! What a node with a full log costs: memory, disk, and the time until it is ready, after a clean stop and after SIGKILL.

use anyhow::{Result, ensure};

use crate::{
    bench::{Bench, CONNECTIONS, short},
    clients::Via,
    figures::{Figure, Goal, Sample, Unit},
    frames::Lines,
    people::{Kind, Pen},
    process::Node,
    progress::say,
};

/// What `BENCH_ONLY` calls it.
pub(super) const SECTION: &str = "start-up";
/// How often each is done.
const RUNS: usize = 3;
/// Messages before each SIGKILL: more than the write-ahead log keeps of them.
const BEFORE_A_KILL: usize = 100_000;
/// Seconds, MiB, and bytes for each byte.
const READY: Goal = Goal::AtMost(1.0);
const MEMORY: Goal = Goal::AtMost(300.0);
const DISK: Goal = Goal::AtMost(1.7);

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let mut node = bench.filled()?;
    let log = short(bench.settings.operations);
    say("start-up: memory and disk");
    let (resident, peak) = node.memory()?;
    let memory = |name: &str, value| Figure::once(SECTION, format!("{name}, log of {log}"), Unit::Mebibytes, value);
    bench.report.add(memory("resident memory", resident).held_to(MEMORY));
    bench.report.add(memory("resident memory at most", peak));
    let operations = bench.runtime.block_on(node.info())?.operations;
    node.stop()?;
    let bytes = logged_bytes(&node, operations)?;
    let each = node.disk_bytes()? as f64 / bytes as f64;
    let name = format!("bytes on disk for a byte of operations, log of {log}");
    bench.report.add(Figure::once(SECTION, name, Unit::BytesPerByte, each).held_to(DISK));
    say("start-up: after a clean stop");
    let mut clean = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        node.start()?;
        clean.push(node.started_in.as_secs_f64());
        node.stop()?;
    }
    say("start-up: after SIGKILL");
    node.start()?;
    let killed = after_kills(bench, &mut node, operations)?;
    for (name, times) in [("after a clean stop", clean), ("after SIGKILL", killed)] {
        let figure = Figure::new(SECTION, format!("ready {name}, log of {log}"), Unit::Seconds, Sample::of(&times));
        bench.report.add(figure.held_to(READY));
    }
    let (resident, _) = node.memory()?;
    bench.report.add(memory("resident memory after the last start", resident));
    bench.keep(node);
    Ok(())
}

/// Seconds from the start of a node that was killed right after its last acknowledgement until it is ready.
fn after_kills(bench: &mut Bench, node: &mut Node, mut operations: u64) -> Result<Vec<f64>> {
    let set = bench.set(Kind::OneChannel)?;
    let people = bench.people.clone();
    let count = bench.settings.part_of(BEFORE_A_KILL);
    let mut killed = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let mut pen = Pen::new(&people, &set.rooms[0]);
        let messages = (0..count).map(|_| pen.now()).collect::<Result<Vec<_>>>()?;
        bench.push(node, Via::Grpc, &Lines::new(&messages, CONNECTIONS, None)?)?;
        node.kill()?;
        node.start()?;
        killed.push(node.started_in.as_secs_f64());
        operations += u64::try_from(count)?;
        let recovered = bench.runtime.block_on(node.info())?.operations;
        ensure!(recovered == operations, "{recovered} operations of {operations} after SIGKILL");
    }
    Ok(killed)
}

/// Bytes of all operations in the log of a node that does not run.
fn logged_bytes(node: &Node, operations: u64) -> Result<u64> {
    let scratch = tempfile::tempdir()?;
    let mut bytes = 0;
    let mut counted = 0;
    dmpc_storage::export::export(&node.store(), scratch.path(), |_, operation| {
        bytes += operation.len() as u64;
        counted += 1;
        true
    })?;
    ensure!(counted == operations, "{counted} operations in the log, and the node said {operations}");
    Ok(bytes)
}
