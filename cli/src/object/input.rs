//! Where objects come from: a file or stdin, one on each line.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::PathBuf,
    str::FromStr,
};

use super::{LINE_BYTES_MAX, Object, ObjectError};

/// Objects of one input: as many as a transaction carries operations.
const OBJECTS_MAX: usize = 1024;
/// Bytes of one input.
const INPUT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A file, or stdin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `-`
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// Its name in errors.
    pub fn name(&self) -> PathBuf {
        match self {
            Self::Stdin => PathBuf::from("stdin"),
            Self::File(path) => path.clone(),
        }
    }
}

impl FromStr for Source {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "-" { Self::Stdin } else { Self::File(PathBuf::from(text)) })
    }
}

/// Why an input holds no objects.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It cannot be read.
    #[error("{name}: {source}", name = name.display())]
    Io {
        /// The input.
        name: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is no object.
    #[error("{name}, line {line}: {source}", name = name.display())]
    Line {
        /// The input.
        name: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        source: ObjectError,
    },
    /// It is empty.
    #[error("{name} holds no object", name = .0.display())]
    Empty(PathBuf),
    /// It holds too much.
    #[error("{name} holds more than {OBJECTS_MAX} objects or {INPUT_BYTES_MAX} bytes", name = .0.display())]
    TooMuch(PathBuf),
}

/// Reads all objects of an input, at least one: nothing is done with the first before the last is known to be one.
///
/// # Errors
/// [`InputError`]
pub fn read_all(source: &Source) -> Result<Vec<Object>, InputError> {
    let name = source.name();
    let io_error = |source| InputError::Io { name: source_name(&name), source };
    let mut reader: Box<dyn BufRead> = match source {
        Source::Stdin => Box::new(io::stdin().lock()),
        Source::File(path) => Box::new(BufReader::new(File::open(path).map_err(io_error)?)),
    };
    let (mut objects, mut bytes) = (Vec::new(), 0);
    for line in 1.. {
        let wrong = |source| InputError::Line { name: source_name(&name), line, source };
        let mut text = String::new();
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        let read = (&mut reader).take(limit).read_line(&mut text).map_err(io_error)?;
        if read == 0 {
            break;
        }
        if read == LINE_BYTES_MAX && !text.ends_with('\n') {
            return Err(wrong(ObjectError::LongLine));
        }
        bytes += read;
        if text.trim().is_empty() {
            continue;
        }
        if objects.len() == OBJECTS_MAX || bytes > INPUT_BYTES_MAX {
            return Err(InputError::TooMuch(name));
        }
        objects.push(Object::parse(&text).map_err(wrong)?);
    }
    if objects.is_empty() { Err(InputError::Empty(name)) } else { Ok(objects) }
}

fn source_name(name: &std::path::Path) -> PathBuf {
    name.to_owned()
}
