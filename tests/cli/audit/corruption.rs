//! Single bytes of a stored directory are changed at random: each change is found with its place, refused when the store is
//! opened, or shown to be without effect. `DMPC_SOAK_CORRUPTIONS` says how many are tried.

use std::{collections::BTreeMap, env, fs, path::Path};

use dmpc_storage::{Limits, Store};
use rocksdb::{DB, IteratorMode, Options};
use serde_json::Value;

use super::families::copy_directory;
use crate::{
    cli::house::{Said, program},
    support::{
        damage::{SEED, files, linked, stored},
        operations::Seeded,
        store::{audited, generation},
    },
};

/// Bytes that are changed, unless `DMPC_SOAK_CORRUPTIONS` says another number.
const CORRUPTIONS: usize = 100;

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Detected,
    Refused,
    WithoutEffect,
    Silent,
}

fn audit(store: &Path) -> Said {
    let mut command = program("dmpc-cli");
    Said::of(&command.args(["replay", "--verify", "--channels", "--json", "--data"]).arg(store).output().unwrap())
}

/// Family, key and value of each entry.
type Contents = Option<Vec<(String, Box<[u8]>, Box<[u8]>)>>;

/// Everything that a store holds, by family and key; `None` when RocksDB does not open it.
fn contents(store: &Path) -> Contents {
    let path = store.join("db");
    let families = DB::list_cf(&Options::default(), &path).ok()?;
    let db = DB::open_cf_for_read_only(&Options::default(), &path, &families, false).ok()?;
    let entries = families.iter().flat_map(|family| {
        let entries = db.iterator_cf(db.cf_handle(family).unwrap(), IteratorMode::Start);
        entries.map(|entry| entry.unwrap()).map(|(key, value)| (family.clone(), key, value))
    });
    Some(entries.collect())
}

/// Whether a node can go on with a copy of the store.
fn opens(store: &Path) -> bool {
    let copy = store.with_extension("copy");
    copy_directory(store, &copy);
    let opened = Store::open(&copy, Limits::default(), generation());
    let is_open = opened.is_ok();
    drop(opened);
    fs::remove_dir_all(&copy).unwrap();
    is_open
}

fn judged(said: &Said, store: &Path, honest: &(Value, Contents)) -> Outcome {
    assert!(!said.stderr.contains("panicked"), "{said:?}");
    match (said.code, said.stdout.is_empty()) {
        (3, false) => {
            let report = super::report(said);
            let first = &report["faults"][0];
            assert!(!first["detail"].as_str().unwrap().is_empty(), "{said:?}");
            Outcome::Detected
        }
        (1 | 3, true) => {
            assert!(said.stderr.starts_with("error: "), "{said:?}");
            Outcome::Refused
        }
        (0, false) if super::report(said) == honest.0 && contents(store) == honest.1 && opens(store) => {
            Outcome::WithoutEffect
        }
        _ => Outcome::Silent,
    }
}

#[test]
fn a_changed_byte_of_a_stored_directory_is_never_silently_accepted() {
    let tried = env::var("DMPC_SOAK_CORRUPTIONS").ok().map_or(CORRUPTIONS, |number| number.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    stored(&store);
    audited(&store);
    let honest = (super::report(&audit(&store).expect_success()), contents(&store));
    let files = files(&store);
    assert_eq!(files.keys().copied().collect::<Vec<_>>(), ["CURRENT", "HEAD", "MANIFEST", "table", "write-ahead log"]);
    let mut rng = Seeded::new(SEED, "corruption");
    let mut outcomes: BTreeMap<(&str, Outcome), (usize, String)> = BTreeMap::new();
    let mut silent = Vec::new();
    for number in 0..tried {
        // Kinds in turn, so that the small files are tried as often as the large ones.
        let (kind, paths) = files.iter().nth(number % files.len()).unwrap();
        let path = &paths[rng.below(paths.len())];
        let place = rng.below(usize::try_from(fs::metadata(path).unwrap().len()).unwrap());
        let mask = u8::try_from(1 + rng.below(255)).unwrap();
        let changed = directory.path().join("changed");
        linked(&store, &changed, path);
        let target = changed.join(path.strip_prefix(&store).unwrap());
        let mut bytes = fs::read(&target).unwrap();
        bytes[place] ^= mask;
        fs::write(&target, bytes).unwrap();
        let said = audit(&changed);
        let outcome = judged(&said, &changed, &honest);
        if outcome == Outcome::Silent {
            silent.push(format!("byte {place} of {} by {mask:#x}: {said:?}", path.display()));
        }
        let (count, example) = outcomes.entry((kind, outcome)).or_default();
        *count += 1;
        *example = format!("byte {place}: {}", said.stderr.lines().next().unwrap_or_default());
        fs::remove_dir_all(&changed).unwrap();
    }
    table(&outcomes);
    assert!(silent.is_empty(), "{} of {tried} were accepted: {silent:#?}", silent.len());
}

fn table(outcomes: &BTreeMap<(&str, Outcome), (usize, String)>) {
    println!("{:<16} {:>8} {:>8} {:>15} {:>8}", "file", "detected", "refused", "without effect", "silent");
    let kinds: std::collections::BTreeSet<&str> = outcomes.keys().map(|(kind, _)| *kind).collect();
    for kind in kinds {
        let count = |outcome| outcomes.get(&(kind, outcome)).map_or(0, |(count, _)| *count);
        let [detected, refused] = [Outcome::Detected, Outcome::Refused].map(count);
        let [without, silent] = [Outcome::WithoutEffect, Outcome::Silent].map(count);
        println!("{kind:<16} {detected:>8} {refused:>8} {without:>15} {silent:>8}");
    }
    println!("for instance");
    for ((kind, outcome), (_, example)) in outcomes {
        println!("{kind}, {outcome:?}: {example}");
    }
}
