//! SIGKILL does not show a missing fsync: what a process wrote is in the system's memory. So the syncs of the write-ahead log are
//! counted beside the commits that were acknowledged; and with syncing off this very check fails.

use std::path::Path;

use super::child::{Process, Told, say};
use dmpc::{Permissions, VerifiedOperation};
use dmpc_storage::Store;

use crate::support::{
    client::now_ms,
    operations::{Cast, at},
    store::{open, submissions},
    world::genesis,
};

const COMMITS: u64 = 30;

/// Commits, and says after each how often the log was synced.
pub(super) fn child(store: &Path) -> i32 {
    let mut cast = Cast::with_blank_wraps(4);
    Store::init(store, &genesis(&cast)).unwrap();
    let (mut writer, _reader) = open(store);
    let synced = writer.synced().unwrap();
    for number in 1..=COMMITS {
        let name = format!("user{number}");
        cast.join(&name);
        let operation = cast.create("root", &name, Permissions::NONE, "", at(number));
        // Every third is kept aside, and was acknowledged all the same.
        let aside = cast.create("carol", "bob", Permissions::NONE, "", at(1_000 + number));
        let batch: Vec<VerifiedOperation> = if number % 3 == 0 { vec![aside] } else { vec![operation, aside] };
        // By turns in the one way that there is to commit and in the other.
        if number % 2 == 0 {
            writer.commit(&submissions(&batch), now_ms()).unwrap();
        } else {
            writer.commit_ahead(&submissions(&batch), now_ms()).unwrap().sync().unwrap();
        }
        say(&format!("acknowledged {number} synced {}", writer.synced().unwrap() - synced));
    }
    0
}

/// The first commit that was acknowledged without a sync of the log after the one before it.
fn unsynced(said: &[String]) -> Option<u64> {
    let mut before = 0;
    for line in said {
        let words: Vec<&str> = line.split(' ').collect();
        let ["acknowledged", number, "synced", synced] = words[..] else { continue };
        let synced: u64 = synced.parse().unwrap();
        if synced <= before {
            return Some(number.parse().unwrap());
        }
        before = synced;
    }
    None
}

fn commits(syncs: bool) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (said, status) = Process::start(&Told { syncs, ..Told::to("commit") }, &folder.path().join("store")).ended();
    assert!(status.success(), "{said:?}");
    assert_eq!(said.len(), usize::try_from(COMMITS).unwrap(), "{said:?}");
    said
}

#[test]
fn every_acknowledged_commit_was_synced_and_one_that_was_not_is_noticed() {
    assert_eq!(unsynced(&commits(true)), None);
    assert_eq!(unsynced(&commits(false)), Some(1), "with syncing off, this check has to fail");
}
