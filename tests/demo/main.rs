//! The demonstration: a node that is killed in the middle of an import loses nothing that it acknowledged.
//!
//! `dmpc-demo [LOG]` runs the real programs that lie beside it, on free ports and in a temporary directory: a node,
//! an import through both front ends, a SIGKILL half way, the rest of the import, then every channel read back and
//! compared with the log, and the audit. Any difference ends it with exit code 1 and a sentence.
//!
//! What lives here: the story. `log` and `expected` say what must come out, `process`, `node` and `cli` run programs,
//! `channels` and `audit` compare, `table` prints.

mod audit;
mod channels;
mod cli;
mod expected;
mod log;
mod node;
mod process;
mod table;

use std::{
    env, ffi::OsString, fs::Permissions, os::unix::fs::PermissionsExt, path::PathBuf, process::ExitCode, thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::{
    channels::IDENTITIES,
    cli::Cli,
    expected::Expected,
    log::Source,
    node::{FREE, Node, Observer, ROOT},
    process::Programs,
    table::Table,
};

/// How often the node is asked how far the import is.
const GLANCE: Duration = Duration::from_millis(2);

fn main() -> ExitCode {
    match demo(env::args_os().nth(1).map(PathBuf::from)) {
        Ok(digest) => {
            println!("demo ok digest={digest}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("demo failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The whole story; the state's digest at its end.
fn demo(log: Option<PathBuf>) -> Result<String> {
    let source = Source::choose(log)?;
    let events = source.events()?;
    let expected = Expected::of(&events)?;
    let room = tempfile::Builder::new()
        .prefix("dmpc-demo-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .context("no temporary directory")?;
    let programs = Programs::beside_this_one(room.path())?;
    let mut table = Table::default();
    println!("{} events of {}\n", events.len(), source.path.display());

    let node = table.timed("start a node", || {
        node::init(&programs)?;
        Node::start(&programs, FREE, FREE)
    })?;
    let (grpc, ws) = (node.grpc.clone(), node.ws.clone());
    let durable = table.timed("import, SIGKILL half way", || interrupted(&programs, node, &source, &expected))?;
    let node = table.timed("start it again", || Node::start(&programs, &grpc, &ws))?;
    let recovered = Observer::of(&node)?.operations()?;
    ensure!(
        recovered >= durable,
        "{durable} operations were durable before the SIGKILL, {recovered} are there after it"
    );
    table.timed("import the rest", || import(&programs, &node, &source)?.succeed())?;
    let compared = table.timed("read back and compare", || channels::compare(&programs, &node, &expected))?;
    let running = table.timed("replay while it runs", || audit::replay(&programs, &expected, &[]))?;
    table.timed("stop it", || node.stop())?;
    let stopped = table.timed("replay", || audit::replay(&programs, &expected, &[]))?;
    let verified = table.timed("replay --verify", || audit::replay(&programs, &expected, &["--verify"]))?;
    ensure!(running == stopped && stopped == verified, "audits differ: {running:?}, {stopped:?}, {verified:?}");

    table.count("events", events.len());
    table.count("users", expected.people.len());
    table.count("channels", expected.channels.len());
    table.count("epochs", expected.epochs());
    table.count("channels read as a member", compared.as_member);
    table.count("messages", expected.messages());
    table.count("messages compared", compared.messages);
    table.count("operations", verified.operations);
    table.count("seen before the SIGKILL", durable);
    table.count("there after it", recovered);
    table.print();
    Ok(verified.digest)
}

/// Imports until half of the operations are in, and kills the node; so many were durable then.
fn interrupted(programs: &Programs, node: Node, source: &Source, expected: &Expected) -> Result<u64> {
    let mut observer = Observer::of(&node)?;
    let mut import = import(programs, &node, source)?;
    let durable = loop {
        // In this order: an import that ends after it was looked at is still under way.
        let ended = import.ended()?;
        let operations = observer.operations()?;
        if operations >= expected.operations / 2 {
            break operations;
        }
        ensure!(ended.is_none(), "the import ended with {operations} operations in: {}", import.said());
        thread::sleep(GLANCE);
    };
    node.kill()?;
    // A short log may be in at once: then what the node lost would be missing all the same.
    if import.end()?.success() {
        eprintln!("demo: the import was done before the SIGKILL came");
    }
    Ok(durable)
}

/// Starts an import through both front ends, or goes on with one.
fn import(programs: &Programs, node: &Node, source: &Source) -> Result<process::Program> {
    let (identities, limit) = (programs.path(IDENTITIES).into_os_string(), OsString::from(source.limit()));
    let words = ["--via", "both", "import", "--identities"].map(OsString::from).into_iter();
    let words = words.chain([identities, source.path.clone().into_os_string(), "--limit".into(), limit]);
    Cli::of(programs, node, &programs.path(ROOT)).start(&words.collect::<Vec<_>>())
}
