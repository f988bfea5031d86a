//! Keys of users are rotated through the command line: what was signed stays valid, what was sealed is still read, the old
//! signing key is worth nothing.

use std::{fs, os::unix::fs::PermissionsExt};

use super::{
    house::{House, Person},
    outbox::kill_between,
};

/// Alice's channel with bob, in which one message was said; and bob's identity file as it was before.
struct Room {
    house: House,
    channel: String,
    alice: Person,
    bob: Person,
    bob_id: String,
    before: Person,
}

impl Room {
    fn new() -> Self {
        let house = House::new();
        let (alice, _) = house.user("alice", "grpc", "channel.add,user.read");
        let (bob, bob_id) = house.user("bob", "ws", "none");
        let open = ["channel", "open", "tea", "--member", &format!("{bob_id}:rw")];
        let channel = house.run(&alice, &open).expect_success().line();
        house.say(&bob, &channel, "with the first keys").expect_success();
        let mut before = bob.with_copied_identity();
        before.state = house.path("before.state");
        Self { house, channel, alice, bob, bob_id, before }
    }

    fn rotate(&self, flags: &[&str]) {
        let updated = self.house.run(&self.bob, &[&["--json", "user", "update"], flags].concat()).expect_success();
        assert_eq!(updated.json()[0]["outcome"], "applied");
        assert_eq!(fs::metadata(&self.bob.identity).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!self.bob.identity.with_file_name("bob.identity.next").exists());
    }

    fn public(&self, person: &Person) -> serde_json::Value {
        self.house.run(person, &["identity", "show", "--json"]).expect_success().json().remove(0)
    }
}

#[test]
fn after_a_rotation_of_the_signing_key_only_the_new_one_speaks() {
    let room = Room::new();
    room.rotate(&["--rotate-signing-key"]);
    let (new, old) = (room.public(&room.bob), room.public(&room.before));
    assert_eq!((&new["user"], &new["encryption_key"]), (&old["user"], &old["encryption_key"]));
    assert_ne!(new["signing_key"], old["signing_key"]);

    room.house.say(&room.before, &room.channel, "with a stolen key").expect_failure(5, &["key_not_current"]);
    room.house.say(&room.bob, &room.channel, "with the second key").expect_success();
    assert_eq!(room.house.texts(&room.alice, &room.channel), ["with the first keys", "with the second key"]);
    assert_eq!(room.house.texts(&room.bob, &room.channel), ["with the first keys", "with the second key"]);
    // Once more, from where it is now.
    room.rotate(&["--rotate-signing-key"]);
    room.house.say(&room.bob, &room.channel, "with the third").expect_success();
}

#[test]
fn the_lanes_of_a_new_signing_key_start_anew() {
    let mut room = Room::new();
    room.house.say(&room.bob, &room.channel, "again with the first").expect_success();
    room.rotate(&["--rotate-signing-key"]);
    for text in ["one", "two"] {
        room.house.say(&room.bob, &room.channel, text).expect_success();
    }
    let channel = room.channel.clone();
    let links: Vec<_> = room.house.accepted(&channel).iter().map(|operation| operation.link()).collect();
    assert_eq!(links.iter().map(|link| link.seq).collect::<Vec<_>>(), [1, 2, 1, 2]);
    assert_ne!(links[1].lane, links[2].lane);
}

#[test]
fn after_a_rotation_of_the_encryption_key_old_messages_are_read_and_new_epochs_use_the_new_key() {
    let room = Room::new();
    room.rotate(&["--rotate-encryption-key", "--name", "bobby"]);
    assert_ne!(room.public(&room.bob)["encryption_key"], room.public(&room.before)["encryption_key"]);
    assert_eq!(room.house.texts(&room.bob, &room.channel), ["with the first keys"]);

    // The id does not prove the new key; that bob put it there himself does.
    room.house.run(&room.alice, &["channel", "epoch", "tea"]).expect_success();
    room.house.say(&room.alice, &room.channel, "for the new key").expect_success();
    assert_eq!(room.house.texts(&room.bob, &room.channel), ["with the first keys", "for the new key"]);
    // The old file still asks as bob, and opens only what was wrapped to the old key.
    let read = ["message", "read", "--json", "--channel", &room.channel];
    let read = room.house.run(&room.before, &read).expect_success().json();
    assert_eq!(read[0]["text"], "with the first keys");
    assert!(read[1]["text"].is_null(), "{}", read[1]);
}

