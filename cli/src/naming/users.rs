//! `USER` on the command line. Display names prove nothing, and a node could have made an id that begins as another one does: so
//! whom such an argument was taken for is always said.

use dmpc::{UserId, kinds::Member, v1};

use super::{Meaning, Named, among, meaning};
use crate::{
    answer::id,
    context::Context,
    error::CliError,
    output::{note, plain},
    rights::MemberArg,
    session::Session,
};

/// Finds users. Asks the node only when one has to be looked for.
#[derive(Debug)]
pub struct Users<'a> {
    context: &'a Context,
    known: Option<Vec<v1::User>>,
}

impl<'a> Users<'a> {
    /// Nobody was looked for yet.
    pub const fn new(context: &'a Context) -> Self {
        Self { context, known: None }
    }

    /// The user that an argument means.
    ///
    /// # Errors
    /// [`CliError::Id`] for an id with a typing error, [`CliError::NotFound`], [`CliError::Usage`] for what several have,
    /// and those of asking the node.
    pub async fn resolve(&mut self, text: &str) -> Result<UserId, CliError> {
        if let Meaning::Is(user) = meaning(&self.context.book, text)? {
            return Ok(user);
        }
        let entries = self.context.book.entries()?;
        let mut known = Vec::new();
        for user in self.known().await? {
            known.push((id(UserId::from_slice(&user.id))?, user.display_name.clone()));
        }
        // Not by its name in the book, which would have been found already.
        known.extend(UserId::of_book(&entries).iter().map(|(name, user)| (*user, name.clone())));
        let user = among(text, known)?;
        note(format_args!("note: {} is {user}", plain(text)));
        Ok(user)
    }

    /// The user that an argument means, where there is one.
    ///
    /// # Errors
    /// Those of [`Users::resolve`].
    pub async fn resolve_if(&mut self, text: Option<&str>) -> Result<Option<UserId>, CliError> {
        match text {
            Some(text) => Ok(Some(self.resolve(text).await?)),
            None => Ok(None),
        }
    }

    /// Those that arguments mean, ascending, each once.
    ///
    /// # Errors
    /// Those of [`Users::resolve`].
    pub async fn resolve_all(&mut self, texts: &[String]) -> Result<Vec<UserId>, CliError> {
        let mut users = Vec::with_capacity(texts.len());
        for text in texts {
            users.push(self.resolve(text).await?);
        }
        users.sort_unstable();
        users.dedup();
        Ok(users)
    }

    /// Members as arguments name them, ascending.
    ///
    /// # Errors
    /// Those of [`Users::resolve`]; [`CliError::Usage`] for one who is named twice.
    pub async fn members(&mut self, named: &[MemberArg]) -> Result<Vec<Member>, CliError> {
        let mut members = Vec::with_capacity(named.len());
        for member in named {
            members.push(Member { user: self.resolve(&member.user).await?, rights: member.rights });
        }
        members.sort_by_key(|member| member.user);
        match members.windows(2).find(|pair| matches!(pair, [a, b] if a.user == b.user)) {
            Some([twice, ..]) => Err(CliError::Usage(format!("{} is named twice", twice.user))),
            Some(_) | None => Ok(members),
        }
    }

    async fn known(&mut self) -> Result<&[v1::User], CliError> {
        if self.known.is_none() {
            self.known = Some(Session::open(self.context).await?.all_users().await?);
        }
        Ok(self.known.as_deref().unwrap_or_default())
    }
}
