//! Drafts about users.

use clap::ArgGroup;
use dmpc::{
    Permissions, UserId,
    identity::PublicIdentity,
    kinds::{FieldWrite, Kind, UserCreate, UserUpdate},
    operation,
};

use super::{Drafts, other_type};
use crate::{
    context::Context,
    error::CliError,
    examples,
    naming::Users,
    object::{Draft, NewKeys, NewUser, Object, Source, read_all},
};

/// Arguments of `operation generate user create`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli operation generate user create --permissions user.read alice.user"])]
pub struct CreateArgs {
    /// What the user may do, for example channel.add,user.read; or all, or none.
    #[arg(long, value_name = "LIST", default_value = "none")]
    permissions: Permissions,
    /// A name for people, instead of the one in the object.
    #[arg(long)]
    name: Option<String>,
    /// User objects, as `user generate` and `identity show --json` print them, one on each line.
    #[arg(value_name = "FILE", default_value = "-")]
    file: Source,
}

/// Arguments of `operation generate user update`.
#[derive(clap::Args, Debug)]
#[command(group = ArgGroup::new("writes").required(true).multiple(true).args(["keys", "active", "name", "grant", "revoke"]))]
#[command(before_help = examples![
    "dmpc-cli operation generate user update bob --grant channel.add",
    "dmpc-cli operation generate user update bob --keys bob.keys",
])]
pub struct UpdateArgs {
    /// The user: an id, or a name that it alone has.
    user: String,
    /// New keys, from a keys or user object of this user, as `identity show --json` prints them.
    #[arg(long, value_name = "FILE")]
    keys: Option<Source>,
    /// Whether the user may act.
    #[arg(long, value_name = "true|false")]
    active: Option<bool>,
    /// A name for people; it proves nothing.
    #[arg(long)]
    name: Option<String>,
    /// Permissions that the user gets.
    #[arg(long, value_name = "LIST")]
    grant: Option<Permissions>,
    /// Permissions that the user loses.
    #[arg(long, value_name = "LIST")]
    revoke: Option<Permissions>,
}

pub(super) fn create(args: &CreateArgs) -> Result<Drafts, CliError> {
    let draft = |object: Object| match object {
        Object::User(NewUser { public, name }) => {
            let name = args.name.as_deref().unwrap_or(&name);
            let payload = UserCreate::encode(&public, args.permissions, name);
            Ok(Draft::by_anybody(operation::Draft::user(Kind::UserCreate), payload))
        }
        other => Err(other_type("user", &other)),
    };
    read_all(&args.file)?.into_iter().map(draft).collect()
}

pub(super) async fn update(context: &Context, args: UpdateArgs) -> Result<Draft, CliError> {
    let user = Users::new(context).resolve(&args.user).await?;
    let keys = args.keys.as_ref().map(|file| read_keys(file, &user)).transpose()?;
    let mut writes: Vec<FieldWrite> = [
        args.active.map(FieldWrite::Active),
        args.name.map(FieldWrite::DisplayName),
        args.grant.map(FieldWrite::Grant),
        args.revoke.map(FieldWrite::Revoke),
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Some(public) = keys {
        writes.push(FieldWrite::EncryptionKey(public.encryption_key));
        writes.push(FieldWrite::SigningKey(public.signing_key, public.countersignature));
    }
    Ok(Draft::by_anybody(operation::Draft::user(Kind::UserUpdate), UserUpdate::encode(&user, &writes)))
}

/// The keys that somebody is to have, which whoever holds them made for this user.
fn read_keys(file: &Source, user: &UserId) -> Result<PublicIdentity, CliError> {
    let public = match read_all(file)?.pop() {
        Some(Object::Keys(NewKeys(public)) | Object::User(NewUser { public, .. })) => public,
        Some(other) => return Err(other_type("keys", &other)),
        None => return Err(CliError::Usage("there are no keys".to_owned())),
    };
    if public.user != *user {
        return Err(CliError::Usage(format!("these are keys for {}, not for {user}", public.user)));
    }
    Ok(public)
}
