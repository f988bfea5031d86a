//! A disk that fails, at every stage of a commit: everybody is told that the fate is unknown, the process ends with its
//! documented code, and what was acknowledged before is there.

use dmpc_storage::stage::Stage;
use tokio::runtime::Runtime;

use super::{
    child::{Does, Process, Told},
    kills::{COMMIT, is_of_settling},
    load::Load,
    wire::submit_until_dead,
};

/// Exit code of a node that failed.
const FAILED: i32 = 1;

/// Lets each stage of a commit fail once under a load; how often it was the thread that settles.
fn fail_at_each(load: &mut Load, late: u32) -> usize {
    let runtime = Runtime::new().unwrap();
    let mut settling = 0;
    for (number, stage) in (1..).zip(COMMIT) {
        let time = if matches!(stage, Stage::HeadDue | Stage::HeadSynced) { 1 } else { late + number % 3 };
        let mut process = Process::start(&Told::at("serve", stage, time, Does::Fail), &load.data());
        let told = submit_until_dead(&runtime, &mut process, load);
        let (said, status) = process.ended();
        assert_eq!(status.code(), Some(FAILED), "{stage:?}: {said:?}");
        let why = said.last().unwrap();
        assert!(why.starts_with("failed ") && why.contains("No space left on device"), "{stage:?}: {said:?}");
        let ends: Vec<_> = told.iter().filter_map(|told| told.ended.as_ref()).collect();
        // After its acknowledgements there may be nobody who waits for anything.
        assert!(!ends.is_empty() || stage == Stage::Acknowledged, "{stage:?}: nobody was told anything");
        assert!(ends.iter().all(|ended| ended.reason == "unknown"), "{stage:?}: {ends:?}");
        load.acknowledged.extend(told.into_iter().flat_map(|told| told.acknowledged));
        load.require_kept();
        settling += usize::from(is_of_settling(&said));
    }
    settling
}

#[test]
fn a_failure_at_any_stage_of_a_commit_is_told_as_unknown_ends_the_node_and_loses_nothing_acknowledged() {
    fail_at_each(&mut Load::new(77), 1);
}

#[test]
fn so_does_a_failure_of_a_batch_that_is_synced_while_the_next_one_is_judged() {
    let settling = fail_at_each(&mut Load::of_many(78), 3);
    assert!(settling > 0, "no batch was judged while the one before it was synced");
}