#[test]
fn keys_that_were_lost_are_replaced_by_one_who_may_and_the_past_is_given_again() {
    let room = Room::new();
    let carol = room.house.user("carol", "grpc", "user.sign_key_update,user.enc_key_update,user.read").0;
    let again = room.house.person("bob-again", "grpc");
    let file = again.identity.to_str().unwrap();
    room.house.run(&again, &["identity", "new", file, "--user", &room.bob_id]).expect_success();
    let public = room.house.run(&again, &["identity", "show", "--json"]).expect_success().stdout;

    let update = ["user", "update", "--keys", "-"];
    room.house.run_with(&room.alice, &update, &public).expect_failure(1, &["permission_missing"]);
    let forged = public.replacen("\"bytes\":\"Ci", "\"bytes\":\"Cj", 1);
    assert_ne!(forged, public);
    room.house.run_with(&carol, &update, &forged).expect_failure(5, &["no keys: "]);
    let other = ["user", "update", &room.house.user("dave", "ws", "none").1, "--keys", "-"];
    room.house.run_with(&carol, &other, &public).expect_failure(2, &["are made for"]);
    room.house.run_with(&carol, &update, &public).expect_success();
    room.house.run_with(&carol, &update, &public).expect_failure(2, &["already"]);

    room.house.say(&room.bob, &room.channel, "with the lost keys").expect_failure(5, &["key_not_current"]);
    room.house.say(&again, &room.channel, "without a key").expect_failure(5, &["current key is not yours"]);
    // Whoever wraps for keys that another put there says that it trusts the node on that.
    let add = ["channel", "members", "add", "tea", &format!("{}:rw", room.bob_id), "--history"];
    let words = [&room.bob_id, "changed them, not the user itself", "--trust-rotated-keys"];
    room.house.run(&room.alice, &add).expect_failure(5, &words);
    room.house.run(&room.alice, &["channel", "epoch", "tea"]).expect_failure(5, &words);
    room.house.run(&room.alice, &[&add[..], &["--trust-rotated-keys"]].concat()).expect_success();
    room.house.say(&again, &room.channel, "here again").expect_success();
    assert_eq!(room.house.texts(&again, &room.channel), ["with the first keys", "here again"]);
}

#[test]
fn a_rotation_that_was_cut_off_goes_on_with_the_keys_that_it_made() {
    let room = Room::new();
    let rotate = ["user", "update", "--rotate-signing-key"];
    kill_between(&room.house, &room.bob, &rotate);
    let next = room.bob.identity.with_file_name("bob.identity.next");
    assert!(next.exists(), "the new keys are there before anything is sent");
    // Whatever comes next sends the rotation, and is too late to sign with the old key.
    let late = room.house.say(&room.bob, &room.channel, "with the old key");
    assert_eq!(late.code, 5, "{}", late.stderr);
    assert!(late.stderr.contains("key_not_current") && late.stderr.contains("--rotate-signing-key"), "{}", late.stderr);
    let ended = room.house.run(&room.bob, &rotate).expect_success();
    assert!(ended.stderr.contains("an earlier rotation"), "{}", ended.stderr);
    assert!(!next.exists());
    room.house.say(&room.bob, &room.channel, "with the new key").expect_success();
}

#[test]
fn keys_that_wait_are_used_for_no_other_rotation() {
    let room = Room::new();
    kill_between(&room.house, &room.bob, &["user", "update", "--rotate-signing-key"]);
    // The operation is lost, the new keys are not.
    fs::remove_dir_all(&room.bob.state).unwrap();
    let before = room.public(&room.bob);
    for flags in [&["--rotate-encryption-key"][..], &["--rotate-signing-key", "--rotate-encryption-key"]] {
        let other = room.house.run(&room.bob, &[&["user", "update"], flags].concat());
        other.expect_failure(2, &["has not ended", "dmpc-cli user update --rotate-signing-key"]);
    }
    assert_eq!(room.public(&room.bob), before);
    room.rotate(&["--rotate-signing-key"]);
    room.rotate(&["--rotate-encryption-key"]);
    let after = room.public(&room.bob);
    assert_ne!((&after["signing_key"], &after["encryption_key"]), (&before["signing_key"], &before["encryption_key"]));
}

