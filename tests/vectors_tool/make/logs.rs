//! Small logs with the verdict of each operation: one for each verdict, and what orders and registers do.

use anyhow::Result;
use dmpc::{
    Permissions, Rights,
    kinds::{ChannelMessage, FieldWrite, Kind},
    operation::Draft,
};

use super::{file::File, sealed::Sealed, story::Story};

/// It takes effect.
const APPLIED: &str = "";

/// A log: its name, what it shows, and how it goes.
type Told = (&'static str, &'static str, fn(&mut Story) -> Result<()>);

pub(super) fn files(_: &mut Sealed) -> Result<Vec<File>> {
    let told: [Told; 23] = [
        ("every_kind", "Each kind takes effect once.", every_kind),
        ("unknown_issuer", "Bob, whom nothing creates, issues; a root certifies.", unknown_issuer),
        ("unknown_certifier", "Alice certifies before she is created.", unknown_certifier),
        ("unknown_subject", "An update of somebody before the create.", unknown_subject),
        ("unknown_channel", "A message and a close before the open.", unknown_channel),
        ("unknown_epoch", "A message under an epoch that is named later.", unknown_epoch),
        ("issuer_inactive", "An issue by somebody who is deactivated where it is certified.", issuer_inactive),
        ("issuer_key", "An issue signed with a key that was replaced before it is certified.", issuer_key),
        ("certifier_inactive", "A deactivated user, who may act again later.", certifier_inactive),
        ("certifier_key", "Each key signs in its own time; a rotation is signed by the old key.", certifier_key),
        ("permission_missing", "A create and an open by somebody without the permissions.", permission_missing),
        ("attenuation", "Nobody grants what it lacks, or writes the keys of somebody who holds more.", attenuation),
        ("root_fixed", "The fields of a root are written by that root alone.", root_fixed),
        ("right_missing", "Rights of members, and leaving.", right_missing),
        ("channel_closed", "A close that arrives late stands where it is stamped.", channel_closed),
        ("channel_exists", "A channel is opened once.", channel_exists),
        (
            "duplicate_issue",
            "One issue certified three times takes effect by the first that is applicable.",
            duplicate_issue,
        ),
        ("invitation_answered", "A create issued by its own subject.", invitation_answered),
        ("second_create", "A second create writes only the permissions that it grants.", second_create),
        ("epochs", "The current epoch; naming a known one again writes nothing.", epochs),
        ("one_time", "Four operations at one time stand in the order of their ids.", one_time),
        ("two_roots", "Two roots; the state digest names both.", two_roots),
        ("empty", "No operation: the digests of roots alone.", |_| Ok(())),
    ];
    told.into_iter()
        .map(|(name, description, tell)| {
            let mut story = Story::new()?;
            tell(&mut story)?;
            story.file(name, description)
        })
        .collect()
}

fn every_kind(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::CHANNEL_ADD, 1)?;
    story.update(APPLIED, "alice", "alice", &[FieldWrite::DisplayName("Alice".into())], 2)?;
    let room = story.open(APPLIED, "alice", &[("bob", Rights::WRITE)], 3)?;
    story.members(APPLIED, "alice", &room, &[("carol", Rights::READ)], &["bob"], 4)?;
    let next = story.epoch(APPLIED, "alice", &room, 0x71, 5)?;
    story.message(APPLIED, "alice", &next, 6)?;
    story.close(APPLIED, "alice", &room, 7)
}

fn unknown_issuer(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::NONE, 1)?;
    let payload = story.update_payload("alice", &[FieldWrite::DisplayName("A".into())])?;
    let issue = story.issue("bob", "root", Draft::user(Kind::UserUpdate), 2, |_| payload)?;
    story.certify("unknown_issuer", "root", &issue, 3)?;
    story.create(APPLIED, "root", "bob", Permissions::NONE, 4)?;
    story.certify(APPLIED, "root", &issue, 5)
}

fn unknown_certifier(story: &mut Story) -> Result<()> {
    let name = |name: &str| [FieldWrite::DisplayName(name.into())];
    story.update("unknown_certifier", "alice", "alice", &name("early"), 1)?;
    story.create(APPLIED, "root", "alice", Permissions::NONE, 2)?;
    story.update(APPLIED, "alice", "alice", &name("late"), 3)
}

