//! Clocks that are wrong, below the node: what is stamped far ahead waits, what was logged by a wrong clock pushes nobody ahead,
//! and the state is the same as where the clock was always right.

use dmpc::{Hlc, Permissions, VerifiedOperation};
use dmpc_node::horizon::{SET_MS_MAX, Set, Span};
use dmpc_storage::{Outcome, Reader, Store, Wait, Writer};

use crate::support::{
    operations::{Cast, at},
    store::{audited, open, submissions},
    world::genesis,
};

/// The year 9999, in milliseconds since 1970.
const YEAR_9999: u64 = 253_370_764_800_000;

fn commit(writer: &mut Writer, operation: &VerifiedOperation, now_ms: u64) -> Outcome {
    writer.commit(&submissions(std::slice::from_ref(operation)), now_ms).unwrap()[0]
}

struct Place {
    directory: tempfile::TempDir,
    cast: Cast,
}

impl Place {
    fn new() -> Self {
        let (directory, cast) = (tempfile::tempdir().unwrap(), Cast::with_blank_wraps(8));
        Store::init(&directory.path().join("store"), &genesis(&cast)).unwrap();
        Self { directory, cast }
    }

    fn open(&self) -> (Writer, Reader) {
        open(&self.directory.path().join("store"))
    }

    fn create(&mut self, name: &str, at: Hlc) -> VerifiedOperation {
        self.cast.join(name);
        self.cast.create("root", name, Permissions::NONE, "", at)
    }
}

#[test]
fn what_is_stamped_far_ahead_waits_and_pushes_nobody_ahead() {
    let mut place = Place::new();
    let now = at(10_000).millis();
    let (mut writer, _reader) = place.open();
    let honest = place.create("alice", at(10_000));
    assert_eq!(commit(&mut writer, &honest, now), Outcome::Applied);
    for (number, far) in [Hlc::from_millis(now + 60_001), Hlc::from_millis(YEAR_9999), Hlc::MAX].into_iter().enumerate()
    {
        let far = place.create(&format!("far{number}"), far);
        assert_eq!(commit(&mut writer, &far, now), Outcome::Waiting(Wait::Future));
        assert_eq!(writer.latest_by(now).unwrap(), honest.timestamp());
    }
    // One that is exactly as far ahead as it may be is logged, and is what others stamp above.
    let near = place.create("near", Hlc::from_millis(now + 60_000));
    assert_eq!(commit(&mut writer, &near, now), Outcome::Applied);
    assert_eq!(writer.latest_by(now).unwrap(), near.timestamp());
}

#[test]
fn what_was_logged_while_the_clock_was_far_ahead_pushes_nobody_ahead_once_it_is_right() {
    for wrong in [at(0).millis() + 7_200_000, YEAR_9999, u64::MAX] {
        let mut place = Place::new();
        let right = at(10_000).millis();
        let (mut writer, mut reader) = place.open();
        let before = place.create("alice", at(10_000));
        assert_eq!(commit(&mut writer, &before, right), Outcome::Applied);
        let far = place.create("bob", if wrong == u64::MAX { Hlc::MAX } else { Hlc::from_millis(wrong) });
        assert_eq!(commit(&mut writer, &far, wrong), Outcome::Applied);
        assert_eq!(writer.latest_by(wrong).unwrap(), far.timestamp());
        for part in 0..4 {
            if part == 2 {
                drop((writer, reader));
                (writer, reader) = place.open();
            }
            let latest = writer.latest_by(right).unwrap();
            assert!(latest.millis() <= right + 60_000, "{wrong}, {part}: {latest}");
            assert!(writer.ahead_ms(right) > 0 && writer.ahead_ms(wrong) == 0);
            let next = place.create(&format!("carol{part}"), Hlc::tick(latest, right).unwrap());
            assert!(next.timestamp() > latest);
            assert_eq!(commit(&mut writer, &next, right), Outcome::Applied);
            assert_eq!(writer.latest_by(right).unwrap(), next.timestamp());
        }
        drop((writer, reader));
    }
}

#[test]
fn nothing_is_lost_and_the_state_is_the_same_whatever_the_clock_says() {
    let clocks = [0, at(0).millis() - 3_600_000, at(0).millis() + 3_600_000, YEAR_9999, u64::MAX];
    let digests: Vec<_> = [&clocks[..], &[]]
        .into_iter()
        .map(|wrong| {
            let mut place = Place::new();
            let (mut writer, mut reader) = place.open();
            for number in 0..30 {
                let now = at(1_000 + number).millis();
                let operation = place.create(&format!("user{number}"), at(1_000 + number));
                let clock = usize::try_from(number).unwrap();
                let clock = if wrong.is_empty() || number % 2 == 0 { now } else { wrong[clock / 2 % wrong.len()] };
                let outcome = commit(&mut writer, &operation, clock);
                let is_behind = clock.saturating_add(60_000) < now;
                assert_eq!(
                    outcome,
                    if is_behind { Outcome::Waiting(Wait::Future) } else { Outcome::Applied },
                    "{clock}"
                );
                assert_eq!(commit(&mut writer, &operation, clock), Outcome::Duplicate);
                if number % 7 == 0 {
                    drop((writer, reader));
                    (writer, reader) = place.open();
                }
            }
            writer.release_due(at(2_000).millis()).unwrap();
            let info = reader.info().unwrap();
            assert_eq!(info.operations, 30);
            drop((writer, reader));
            audited(&place.directory.path().join("store"));
            (info.state_digest, info.log_digest)
        })
        .collect();
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn a_clock_that_runs_is_not_taken_for_one_that_is_set() {
    let mut span = Span::new(1_000_000, 0);
    for passed in (0..10_000_000).step_by(1_000) {
        // It is set back and forth a little.
        let wobble = if passed % 2_000 == 0 { 3_000 } else { 0 };
        assert_eq!(span.look(1_000_000 + passed + wobble, passed), None);
    }
    assert_eq!(span.since_ms(), 1_000_000);
}

#[test]
fn a_clock_that_is_set_is_noticed_once_forward_and_back_and_at_its_extremes() {
    let year = 365 * 86_400_000;
    let mut span = Span::new(50 * year, 0);
    for (now, passed, by) in [
        (60 * year, 1_000, Some(i128::from(10 * year) - 1_000)),
        (60 * year + 5, 1_005, None),
        (0, 2_000, Some(-i128::from(60 * year) - 1_000)),
        (u64::MAX, 2_000, Some(i128::from(u64::MAX))),
        (u64::MAX, 2_000 + SET_MS_MAX, None),
        (50 * year, 3_000, Some(i128::from(50 * year) - i128::from(u64::MAX) - 1_000)),
    ] {
        assert_eq!(span.look(now, passed), by.map(|by_ms| Set { by_ms }), "{now}");
        if by.is_some() {
            assert_eq!(span.since_ms(), now);
        }
    }
}