#[test]
fn a_manager_who_may_not_read_users_follows_the_rotations_of_members() {
    let room = Room::new();
    let revoke = ["user", "update", "--revoke", "user.read"];
    let alice_id = room.public(&room.alice)["user"].as_str().unwrap().to_owned();
    room.house.run(&room.house.root(), &[&revoke[..], &[&alice_id]].concat()).expect_success();
    room.rotate(&["--rotate-signing-key"]);
    room.rotate(&["--rotate-signing-key", "--rotate-encryption-key"]);
    room.rotate(&["--rotate-encryption-key"]);
    room.house.run(&room.alice, &["channel", "epoch", "tea"]).expect_success();
    room.house.say(&room.alice, &room.channel, "for the fourth keys").expect_success();
    assert_eq!(room.house.texts(&room.bob, &room.channel), ["with the first keys", "for the fourth keys"]);
}

#[test]
fn who_rotated_its_own_keys_opens_epochs_without_trusting_the_node() {
    let room = Room::new();
    let rotate = ["user", "update", "--rotate-signing-key", "--rotate-encryption-key"];
    room.house.run(&room.alice, &rotate).expect_success();
    room.house.run(&room.alice, &["channel", "epoch", "tea"]).expect_success();
    room.house.run(&room.alice, &["channel", "members", "remove", "tea", &room.bob_id]).expect_success();
    room.house.say(&room.alice, &room.channel, "under the third epoch").expect_success();
    assert_eq!(room.house.texts(&room.alice, &room.channel), ["with the first keys", "under the third epoch"]);
    let draft = ["operation", "generate", "channel", "epoch", "tea"];
    assert_eq!(room.house.run(&room.alice, &draft).expect_success().json().len(), 1);
}

#[test]
fn a_rotation_that_never_reached_the_node_is_made_with_the_same_keys() {
    let room = Room::new();
    kill_between(&room.house, &room.bob, &["user", "update", "--rotate-encryption-key"]);
    let next = room.bob.identity.with_file_name("bob.identity.next");
    let staged = fs::read_to_string(&next).unwrap();
    fs::remove_dir_all(&room.bob.state).unwrap();
    room.rotate(&["--rotate-encryption-key"]);
    assert_eq!(fs::read_to_string(&room.bob.identity).unwrap(), staged);
    assert_eq!(room.house.texts(&room.bob, &room.channel), ["with the first keys"]);
}

#[test]
fn a_rotation_keeps_the_passphrase_of_the_file() {
    let room = Room::new();
    let passphrase = room.house.path("passphrase");
    fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    let passphrase = passphrase.to_str().unwrap();
    let protect = ["identity", "passphrase", "--new-passphrase-file", passphrase];
    room.house.run(&room.bob, &protect).expect_success();
    room.rotate(&["--passphrase-file", passphrase, "--rotate-signing-key", "--rotate-encryption-key"]);
    let text = fs::read_to_string(&room.bob.identity).unwrap();
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"), "the file is not protected any more");
    let send = ["--passphrase-file", passphrase, "message", "send", "--channel", &room.channel, "still protected"];
    room.house.run(&room.bob, &send).expect_success();
    assert_eq!(room.house.texts(&room.alice, &room.channel), ["with the first keys", "still protected"]);
}

#[test]
fn names_permissions_and_activity_are_updated() {
    let house = House::new();
    let (alice, alice_id) = house.user("alice", "grpc", "none");
    let root = house.root();
    let shown = |id: &str| house.run(&root, &["user", "show", id, "--json"]).expect_success().json().remove(0);
    house.run(&alice, &["user", "update", "--name", "alice the second"]).expect_success();
    house.run(&root, &["user", "update", &alice_id, "--grant", "channel.add,user.read"]).expect_success();
    house.run(&root, &["user", "update", &alice_id, "--revoke", "user.read"]).expect_success();
    let alice_now = shown(&alice_id);
    assert_eq!(
        (&alice_now["name"], &alice_now["permissions"]),
        (&"alice the second".into(), &vec!["channel.add"].into())
    );
    house.run(&root, &["user", "update", &alice_id, "--deactivate"]).expect_success();
    house.run(&alice, &["channel", "open", "tea"]).expect_failure(1, &["certifier_inactive"]);
    house.run(&root, &["user", "update", &alice_id, "--activate"]).expect_success();
    house.run(&alice, &["channel", "open", "tea"]).expect_success();
    house.run(&alice, &["user", "update"]).expect_failure(2, &["required"]);
    house.run(&alice, &["user", "update", "--grant", "user.add"]).expect_failure(1, &["permission_missing"]);
}
