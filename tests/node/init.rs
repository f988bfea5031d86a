//! `dmpc-node init`: makes a data directory once, closed to others, and finishes what a crash left half done.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};

use dmpc::{
    Identity,
    protected::{Passphrase, ProtectedIdentity},
};
use tempfile::TempDir;

use crate::support::{
    folder::private_folder,
    operations::Cast,
    server::{node_program, write_identity},
};

/// `serve` on ports that nobody else has: a node that cannot listen does not come to its store.
const SERVE: [&str; 5] = ["serve", "--grpc", "127.0.0.1:0", "--ws", "127.0.0.1:0"];

fn private_directory(path: &Path) {
    fs::create_dir(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

struct Place {
    folder: TempDir,
    data: PathBuf,
    root: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = private_folder();
        let (data, root) = (folder.path().join("data"), folder.path().join("keys/root.identity"));
        Self { folder, data, root }
    }

    fn init(&self) -> Output {
        node_program().arg("init").arg("--data").arg(&self.data).arg("--root").arg(&self.root).output().unwrap()
    }

    /// That it succeeds; what it says.
    #[track_caller]
    fn made(&self) -> String {
        let output = self.init();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// That it fails with one line that says this.
    #[track_caller]
    fn refused(&self, words: &str) {
        let output = self.init();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.lines().count() == 1 && said.contains(words), "{said}");
    }
}

#[test]
fn it_makes_a_node_and_a_root_closed_to_others() {
    let place = Place::new();
    let said = place.made();
    let root = Identity::from_text(&fs::read_to_string(&place.root).unwrap()).unwrap();
    for word in [root.user.to_string(), "dmpcnode1".to_owned(), "dmpc-node serve --data".to_owned()] {
        assert!(said.contains(&word), "{said}");
    }
    assert!(!said.contains("AGE-SECRET") && !said.contains("DMPC-SIGNING"));
    assert_eq!((mode(&place.data), mode(&place.data.join("node.identity"))), (0o700, 0o600));
    assert_eq!((mode(place.root.parent().unwrap()), mode(&place.root)), (0o700, 0o600));
}

#[test]
fn it_overwrites_nothing() {
    let place = Place::new();
    place.made();
    let identity = fs::read(place.data.join("node.identity")).unwrap();
    let root = fs::read(&place.root).unwrap();
    place.refused("is not overwritten");
    assert_eq!(fs::read(place.data.join("node.identity")).unwrap(), identity);
    assert_eq!(fs::read(&place.root).unwrap(), root);
}

#[test]
fn it_takes_a_root_that_is_there() {
    let place = Place::new();
    let cast = Cast::new(3);
    private_directory(place.root.parent().unwrap());
    write_identity(&cast, "root", &place.root);
    let said = place.made();
    assert!(said.contains(&cast.user("root").to_string()), "{said}");
}

#[test]
fn it_refuses_a_root_that_others_may_read() {
    let place = Place::new();
    let cast = Cast::new(3);
    private_directory(place.root.parent().unwrap());
    write_identity(&cast, "root", &place.root);
    fs::set_permissions(&place.root, fs::Permissions::from_mode(0o640)).unwrap();
    place.refused("mode 0640");
    fs::set_permissions(&place.root, fs::Permissions::from_mode(0o600)).unwrap();
    let directory = place.root.parent().unwrap();
    fs::set_permissions(directory, fs::Permissions::from_mode(0o750)).unwrap();
    place.refused("mode 0750");
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
    place.made();
}

#[test]
fn it_refuses_a_root_that_is_no_identity_and_shows_nothing_of_it() {
    let place = Place::new();
    private_directory(place.root.parent().unwrap());
    fs::write(&place.root, "user: secret words\n").unwrap();
    fs::set_permissions(&place.root, fs::Permissions::from_mode(0o600)).unwrap();
    place.refused("is no identity");
}

#[test]
fn it_takes_a_root_that_is_protected_with_its_passphrase_and_leaves_it_so() {
    let place = Place::new();
    let cast = Cast::new(3);
    private_directory(place.root.parent().unwrap());
    let passphrase = Passphrase::new("two lumps of sugar").unwrap();
    let sealed = ProtectedIdentity::seal(cast.identity("root"), &passphrase).unwrap();
    let secret = |path: &Path, text: &str| {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    };
    secret(&place.root, sealed.as_str());
    let [right, wrong] = ["right", "wrong"].map(|name| place.folder.path().join(name));
    secret(&right, "two lumps of sugar\n");
    secret(&wrong, "one lump\n");
    place.refused("nobody can be asked for it here; pass --passphrase-file");
    let with = |file: &Path| {
        let mut program = node_program();
        program.arg("init").arg("--data").arg(&place.data).arg("--root").arg(&place.root);
        program.arg("--passphrase-file").arg(file).output().unwrap()
    };
    let said = with(&wrong);
    assert!(String::from_utf8_lossy(&said.stderr).contains("the passphrase is wrong"), "{said:?}");
    fs::set_permissions(&right, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(String::from_utf8_lossy(&with(&right).stderr).contains("has mode 0644"));
    assert_eq!(fs::read_dir(&place.data).unwrap().count(), 0, "nothing was made");
    fs::set_permissions(&right, fs::Permissions::from_mode(0o600)).unwrap();
    let made = with(&right);
    assert!(made.status.success(), "{made:?}");
    assert!(String::from_utf8_lossy(&made.stdout).contains(&cast.user("root").to_string()), "{made:?}");
    assert_eq!(fs::read_to_string(&place.root).unwrap().trim(), sealed.as_str().trim());
}

#[test]
fn it_refuses_a_directory_that_holds_something_else() {
    let place = Place::new();
    fs::create_dir(&place.data).unwrap();
    fs::write(place.data.join("letter.txt"), "dear carol").unwrap();
    place.refused("letter.txt");
    assert_eq!(fs::read_dir(&place.data).unwrap().count(), 1);
}

#[test]
fn it_takes_an_empty_directory_and_closes_it() {
    let place = Place::new();
    fs::create_dir(&place.data).unwrap();
    fs::set_permissions(&place.data, fs::Permissions::from_mode(0o755)).unwrap();
    place.made();
    assert_eq!(mode(&place.data), 0o700);
}

#[test]
fn it_finishes_what_a_crash_left_half_done() {
    let place = Place::new();
    place.made();
    let identity = fs::read(place.data.join("node.identity")).unwrap();
    fs::rename(place.data.join("store"), place.data.join("store.unfinished")).unwrap();
    fs::write(place.data.join(".node.identity.unfinished"), "half of a").unwrap();
    let serve = node_program().args(SERVE).arg("--data").arg(&place.data).output().unwrap();
    assert_eq!(serve.status.code(), Some(4));
    place.made();
    assert_eq!(fs::read(place.data.join("node.identity")).unwrap(), identity);
    assert!(place.data.join("store").is_dir() && !place.data.join("store.unfinished").exists());
}

#[test]
fn the_root_may_lie_in_the_data_directory() {
    let mut place = Place::new();
    place.root = place.data.join("root.identity");
    place.made();
    assert!(place.folder.path().join("data/root.identity").is_file());
}

#[test]
fn a_store_beside_another_identity_is_refused() {
    let (one, other) = (Place::new(), Place::new());
    one.made();
    other.made();
    fs::copy(other.data.join("node.identity"), one.data.join("node.identity")).unwrap();
    let serve = node_program().args(SERVE).arg("--data").arg(&one.data).output().unwrap();
    assert_eq!(serve.status.code(), Some(4));
    assert!(String::from_utf8(serve.stderr).unwrap().contains("put the right one back"));
}
