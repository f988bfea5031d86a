//! Single bits of write-ahead logs and tables, at random. `DMPC_SOAK_DAMAGE` says how many.

use std::{fs, path::Path};

use super::judge::{Became, Original, tried};
use crate::support::{damage::files, operations::Seeded};

/// Bits that are flipped, unless `DMPC_SOAK_DAMAGE` says another number.
const FLIPS: usize = 500;

/// Changes the bytes of a file. Tables are shared with the original: another file takes its place.
fn changed(path: &Path, change: impl FnOnce(&mut [u8])) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_flipped_bit_of_a_log_or_a_table_is_found_or_refused_with_its_place_or_without_effect() {
    let original = Original::new();
    let files = files(&original.store());
    let mut rng = Seeded::new(1, "flips");
    let flips = std::env::var("DMPC_SOAK_DAMAGE").ok().map_or(FLIPS, |number| number.parse().unwrap());
    let cases: Vec<_> = (0..flips)
        .map(|number| {
            let paths = &files[if number % 2 == 0 { "write-ahead log" } else { "table" }];
            let path = &paths[rng.below(paths.len())];
            (path.clone(), rng.below(usize::try_from(fs::metadata(path).unwrap().len()).unwrap()), rng.below(8))
        })
        .collect();
    let flip = |(path, place, bit): &(std::path::PathBuf, usize, usize), thoroughly| {
        original.judged(thoroughly, |store| {
            changed(&store.join(path.strip_prefix(original.store()).unwrap()), |bytes| bytes[*place] ^= 1 << bit);
        })
    };
    let became = tried(&cases, flip, |(path, place, bit)| format!("bit {bit} of byte {place} of {}", path.display()));
    assert!(became[&Became::Prefix] > flips / 3, "{became:?}");
    // The other half are bits of tables, of which many are in what RocksDB says of a table and nobody reads.
    assert!(became[&Became::Found] + became[&Became::Refused] > flips / 8, "{became:?}");
}
