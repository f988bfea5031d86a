//! Users and channels are named by ids, beginnings of ids, the names of the local address book, and those of the node.

use std::{collections::BTreeMap, fs};

use dmpc::Identity;
use rand_core::OsRng;

use super::house::{House, Said};

/// Letters of an id that count as its beginning, with the prefix of users.
const BEGINNING: usize = "dmpc1".len() + 4;

/// Two identities whose ids begin alike.
fn alike() -> [Identity; 2] {
    let mut by_beginning = BTreeMap::new();
    loop {
        let identity = Identity::generate(&mut OsRng).unwrap();
        let beginning = identity.user.to_string()[..BEGINNING].to_owned();
        if let Some(other) = by_beginning.remove(&beginning) {
            return [other, identity];
        }
        by_beginning.insert(beginning, identity);
    }
}

fn show(house: &House, user: &str) -> Said {
    house.run(&house.root(), &["user", "show", user, "--json"])
}

#[test]
fn the_beginning_of_an_id_that_one_alone_has_means_it() {
    let house = House::new();
    let (alice, id) = house.user("alice", "grpc", "channel.add");
    assert_eq!(show(&house, &id[..BEGINNING + 4]).expect_success().json()[0]["id"], id.as_str());
    show(&house, "dmpc1q").expect_failure(2, &["too little of a user id", "4 letters"]);
    let channel = house.run(&alice, &["channel", "open", "tea"]).expect_success().line();
    house.say(&alice, &channel[.."dmpcchannel1".len() + 8], "one").expect_success();
    assert_eq!(house.texts(&alice, "tea"), ["one"]);
}

#[test]
fn a_beginning_that_several_have_lists_them() {
    let house = House::new();
    let pair = alike();
    for (name, identity) in ["bob", "carol"].into_iter().zip(&pair) {
        let file = house.path(name);
        fs::write(&file, identity.to_text().unwrap().as_str()).unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let file = file.to_str().unwrap();
        house.run(&house.root(), &["user", "create", "--user", file, "--name", name]).expect_success();
    }
    let [bob, carol] = pair.map(|identity| identity.user.to_string());
    let wanted = [format!("{bob} (bob)"), format!("{carol} (carol)")];
    let beginning = &bob[..BEGINNING];
    show(&house, beginning).expect_failure(2, &["2 users", &wanted[0], &wanted[1], "write more of it"]);
    let longer = (BEGINNING..).map(|letters| &bob[..letters]).find(|text| !carol.starts_with(text)).unwrap();
    assert_eq!(show(&house, longer).expect_success().json()[0]["name"], "bob");
}

#[test]
fn a_display_name_that_several_have_lists_them() {
    let house = House::new();
    let ids: Vec<String> = ["one", "two"]
        .iter()
        .map(|name| {
            let (person, id) = house.user(name, "grpc", "none");
            house.run(&person, &["user", "update", "--name", "bob"]).expect_success();
            id
        })
        .collect();
    show(&house, "bob").expect_failure(2, &["2 users are called 'bob'", &ids[0], &ids[1], "by its id"]);
}

#[test]
fn names_of_the_address_book_count_before_those_that_users_give_themselves() {
    let house = House::new();
    let root = house.root();
    let (bob, id) = house.user("bob", "grpc", "channel.add");
    let (mallory, _) = house.user("mallory", "grpc", "none");
    house.run(&mallory, &["user", "update", "--name", "bob"]).expect_success();
    let config = house.path("config");
    let with_book =
        |arguments: &[&str]| house.run(&root, &[&["--config", config.to_str().unwrap()], arguments].concat());
    with_book(&["name", "add", "bob", "--user", &id]).expect_success();
    let shown = with_book(&["user", "show", "bob", "--json"]).expect_success();
    assert_eq!((shown.json()[0]["id"].as_str().unwrap(), shown.stderr.as_str()), (id.as_str(), ""));
    let channel = house.run(&bob, &["channel", "open", "tea"]).expect_success().line();
    with_book(&["name", "add", "bob", "--channel", &channel]).expect_success();
    let listed = with_book(&["name", "list", "--json"]).expect_success().json();
    let kinds: Vec<_> =
        listed.iter().map(|name| (name["kind"].as_str().unwrap(), name["id"].as_str().unwrap())).collect();
    assert_eq!(kinds, [("user", id.as_str()), ("channel", channel.as_str())]);
    with_book(&["name", "add", "bob", "--user", "mallory"]).expect_failure(1, &["mallory"]);
    for bad in ["", "a:b", "dmpc1qqqq", " x", "--x"] {
        with_book(&["name", "add", "--user", &id, "--", bad]).expect_failure(2, &["cannot be a name"]);
    }
}

#[test]
fn a_message_is_shown_with_the_readers_own_name_for_its_author() {
    let house = House::new();
    let (alice, id) = house.user("alice", "grpc", "channel.add");
    house.run(&alice, &["channel", "open", "tea"]).expect_success();
    house.say(&alice, "tea", "hello").expect_success();
    let config = house.path("config");
    let options = ["--config", config.to_str().unwrap()];
    let read = |arguments: &[&str]| house.run(&alice, &[&options[..], arguments].concat()).expect_success().stdout;
    assert!(read(&["message", "read", "--channel", "tea"]).contains(" alice: hello"));
    read(&["name", "add", "ally", "--user", &id]);
    assert!(read(&["message", "read", "--channel", "tea"]).contains(" ally: hello"));
}
