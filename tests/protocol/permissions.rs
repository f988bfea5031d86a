//! Permissions and rights: bits on the wire, names for people.

use dmpc::{Permissions, Rights};

#[test]
fn the_bits_are_those_of_the_design() {
    let names =
        |names: &[&str]| names.iter().enumerate().map(|(bit, name)| (1 << bit, (*name).to_owned())).collect::<Vec<_>>();
    let permissions: Vec<(u8, String)> =
        Permissions::NAMES.iter().map(|(flag, name)| (flag.bits(), (*name).to_owned())).collect();
    let expected = [
        "channel.add",
        "channel.read",
        "user.add",
        "user.read",
        "user.remove",
        "user.enc_key_update",
        "user.sign_key_update",
        "user.permissions_update",
    ];
    assert_eq!(permissions, names(&expected));
    let rights: Vec<(u8, String)> =
        Rights::NAMES.iter().map(|(flag, name)| (flag.bits(), (*name).to_owned())).collect();
    assert_eq!(rights, names(&["read", "write", "close", "manage"]));
}

#[test]
fn every_set_has_a_text_that_gives_it_back() {
    for bits in 0..=255_u32 {
        let set = Permissions::from_bits(bits).unwrap();
        assert_eq!(set.to_string().parse(), Ok(set));
        assert_eq!(set.iter().fold(Permissions::NONE, Permissions::union), set);
        match Rights::from_bits(bits) {
            Some(rights) => assert_eq!((rights.to_string().parse(), bits < 16), (Ok(rights), true)),
            None => assert!(bits >= 16),
        }
    }
    assert_eq!(Permissions::from_bits(256), None);
    assert_eq!(("all".parse(), "none".parse()), (Ok(Rights::ALL), Ok(Rights::NONE)));
}

#[test]
fn unknown_names_are_refused_and_the_known_ones_named() {
    for name in ["", "reads", "read,", "Read", "read write"] {
        let error = name.parse::<Rights>().unwrap_err();
        assert!(error.to_string().contains("read, write, close, manage"), "{error}");
    }
}

#[test]
fn sets_are_sets() {
    let (read, write) = (Rights::READ, Rights::WRITE);
    let both = read.union(write);
    assert!(both.contains(read) && both.contains(both) && !read.contains(both) && read.contains(Rights::NONE));
    assert!(both.intersects(read) && !read.intersects(write) && !both.intersects(Rights::NONE));
    assert_eq!((both.without(read), both.without(both)), (write, Rights::NONE));
    assert!(Rights::NONE.is_empty() && !read.is_empty());
}
