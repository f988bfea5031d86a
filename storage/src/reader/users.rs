//! Users at present.

use bytes::Bytes;
use dmpc::{
    UserId,
    keys::{EncryptionKey, VerifyingKey},
};

use super::{Page, Reader, UserView, number_cursor};
use crate::{
    StoreError,
    db::Read,
    families::{
        Family,
        ids::{self, Numbered},
        prefix_end,
    },
    projection::{
        Register, Value,
        rules::{Before, is_active, permissions},
    },
    views::{Present, damaged},
};

impl Reader {
    /// A user at present; `None` when no applied operation creates it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn user(&self, id: &UserId) -> Result<Option<UserView>, StoreError> {
        user(&self.view(), id)
    }

    /// All users, at most `limit` from `cursor` (empty: from the beginning) on.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn users(&self, cursor: &[u8], limit: usize) -> Result<Page<UserView>, StoreError> {
        let snapshot = self.view();
        let from = Numbered::User.number_key(number_cursor(cursor)?.saturating_add(1));
        let mut items = Vec::new();
        let mut last = None;
        for entry in snapshot.ascend(Family::Ids, &from, &prefix_end(&Numbered::User.number_prefix()))? {
            let (key, value) = entry?;
            if items.len() >= limit {
                return Ok(Page { items, cursor: last });
            }
            let number = ids::parse_number_key(&key).ok_or_else(|| damaged(Family::Ids, "a key is short"))?;
            let id = ids::parse_user(&value).ok_or_else(|| damaged(Family::Ids, "a user is short"))?;
            items.extend(user(&snapshot, &id)?);
            last = Some(Bytes::copy_from_slice(&number.to_be_bytes()));
        }
        Ok(Page { items, cursor: None })
    }
}

fn user(read: &impl Read, id: &UserId) -> Result<Option<UserView>, StoreError> {
    let present = Present(read);
    if !present.has(&Register::UserCreated(*id))? {
        return Ok(None);
    }
    let key = |register| -> Result<[u8; 32], StoreError> {
        let value = present.get(&register)?;
        value.as_ref().and_then(Value::as_key).copied().ok_or_else(|| damaged(Family::Keys, "a user has no key"))
    };
    let name = match present.get(&Register::UserName(*id))? {
        Some(Value::Text(name)) => name.to_string(),
        _ => String::new(),
    };
    let refused = |_| damaged(Family::Keys, "a user's key is refused");
    Ok(Some(UserView {
        id: *id,
        signing_key: VerifyingKey::from_bytes(key(Register::UserSigningKey(*id))?).map_err(refused)?,
        encryption_key: EncryptionKey::from_bytes(key(Register::UserEncryptionKey(*id))?).map_err(refused)?,
        active: is_active(id, &present)?,
        permissions: permissions(id, &present)?,
        display_name: name,
        root: present.has(&Register::UserRoot(*id))?,
    }))
}
