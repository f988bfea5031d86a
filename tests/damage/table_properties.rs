//! What a table says of itself. RocksDB does not name the table whose properties it cannot read, so the store does.

use std::{fs, path::Path};

use dmpc_storage::{Limits, doctor::examine};

use super::judge::{Became, Original, fast_directory};
use crate::support::{
    damage::{copied, files},
    store::try_open,
};

/// A property of every table; with another first letter the properties are in no order, which RocksDB says without a name.
const PROPERTY: &[u8] = b"data.block.restart.interval";

/// Changes a byte of the properties of a table. Tables are shared with the original: another file takes its place.
fn put_out_of_order(table: &Path) {
    let mut bytes = fs::read(table).unwrap();
    let at = bytes.windows(PROPERTY.len()).rposition(|window| window == PROPERTY).unwrap();
    bytes[at] = bytes[at].to_ascii_uppercase();
    fs::remove_file(table).unwrap();
    fs::write(table, bytes).unwrap();
}

#[test]
fn a_table_whose_properties_are_damaged_is_named_by_doctor_and_by_a_start_that_fails_for_it() {
    let original = Original::new();
    let mut refused = 0;
    for table in &files(&original.store())["table"] {
        let (directory, scratch) = (fast_directory(), fast_directory());
        let store = directory.path().join("store");
        copied(&original.store(), &store);
        let damaged = store.join(table.strip_prefix(original.store()).unwrap());
        put_out_of_order(&damaged);
        let is_named = |error: &dyn std::fmt::Display| error.to_string().contains(&damaged.display().to_string());
        let said = match examine(&store, scratch.path()) {
            Ok(condition) => condition.tables.unwrap(),
            Err(error) => error,
        };
        assert!(is_named(&said), "doctor says {said} of {}", damaged.display());
        // A start reads the ends of most tables, not of each.
        if let Err(error) = try_open(&store, Limits::default()) {
            assert!(is_named(&error), "it is refused with {error}, and {} is damaged", damaged.display());
            refused += 1;
        }
    }
    assert!(refused > 0);
}

#[test]
fn damage_elsewhere_is_not_said_to_be_a_tables() {
    let original = Original::new();
    let manifest = &files(&original.store())["MANIFEST"][0];
    let became = original.judged(false, |store| {
        let path = store.join(manifest.strip_prefix(original.store()).unwrap());
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let said = examine(store, fast_directory().path()).unwrap_err().to_string();
        assert!(said.contains("MANIFEST") && !said.contains(".sst"), "{said}");
    });
    assert_eq!(became, Ok(Became::Refused));
}
