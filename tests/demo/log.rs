//! The log that is imported: which one, and its events. Nothing here knows what becomes of them.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use serde::Deserialize;

/// Real conversations, beside the checkout where there are any.
const REAL: &str = "../shared/data/irc/ubuntu.jsonl.gz";
/// The invented one that ships with the project.
const SMALL: &str = "tests/demo/small.jsonl";
/// So many events are imported at most.
const EVENTS_MAX: usize = 2_000;

/// One line of a log.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// Year, month, day.
    pub day: String,
    /// What happened.
    pub kind: Kind,
    /// To whom.
    pub nick: String,
    /// What was said, with `message`.
    #[serde(default)]
    pub text: String,
    /// The name from now on, with `nick`.
    #[serde(default)]
    pub new_nick: String,
}

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Message,
    Join,
    Part,
    Nick,
}

/// A log in JSON lines, compressed or not.
pub struct Source {
    /// Where it lies.
    pub path: PathBuf,
}

impl Source {
    /// The log asked for; else the real one; else the one that ships with the project.
    pub fn choose(asked: Option<PathBuf>) -> Result<Self> {
        if let Some(path) = asked {
            return Ok(Self { path });
        }
        let known = [REAL, SMALL].map(PathBuf::from);
        let path = known.into_iter().find(|path| path.is_file());
        path.map(|path| Self { path }).with_context(|| format!("no {SMALL} here; run this in the project's directory"))
    }

    /// The argument that limits an import to the events of this demonstration.
    pub fn limit(&self) -> String {
        EVENTS_MAX.to_string()
    }

    /// Its first events.
    pub fn events(&self) -> Result<Vec<Event>> {
        let lines = BufReader::new(open(&self.path)?).lines();
        let events = lines.take(EVENTS_MAX).enumerate().map(|(number, line)| {
            serde_json::from_str(&line?).with_context(|| format!("{}, line {}", self.path.display(), number + 1))
        });
        let events = events.collect::<Result<Vec<_>>>()?;
        ensure!(!events.is_empty(), "{} has no events", self.path.display());
        Ok(events)
    }
}

fn open(path: &Path) -> Result<Box<dyn Read>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let compressed = path.extension().is_some_and(|ending| ending == "gz");
    Ok(if compressed { Box::new(GzDecoder::new(file)) } else { Box::new(file) })
}
