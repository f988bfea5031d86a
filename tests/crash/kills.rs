//! A node under load that is killed: at random times, and at every stage of a commit. `DMPC_SOAK_KILLS` says how often.

use std::time::Duration;

use dmpc_storage::stage::Stage;
use tokio::runtime::Runtime;

use super::{
    child::{Does, Process, Told, play},
    load::Load,
    wire::{addresses, submit, submit_until_dead},
};
use crate::support::operations::Seeded;

/// Kills, unless `DMPC_SOAK_KILLS` says another number.
const KILLS: usize = 100;
/// Kills of one data directory, which grows from one to the next.
const KILLS_OF_ONE: usize = 10;
/// Milliseconds after which it is killed at a random time, at most: from its first moment, or from when it is ready.
const AFTER_START_MS: usize = 200;
const AFTER_READY_MS: usize = 120;

/// The stages of a commit, in their order.
pub(super) const COMMIT: [Stage; 10] = [
    Stage::BatchReady,
    Stage::BatchUnsynced,
    Stage::BatchWritten,
    Stage::HeadReady,
    Stage::HeadWritten,
    Stage::HeadDue,
    Stage::HeadSynced,
    Stage::Committed,
    Stage::Published,
    Stage::Acknowledged,
];

/// When a node is killed.
#[derive(Clone, Copy, Debug)]
enum When {
    AfterStart(Duration),
    AfterReady(Duration),
    At(Stage, u32),
}

/// The moments of so many kills, half of them at stages, in turn.
fn moments(kills: usize) -> Vec<When> {
    let mut rng = Seeded::new(rand_core::RngCore::next_u64(&mut rand_core::OsRng), "moments");
    let mut some = |bound: usize| u64::try_from(rng.below(bound)).unwrap();
    let mut moment = |number: usize| match number % 10 {
        0 => When::AfterStart(Duration::from_millis(some(AFTER_START_MS))),
        1..5 => When::AfterReady(Duration::from_millis(some(AFTER_READY_MS))),
        // HEAD is synced every 100 ms, so there is but one chance.
        _ => match COMMIT[number / 2 % COMMIT.len()] {
            stage @ (Stage::HeadDue | Stage::HeadSynced) => When::At(stage, 1),
            stage => When::At(stage, 1 + u32::try_from(some(6)).unwrap()),
        },
    };
    (0..kills).map(&mut moment).collect()
}

/// Whether a stage was passed by the thread that settles what was written while the next batch is judged.
pub(super) fn is_of_settling(said: &[String]) -> bool {
    said.iter().any(|said| said == "on settling")
}

/// Runs a node on the load until it is dead; what was acknowledged is added to the load. Says whether the thread that settles died
/// at a stage.
fn run(runtime: &Runtime, load: &mut Load, when: When) -> bool {
    let mut is_settling = false;
    let told = match when {
        When::AfterStart(after) => {
            Process::start(&Told::to("serve"), &load.data()).kill_after(after);
            return false;
        }
        When::At(stage, time) => {
            let mut process = Process::start(&Told::at("serve", stage, time, Does::Kill), &load.data());
            let told = submit_until_dead(runtime, &mut process, load);
            is_settling = is_of_settling(&process.died_at(stage));
            told
        }
        When::AfterReady(after) => {
            let mut process = Process::start(&Told::to("serve"), &load.data());
            let (grpc, ws) = addresses(&mut process).expect("a node after a kill starts");
            let streams = load.streams();
            let killer = std::thread::spawn(move || process.kill_after(after));
            let told = runtime.block_on(submit(&grpc, &ws, streams));
            killer.join().unwrap();
            told
        }
    };
    load.acknowledged.extend(told.into_iter().flat_map(|told| told.acknowledged));
    is_settling
}

#[test]
fn nothing_acknowledged_is_lost_by_a_kill_at_any_time() {
    play();
    let kills = std::env::var("DMPC_SOAK_KILLS").ok().map_or(KILLS, |number| number.parse().unwrap());
    let runtime = Runtime::new().unwrap();
    let (mut acknowledged, mut done, mut settling) = (0, 0, 0);
    for (number, moments) in moments(kills).chunks(KILLS_OF_ONE).enumerate() {
        let seed = u64::try_from(number).unwrap();
        let mut load = if number % 2 == 0 { Load::new(seed) } else { Load::of_many(seed) };
        for when in moments {
            settling += usize::from(run(&runtime, &mut load, *when));
            load.require_kept();
        }
        acknowledged += load.acknowledged.len();
        done += moments.len();
        if kills > KILLS {
            println!("{done} of {kills} kills, {acknowledged} operations acknowledged, all there");
        }
    }
    println!(
        "{kills} kills, {acknowledged} operations acknowledged; the thread that settles was killed {settling} times"
    );
    assert!(settling > 0, "no batch was judged while the one before it was synced");
    assert!(acknowledged > kills * 10, "{acknowledged} operations in {kills} kills are no load");
}
