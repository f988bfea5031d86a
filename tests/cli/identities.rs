//! Identity files: only their owner reads them, and they are never overwritten.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

use super::house::program;
use crate::support::folder::private_folder;

fn cli(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command: Command = program("dmpc-cli");
    let output = command.env_clear().current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn an_identity_is_made_for_its_owner_alone() {
    let folder = private_folder();
    let (code, id, stderr) = cli(folder.path(), &["identity", "new", "keys/alice.identity"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(id.starts_with("dmpc1"), "{id}");
    let file = folder.path().join("keys/alice.identity");
    assert_eq!((mode(&file), mode(&folder.path().join("keys"))), (0o600, 0o700));

    let (code, shown, _) = cli(folder.path(), &["identity", "show", "keys/alice.identity"]);
    assert_eq!(code, 0);
    assert!(shown.contains(id.trim_end()), "{shown}");
    let secrets = fs::read_to_string(&file).unwrap();
    for secret in secrets.lines().filter_map(|line| line.split_once(": ")).filter(|(name, _)| *name != "user") {
        assert!(!shown.contains(secret.1));
    }
}

#[test]
fn an_identity_is_never_overwritten() {
    let folder = private_folder();
    assert_eq!(cli(folder.path(), &["identity", "new", "alice.identity"]).0, 0);
    let before = fs::read(folder.path().join("alice.identity")).unwrap();
    let (code, stdout, stderr) = cli(folder.path(), &["identity", "new", "alice.identity"]);
    assert_eq!((code, stdout.as_str()), (5, ""));
    assert!(stderr.starts_with("error: alice.identity exists"), "{stderr}");
    assert_eq!(fs::read(folder.path().join("alice.identity")).unwrap(), before);
}

#[test]
fn an_identity_that_others_could_read_or_replace_is_refused() {
    let folder = private_folder();
    assert_eq!(cli(folder.path(), &["identity", "new", "keys/alice.identity"]).0, 0);
    let (file, directory) = (folder.path().join("keys/alice.identity"), folder.path().join("keys"));
    for looser in [0o640, 0o604, 0o660, 0o601, 0o610] {
        fs::set_permissions(&file, Permissions::from_mode(looser)).unwrap();
        let (code, stdout, stderr) = cli(folder.path(), &["identity", "show", "keys/alice.identity"]);
        assert_eq!((code, stdout.as_str()), (5, ""), "{looser:o}");
        assert!(stderr.contains(&format!("mode {looser:04o}")) && stderr.contains("hint: chmod 600"), "{stderr}");
    }
    fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    assert_eq!(cli(folder.path(), &["identity", "show", "keys/alice.identity"]).0, 0);
    for looser in [0o770, 0o750, 0o755, 0o701, 0o1777] {
        fs::set_permissions(&directory, Permissions::from_mode(looser)).unwrap();
        let (code, stdout, stderr) = cli(folder.path(), &["identity", "show", "keys/alice.identity"]);
        assert_eq!((code, stdout.as_str()), (5, ""), "{looser:o}");
        assert!(
            stderr.contains(&format!("keys has mode {looser:04o}")) && stderr.contains("hint: chmod 700"),
            "{stderr}"
        );
        let (code, _, stderr) = cli(folder.path(), &["identity", "new", "keys/bob.identity"]);
        assert_eq!(code, 5, "{stderr}");
        assert!(!directory.join("bob.identity").exists());
    }
}

#[test]
fn what_is_no_identity_is_refused_without_showing_it() {
    let folder = private_folder();
    assert_eq!(cli(folder.path(), &["identity", "new", "alice.identity"]).0, 0);
    let file = folder.path().join("alice.identity");
    let text = fs::read_to_string(&file).unwrap();
    let secret = text.lines().find_map(|line| line.strip_prefix("signing: ")).unwrap().to_owned();
    let (start, last) = secret.split_at(secret.len() - 1);
    let mistyped = text.replace(&secret, &format!("{start}{}", if last == "Q" { "P" } else { "Q" }));
    for bad in [mistyped, String::new(), "x".repeat(100_000), text.replace("encryption", "decryption")] {
        fs::write(&file, bad).unwrap();
        let (code, stdout, stderr) = cli(folder.path(), &["identity", "show", "alice.identity"]);
        assert_eq!((code, stdout.as_str()), (5, ""), "{stderr}");
        assert!(stderr.starts_with("error: alice.identity is no identity"), "{stderr}");
        assert!(!stderr.contains("SIGNING-KEY"), "{stderr}");
    }
}
