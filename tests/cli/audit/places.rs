//! Where an audit finds a log, and what it says of a place that it cannot use: one clear line, and a code.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::PermissionsExt,
    os::unix::process::CommandExt,
    path::Path,
    process::Command,
};

use dmpc_storage::export::{Selection, write_log};

use super::{
    families::{copy_directory, open_database, store_of},
    report, told,
};
use crate::cli::house::{House, Said, program};

fn audit(data: &Path) -> Said {
    let mut command = program("dmpc-cli");
    Said::of(&command.args(["replay", "--verify", "--json", "--data"]).arg(data).output().unwrap())
}

#[test]
fn a_directory_without_a_store_is_one_clear_line() {
    let house = House::new();
    audit(&house.path("nowhere")).expect_failure(1, &["there is no store in"]);
    audit(&house.path("root.identity")).expect_failure(1, &["there is no store in"]);
}

#[test]
fn a_store_a_checkpoint_of_rocksdb_and_a_data_directory_are_audited_alike() {
    let (mut house, _) = told();
    let live = report(&audit(&house.path("node")).expect_success());
    house.stop();
    let store = store_of(&house);
    assert_eq!(report(&audit(&house.path("node")).expect_success()), live);
    assert_eq!(report(&audit(&store).expect_success()), live);
    let taken = house.path("taken");
    rocksdb::checkpoint::Checkpoint::new(&open_database(&store)).unwrap().create_checkpoint(&taken).unwrap();
    assert_eq!(report(&audit(&taken).expect_success()), live);
}

#[test]
fn a_store_of_a_later_format_is_one_clear_line() {
    let (mut house, _) = told();
    house.stop();
    let db = open_database(&store_of(&house));
    db.put_cf(db.cf_handle("meta").unwrap(), "format", 99_u32.to_be_bytes()).unwrap();
    drop(db);
    audit(&house.path("node")).expect_failure(1, &["the store has format 99", "use a newer one"]);
}

#[test]
fn a_directory_that_may_not_be_read_is_one_clear_line() {
    let (mut house, _) = told();
    house.stop();
    // Root may read everything: then somebody else tries, with a program that anybody can reach.
    fs::set_permissions(house.path("node"), fs::Permissions::from_mode(0o700)).unwrap();
    let reachable = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let copy = reachable.path().join("dmpc-cli");
    fs::copy(program("dmpc-cli").get_program(), &copy).unwrap();
    let mut command = Command::new(copy);
    command.env_clear().args(["replay", "--data"]).arg(house.path("node"));
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    } else {
        fs::set_permissions(house.path("node"), fs::Permissions::from_mode(0o000)).unwrap();
    }
    let said = Said::of(&command.output().unwrap());
    fs::set_permissions(house.path("node"), fs::Permissions::from_mode(0o700)).unwrap();
    said.expect_failure(1, &["look for a store", "Permission denied"]);
}

#[test]
fn a_head_that_is_cut_short_is_noticed() {
    let (mut house, _) = told();
    house.stop();
    for (length, words) in [(900, "slot 1 is damaged"), (512, "slot 1 is damaged"), (100, "neither slot is whole")] {
        let copy = house.path(&format!("cut-{length}"));
        copy_directory(&store_of(&house), &copy);
        OpenOptions::new().write(true).open(copy.join("HEAD")).unwrap().set_len(length).unwrap();
        let said = audit(&copy);
        assert_eq!(said.code, 3, "{length}: {said:?}");
        assert!(said.stderr.contains("HEAD") && said.stderr.contains(words), "{length}: {}", said.stderr);
    }
}

#[test]
fn operations_that_are_gone_with_the_end_of_the_log_are_named_by_head() {
    let (mut house, _) = told();
    house.stop();
    let database = store_of(&house).join("db");
    let logs = fs::read_dir(&database).unwrap().map(|entry| entry.unwrap().path());
    let mut logs: Vec<_> = logs.filter(|path| path.extension().is_some_and(|it| it == "log")).collect();
    logs.sort();
    let last = logs.last().unwrap();
    let length = fs::metadata(last).unwrap().len();
    OpenOptions::new().write(true).open(last).unwrap().set_len(length - 100).unwrap();
    let said = audit(&house.path("node"));
    assert_eq!((said.code, &report(&said)["agrees"]), (3, &false.into()), "{said:?}");
    assert!(said.stderr.contains("HEAD: arrivals 8 to 8 were acknowledged"), "{}", said.stderr);
}

#[test]
fn an_exported_log_is_audited_like_the_store_that_it_comes_from() {
    let (mut house, _) = told();
    house.stop();
    let (file, scratch) = (house.path("exported"), tempfile::tempdir().unwrap());
    let to = fs::File::create(&file).unwrap();
    write_log(&store_of(&house), scratch.path(), &Selection::default(), to, |_, _| {}).unwrap();
    let (of_store, of_file) =
        (report(&audit(&house.path("node")).expect_success()), report(&audit(&file).expect_success()));
    for field in ["operations", "applied", "digest", "log_digest", "stored_log_digest", "agrees", "verdicts", "node"] {
        assert_eq!(of_file[field], of_store[field], "{field}");
    }
    assert_eq!(of_file["stored_digest"], serde_json::Value::Null);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let said = audit(&file);
    assert!(said.code == 3 && said.stderr.contains("at byte"), "{said:?}");
    fs::write(&file, &bytes[..middle]).unwrap();
    audit(&file).expect_failure(3, &["exported log", "the file ends before its trailer"]);
}
