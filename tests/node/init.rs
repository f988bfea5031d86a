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

/// `init` with these arguments after the data directory.
fn init(place: &Place, arguments: &[&str]) -> Output {
    node_program().arg("init").arg("--data").arg(&place.data).args(arguments).output().unwrap()
}

/// That it succeeds; what it says.
#[track_caller]
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Somebody's identity file in the folder, and what of it is public, as the command line prints it.
fn person(place: &Place, cast: &Cast, name: &str) -> (String, String) {
    let (identity, public) = (place.folder.path().join(name), place.folder.path().join(format!("{name}.json")));
    write_identity(cast, name, &identity);
    let this = std::env::current_exe().unwrap();
    let cli = this.parent().unwrap().parent().unwrap().join("dmpc-cli");
    let shown = std::process::Command::new(cli).args(["identity", "show", "--json"]).arg(&identity).output().unwrap();
    fs::write(&public, said(&shown)).unwrap();
    (identity.to_str().unwrap().to_owned(), public.to_str().unwrap().to_owned())
}

#[test]
fn it_takes_several_roots_by_their_files_and_by_what_of_them_is_public() {
    let (place, cast) = (Place::new(), Cast::new(5));
    let (alice, _) = person(&place, &cast, "alice");
    let (bob_secrets, bob) = person(&place, &cast, "bob");
    fs::remove_file(&bob_secrets).unwrap();
    let new = place.folder.path().join("new.identity");
    let made = init(&place, &["--root", &alice, "--root", new.to_str().unwrap(), "--root-user", &bob]);
    let made = said(&made);
    let carol = Identity::from_text(&fs::read_to_string(&new).unwrap()).unwrap().user;
    for user in [cast.user("alice"), cast.user("bob"), carol] {
        assert!(made.contains(&format!("root {user}\n")), "{made}");
    }
    assert!(!Path::new(&bob_secrets).exists(), "bob's secrets stay where they are");
    let (_writer, reader) = crate::support::store::open(&place.data.join("store"));
    let mut roots = vec![cast.user("alice"), cast.user("bob"), carol];
    roots.sort_unstable();
    assert_eq!(reader.genesis().roots.iter().map(|root| root.user).collect::<Vec<_>>(), roots);
}

#[test]
fn it_takes_a_nodes_keys_that_are_there() {
    let (place, other, cast) = (Place::new(), Place::new(), Cast::new(6));
    let (root, _) = person(&place, &cast, "alice");
    said(&init(&other, &["--root", &root]));
    let keys = other.data.join("node.identity");
    let made = said(&init(&place, &["--root", &root, "--node-identity", keys.to_str().unwrap()]));
    assert_eq!(fs::read(place.data.join("node.identity")).unwrap(), fs::read(&keys).unwrap());
    assert_eq!(mode(&place.data.join("node.identity")), 0o600);
    assert!(made.contains("node identity (was there)"), "{made}");
    let nodes = [&place, &other].map(|place| crate::support::store::open(&place.data.join("store")).1.genesis().node);
    assert_eq!(nodes[0], nodes[1]);
}

#[test]
fn it_refuses_roots_and_keys_that_cannot_be_and_makes_nothing() {
    let cast = Cast::new(7);
    let refused = |arguments: &dyn Fn(&Place) -> Vec<String>, words: &str| {
        let place = Place::new();
        let arguments = arguments(&place);
        let output = init(&place, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(1 | 2)) && said.contains(words), "{said}");
        assert!(!place.data.join("store").exists());
    };
    let flag = |name: &str, value: &str| [name.to_owned(), value.to_owned()];
    refused(&|_| Vec::new(), "--root");
    refused(
        &|place| {
            let (identity, public) = person(place, &cast, "alice");
            [flag("--root", &identity), flag("--root-user", &public)].concat()
        },
        "is named twice",
    );
    refused(&|place| flag("--root-user", &person(place, &cast, "alice").0).to_vec(), "holds no user object");
    refused(
        &|place| {
            let (_, public) = person(place, &cast, "alice");
            let text = fs::read_to_string(&public).unwrap();
            let at = text.find("\"bytes\":\"").unwrap() + 40;
            let letter = if &text[at..=at] == "A" { "B" } else { "A" };
            fs::write(&public, format!("{}{letter}{}", &text[..at], &text[at + 1..])).unwrap();
            flag("--root-user", &public).to_vec()
        },
        "",
    );
    refused(&|_| flag("--root-user", "/nowhere.json").to_vec(), "/nowhere.json");
    refused(
        &|place| {
            let (identity, _) = person(place, &cast, "alice");
            [flag("--root", &identity), flag("--node-identity", "/nowhere.identity")].concat()
        },
        "/nowhere.identity",
    );
}
