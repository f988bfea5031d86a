//! A store whose bytes change under a running node.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use dmpc::request::Query;

use super::scene::Scene;
use crate::support::client::{Refused, Via, request};

fn tables(database: &Path) -> BTreeSet<PathBuf> {
    let paths = fs::read_dir(database).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "sst")).collect()
}

/// The tables, once no compaction replaces them any more.
async fn settled_tables(database: &Path) -> BTreeSet<PathBuf> {
    let mut found = tables(database);
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = std::mem::replace(&mut found, tables(database));
        if before == found {
            return found;
        }
    }
}

/// Changes one byte of these bytes wherever a table has them; says in how many.
fn spoil(tables: BTreeSet<PathBuf>, bytes: &[u8]) -> usize {
    let mut spoiled = 0;
    for path in tables {
        let mut table = fs::read(&path).unwrap();
        if let Some(place) = table.windows(bytes.len()).position(|window| window == bytes) {
            table[place] ^= 1;
            fs::write(&path, table).unwrap();
            spoiled += 1;
        }
    }
    spoiled
}

#[tokio::test]
async fn what_cannot_be_read_is_told_as_internal() {
    let mut scene = Scene::new().await;
    let message = scene.message("bob", "hello");
    scene.apply(std::slice::from_ref(&message)).await;
    // A start writes what was in the write-ahead log into tables.
    scene.server.kill();
    scene.server.restart();
    let bytes = message.bytes();
    let tables = settled_tables(&scene.server.data().join("store/db")).await;
    // A compaction may have left the table of before in its place, too.
    assert!(spoil(tables, &bytes[bytes.len() - 48..]) > 0);
    let query = Query::Messages { channel: scene.room.id, cursor: bytes::Bytes::new(), limit: 0, backward: false };
    for via in Via::ALL {
        let asked = request(&scene.cast, "bob", &scene.server.node, &query);
        let refused = scene.client(via).await.read(&query, asked).await.unwrap_err();
        assert_eq!(refused, Refused { reason: "internal".to_owned(), code: via.answered(tonic::Code::Internal) });
    }
    // The node's log says what it is, and the node goes on with what it can read.
    assert!(scene.server.log().contains("a read failed"), "{}", scene.server.log());
    scene.assert_node_goes_on().await;
}
