//! The programs: for each sort of damage the node refuses with its exit code, and the command line says the same and what helps.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;

use crate::{
    cli::house::{Said, program},
    support::{
        damage::files,
        operations::{Cast, at},
        server::Server,
        store::{open, submissions},
    },
};

/// A stopped node with tables and a write-ahead log.
fn stopped() -> Server {
    let mut cast = Cast::with_blank_wraps(6);
    let mut server = Server::start(&cast);
    server.kill();
    for part in 0..3 {
        let (mut writer, _reader) = open(&server.data().join("store"));
        for number in 0..50 {
            let name = format!("user{}", part * 50 + number);
            cast.join(&name);
            let created = cast.create("root", &name, dmpc::Permissions::NONE, "", at(1 + part * 50 + number));
            writer.commit(&submissions(&[created]), at(1_000).millis()).unwrap();
        }
    }
    server
}

fn flip(path: &Path, place: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[place] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// The last file of a kind.
fn last(store: &Path, kind: &str) -> PathBuf {
    files(store)[kind].last().unwrap().clone()
}

fn middle(path: &Path) -> usize {
    usize::try_from(fs::metadata(path).unwrap().len() / 2).unwrap()
}

#[test]
fn node_and_doctor_say_the_same_of_each_damage_and_what_helps() {
    type Damage = (&'static str, fn(&Path), &'static str);
    let damages: [Damage; 6] = [
        (
            "a flipped write-ahead log",
            |store| {
                let log = last(store, "write-ahead log");
                flip(&log, middle(&log))
            },
            "write-ahead log ",
        ),
        (
            "a damaged manifest",
            |store| {
                let path = last(store, "MANIFEST");
                flip(&path, middle(&path))
            },
            "MANIFEST",
        ),
        ("no CURRENT", |store| fs::remove_file(store.join("db/CURRENT")).unwrap(), "CURRENT"),
        ("no HEAD", |store| fs::remove_file(store.join("HEAD")).unwrap(), "HEAD"),
        ("a zeroed HEAD", |store| fs::write(store.join("HEAD"), [0; 1_024]).unwrap(), "HEAD"),
        ("no write-ahead log", |store| fs::remove_file(last(store, "write-ahead log")).unwrap(), ".log"),
    ];
    for (what, damage, place) in damages {
        let server = stopped();
        damage(&server.data().join("store"));
        let refused = server.refuses();
        assert!(refused.starts_with("dmpc-node: ") && refused.contains(place), "{what}: {refused}");
        assert!(refused.contains("'dmpc-cli doctor --data DIR' says what helps"), "{what}: {refused}");
        let said = doctor(&server);
        assert_eq!(said.code, 1, "{what}: {said:?}");
        let findings = said.json();
        let is_failure = |finding: &&Value| finding["check"] == "store" && finding["level"] == "failure";
        let finding = findings.iter().find(is_failure).unwrap_or_else(|| panic!("{what}: {findings:#?}"));
        assert!(finding["detail"].as_str().unwrap().contains(place), "{what}: {finding}");
        assert!(finding["hint"].as_str().unwrap().contains("backup"), "{what}: {finding}");
    }
}

#[test]
fn doctor_reads_every_table_of_a_stopped_node_and_names_the_one_that_is_damaged() {
    let server = stopped();
    let tables = files(&server.data().join("store"))["table"].clone();
    for table in &tables {
        let whole = fs::read(table).unwrap();
        flip(table, 20);
        let findings = doctor(&server).json();
        let of_table = |finding: &&Value| finding["detail"].as_str().unwrap().contains(table.to_str().unwrap());
        let finding = findings.iter().find(of_table).unwrap_or_else(|| panic!("{}: {findings:#?}", table.display()));
        assert_eq!((&finding["check"], &finding["level"]), (&"store".into(), &"failure".into()));
        fs::write(table, whole).unwrap();
    }
    assert_eq!(doctor(&server).code, 0);
}

/// What the command line makes of a stopped node's data directory.
fn doctor(server: &Server) -> Said {
    let mut doctor = program("dmpc-cli");
    doctor.args(["doctor", "--offline", "--json", "--data"]).arg(server.data());
    Said::of(&doctor.env("DMPC_STATE", server.data().join("state")).stdin(Stdio::null()).output().unwrap())
}
