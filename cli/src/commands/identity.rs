//! `identity`: makes identity files and shows what of them is public. Needs no node.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use dmpc::{Identity, UserId};

use crate::{context::Context, error::CliError, identity_file, output::Output, public_identity::PublicJson};

/// Subcommands of `identity`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make an identity. FILE holds its secrets: only you may read it, and it is never overwritten.
    New(NewArgs),
    /// Show what of an identity is public; --json prints what others need to create the user.
    Show(ShowArgs),
}

/// Arguments of `identity new`.
#[derive(Args, Debug)]
pub struct NewArgs {
    /// Where to write it.
    file: PathBuf,
    /// New keys for a user who has others at present, or lost them. They count once somebody who may says so:
    /// `user update --keys`.
    #[arg(long, value_name = "USER")]
    user: Option<UserId>,
}

/// Arguments of `identity show`.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The identity file; without it, the one of --identity.
    file: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::New(args) => new(context, args),
        Command::Show(args) => show(context, args),
    }
}

fn new(context: &Context, args: NewArgs) -> Result<(), CliError> {
    let mut identity = Identity::generate(&mut context.rng())?;
    identity.user = args.user.unwrap_or(identity.user);
    identity_file::write(&args.file, &identity)?;
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&PublicJson::of(&identity)?)?;
    } else {
        output.line(identity.user)?;
    }
    output.flush()
}

fn show(context: &Context, args: ShowArgs) -> Result<(), CliError> {
    let identity = match args.file {
        Some(file) => identity_file::read(&file)?,
        None => context.identity()?,
    };
    let public = PublicJson::of(&identity)?;
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&public)?;
    } else {
        output.line(format_args!("user:           {}", public.user))?;
        output.line(format_args!("signing key:    {}", public.signing_key))?;
        output.line(format_args!("encryption key: {}", public.encryption_key))?;
    }
    output.flush()
}
