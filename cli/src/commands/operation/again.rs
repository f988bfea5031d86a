//! `operation again`: what was signed for somebody to carry, those very bytes. They stand in a lane, so what gets lost on its way
//! must not be signed anew; a node that has one already says that it is a duplicate.

use dmpc::SignedOperation;

use crate::{context::Context, error::CliError, object::Object, output::Output, signer::Signer};

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context) -> Result<(), CliError> {
    let signer = Signer::open(context, &context.identity()?, None).await?;
    let mut output = Output::to_stdout();
    for bytes in signer.carried() {
        output.json(&Object::Operation(Box::new(SignedOperation::decode(bytes)?)))?;
    }
    output.flush()
}
