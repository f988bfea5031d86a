//! Conversations as JSON lines: reading them within bounds, and typing them. What a line means for users and channels
//! is the plan's business.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;
use jiff::{civil, tz::TimeZone};
use serde::Deserialize;

/// Bytes of a line. Its text becomes one operation, which is far larger.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a nick: it becomes a display name, which has this bound.
pub(super) const NICK_BYTES_MAX: usize = 64;
/// Bytes of a channel's name: with the day behind it, it becomes the name of a channel of the node.
pub(super) const CHANNEL_BYTES_MAX: usize = 64;
/// Characters of the input that an error repeats.
const QUOTE_CHARS_MAX: usize = 60;
/// Separates the digest of consumed lines from every other use of the hash.
const DIGEST_CONTEXT: &str = "dmpc-cli v1 import input";

/// One line of a conversation.
#[derive(Debug)]
pub(super) struct Event {
    /// Its line in the file, from 1.
    pub(super) line: u64,
    /// The day, as `YYYY-MM-DD`.
    pub(super) day: String,
    /// Day and minute, in milliseconds since 1970.
    pub(super) minute_ms: u64,
    /// The channel's name.
    pub(super) channel: String,
    /// Who.
    pub(super) nick: String,
    /// What.
    pub(super) action: Action,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Action {
    /// Said something; the text may be empty.
    Message(String),
    /// Came.
    Join,
    /// Left.
    Part,
    /// Is called so from now on.
    Nick(String),
}

/// Why the input cannot be read on: the file, the line, the reason.
#[derive(Debug, thiserror::Error)]
#[error("{}:{line}: {fault}", file.display())]
pub(super) struct InputError {
    /// The file.
    pub(super) file: PathBuf,
    /// The line, from 1; 0 when the file cannot be opened.
    pub(super) line: u64,
    /// What is wrong.
    pub(super) fault: LineFault,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineFault {
    /// The file cannot be opened or read, or its compressed bytes are damaged.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// Over the bound.
    #[error("the line has more than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// Not a JSON object with texts.
    #[error("not a JSON object of texts: {0}")]
    NotJson(String),
    /// A field is absent.
    #[error("the field '{0}' is missing")]
    Missing(&'static str),
    /// A field is empty that may not be.
    #[error("the field '{0}' is empty")]
    Empty(&'static str),
    /// A field is over its bound.
    #[error("the field '{field}' has {bytes} bytes, {allowed} are allowed")]
    FieldTooLong {
        /// The field.
        field: &'static str,
        /// Its size.
        bytes: usize,
        /// Its bound.
        allowed: usize,
    },
    /// Another kind.
    #[error("the kind '{0}' is none of message, join, part and nick")]
    UnknownKind(String),
    /// No day.
    #[error("'{0}' is no day; days are written as 2004-12-25, from 1970 on")]
    BadDay(String),
    /// No time.
    #[error("'{0}' is no time of a day; times are written as 09:14")]
    BadTime(String),
}

#[derive(Deserialize)]
struct Line {
    day: Option<String>,
    time: Option<String>,
    channel: Option<String>,
    kind: Option<String>,
    nick: Option<String>,
    text: Option<String>,
    new_nick: Option<String>,
}

/// How many lines a file has, for who wants to know how far an import is; none when it cannot be read.
pub(super) fn count_lines(path: &Path) -> Option<u64> {
    let mut reader = reader(path).ok()?;
    let mut lines = 0;
    loop {
        let bytes = reader.fill_buf().ok()?;
        if bytes.is_empty() {
            return Some(lines);
        }
        lines += u64::try_from(bytes.iter().filter(|byte| **byte == b'\n').count()).ok()?;
        let read = bytes.len();
        reader.consume(read);
    }
}

/// Opens a file; one named `.gz` is decompressed, with all its members.
fn reader(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let file = BufReader::new(File::open(path)?);
    Ok(if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(BufReader::new(MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    })
}

/// The events of a file, in its order.
pub(super) struct Events {
    file: PathBuf,
    reader: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    line: u64,
    consumed: u64,
    digest: blake3::Hasher,
}

impl Events {
    /// Opens a file.
    ///
    /// # Errors
    /// [`LineFault::Unreadable`].
    pub(super) fn open(path: &Path) -> Result<Self, InputError> {
        let reader = reader(path).map_err(|error| InputError {
            file: path.to_owned(),
            line: 0,
            fault: LineFault::Unreadable(error),
        })?;
        Ok(Self {
            file: path.to_owned(),
            reader,
            buffer: Vec::new(),
            line: 0,
            consumed: 0,
            digest: blake3::Hasher::new_derive_key(DIGEST_CONTEXT),
        })
    }

    /// The next event; `None` at the end. Blank lines are passed over.
    ///
    /// # Errors
    /// [`InputError`]; nothing of that line counts as consumed.
    pub(super) fn next(&mut self) -> Result<Option<Event>, InputError> {
        loop {
            self.line += 1;
            if !self.read_line().map_err(|fault| self.fault(fault))? {
                return Ok(None);
            }
            let text = self.buffer.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let event = parse(text, self.line).map_err(|fault| self.fault(fault))?;
            self.digest.update(text).update(b"\n");
            self.consumed += 1;
            return Ok(Some(event));
        }
    }

    /// How many events were read.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// The digest of the lines of all events that were read.
    pub(super) fn digest(&self) -> [u8; 32] {
        *self.digest.finalize().as_bytes()
    }

    fn fault(&self, fault: LineFault) -> InputError {
        InputError { file: self.file.clone(), line: self.line, fault }
    }

    /// Reads one line; false at the end.
    fn read_line(&mut self) -> Result<bool, LineFault> {
        self.buffer.clear();
        let bound = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let read = self.reader.by_ref().take(bound).read_until(b'\n', &mut self.buffer)?;
        if read > LINE_BYTES_MAX && self.buffer.last() != Some(&b'\n') {
            return Err(LineFault::TooLong);
        }
        Ok(read > 0)
    }
}

fn parse(text: &[u8], line: u64) -> Result<Event, LineFault> {
    let wire: Line = serde_json::from_slice(text).map_err(|error| not_json(&error))?;
    let day = required(wire.day, "day")?;
    let time = required(wire.time, "time")?;
    let channel = bounded(required(wire.channel, "channel")?, "channel", CHANNEL_BYTES_MAX)?;
    let kind = required(wire.kind, "kind")?;
    let nick = bounded(required(wire.nick, "nick")?, "nick", NICK_BYTES_MAX)?;
    let action = match kind.as_str() {
        "message" => Action::Message(required(wire.text, "text")?),
        "join" => Action::Join,
        "part" => Action::Part,
        "nick" => Action::Nick(bounded(required(wire.new_nick, "new_nick")?, "new_nick", NICK_BYTES_MAX)?),
        _ => return Err(LineFault::UnknownKind(quote(&kind))),
    };
    let minute_ms = minute_ms(&day, &time)?;
    Ok(Event { line, day, minute_ms, channel, nick, action })
}

/// What the parser says, without its line number: the line is all that it saw.
fn not_json(error: &serde_json::Error) -> LineFault {
    let text = error.to_string();
    let what = text.split_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    LineFault::NotJson(format!("{}, column {}", quote(what), error.column()))
}

/// Day and time in milliseconds since 1970, as if the log had been written in UTC.
fn minute_ms(day: &str, time: &str) -> Result<u64, LineFault> {
    let bad_day = || LineFault::BadDay(quote(day));
    // The parser takes other ways of writing too; a log has one.
    let date: civil::Date =
        day.parse().ok().filter(|date: &civil::Date| date.to_string() == day).ok_or_else(bad_day)?;
    let clock = time.parse().ok().filter(|clock: &civil::Time| clock.strftime("%H:%M").to_string() == time);
    let clock = clock.ok_or_else(|| LineFault::BadTime(quote(time)))?;
    let at = date.to_datetime(clock).to_zoned(TimeZone::UTC).map_err(|_| bad_day())?;
    u64::try_from(at.timestamp().as_millisecond()).map_err(|_| bad_day())
}

fn required(field: Option<String>, name: &'static str) -> Result<String, LineFault> {
    field.ok_or(LineFault::Missing(name))
}

fn bounded(field: String, name: &'static str, allowed: usize) -> Result<String, LineFault> {
    match field.len() {
        0 => Err(LineFault::Empty(name)),
        bytes if bytes > allowed => Err(LineFault::FieldTooLong { field: name, bytes, allowed }),
        _ => Ok(field),
    }
}

/// As much of a text as an error shows, without what would disturb a terminal.
fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().filter(|c| !c.is_control()).take(QUOTE_CHARS_MAX).collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        quoted.push_str("...");
    }
    quoted
}
