//! Pages: bounded by items, bytes and what is looked at, and together the whole, whatever their size.

use std::collections::BTreeSet;

use bytes::Bytes;
use dmpc::{KeyId, Permissions, Rights, UserId};
use dmpc_storage::reader::{ChannelPage, EpochView, MemberView, SCANNED_MAX};

use crate::support::{house::House, operations::at};

/// A room that bob reads.
fn house() -> House {
    House::new(Rights::READ)
}

impl House {
    /// All pages of the room for somebody, of so many items.
    fn pages(&self, name: &str, limit: usize) -> Vec<ChannelPage> {
        let (mut pages, mut cursor) = (Vec::new(), Some(Bytes::new()));
        while let Some(from) = cursor {
            let page = self.reader.channel_page(&self.room.id, &self.cast.user(name), &from, limit).unwrap();
            cursor = page.cursor.clone();
            assert_ne!(cursor.as_ref(), Some(&from), "a page makes progress");
            pages.push(page);
        }
        pages
    }

    /// All pages in one.
    fn whole(&self, name: &str, limit: usize) -> (Vec<EpochView>, Vec<MemberView>) {
        let (mut epochs, mut members) = (Vec::<EpochView>::new(), Vec::new());
        for page in self.pages(name, limit) {
            assert!(page.epochs.is_empty() || members.is_empty(), "members come after epochs");
            for epoch in page.epochs {
                match epochs.last_mut() {
                    Some(last) if last.key_id == epoch.key_id => last.wraps.extend(epoch.wraps),
                    _ => epochs.push(epoch),
                }
            }
            members.extend(page.members);
        }
        (epochs, members)
    }
}

#[test]
fn pages_of_a_channel_are_the_whole_whatever_their_size() {
    let mut house = house();
    let mut key_ids: Vec<KeyId> = vec![house.room.key.key_id()];
    // Each epoch is wrapped for bob when it is opened, and once more later.
    for number in 0..5 {
        let (epoch, next) = house.cast.epoch("alice", &house.room, &["alice", "bob"], at(10 + number));
        key_ids.push(next.key.key_id());
        let again = house.cast.rewrap("alice", &next, &["bob"], at(50 + number));
        house.commit(&[epoch, again]);
    }
    for number in 0..20 {
        let name = format!("number {number}");
        house.cast.join(&name);
        let create = house.cast.create("root", &name, Permissions::NONE, &name, at(100 + number));
        let room = house.room.clone();
        let member = house.cast.members("alice", &room, &[(&name, Rights::READ)], &[], at(200 + number));
        house.commit(&[create, member]);
    }
    let (epochs, members) = house.whole("bob", 1_000);
    assert_eq!(epochs.iter().map(|epoch| epoch.key_id).collect::<Vec<_>>(), key_ids);
    assert_eq!(epochs.iter().map(|epoch| epoch.wraps.len()).collect::<Vec<_>>(), [1, 2, 2, 2, 2, 2]);
    assert_eq!(members.len(), 22);
    assert!(members.iter().any(|member| member.display_name == "number 7" && member.keys.is_some()));
    for limit in [1, 2, 3, 5, 7, 22] {
        assert_eq!(house.whole("bob", limit), (epochs.clone(), members.clone()), "{limit}");
        // An epoch that goes on makes at least one wrap of progress.
        let items = |page: &ChannelPage| {
            page.epochs.len() + page.members.len() + page.epochs.iter().map(|epoch| epoch.wraps.len()).sum::<usize>()
        };
        assert!(house.pages("bob", limit).iter().all(|page| items(page) <= limit + 1));
    }
    let (of_stranger, _) = house.whole("root", 3);
    assert!(of_stranger.iter().all(|epoch| epoch.wraps.is_empty()));
}

#[test]
fn wraps_of_operations_without_effect_are_not_given() {
    let mut house = house();
    let bad = house.cast.rewrap("bob", &house.room.clone(), &["bob"], at(10));
    house.commit(&[bad]);
    assert_eq!(house.whole("bob", 10).0[0].wraps.len(), 1);
}