fn unknown_subject(story: &mut Story) -> Result<()> {
    story.update("unknown_subject", "root", "alice", &[FieldWrite::Active(false)], 1)?;
    story.create(APPLIED, "root", "alice", Permissions::NONE, 2)?;
    story.update(APPLIED, "root", "alice", &[FieldWrite::Active(false)], 3)
}

fn unknown_channel(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::CHANNEL_ADD, 1)?;
    let (room, _) = story.room("alice", 0x70, &[])?;
    story.message("unknown_channel", "alice", &room, 2)?;
    story.close("unknown_channel", "alice", &room, 3)?;
    let room = story.open(APPLIED, "alice", &[], 4)?;
    story.message(APPLIED, "alice", &room, 5)
}

fn unknown_epoch(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::CHANNEL_ADD, 1)?;
    let room = story.open(APPLIED, "alice", &[], 2)?;
    let next = story.under(&room, 0x71);
    story.message("unknown_epoch", "alice", &next, 3)?;
    story.epoch(APPLIED, "alice", &room, 0x71, 4)?;
    story.message(APPLIED, "alice", &next, 5)?;
    story.message(APPLIED, "alice", &room, 6)
}

fn issuer_inactive(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::NONE, 1)?;
    let payload = story.update_payload("alice", &[FieldWrite::DisplayName("A".into())])?;
    let issue = story.issue("alice", "root", Draft::user(Kind::UserUpdate), 2, |_| payload)?;
    story.update(APPLIED, "root", "alice", &[FieldWrite::Active(false)], 3)?;
    story.certify("issuer_inactive", "root", &issue, 4)
}

fn issuer_key(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::NONE, 1)?;
    let payload = story.update_payload("alice", &[FieldWrite::DisplayName("A".into())])?;
    let issue = story.issue("alice", "root", Draft::user(Kind::UserUpdate), 2, |_| payload)?;
    story.rotate(APPLIED, "alice", "alice", "former alice", 0x42, 3)?;
    story.certify("issuer_key", "root", &issue, 4)
}

fn certifier_inactive(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::USER_ADD, 1)?;
    story.update(APPLIED, "root", "alice", &[FieldWrite::Active(false)], 2)?;
    story.create("certifier_inactive", "alice", "bob", Permissions::NONE, 3)?;
    story.update(APPLIED, "root", "alice", &[FieldWrite::Active(true)], 4)?;
    story.create(APPLIED, "alice", "bob", Permissions::NONE, 5)
}

fn certifier_key(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::USER_ADD, 1)?;
    story.rotate(APPLIED, "alice", "alice", "former alice", 0x42, 3)?;
    story.create(APPLIED, "former alice", "bob", Permissions::NONE, 2)?;
    story.create("certifier_key", "former alice", "carol", Permissions::NONE, 4)?;
    story.create(APPLIED, "alice", "carol", Permissions::NONE, 5)
}

fn permission_missing(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::NONE, 1)?;
    story.create("permission_missing", "alice", "bob", Permissions::NONE, 2)?;
    story.open("permission_missing", "alice", &[], 3)?;
    let own = [FieldWrite::Grant(Permissions::CHANNEL_ADD)];
    story.update("permission_missing", "alice", "alice", &own, 4)
}

fn attenuation(story: &mut Story) -> Result<()> {
    let may = Permissions::USER_ADD.union(Permissions::USER_REMOVE).union(Permissions::USER_PERMISSIONS_UPDATE);
    story.create(APPLIED, "root", "alice", may, 1)?;
    story.create(APPLIED, "root", "bob", Permissions::CHANNEL_ADD, 2)?;
    story.create("attenuation", "alice", "carol", Permissions::CHANNEL_ADD, 3)?;
    story.update("attenuation", "alice", "bob", &[FieldWrite::Active(false)], 4)?;
    story.update("attenuation", "alice", "bob", &[FieldWrite::Revoke(Permissions::CHANNEL_ADD)], 5)?;
    story.update(APPLIED, "alice", "bob", &[FieldWrite::Grant(Permissions::USER_ADD)], 6)
}

fn root_fixed(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::ALL, 1)?;
    story.update("root_fixed", "alice", "root", &[FieldWrite::DisplayName("r".into())], 2)?;
    story.create("root_fixed", "alice", "root", Permissions::NONE, 3)?;
    story.update(APPLIED, "root", "root", &[FieldWrite::DisplayName("Root".into())], 4)
}

