//! `user update`: writes fields of a user in one operation; those that are not named keep their value.

use clap::{ArgGroup, Args as ClapArgs};
use dmpc::{
    Permissions, UserId,
    identity::PublicIdentity,
    kinds::{FieldWrite, Kind, UserUpdate},
    operation::Draft,
    v1,
};
use serde::Serialize;

use super::{other_type, read_public, rotation};
use crate::{
    context::Context,
    error::CliError,
    examples,
    naming::Users,
    object::{NewKeys, NewUser, Object},
    output,
    session::Session,
    writer::Writer,
};

/// Arguments of `user update`.
#[derive(ClapArgs, Debug)]
#[command(group = ArgGroup::new("writes").required(true).multiple(true).args([
    "name", "grant", "revoke", "activate", "deactivate", "keys", "rotate_signing_key", "rotate_encryption_key",
]))]
#[command(before_help = examples![
    "dmpc-cli user update bob --grant channel.add",
    "dmpc-cli user update bob --deactivate",
    "dmpc-cli user update --rotate-signing-key --rotate-encryption-key",
])]
pub struct Args {
    /// Who is changed; without it, yourself, or the user of --keys.
    user: Option<String>,
    /// Another name for people.
    #[arg(long)]
    name: Option<String>,
    /// Permissions that are granted, for example channel.add,user.read.
    #[arg(long, value_name = "LIST", default_value = "none", hide_default_value = true)]
    grant: Permissions,
    /// Permissions that are taken away.
    #[arg(long, value_name = "LIST", default_value = "none", hide_default_value = true)]
    revoke: Permissions,
    /// Let the user act again.
    #[arg(long, conflicts_with = "deactivate")]
    activate: bool,
    /// Let the user do nothing any more.
    #[arg(long)]
    deactivate: bool,
    /// Other keys of another user, who made them: an identity file, or what `identity show --json` prints (`-` for stdin).
    #[arg(long, value_name = "FILE")]
    keys: Option<String>,
    /// Make yourself a new signing key. It is in your identity file once the node has it; the old one is worth nothing then.
    #[arg(long, conflicts_with_all = ["user", "keys"])]
    rotate_signing_key: bool,
    /// Make yourself a new encryption key. The old one stays in your identity file, to open what was wrapped to it.
    #[arg(long, conflicts_with_all = ["user", "keys"])]
    rotate_encryption_key: bool,
}

#[derive(Serialize)]
pub(super) struct Updated {
    pub(super) user: String,
    /// Absent when an earlier run had sent it.
    pub(super) operation: Option<String>,
    pub(super) outcome: &'static str,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let writes = writes(&args);
    let updated = if args.rotate_signing_key || args.rotate_encryption_key {
        let wanted = rotation::Wanted { signing: args.rotate_signing_key, encryption: args.rotate_encryption_key };
        rotation::run(context, wanted, writes).await?
    } else {
        update(context, &args, writes).await?
    };
    output::object(context.json, updated, |_, _| Ok(()))
}

async fn update(context: &Context, args: &Args, mut writes: Vec<FieldWrite>) -> Result<Updated, CliError> {
    let keys = args.keys.as_deref().map(|file| read_keys(context, file)).transpose()?;
    let named = Users::new(context).resolve_if(args.user.as_deref()).await?;
    let mut writer = Writer::open(context).await?;
    let user = named.or(keys.as_ref().map(|keys| keys.user)).unwrap_or(writer.session.identity.user);
    if let Some(keys) = keys {
        if keys.user != user {
            return Err(CliError::Usage(format!("the keys are made for {}, not for {user}", keys.user)));
        }
        let present = present(&mut writer.session, user).await?;
        if present.encryption_key.as_ref() != keys.encryption_key.as_bytes() {
            writes.push(FieldWrite::EncryptionKey(keys.encryption_key));
        }
        if present.signing_key.as_ref() != keys.signing_key.as_bytes() {
            writes.push(FieldWrite::SigningKey(keys.signing_key, keys.countersignature));
        }
        if writes.is_empty() {
            return Err(CliError::Usage("these are the user's keys already".to_owned()));
        }
    }
    let payload = UserUpdate::encode(&user, &writes);
    let operation = writer.sign(Draft::user(Kind::UserUpdate), |_| Ok(payload)).await?;
    let kept = writer.submit(&operation).await?;
    Ok(Updated { user: user.to_string(), operation: Some(operation.id().to_string()), outcome: kept.word() })
}

/// Keys that somebody made for a user and hands over.
fn read_keys(context: &Context, file: &str) -> Result<PublicIdentity, CliError> {
    match read_public(context, file)? {
        Object::Keys(NewKeys(public)) | Object::User(NewUser { public, .. }) => Ok(public),
        other => Err(other_type("keys", &other)),
    }
}

/// What the node says of a user.
///
/// # Errors
/// [`CliError::NotFound`] when it knows none.
pub(super) async fn present(session: &mut Session, user: UserId) -> Result<v1::User, CliError> {
    let found = session.users(&[user]).await?.into_iter().next();
    found.ok_or_else(|| CliError::NotFound(format!("the node knows no user {user}")))
}

/// What is written beside keys.
fn writes(args: &Args) -> Vec<FieldWrite> {
    let active = match (args.activate, args.deactivate) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    let writes = [
        active.map(FieldWrite::Active),
        (!args.grant.is_empty()).then_some(FieldWrite::Grant(args.grant)),
        (!args.revoke.is_empty()).then_some(FieldWrite::Revoke(args.revoke)),
        args.name.clone().map(FieldWrite::DisplayName),
    ];
    writes.into_iter().flatten().collect()
}
