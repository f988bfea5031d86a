//! Asks a running node, over the socket in its data directory, for a checkpoint of its database.

use std::{
    io,
    path::{Path, PathBuf},
};

use dmpc::local::{LocalAnswer, LocalRequest};

use crate::local::Asked;

/// A checkpoint; it is there as long as the value lives.
#[derive(Debug)]
pub struct Checkpoint {
    /// Holds the database in `db`.
    pub directory: PathBuf,
    _asked: Asked,
}

impl Checkpoint {
    /// Asks the node whose data directory this is.
    ///
    /// # Errors
    /// What the system, or the node, says.
    pub fn ask(data: &Path) -> io::Result<Self> {
        let mut asked = Asked::ask(data, &LocalRequest::Checkpoint)?;
        match asked.answer()? {
            LocalAnswer::Made { name } if !name.contains('/') && name != ".." => {
                Ok(Self { directory: data.join(name), _asked: asked })
            }
            LocalAnswer::Failed { detail, .. } => Err(io::Error::other(detail)),
            _ => Err(io::Error::other("the node's answer does not belong to the request")),
        }
    }
}