fn right_missing(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::CHANNEL_ADD, 1)?;
    story.create(APPLIED, "root", "bob", Permissions::ALL, 2)?;
    let room = story.open(APPLIED, "alice", &[("bob", Rights::READ)], 3)?;
    story.message("right_missing", "bob", &room, 4)?;
    story.close("right_missing", "bob", &room, 5)?;
    story.epoch("right_missing", "bob", &room, 0x71, 6)?;
    story.members("right_missing", "bob", &room, &[("bob", Rights::ALL)], &[], 7)?;
    story.members(APPLIED, "bob", &room, &[], &["bob"], 8)?;
    story.members("right_missing", "bob", &room, &[], &["bob"], 9)
}

fn channel_closed(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::CHANNEL_ADD, 1)?;
    let room = story.open(APPLIED, "alice", &[], 2)?;
    story.message(APPLIED, "alice", &room, 3)?;
    story.message("channel_closed", "alice", &room, 5)?;
    story.close("channel_closed", "alice", &room, 6)?;
    story.close(APPLIED, "alice", &room, 4)
}

fn channel_exists(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::CHANNEL_ADD, 1)?;
    story.open(APPLIED, "alice", &[], 2)?;
    story.open("channel_exists", "alice", &[], 3).map(drop)
}

fn duplicate_issue(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::CHANNEL_ADD, 1)?;
    story.create(APPLIED, "root", "bob", Permissions::NONE, 2)?;
    let room = story.open(APPLIED, "alice", &[("bob", Rights::READ)], 3)?;
    let draft = Draft::message(room.id, room.key_id());
    let payload = ChannelMessage::encode([0x5c; 24], vec![7; 40]);
    let issue = story.issue("alice", "bob", draft, 4, |_| payload)?;
    story.certify("right_missing", "bob", &issue, 5)?;
    story.members(APPLIED, "alice", &room, &[("bob", Rights::WRITE)], &[], 6)?;
    story.certify(APPLIED, "bob", &issue, 7)?;
    story.certify("duplicate_issue", "bob", &issue, 8)
}

fn invitation_answered(story: &mut Story) -> Result<()> {
    let payload = story.create_payload("alice", Permissions::CHANNEL_ADD)?;
    let issue = story.issue("alice", "root", Draft::user(Kind::UserCreate), 1, |_| payload)?;
    story.certify(APPLIED, "root", &issue, 2)?;
    let payload = story.create_payload("carol", Permissions::NONE)?;
    let of_another = story.issue("bob", "root", Draft::user(Kind::UserCreate), 3, |_| payload)?;
    story.certify("unknown_issuer", "root", &of_another, 4)?;
    story.open(APPLIED, "alice", &[], 5).map(drop)
}

fn second_create(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::NONE, 1)?;
    story.update(APPLIED, "alice", "alice", &[FieldWrite::DisplayName("chosen".into())], 2)?;
    story.create(APPLIED, "root", "alice", Permissions::CHANNEL_ADD, 3)?;
    story.create(APPLIED, "root", "alice", Permissions::NONE, 4)?;
    story.open(APPLIED, "alice", &[], 5).map(drop)
}

fn epochs(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::CHANNEL_ADD, 1)?;
    let room = story.open(APPLIED, "alice", &[], 2)?;
    story.epoch(APPLIED, "alice", &room, 0x71, 3)?;
    story.epoch(APPLIED, "alice", &room, 0x70, 4)?;
    story.message(APPLIED, "alice", &room, 5)
}

fn one_time(story: &mut Story) -> Result<()> {
    story.create(APPLIED, "root", "alice", Permissions::NONE, 1)?;
    for name in ["one", "two", "three", "four"] {
        story.update(APPLIED, "alice", "alice", &[FieldWrite::DisplayName(name.into())], 2)?;
    }
    Ok(())
}

fn two_roots(story: &mut Story) -> Result<()> {
    story.trust("dave");
    story.create(APPLIED, "dave", "alice", Permissions::ALL, 1)?;
    story.update("root_fixed", "root", "dave", &[FieldWrite::Active(false)], 2)?;
    story.update(APPLIED, "dave", "dave", &[FieldWrite::Active(false)], 3)?;
    story.create("certifier_inactive", "dave", "bob", Permissions::NONE, 4)
}
