//! A disk that is full, for real: a small file system in memory. It takes root, or user namespaces; without either, the
//! specification fails and says so.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use dmpc::v1;

use crate::support::{
    client::{Client, Via, items, transaction},
    operations::{Cast, at},
    server::Server,
    store::audited,
};

/// Set where the specification runs again in namespaces of its own.
const WITHIN: &str = "DMPC_DISK_WITHIN";

fn mount(options: &str, at: &Path) -> bool {
    let said =
        Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).stderr(Stdio::null()).status();
    said.is_ok_and(|status| status.success())
}

/// A mounted file system, unmounted when it is dropped.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn new(at: &'a Path, size: &str) -> Option<Self> {
        mount(&format!("size={size},mode=0700"), at).then_some(Self(at))
    }

    /// Gives it another size.
    fn resize(&self, size: &str) {
        assert!(mount(&format!("remount,size={size}"), self.0), "a file system cannot be made larger");
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0).status().ok();
    }
}

/// Runs the specification again as root of namespaces of its own.
fn within() {
    assert!(std::env::var_os(WITHIN).is_none(), "a file system can be mounted neither as root nor in namespaces");
    let status = Command::new("unshare")
        .arg("-Urm")
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "damage::full_disk::a_full_disk_ends_the_node_with_a_clear_word_and_loses_nothing_acknowledged",
        ])
        .args(["--nocapture", "--test-threads=1"])
        .env(WITHIN, "1")
        .status();
    let status = status.expect("neither root nor 'unshare': a full disk cannot be tried here");
    assert!(status.success(), "a full disk could not be tried, or went wrong: {status}");
}

#[tokio::test]
async fn a_full_disk_ends_the_node_with_a_clear_word_and_loses_nothing_acknowledged() {
    let mut cast = Cast::new(1);
    let mut server = Server::start(&cast);
    server.ask_to_stop();
    assert!(server.ended().await.success());
    let place = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::new(place.path(), "12m") else { return within() };
    server.move_data(&place.path().join("data"));
    server.restart();
    let create = cast.create("root", "alice", dmpc::Permissions::CHANNEL_ADD, "", at(1));
    let (open, room) = cast.open("alice", "tea", &[], at(2));
    let mut operations = vec![create, open];
    let text = "x".repeat(8_000);
    operations.extend((0..2_000).map(|number| cast.message("alice", &room, &text, at(10 + number))));
    let batches = operations.chunks(50).enumerate().map(|(index, chunk)| {
        items(u64::try_from(index * 50).unwrap(), chunk.iter().map(|operation| transaction(&[operation])))
    });
    let (acks, ended) = Client::connect(&server, Via::Grpc).await.submit_batches(batches.collect()).await;
    assert_eq!(ended.map(|ended| ended.reason).as_deref(), Some("unknown"));
    assert!(acks.iter().all(|ack| ack.state() == v1::TicketState::Success), "{acks:?}");
    assert!(acks.len() > 100 && acks.len() < operations.len(), "{}", acks.len());
    assert_eq!(server.ended().await.code(), Some(1));
    assert!(server.log().contains("No space left on device"), "{}", server.log());

    // It does not start either, says the same, and may be tried again and again.
    for _ in 0..3 {
        let refused = server.refuses();
        assert!(refused.contains("No space left on device"), "{refused}");
    }
    disk.resize("200m");
    server.restart();
    let again = operations[..acks.len()]
        .chunks(50)
        .enumerate()
        .map(|(index, chunk)| items(u64::try_from(index).unwrap(), [transaction(&chunk.iter().collect::<Vec<_>>())]));
    let (again, ended) = Client::connect(&server, Via::Grpc).await.submit_batches(again.collect()).await;
    assert_eq!(ended, None);
    let outcomes = again.iter().flat_map(|ack| &ack.outcomes);
    assert!(outcomes.map(v1::Outcome::kind).all(|kind| kind == v1::OutcomeKind::Duplicate));
    server.ask_to_stop();
    assert!(server.ended().await.success(), "{}", server.log());
    audited(&place.path().join("data"));
}
