//! What commands say: data on stdout, everything else on stderr. The one file that writes to either.

use std::{
    fmt::Display,
    io::{self, BufWriter, Stdout, Write},
};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::error::CliError;

/// The data that a command prints. Flush it at the end, or whenever a reader should see what there is.
#[derive(Debug)]
pub struct Output {
    stdout: BufWriter<Stdout>,
}

impl Output {
    /// To stdout.
    pub fn to_stdout() -> Self {
        Self { stdout: BufWriter::new(io::stdout()) }
    }

    /// One line of text.
    ///
    /// # Errors
    /// [`CliError::BrokenPipe`] when nobody reads any more; [`CliError::Stdout`].
    pub fn line(&mut self, text: impl Display) -> Result<(), CliError> {
        writeln!(self.stdout, "{text}").map_err(from_stdout)
    }

    /// One JSON object on a line of its own.
    ///
    /// # Errors
    /// Those of [`Output::line`].
    pub fn json(&mut self, value: &impl Serialize) -> Result<(), CliError> {
        let text = serde_json::to_string(value).map_err(|error| from_stdout(error.into()))?;
        self.line(text)
    }

    /// A table whose columns line up.
    ///
    /// # Errors
    /// Those of [`Output::line`].
    pub fn table(&mut self, header: &[&str], rows: Vec<Vec<String>>) -> Result<(), CliError> {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(header.iter().copied()).add_rows(rows);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.lines().try_for_each(|line| self.line(line.trim_end()))
    }

    /// Shows what there is.
    ///
    /// # Errors
    /// Those of [`Output::line`].
    pub fn flush(&mut self) -> Result<(), CliError> {
        self.stdout.flush().map_err(from_stdout)
    }
}

/// The one thing that a command prints: as JSON, or else as `text` prints it.
///
/// # Errors
/// Those of [`Output::line`], and of `text`.
pub fn object<T: Serialize>(
    json: bool,
    value: T,
    text: impl FnOnce(&mut Output, T) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut output = Output::to_stdout();
    if json { output.json(&value) } else { text(&mut output, value) }?;
    output.flush()
}

/// The things that a command lists: as JSON, one on each line, or else as `text` prints them.
///
/// # Errors
/// Those of [`Output::line`], and of `text`.
pub fn list<T: Serialize>(
    json: bool,
    values: Vec<T>,
    text: impl FnOnce(&mut Output, Vec<T>) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut output = Output::to_stdout();
    if json { values.iter().try_for_each(|value| output.json(value)) } else { text(&mut output, values) }?;
    output.flush()
}

fn from_stdout(error: io::Error) -> CliError {
    if error.kind() == io::ErrorKind::BrokenPipe { CliError::BrokenPipe } else { CliError::Stdout(error) }
}

/// One line for people, on stderr.
pub fn note(text: impl Display) {
    // Who closed stderr does not want to hear; there is nobody left to tell.
    drop(writeln!(io::stderr(), "{}", plain(&text.to_string())));
}

/// Text of other people as one line of a terminal: control characters, which could move the cursor or hide text, are escaped.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_bidi_control(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// Characters that reorder what stands beside them on a line.
const fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
