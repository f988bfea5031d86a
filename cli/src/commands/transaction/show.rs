//! `transaction show`: what transactions hold, opened where they are open or sealed to --identity; and what nodes said.

use bytes::Bytes;
use dmpc::{
    Identity, SignedOperation,
    transaction::{Content, Opened, Transaction, TransactionError},
};

use super::run::open;
use crate::{
    commands::operation::print_object,
    context::Context,
    error::CliError,
    examples,
    object::{AckObject, Object, ObjectError, RequestObject, Source, read_all},
    output::{Output, note},
};

/// Arguments of `transaction show`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli transaction show transaction"])]
pub struct Args {
    /// Transactions, and acknowledgements of them, one on each line.
    #[arg(value_name = "FILE", default_value = "-")]
    file: Source,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]; [`CliError::Disagrees`] when a signature does not verify.
pub(super) fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let identity = if context.identity.is_some() { Some(context.identity()?) } else { None };
    let mut output = Output::to_stdout();
    let mut forged = None;
    for object in read_all(&args.file)? {
        let inside = match &object {
            Object::Transaction(transaction) => contents(&transaction.bytes, identity.as_ref())?,
            _ => Vec::new(),
        };
        let object = match object {
            Object::Ack(AckObject(ack)) => {
                Object::Ack(AckObject(open(ack, identity.as_ref().map(|identity| &identity.encryption))))
            }
            other => other,
        };
        for object in std::iter::once(&object).chain(&inside) {
            let verified = print_object(context, &mut output, object)?;
            forged = forged.or(verified.err());
        }
    }
    output.flush()?;
    match forged {
        Some(forged) => Err(CliError::Disagrees(forged)),
        None => Ok(()),
    }
}

/// What a transaction carries; nothing when it is sealed to others.
fn contents(bytes: &Bytes, identity: Option<&Identity>) -> Result<Vec<Object>, CliError> {
    let transaction = Transaction::decode(bytes)?;
    let opened = match identity {
        Some(identity) => transaction.open(&identity.encryption, true),
        // Opens what needs no key.
        None => transaction.open(&dmpc::keys::DecryptionKey::generate(&mut crate::clock::random())?, true),
    };
    let Opened { content, reply_to } = match opened {
        Ok(opened) => opened,
        Err(TransactionError::Seal(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    if let Some(reply_to) = reply_to {
        note(format_args!("note: what becomes of it is sealed to {reply_to}"));
    }
    match content {
        Content::Operations(operations) => {
            let object = |bytes| Ok(Object::Operation(Box::new(SignedOperation::decode(bytes)?)));
            operations.into_iter().map(object).collect()
        }
        Content::Request(bytes) => {
            let request = RequestObject::decode(bytes).map_err(not_shown)?;
            Ok(vec![Object::Request(request)])
        }
    }
}

fn not_shown(error: ObjectError) -> CliError {
    CliError::command(crate::error::Exit::Failed, error, None)
}
