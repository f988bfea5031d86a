//! A full copy: an empty node that takes a whole log from a peer, beside plain ingest of the same operations; and an exchange between two
//! nodes that have the same.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    bench::{Bench, CONNECTIONS, name_of, short},
    clients::Via,
    figures::{Figure, Unit},
    frames::Lines,
    people::Kind,
    process::{Node, beside_this_program},
    progress::say,
};

/// What `BENCH_ONLY` calls it.
pub(super) const SECTION: &str = "copy";
/// A copy that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(1_800);
const GLANCE: Duration = Duration::from_millis(20);

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let (size, full) = (bench.settings.operations, bench.filled()?);
    let plain = plain(bench, size)?;
    let log = short(size);
    say(&format!("copy: log of {log}"));
    let empty = Node::beside(&bench.people, bench.scratch.path())?;
    let operations = bench.runtime.block_on(full.info())?.operations;
    peer(&full, &["add", "copy", "--key", &key(&empty)?])?;
    let begin = Instant::now();
    peer(&empty, &["add", "log", "--key", &key(&full)?, "--address", &full.peers])?;
    while bench.runtime.block_on(empty.info())?.operations < operations {
        ensure!(begin.elapsed() < PATIENCE, "the copy does not end");
        thread::sleep(GLANCE);
    }
    let rate = operations as f64 / begin.elapsed().as_secs_f64();
    let figure = Figure::once(SECTION, format!("full copy, log of {log}"), Unit::PerSecond, rate);
    bench.report.add(figure.beside("plain ingest over grpc", Some(plain), None));
    let exchanged = peer(&empty, &["sync", "log", "--json"])?;
    let number = |name: &str| exchanged[name].as_f64().with_context(|| format!("{name} is no number"));
    ensure!(number("missing_here")? + number("missing_there")? == 0.0, "the copy is not whole: {exchanged}");
    let bytes = number("bytes_in")? + number("bytes_out")?;
    bench.report.add(Figure::once(SECTION, format!("exchange of nothing, log of {log}"), Unit::Bytes, bytes));
    peer(&full, &["remove", "copy"])?;
    bench.keep(full);
    Ok(())
}

/// Operations a second of the same log over gRPC; as it was measured in this run, or measured now.
fn plain(bench: &mut Bench, size: usize) -> Result<f64> {
    let name = format!("{}, {}", Via::Grpc.word(), name_of(Kind::OneChannel.words(1), false, size));
    if let Some(rate) = bench.report.value(super::ingest::UNSEALED, &name) {
        return Ok(rate);
    }
    say("copy: plain ingest");
    let lines = Lines::new(&bench.set(Kind::OneChannel)?.messages, CONNECTIONS, None)?;
    let node = bench.new_node(Kind::OneChannel)?;
    Ok(bench.push(&node, Via::Grpc, &lines)?.rate())
}

fn key(node: &Node) -> Result<String> {
    let own = peer(node, &["list", "--json"])?;
    Ok(own["key"].as_str().context("the node has no key")?.to_owned())
}

/// `dmpc-cli peer`; the first object that it prints, if it prints objects.
fn peer(node: &Node, arguments: &[&str]) -> Result<Value> {
    let said = command(&node.data(), arguments)?.output()?;
    ensure!(said.status.success(), "dmpc-cli peer: {}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8(said.stdout)?;
    Ok(text.lines().next().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default())
}

fn command(data: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = beside_this_program("dmpc-cli")?;
    command.arg("peer").args(arguments).arg("--data").arg(data);
    Ok(command)
}
