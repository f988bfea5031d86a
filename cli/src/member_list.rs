//! Lists of members in files: one `USER` or `USER:RIGHTS` a line; empty lines and comments (`#`) are passed over.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use dmpc::{Rights, kinds::Member};

use crate::{context::Context, error::CliError, naming::Users, rights::MemberArg};

/// Members that one list names.
pub const LISTED_MAX: usize = 100_000;
/// Bytes of one line.
const LINE_BYTES_MAX: u64 = 256;
/// What those may do of whom a line says nothing.
const RIGHTS: Rights = Rights::READ.union(Rights::WRITE);

/// Those named on the command line and those of a list (`-` for stdin), ascending.
///
/// # Errors
/// [`CliError::Usage`] names the line that is no member, or a user who stands twice; [`CliError::File`]; those of looking
/// users up.
pub async fn collect(context: &Context, named: Vec<MemberArg>, list: Option<&Path>) -> Result<Vec<Member>, CliError> {
    let mut members = named;
    match list {
        Some(path) if path == Path::new("-") => read(path, io::stdin().lock(), &mut members)?,
        Some(path) => {
            let file = File::open(path).map_err(CliError::file(path))?;
            read(path, BufReader::new(file), &mut members)?;
        }
        None => {}
    }
    Users::new(context).members(&members).await
}

fn read(path: &Path, mut lines: impl BufRead, members: &mut Vec<MemberArg>) -> Result<(), CliError> {
    let name = if path == Path::new("-") { Path::new("stdin") } else { path };
    for number in 1_u64.. {
        let mut line = String::new();
        let read = (&mut lines).take(LINE_BYTES_MAX).read_line(&mut line).map_err(CliError::file(name))?;
        if read == 0 {
            return Ok(());
        }
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let wrong = |why: String| CliError::Usage(format!("{}:{number}: {why}", name.display()));
        members.push(parse(text).map_err(wrong)?);
        if members.len() > LISTED_MAX {
            return Err(wrong(format!(
                "more than {LISTED_MAX} members; open the channel with some, add the others later"
            )));
        }
    }
    Ok(())
}

fn parse(line: &str) -> Result<MemberArg, String> {
    if line.contains(':') {
        return line.parse();
    }
    Ok(MemberArg { user: line.to_owned(), rights: RIGHTS })
}
