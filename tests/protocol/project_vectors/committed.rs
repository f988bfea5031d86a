//! The committed files are what the tool makes, every byte of them; and they do not change unnoticed.

use std::{collections::BTreeMap, fs};

use super::case::{collect, folder};
use crate::{
    support::operations::Seeded,
    vector_maker::{self, SEALED, sealed::Sealed},
};

/// The digest over all files. Whoever changes the protocol or a vector changes it here too, on purpose.
const DIGEST: &str = "894d5f726a7608a0dcd97e3294bd6f7815dd45c3fc085e9bfb987a217e91749d";
/// Bytes that all files together may have.
const BYTES_MAX: usize = 1_500_000;

fn committed() -> BTreeMap<String, Vec<u8>> {
    let mut paths = Vec::new();
    collect(&folder(), &mut paths);
    let file = |path: &std::path::PathBuf| {
        let name = path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    };
    paths.iter().map(file).collect()
}

/// What the tool makes of the sealed bytes that are committed.
fn made(sealed: &[u8]) -> anyhow::Result<BTreeMap<String, String>> {
    vector_maker::all(&mut Sealed::parse(sealed, false)?)
}

#[test]
fn the_committed_vectors_are_what_the_tool_makes() {
    let committed = committed();
    let made = made(&committed[SEALED]).unwrap();
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(names(committed.keys().collect()), names(made.keys().collect()), "run `make vectors`");
    for (path, text) in &made {
        assert!(committed[path] == text.as_bytes(), "{path} is not what the tool makes; run `make vectors`");
    }
    let bytes: usize = committed.values().map(Vec::len).sum();
    assert!(bytes < BYTES_MAX, "{bytes} bytes");
}

#[test]
fn one_digest_is_pinned_over_all_vectors() {
    assert_eq!(vector_maker::digest(&committed()), DIGEST, "the vectors changed: say so in CHANGELOG.md");
}

#[test]
fn a_changed_byte_anywhere_in_the_vectors_is_noticed() {
    let committed = committed();
    let made: BTreeMap<String, Vec<u8>> =
        made(&committed[SEALED]).unwrap().into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
    let mut rng = Seeded::new(1, "changed vectors");
    let paths: Vec<&String> = committed.keys().collect();
    for _ in 0..200 {
        let path = paths[rng.below(paths.len())];
        let mut changed = committed.clone();
        let bytes = changed.get_mut(path).unwrap();
        let place = rng.below(bytes.len());
        bytes[place] ^= 1 << rng.below(7);
        assert_ne!(changed, made, "byte {place} of {path}");
        assert_ne!(vector_maker::digest(&changed), DIGEST, "byte {place} of {path}");
    }
}

#[test]
fn a_changed_byte_of_the_sealed_inputs_makes_other_vectors_or_none() {
    let committed = committed();
    let mut rng = Seeded::new(2, "changed vectors");
    let good = &committed[SEALED];
    for _ in 0..12 {
        let mut changed = good.clone();
        let place = rng.below(changed.len());
        changed[place] ^= 1 << rng.below(3);
        let Ok(made) = made(&changed) else { continue };
        let differs = made.iter().any(|(path, text)| committed.get(path).is_none_or(|bytes| bytes != text.as_bytes()));
        // What is no input, the description and the blanks, is written anew: then the file itself differs.
        assert!(differs || changed != made[SEALED].as_bytes(), "byte {place}");
    }
}
