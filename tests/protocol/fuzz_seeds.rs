//! The seeds of `make fuzz`, run through the functions that libFuzzer calls: each holds what it holds for any bytes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use dmpc_fuzz::{TARGETS, Target, seeds};

use crate::support::operations::Seeded;

/// Changed inputs that are tried of each seed.
const CHANGES: usize = 200;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("fuzz")
}

fn names(path: &Path) -> BTreeSet<String> {
    fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The committed seeds of a target, by name.
fn committed(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = folder().join("seeds").join(target.name);
    names(&folder).into_iter().map(|name| (name.clone(), fs::read(folder.join(&name)).unwrap())).collect()
}

#[test]
fn every_target_has_a_program_and_seeds_that_are_accepted_and_refused() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    let programs: BTreeSet<String> = targets.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&folder().join("fuzz_targets")), programs);
    assert_eq!(names(&folder().join("seeds")), targets);
    for target in TARGETS {
        let seeds = committed(target);
        for kind in ["valid-", "bad-"] {
            assert!(seeds.iter().any(|(name, _)| name.starts_with(kind)), "{}: none is {kind}", target.name);
        }
    }
}

#[test]
fn a_seed_is_accepted_or_refused_as_its_name_says() {
    for target in TARGETS {
        for (name, bytes) in committed(target) {
            assert!(name.starts_with("valid-") || name.starts_with("bad-"), "{}/{name}", target.name);
            assert_eq!((target.run)(&bytes), name.starts_with("valid-"), "{}/{name}", target.name);
        }
    }
}

#[test]
fn the_committed_seeds_are_those_that_the_tool_makes() {
    let mut made = BTreeSet::new();
    for seed in seeds::fixed() {
        let path = folder().join("seeds").join(seed.target).join(&seed.name);
        assert_eq!(fs::read(&path).ok(), Some(seed.bytes), "{}", path.display());
        assert!(made.insert((seed.target, seed.name)), "two seeds of one name");
    }
    made.extend(seeds::sealed().into_iter().map(|seed| (seed.target, seed.name)));
    let committed =
        TARGETS.iter().flat_map(|target| committed(target).into_iter().map(|(name, _)| (target.name, name)));
    assert_eq!(committed.collect::<BTreeSet<_>>(), made);
}

#[test]
fn no_property_breaks_on_changed_seeds() {
    let mut rng = Seeded::new(1, "fuzz seeds");
    for target in TARGETS {
        for (_, seed) in committed(target) {
            for _ in 0..CHANGES {
                let mut bytes = seed.clone();
                for _ in 0..=rng.below(3) {
                    let place = rng.below(bytes.len() + 1);
                    let value = u8::try_from(rng.below(256)).unwrap();
                    match (rng.below(3), bytes.get_mut(place)) {
                        (0, Some(byte)) => *byte ^= value,
                        (1, Some(_)) => drop(bytes.remove(place)),
                        _ => bytes.insert(place, value),
                    }
                }
                (target.run)(&bytes);
            }
        }
    }
}
