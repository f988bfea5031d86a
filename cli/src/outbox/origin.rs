//! Where lanes live: on this machine, beside this identity file, in this directory and file. A copy lives elsewhere, and
//! must not go on with the lanes of what it was copied from.

use std::{
    fs::{self, File, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::Path,
};

/// Names the machine; there is none on some.
const MACHINE_ID: &str = "/etc/machine-id";

/// Where lanes live, but for the outbox file itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin(String);

impl Origin {
    /// Of what signs (an identity file, or the directory of several) and the directory of its outbox.
    pub(super) fn of(identity: &Path, directory: &Path) -> io::Result<Self> {
        let place = |path: &Path| fs::metadata(path).map(|metadata| place_of(&metadata));
        let machine = fs::read_to_string(MACHINE_ID).unwrap_or_default();
        Ok(Self(format!("identity {}\ndirectory {}\nmachine {}", place(identity)?, place(directory)?, machine.trim())))
    }

    /// With the outbox file that holds it: a file put back from a backup is another one.
    pub(super) fn in_file(&self, file: &File) -> io::Result<String> {
        Ok(format!("{}\nfile {}", self.0, place_of(&file.metadata()?)))
    }
}

fn place_of(metadata: &Metadata) -> String {
    format!("{}:{}", metadata.dev(), metadata.ino())
}
