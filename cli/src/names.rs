//! Display names, as far as the reader may see them. They authenticate nothing; ids do.

use std::collections::{BTreeSet, HashMap};

use dmpc::{UserId, v1};

use crate::{
    error::CliError,
    session::{Session, id},
};

/// Names that are kept; with more, all are looked up anew.
const NAMES_MAX: usize = 65_536;

/// Display names by user.
#[derive(Debug, Default)]
pub struct Names {
    by_user: HashMap<UserId, Option<String>>,
    denied: bool,
}

impl Names {
    /// The names that a channel's members show each other.
    ///
    /// # Errors
    /// [`CliError::Answer`] when an id is none.
    pub fn of_members(members: &[v1::ChannelMember]) -> Result<Self, CliError> {
        let mut names = Self::default();
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
        let unknown: BTreeSet<UserId> = users.filter(|user| !self.by_user.contains_key(user)).collect();
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

    /// A user's name; `None` when it has none or is not known.
    pub fn get(&self, user: &UserId) -> Option<&str> {
        self.by_user.get(user)?.as_deref()
    }

    fn keep(&mut self, user: UserId, name: &str) {
        self.by_user.insert(user, (!name.is_empty()).then(|| name.to_owned()));
    }
}
