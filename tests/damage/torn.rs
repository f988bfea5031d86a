//! A write-ahead log that ends too early, at every sort of place. `DMPC_SOAK_DAMAGE` tries every byte of its last 8 KiB.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    path::PathBuf,
};

use super::judge::{Became, Original, tried};
use crate::support::damage::files;

/// Places that are tried.
const TRIED: usize = 256;
/// Bytes at the end of which every place is tried by `make soak`.
const SOAKED_BYTES: u64 = 8 * 1024;

/// Where records end in a log whose records are all whole, as their lengths say.
fn edges(log: &[u8]) -> Vec<u64> {
    let (mut edges, mut at) = (Vec::new(), 0);
    while at + 7 <= log.len() {
        if 32_768 - at % 32_768 < 7 {
            at += 32_768 - at % 32_768;
            continue;
        }
        at += 7 + usize::from(u16::from_le_bytes([log[at + 4], log[at + 5]]));
        edges.push(u64::try_from(at).unwrap());
    }
    edges
}

#[test]
fn a_write_ahead_log_that_is_cut_off_is_refused_with_its_place_and_goes_on_from_an_exact_prefix() {
    let original = Original::new();
    let logs = files(&original.store())["write-ahead log"].clone();
    let mut places: BTreeSet<(PathBuf, u64)> = BTreeSet::new();
    for log in &logs {
        let bytes = fs::read(log).unwrap();
        let whole = u64::try_from(bytes.len()).unwrap();
        let edges = edges(&bytes);
        assert_eq!(edges.last(), Some(&whole), "{}", log.display());
        let around = edges.iter().flat_map(|edge| [-8_i64, -1, 0, 1, 6, 7, 8].map(|by| edge.saturating_add_signed(by)));
        places.extend([0].into_iter().chain(around).filter(|place| *place < whole).map(|place| (log.clone(), place)));
        if std::env::var_os("DMPC_SOAK_DAMAGE").is_some() {
            places.extend((whole.saturating_sub(SOAKED_BYTES)..whole).map(|place| (log.clone(), place)));
        }
    }
    let mut places: Vec<_> = places.into_iter().collect();
    if std::env::var_os("DMPC_SOAK_DAMAGE").is_none() {
        let keep = places.len().div_ceil(TRIED);
        places =
            places.into_iter().enumerate().filter(|(number, _)| number % keep == 0).map(|(_, place)| place).collect();
    }
    let cut = |(log, place): &(PathBuf, u64), thoroughly| {
        original.judged(thoroughly, |store| {
            let log = store.join(log.strip_prefix(original.store()).unwrap());
            OpenOptions::new().write(true).open(log).unwrap().set_len(*place).unwrap();
        })
    };
    let became = tried(&places, cut, |(log, place)| format!("{} cut at {place}", log.display()));
    // What is cut off was acknowledged; only the record of a stretch of history, before all others, was not.
    assert!(became[&Became::Prefix] * 10 > places.len() * 9, "{became:?}");
    assert_eq!(became.get(&Became::Found), None);
}
