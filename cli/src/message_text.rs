//! The text of a message, from the command line or from stdin.

use std::io::{self, Read};

use crate::error::CliError;

/// Bytes of a text; with seals and signature it stays below what an operation may have.
pub const TEXT_BYTES_MAX: usize = 500 * 1024;

/// The text that an argument means: `-` is all of stdin, without the newline that ends it.
///
/// # Errors
/// [`CliError::Usage`] for a text that is empty or too long; [`CliError::File`] when stdin cannot be read as text.
pub fn message_text(argument: String) -> Result<String, CliError> {
    let text = if argument == "-" { read_stdin()? } else { argument };
    if text.is_empty() {
        return Err(CliError::Usage("there is nothing to send: the text is empty".to_owned()));
    }
    if text.len() > TEXT_BYTES_MAX {
        return Err(CliError::Usage(format!("the text has more than {TEXT_BYTES_MAX} bytes")));
    }
    Ok(text)
}

fn read_stdin() -> Result<String, CliError> {
    let mut text = String::new();
    let limit = u64::try_from(TEXT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(2);
    io::stdin().take(limit).read_to_string(&mut text).map_err(CliError::file("stdin"))?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}
