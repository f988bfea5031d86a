//! Users at present.

use dmpc::{
    UserId,
    cursor::Cursor,
    keys::{EncryptionKey, VerifyingKey},
};

use super::{PAGE_BYTES_MAX, Page, Reader, UserView, page::Budget};
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

/// Bytes of a user on a page, about.
const USER_BYTES: usize = 256;

impl Reader {
    /// A user at present; `None` when no applied operation creates it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn user(&self, id: &UserId) -> Result<Option<UserView>, StoreError> {
        user(&self.view(), id)
    }

    /// The key that a user signs with at present, and whether the user is active; `None` when no applied operation creates it.
    /// What is checked at each delivery costs a part of the whole view.
    ///
    /// # Errors
    /// [`StoreError`]
    pub fn signer(&self, id: &UserId) -> Result<Option<(VerifyingKey, bool)>, StoreError> {
        let view = self.view();
        let present = Present(&view);
        if !present.has(&Register::UserCreated(*id))? {
            return Ok(None);
        }
        Ok(Some((signing_key(&present, id)?, is_active(id, &present)?)))
    }

    /// All users, at most `limit` from `cursor` (empty: from the beginning) on. A page may be short, or empty, where
    /// many who were only named stand between; it has a cursor then.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::ForeignCursor`].
    pub fn users(&self, cursor: &[u8], limit: usize) -> Result<Page<UserView>, StoreError> {
        let snapshot = self.view();
        let number = |cursor| match cursor {
            Cursor::Users { generation, number } => Some((generation, number)),
            _ => None,
        };
        let after = self.place(&snapshot, cursor, number, |given| given.users)?.unwrap_or_default();
        let from = Numbered::User.number_key(after.saturating_add(1));
        let mut items = Vec::new();
        let mut budget = Budget::new(limit, PAGE_BYTES_MAX);
        let mut last = after;
        for entry in snapshot.ascend(Family::Ids, &from, &prefix_end(&Numbered::User.number_prefix()))? {
            let (key, value) = entry?;
            if budget.is_spent() {
                let cursor = Cursor::Users { generation: self.generation(), number: last };
                return Ok(Page { items, cursor: Some(cursor.encode()) });
            }
            budget.scan();
            last = ids::parse_number_key(&key).ok_or_else(|| damaged(Family::Ids, "a key is short"))?;
            let id = ids::parse_user(&value).ok_or_else(|| damaged(Family::Ids, "a user is short"))?;
            if let Some(view) = user(&snapshot, &id)? {
                budget.hold(USER_BYTES);
                items.push(view);
            }
        }
        Ok(Page { items, cursor: None })
    }
}

/// A user's name and its present keys.
pub(super) type Contact = (String, (EncryptionKey, VerifyingKey));

/// What a channel's members show each other of a user.
pub(super) fn contact(read: &impl Read, id: &UserId) -> Result<Option<Contact>, StoreError> {
    let present = Present(read);
    let Some(encryption) = present.get(&Register::UserEncryptionKey(*id))? else { return Ok(None) };
    let signing = present.get(&Register::UserSigningKey(*id))?;
    let refused = || damaged(Family::Keys, "a user's key is refused");
    let encryption = encryption.as_key().and_then(|key| EncryptionKey::from_bytes(*key).ok()).ok_or_else(refused)?;
    let signing = signing.as_ref().and_then(Value::as_key).and_then(|key| VerifyingKey::from_bytes(*key).ok());
    Ok(Some((name(&present, id)?, (encryption, signing.ok_or_else(refused)?))))
}

fn name(present: &Present<'_, impl Read>, id: &UserId) -> Result<String, StoreError> {
    Ok(match present.get(&Register::UserName(*id))? {
        Some(Value::Text(name)) => name.to_string(),
        _ => String::new(),
    })
}

fn key(present: &Present<'_, impl Read>, register: &Register) -> Result<[u8; 32], StoreError> {
    let value = present.get(register)?;
    value.as_ref().and_then(Value::as_key).copied().ok_or_else(|| damaged(Family::Keys, "a user has no key"))
}

fn refused<E>(_: E) -> StoreError {
    damaged(Family::Keys, "a user's key is refused")
}

fn signing_key(present: &Present<'_, impl Read>, id: &UserId) -> Result<VerifyingKey, StoreError> {
    VerifyingKey::from_bytes(key(present, &Register::UserSigningKey(*id))?).map_err(refused)
}

fn user(read: &impl Read, id: &UserId) -> Result<Option<UserView>, StoreError> {
    let present = Present(read);
    if !present.has(&Register::UserCreated(*id))? {
        return Ok(None);
    }
    let encryption_key = key(&present, &Register::UserEncryptionKey(*id))?;
    Ok(Some(UserView {
        id: *id,
        signing_key: signing_key(&present, id)?,
        encryption_key: EncryptionKey::from_bytes(encryption_key).map_err(refused)?,
        active: is_active(id, &present)?,
        permissions: permissions(id, &present)?,
        display_name: name(&present, id)?,
        root: present.has(&Register::UserRoot(*id))?,
    }))
}