#[test]
fn members_and_their_number_are_those_of_the_present_in_any_order_of_arrival() {
    let mut late: Option<Vec<MemberView>> = None;
    for reversed in [false, true] {
        let mut house = house();
        let room = house.room.clone();
        let carol = house.cast.create("root", "carol", Permissions::NONE, "", at(4));
        house.commit(&[carol]);
        let mut changes = vec![
            house.cast.members("alice", &room, &[("carol", Rights::READ)], &[], at(10)),
            house.cast.members("alice", &room, &[("carol", Rights::ALL)], &["bob"], at(11)),
            house.cast.members("carol", &room, &[("bob", Rights::WRITE)], &[], at(12)),
            house.cast.members("alice", &room, &[], &["carol"], at(13)),
            house.cast.members("carol", &room, &[("root", Rights::READ)], &[], at(14)),
        ];
        if reversed {
            changes.reverse();
        }
        for change in changes {
            house.commit(&[change]);
            let count = house.reader.channel(&room.id).unwrap().unwrap().members;
            let members = house.whole("alice", 2).1;
            assert_eq!(u64::try_from(members.len()).unwrap(), count);
            for member in &members {
                assert_eq!(house.reader.rights(&room.id, &member.user).unwrap(), member.rights);
                assert!(!member.rights.is_empty());
            }
        }
        let mut members = house.whole("alice", 2).1;
        members.sort_by_key(|member| member.user);
        assert_eq!(members.len(), 2);
        assert_eq!(*late.get_or_insert_with(|| members.clone()), members);
    }
}

#[test]
fn a_channel_of_ten_thousand_members_reads_in_pages_below_a_mebibyte() {
    const MEMBERS: u64 = 10_000;
    let mut house = house();
    let room = house.room.clone();
    for chunk in 0..MEMBERS / 1_000 {
        let operation = house.cast.anonymous_members("alice", &room, 1_000, at(10 + chunk));
        house.commit(&[operation]);
    }
    let pages = house.pages("bob", 1_024);
    let users: BTreeSet<UserId> = pages.iter().flat_map(|page| &page.members).map(|member| member.user).collect();
    assert_eq!(users.len(), usize::try_from(MEMBERS).unwrap() + 2);
    assert_eq!(house.reader.channel(&room.id).unwrap().unwrap().members, MEMBERS + 2);
    // Names of the greatest length and keys beside each.
    assert!(pages.iter().all(|page| page.members.len() * (32 + 64 + 32 + 24) < 1024 * 1024));
    assert!(pages.len() <= 11, "{}", pages.len());
}

#[test]
fn a_page_ends_after_so_many_entries_that_are_not_shown() {
    let mut house = house();
    let room = house.room.clone();
    // Users who are named as members and never created.
    for chunk in 0..20 {
        let operation = house.cast.anonymous_members("alice", &room, 1_000, at(10 + chunk));
        house.commit(&[operation]);
    }
    let last = house.cast.create("root", "carol", Permissions::NONE, "", at(100));
    house.commit(&[last]);
    let (mut sizes, mut cursor) = (Vec::new(), Some(Bytes::new()));
    while let Some(from) = cursor {
        let page = house.reader.users(&from, 10).unwrap();
        sizes.push(page.items.len());
        cursor = page.cursor;
    }
    assert_eq!(sizes, [3, 1], "of 20,000 who are only named, {SCANNED_MAX} are passed over at a time");
}

#[test]
fn channels_of_a_member_are_found_past_those_of_others() {
    let mut house = house();
    for number in 0..30 {
        let (opened, _) = house.cast.open("alice", "not bob's", &[], at(10 + number));
        house.commit(&[opened]);
    }
    let (last, _) = house.cast.open("alice", "also bob's", &[("bob", Rights::READ)], at(100));
    let gone = house.cast.members("alice", &house.room.clone(), &[], &["bob"], at(101));
    house.commit(&[last, gone]);
    let bob = house.cast.user("bob");
    let page = house.reader.channels(&[], 10, Some(&bob)).unwrap();
    let names: Vec<_> = page.items.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!((names, page.cursor), (vec!["also bob's"], None));
}
