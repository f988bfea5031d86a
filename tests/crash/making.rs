//! Kills while something is made: a data directory, a rebuilt database, a backup, what is put back from one. There is the
//! whole of it or nothing, and the same command succeeds afterwards.

use std::{
    fs,
    path::{Path, PathBuf},
};

use dmpc_node::data_directory::{self, RootSource};
use dmpc_storage::{
    Store,
    backup::{Hold, Order, create, restore, verify},
    stage::Stage,
};
use rand_core::OsRng;

use super::{
    child::{Does, Process, Told},
    load::{Load, require_kept},
};
use crate::support::{
    operations::Cast,
    server::write_identity,
    store::{audited, generation},
};

/// Does what its name says, in a folder with what it needs.
pub(super) fn child(part: &str, folder: &Path) -> i32 {
    let scratch = tempfile::tempdir().unwrap();
    let (data, backup) = (folder.join("data"), folder.join("backup"));
    let store = data.join("store");
    match part {
        "init" => {
            let root = RootSource::File(folder.join("root.identity"));
            data_directory::init(&data, &[root], None, |_| unreachable!(), &mut OsRng).unwrap();
        }
        "rebuild" => drop(Store::rebuild(&store, generation()).unwrap()),
        "backup" => {
            let _held = Hold::take(&store).unwrap();
            let identity = data.join("node.identity");
            let order =
                Order { store: &store, identity: Some(&identity), to: &backup, scratch: scratch.path(), now_ms: 1 };
            create(order, |_, _| ()).unwrap();
        }
        _ => drop(restore(&backup, &folder.join("restored"), None, scratch.path(), |_, _| ()).unwrap()),
    }
    0
}

/// Runs a part, killed at a stage; then without a kill.
fn die_and_repeat(part: &'static str, stage: Stage, folder: &Path, between: impl Fn()) {
    Process::start(&Told::at(part, stage, 1, Does::Kill), folder).died_at(stage);
    between();
    let (said, status) = Process::start(&Told::to(part), folder).ended();
    assert!(status.success(), "{part} after a kill at {stage:?}: {said:?}");
}

#[test]
fn a_kill_within_init_leaves_nothing_that_looks_like_a_node_and_init_goes_on() {
    for stage in [Stage::InitDatabase, Stage::InitComplete] {
        let folder = crate::support::folder::private_folder();
        write_identity(&Cast::with_blank_wraps(1), "root", &folder.path().join("root.identity"));
        let store = folder.path().join("data/store");
        die_and_repeat("init", stage, folder.path(), || assert!(!store.exists(), "{stage:?}"));
        audited(&store);
        data_directory::open(&folder.path().join("data"), dmpc_storage::Limits::default(), &mut OsRng).unwrap();
    }
}

/// A folder with a data directory in which something was acknowledged.
fn told() -> (Load, PathBuf) {
    let load = Load::new(5);
    let folder = load.data().parent().unwrap().to_owned();
    (load, folder)
}

#[test]
fn a_kill_within_a_rebuild_leaves_the_old_database_or_the_new_one() {
    let (load, folder) = told();
    for stage in
        [Stage::RebuildReady, Stage::RebuildExchanged, Stage::BatchReady, Stage::BatchWritten, Stage::HeadWritten]
    {
        die_and_repeat("rebuild", stage, &folder, || load.require_kept());
        load.require_kept();
        assert!(!load.data().join("store/rebuild").exists());
    }
}

#[test]
fn a_kill_within_a_backup_or_a_restore_leaves_nothing_of_that_name() {
    let (load, folder) = told();
    let scratch = tempfile::tempdir().unwrap();
    let (backup, restored) = (folder.join("backup"), folder.join("restored"));
    for stage in [Stage::BackupCopied, Stage::BackupComplete] {
        die_and_repeat("backup", stage, &folder, || assert!(!backup.exists(), "{stage:?}"));
        verify(&backup, scratch.path(), |_, _| ()).unwrap();
        audited(&backup);
        load.require_kept();
        fs::remove_dir_all(&backup).unwrap();
    }
    let (_, status) = Process::start(&Told::to("backup"), &folder).ended();
    assert!(status.success());
    for stage in [Stage::RestoreCopied, Stage::RestoreComplete] {
        die_and_repeat("restore", stage, &folder, || assert!(!restored.exists(), "{stage:?}"));
        require_kept(&restored.join("store"), &load.acknowledged);
        fs::remove_dir_all(&restored).unwrap();
    }
}
