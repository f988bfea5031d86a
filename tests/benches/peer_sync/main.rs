//! What it costs that two nodes with 1,000,000 operations (`DMPC_BENCH_OPERATIONS_MAX`) agree when they differ in some: bytes
//! and round trips, beside bounds that grow with the logarithm. The machine of the exchange over logs in memory, without a
//! network: what is counted depends on nothing else. Prints a table, and writes `bench-peer-sync.json` into the target directory.

#[allow(dead_code)]
#[path = "../../sync/book.rs"]
mod book;
#[allow(dead_code)]
#[path = "../../sync/pair.rs"]
mod pair;
#[path = "../../sync/replicas.rs"]
mod replicas;
#[allow(dead_code)]
mod support;

use std::{env, fs, path::PathBuf, time::Instant};

use dmpc::peer::Frame;

/// Operations that both have.
const OPERATIONS: usize = 1_000_000;
/// How many they differ in.
const DIFFERENCES: [usize; 5] = [0, 1, 10, 100, 10_000];
/// Parts of a range, items of a list, and bytes of a fingerprint with its bound.
const PARTS: usize = 16;
const FINGERPRINT: usize = 25;
const ID: usize = 32;

/// Levels of parts down to a list.
fn levels(operations: usize) -> usize {
    let mut levels = 1;
    let mut size = operations;
    while size >= 2 * PARTS {
        size /= PARTS;
        levels += 1;
    }
    levels
}

/// What the reconciliation may say at most: for each difference the parts of each level, and a list from either end.
fn bound(operations: usize, different: usize) -> usize {
    64 * FINGERPRINT + different * (levels(operations) * PARTS * FINGERPRINT + 2 * 2 * PARTS * ID + 2 * ID)
}

fn main() {
    let operations = env::var("DMPC_BENCH_OPERATIONS_MAX").map_or(OPERATIONS, |most| most.parse().expect("a number"));
    println!("two nodes with {operations} operations\n");
    println!(
        "differences  round trips  (bound)  bytes in all  operations  reconciliation     (bound)  a difference  computing"
    );
    let mut rows = Vec::new();
    for different in DIFFERENCES.into_iter().filter(|different| *different <= operations) {
        let (mut pair, bytes) = replicas::differing(operations, different);
        let begun = Instant::now();
        pair.run();
        let computing = begun.elapsed();
        assert_eq!(pair.initiator.ingested.len() + pair.responder.ingested.len(), different);
        let reconciliation: usize = pair
            .frames
            .iter()
            .filter(|frame| matches!(frame, Frame::Reconcile(_) | Frame::Want(_)))
            .map(|frame| frame.encode().expect("a frame").len())
            .sum();
        // Terms, a message and its answer for every other level, the operations, the end; more only where messages are full.
        let messages = reconciliation.div_ceil(256 * 1024);
        let (trips, most) = (pair.round_trips(), 3 + levels(operations).div_ceil(2) + messages);
        let bound = bound(operations, different);
        let each = reconciliation / different.max(1);
        println!(
            "{different:>11}  {trips:>11}  {most:>7}  {:>12}  {bytes:>10}  {reconciliation:>14}  {bound:>10}  {each:>12}  {computing:>8.2?}",
            pair.bytes
        );
        rows.push(serde_json::json!({
            "differences": different, "round_trips": trips, "round_trips_bound": most, "bytes": pair.bytes,
            "operation_bytes": bytes, "reconciliation_bytes": reconciliation, "reconciliation_bound": bound,
        }));
    }
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target");
    let path = env::var_os("CARGO_TARGET_DIR").map_or_else(beside, PathBuf::from).join("bench-peer-sync.json");
    let report = serde_json::json!({ "operations": operations, "rows": rows });
    fs::write(&path, report.to_string()).expect("the target directory can be written to");
    println!("\n{}", path.display());
}
