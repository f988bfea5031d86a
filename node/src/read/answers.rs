//! What each query answers, and to whom.

use std::collections::BTreeMap;

use bytes::Bytes;
use dmpc::{ChannelId, Hlc, KeyId, Permissions, Rights, UserId, v1};
use dmpc_storage::Reader;
use prost::Message;

use super::{ReadError, admission::Asker, convert};
use crate::config::{ANSWER_BYTES_MAX, PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};

/// Which messages are wanted.
#[derive(Debug)]
pub(super) struct MessagePage<'a> {
    pub(super) channel: &'a ChannelId,
    pub(super) cursor: &'a Bytes,
    pub(super) limit: u32,
    pub(super) backward: bool,
}

/// How many items a page has that was asked for with `limit`.
fn page_items(limit: u32) -> usize {
    match usize::try_from(limit).unwrap_or(PAGE_ITEMS_MAX) {
        0 => PAGE_ITEMS_DEFAULT,
        limit => limit.min(PAGE_ITEMS_MAX),
    }
}

/// Users by id (unknown ones are left out, `limit` does not apply: a request names at most a page of them), or all.
pub(super) fn users(
    reader: &Reader,
    asker: &Asker,
    users: &[UserId],
    cursor: &Bytes,
    limit: u32,
    latest: Hlc,
) -> Result<v1::ReadUsersResponse, ReadError> {
    let is_oneself = !users.is_empty() && users.iter().all(|user| *user == asker.user);
    if !is_oneself && !asker.view.permissions.contains(Permissions::USER_READ) {
        return Err(ReadError::PermissionMissing("user.read"));
    }
    let (views, cursor) = if users.is_empty() {
        let page = reader.users(cursor, page_items(limit))?;
        (page.items, page.cursor)
    } else {
        let found = users.iter().filter_map(|user| reader.user(user).transpose());
        (found.collect::<Result<_, _>>()?, None)
    };
    Ok(v1::ReadUsersResponse {
        users: views.into_iter().map(convert::user).collect(),
        cursor: cursor.unwrap_or_default(),
        latest: latest.bits(),
        sealed: Bytes::new(),
    })
}

/// One channel: its members, epochs, and the asker's own wraps.
pub(super) fn channel(
    reader: &Reader,
    asker: &Asker,
    id: &ChannelId,
    latest: Hlc,
) -> Result<v1::ReadChannelResponse, ReadError> {
    let rights = reader.rights(id, &asker.user)?;
    if rights.is_empty() && !asker.view.permissions.contains(Permissions::CHANNEL_READ) {
        return Err(ReadError::NotAMember);
    }
    let view = reader.channel(id)?.ok_or(ReadError::UnknownChannel)?;
    let members = reader.members(id)?.into_iter().map(|member| {
        let user = reader.user(&member.user)?;
        Ok(convert::member(member, user))
    });
    let mut wraps: BTreeMap<KeyId, Vec<Bytes>> = BTreeMap::new();
    for (key_id, wrap) in reader.wraps(id, &asker.user)? {
        wraps.entry(key_id).or_default().push(wrap);
    }
    let epochs = reader.epochs(id)?.into_iter().map(|epoch| {
        let wraps = wraps.remove(&epoch.key_id).unwrap_or_default();
        convert::epoch(epoch, wraps)
    });
    let answer = v1::ReadChannelResponse {
        channel: Some(convert::channel(view, rights)),
        epochs: epochs.collect(),
        members: members.collect::<Result<_, ReadError>>()?,
        latest: latest.bits(),
        epoch_due: reader.epoch_due(id)?,
        sealed: Bytes::new(),
    };
    if answer.encoded_len() > ANSWER_BYTES_MAX {
        return Err(ReadError::AnswerTooLarge);
    }
    Ok(answer)
}

/// The channels that the asker may see.
pub(super) fn channels(
    reader: &Reader,
    asker: &Asker,
    cursor: &Bytes,
    limit: u32,
    latest: Hlc,
) -> Result<v1::ListChannelsResponse, ReadError> {
    let sees_all = asker.view.permissions.contains(Permissions::CHANNEL_READ);
    let member = (!sees_all).then_some(&asker.user);
    let page = reader.channels(cursor, page_items(limit), member)?;
    let channels = page.items.into_iter().map(|view| {
        let rights = reader.rights(&view.id, &asker.user)?;
        Ok(convert::channel(view, rights))
    });
    Ok(v1::ListChannelsResponse {
        channels: channels.collect::<Result<_, ReadError>>()?,
        cursor: page.cursor.unwrap_or_default(),
        latest: latest.bits(),
        sealed: Bytes::new(),
    })
}

/// Messages of a channel in which the asker may read.
pub(super) fn messages(
    reader: &Reader,
    asker: &Asker,
    wanted: &MessagePage<'_>,
    latest: Hlc,
) -> Result<v1::ReadMessagesResponse, ReadError> {
    require_read(reader, &asker.user, wanted.channel)?;
    let page = reader.messages(wanted.channel, wanted.cursor, page_items(wanted.limit), wanted.backward)?;
    let messages = page
        .items
        .into_iter()
        .map(|item| v1::PositionedMessage { position: item.position, operation: item.operation })
        .collect();
    let cursor = page.cursor.unwrap_or_default();
    Ok(v1::ReadMessagesResponse { messages, cursor, latest: latest.bits(), sealed: Bytes::new() })
}

/// That a user may read in a channel at present.
pub(super) fn require_read(reader: &Reader, user: &UserId, channel: &ChannelId) -> Result<(), ReadError> {
    if reader.rights(channel, user)?.contains(Rights::READ) {
        return Ok(());
    }
    match reader.channel(channel)? {
        Some(_) => Err(ReadError::RightMissing),
        None => Err(ReadError::UnknownChannel),
    }
}
