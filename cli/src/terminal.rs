//! Questions to whoever sits at the terminal, asked only where somebody does: stderr is a terminal, so that the question is
//! seen, and `/dev/tty` has the answer, so that stdin stays free for data.

use std::{
    fs::OpenOptions,
    io::{self, BufRead, BufReader, IsTerminal, Write},
};

use zeroize::Zeroizing;

const TERMINAL: &str = "/dev/tty";
/// Bytes of an answer to a question of yes or no.
const ANSWER_BYTES_MAX: u64 = 64;

/// Whether questions may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// `--no-input`
    pub no_input: bool,
}

impl Terminal {
    /// Whether somebody can be asked.
    pub fn is_there(self) -> bool {
        !self.no_input && io::stderr().is_terminal() && OpenOptions::new().read(true).write(true).open(TERMINAL).is_ok()
    }
}

/// Asks for something that is not shown while it is typed.
///
/// # Errors
/// What the system says.
pub fn ask_secret(question: &str) -> io::Result<Zeroizing<String>> {
    rpassword::prompt_password(question).map(Zeroizing::new)
}

/// Asks a question whose answer is no unless it is `y` or `yes`.
///
/// # Errors
/// What the system says.
pub fn confirm(question: &str) -> io::Result<bool> {
    let mut terminal = OpenOptions::new().read(true).write(true).open(TERMINAL)?;
    write!(terminal, "{question} [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::Read::take(BufReader::new(terminal), ANSWER_BYTES_MAX).read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes" | "YES"))
}
