//! Display names, as far as the reader may see them. They authenticate nothing; ids do.

use std::collections::{BTreeSet, HashMap};

use dmpc::{UserId, v1};

use crate::{answer::id, context::Context, error::CliError, session::Session};

/// Names that are kept; with more, all are looked up anew.
const NAMES_MAX: usize = 65_536;

/// Display names by user.
#[derive(Debug)]
pub struct Names {
    by_user: HashMap<UserId, Option<String>>,
    /// Those that the reader gave.
    own: HashMap<UserId, String>,
    denied: bool,
}

impl Names {
    /// The names that a channel's members show each other, and those of the reader's address book.
    ///
    /// # Errors
    /// [`CliError::Answer`] when an id is none; those of reading the book.
    pub fn of_members(context: &Context, members: &[v1::ChannelMember]) -> Result<Self, CliError> {
        let own = context.book.entries()?.users.into_iter().map(|(name, user)| (user, name)).collect();
        let mut names = Self { by_user: HashMap::new(), own, denied: false };
        for member in members {
            names.keep(id(UserId::from_slice(&member.user))?, &member.display_name);
        }
        Ok(names)
    }

    /// Looks up those that are not known yet. One who may not read users goes without.
    ///
    /// # Errors
    /// [`CliError`], but for a denied permission.
    pub async fn look_up(
        &mut self,
        session: &mut Session,
        users: impl Iterator<Item = UserId>,
    ) -> Result<(), CliError> {
        let unknown: BTreeSet<UserId> =
            users.filter(|user| !self.by_user.contains_key(user) && !self.own.contains_key(user)).collect();
        if self.denied || unknown.is_empty() {
            return Ok(());
        }
        if self.by_user.len() + unknown.len() > NAMES_MAX {
            self.by_user.clear();
        }
        let unknown: Vec<UserId> = unknown.into_iter().collect();
        match session.users(&unknown).await {
            Ok(users) => {
                unknown.iter().for_each(|user| self.keep(*user, ""));
                for user in users {
                    self.keep(id(UserId::from_slice(&user.id))?, &user.display_name);
                }
                Ok(())
            }
            Err(error) if error.is_denied() => {
                self.denied = true;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// A user's name, the reader's own for it before that which it shows; `None` when it has none or is not known.
    pub fn get(&self, user: &UserId) -> Option<&str> {
        let own = self.own.get(user).map(String::as_str);
        own.or_else(|| self.by_user.get(user)?.as_deref())
    }

    fn keep(&mut self, user: UserId, name: &str) {
        self.by_user.insert(user, (!name.is_empty()).then(|| name.to_owned()));
    }
}
