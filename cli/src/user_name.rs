//! `USER` on the command line of pipes: an id, or a display name that one user alone has. Names prove nothing, so whom a name
//! was taken for is always said.

use dmpc::{UserId, v1};

use crate::{
    context::Context,
    error::CliError,
    output::{note, plain},
    session::{Session, id},
};

/// Finds users. Asks the node only when a name has to be looked up.
#[derive(Debug)]
pub struct UserNames<'a> {
    context: &'a Context,
    known: Option<Vec<v1::User>>,
}

impl<'a> UserNames<'a> {
    /// Nobody was looked up yet.
    pub const fn new(context: &'a Context) -> Self {
        Self { context, known: None }
    }

    /// The user that an argument means.
    ///
    /// # Errors
    /// [`CliError::Id`] for an id with a typing error, [`CliError::NotFound`], [`CliError::Usage`] for a name of several,
    /// and those of asking the node.
    pub async fn resolve(&mut self, text: &str) -> Result<UserId, CliError> {
        if text.strip_prefix(UserId::PREFIX).is_some_and(|rest| rest.starts_with('1')) {
            return Ok(text.parse()?);
        }
        if self.known.is_none() {
            self.known = Some(Session::open(self.context).await?.all_users().await?);
        }
        let known = self.known.as_deref().unwrap_or_default();
        let mut named = known.iter().filter(|user| user.display_name == text);
        match (named.next(), named.count()) {
            (Some(user), 0) => {
                let user = id(UserId::from_slice(&user.id))?;
                note(format_args!("note: {} is {user}", plain(text)));
                Ok(user)
            }
            (Some(_), others) => {
                Err(CliError::Usage(format!("{} users are called '{text}'; name one by its id", others + 1)))
            }
            (None, _) => Err(CliError::NotFound(format!("the node knows no user called '{text}'"))),
        }
    }
}
