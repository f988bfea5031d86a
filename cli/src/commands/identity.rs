//! `identity`: makes identity files, shows what of them is public, changes their passphrase. Needs no node.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use dmpc::{Identity, identity::user_id};

use crate::{
    context::Context,
    error::CliError,
    examples,
    identity_file::{self, Protection},
    naming::Users,
    object::{NewKeys, NewUser, Object},
    output::{self, note},
};

/// Subcommands of `identity`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make an identity. FILE holds its secrets: only you may read it, and it is never overwritten.
    New(NewArgs),
    /// Show what of an identity is public; --json prints the user object that others need to create the user.
    Show(ShowArgs),
    /// Set, change or remove the passphrase of an identity file.
    Passphrase(PassphraseArgs),
}

/// Arguments of `identity new`.
#[derive(Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli identity new alice.identity",
    "dmpc-cli identity new --passphrase alice.identity",
])]
pub struct NewArgs {
    /// Where to write it. Its directory must be yours alone (mode 0700); it is made where it is missing.
    pub(super) file: PathBuf,
    /// Protect the file by a passphrase: that of --passphrase-file, or else one that you are asked for.
    #[arg(long)]
    pub(super) passphrase: bool,
    /// New keys for a user who has others at present, or lost them. They count once somebody who may says so:
    /// `user update --keys`.
    #[arg(long, value_name = "USER")]
    pub(super) user: Option<String>,
}

/// Arguments of `identity show`.
#[derive(Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli identity show alice.identity",
    "dmpc-cli identity show --json alice.identity > alice.user",
])]
pub struct ShowArgs {
    /// The identity file; without it, the one of --identity.
    file: Option<PathBuf>,
}

/// Arguments of `identity passphrase`.
#[derive(Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli identity passphrase alice.identity",
    "dmpc-cli identity passphrase --remove alice.identity",
])]
pub struct PassphraseArgs {
    /// The identity file; without it, the one of --identity. Its present passphrase is that of --passphrase-file.
    file: Option<PathBuf>,
    /// File with the new passphrase; without it, you are asked.
    #[arg(long, value_name = "FILE", conflicts_with = "remove")]
    new_passphrase_file: Option<PathBuf>,
    /// Keep the identity without a passphrase from now on.
    #[arg(long)]
    remove: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::New(args) => new(context, &args).await,
        Command::Show(args) => show(context, args.file.as_deref()),
        Command::Passphrase(args) => passphrase(context, &args),
    }
}

async fn new(context: &Context, args: &NewArgs) -> Result<(), CliError> {
    let identity = make(context, args).await?;
    output::object(context.json, user_object(&identity, "")?, |output, _| output.line(identity.user))
}

/// Makes an identity and its file.
pub(super) async fn make(context: &Context, args: &NewArgs) -> Result<Identity, CliError> {
    let mut identity = Identity::generate(&mut context.rng())?;
    identity.user = Users::new(context).resolve_if(args.user.as_deref()).await?.unwrap_or(identity.user);
    let protection =
        if args.passphrase { context.passphrases.protection(context.passphrases.file()) } else { Protection::None };
    identity_file::create(&args.file, &identity, protection)?;
    Ok(identity)
}

/// What of an identity is public, for those who are to create the user; or, if its id is of keys that it had before, for
/// those who are to write these keys.
pub(super) fn user_object(identity: &Identity, name: &str) -> Result<Object, CliError> {
    let public = identity.public()?;
    if user_id(&public.signing_key, &public.encryption_key) != public.user {
        return Ok(Object::Keys(NewKeys(public)));
    }
    Ok(Object::User(NewUser { public, name: name.to_owned() }))
}

fn show(context: &Context, file: Option<&Path>) -> Result<(), CliError> {
    let identity = match file {
        Some(file) => identity_file::read(file, &context.passphrases)?,
        None => context.identity()?,
    };
    output::object(context.json, user_object(&identity, "")?, |output, object| object.fields().print(output))
}

fn passphrase(context: &Context, args: &PassphraseArgs) -> Result<(), CliError> {
    let path = match &args.file {
        Some(file) => file,
        None => context.identity_path()?,
    };
    let identity = identity_file::read(path, &context.passphrases)?;
    let protection = if args.remove {
        Protection::None
    } else {
        context.passphrases.protection(args.new_passphrase_file.as_deref())
    };
    identity_file::protect(path, &identity, protection)?;
    note(format_args!(
        "note: {} is {} now; lanes begin anew, as for any file that was replaced",
        path.display(),
        if args.remove { "not protected" } else { "protected by the new passphrase" }
    ));
    Ok(())
}
