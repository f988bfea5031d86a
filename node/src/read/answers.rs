//! What each query answers, and to whom.

use bytes::Bytes;
use dmpc::{ChannelId, Hlc, Permissions, Rights, UserId, v1};
use dmpc_storage::Reader;

use super::{ReadError, admission::Asker, convert};
use crate::config::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};

/// Which messages are wanted.
#[derive(Debug)]
pub(super) struct MessagePage<'a> {
    pub(super) channel: &'a ChannelId,
    pub(super) cursor: &'a Bytes,
    pub(super) limit: u32,
    pub(super) backward: bool,
}

/// Which part of a channel is wanted.
#[derive(Debug)]
pub(super) struct ChannelPart<'a> {
    pub(super) channel: &'a ChannelId,
    pub(super) cursor: &'a Bytes,
    pub(super) limit: u32,
}

/// How many items a page has that was asked for with `limit`.
pub(super) fn page_items(limit: u32) -> usize {
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

/// One channel: its epochs with the asker's own wraps, then its members.
pub(super) fn channel(
    reader: &Reader,
    asker: &Asker,
    wanted: &ChannelPart<'_>,
    latest: Hlc,
) -> Result<v1::ReadChannelResponse, ReadError> {
    let rights = reader.rights(wanted.channel, &asker.user)?;
    if rights.is_empty() && !asker.view.permissions.contains(Permissions::CHANNEL_READ) {
        return Err(ReadError::NotAMember);
    }
    let view = reader.channel(wanted.channel)?.ok_or(ReadError::UnknownChannel)?;
    let page = reader.channel_page(wanted.channel, &asker.user, wanted.cursor, page_items(wanted.limit))?;
    Ok(v1::ReadChannelResponse {
        channel: Some(convert::channel(view, rights)),
        epochs: page.epochs.into_iter().map(convert::epoch).collect(),
        members: page.members.into_iter().map(convert::member).collect(),
        latest: latest.bits(),
        cursor: page.cursor.unwrap_or_default(),
        epoch_due: reader.epoch_due(wanted.channel)?,
        sealed: Bytes::new(),
    })
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
