//! `operation show`: what objects hold, for people. Whatever is shown has signatures that verify, as far as it has any.

use std::fmt;

use dmpc::{SignedOperation, error::Classified};

use crate::{
    context::Context,
    error::CliError,
    examples,
    object::{Object, Source, read_all},
    output::Output,
};

/// Arguments of `operation show`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli operation show operation"])]
pub struct Args {
    /// Objects of any type, one on each line.
    #[arg(value_name = "FILE", default_value = "-")]
    file: Source,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]; [`CliError::Disagrees`] when a signature does not verify.
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let mut output = Output::to_stdout();
    let mut forged = None;
    for object in read_all(&args.file)? {
        let verified = print_object(context, &mut output, &object)?;
        forged = forged.or(verified.err());
    }
    output.flush()?;
    match forged {
        Some(forged) => Err(CliError::Disagrees(forged)),
        None => Ok(()),
    }
}

/// Prints an object; says whether its signatures verify. (Users, issues and requests whose do not are no objects at all.)
pub(in crate::commands) fn print_object(
    context: &Context,
    output: &mut Output,
    object: &Object,
) -> Result<Result<(), String>, CliError> {
    let signatures = signatures(object);
    if context.json {
        output.json(object)?;
    } else {
        output.line(format_args!("type: {}", object.tag()))?;
        object.fields().print(output)?;
        if let Some(signatures) = &signatures {
            output.line(format_args!("signatures: {signatures}"))?;
        }
    }
    Ok(match (signatures, object) {
        (Some(Signatures::Forged(why)), Object::Operation(operation)) => Err(format!("{}: {why}", operation.id())),
        (Some(Signatures::Forged(why)), _) => Err(why),
        (Some(Signatures::Verify) | None, _) => Ok(()),
    })
}

/// What the signatures of an object are worth.
enum Signatures {
    Verify,
    Forged(String),
}

impl fmt::Display for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verify => f.write_str("verify, by the keys named here; whether these are the users', a node says"),
            Self::Forged(why) => write!(f, "DO NOT VERIFY: {why}"),
        }
    }
}

fn signatures(object: &Object) -> Option<Signatures> {
    match object {
        Object::Operation(operation) => Some(of_operation(operation)),
        Object::User(_) | Object::Keys(_) | Object::Issue(_) | Object::Request(_) => Some(Signatures::Verify),
        Object::Channel(_) | Object::Draft(_) | Object::Transaction(_) | Object::Ack(_) => None,
    }
}

fn of_operation(operation: &SignedOperation) -> Signatures {
    match operation.clone().verify() {
        Ok(_) => Signatures::Verify,
        Err(error) => Signatures::Forged(format!("{error} ({})", error.reason())),
    }
}
