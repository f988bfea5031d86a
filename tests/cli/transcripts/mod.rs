//! Transcripts: what is typed and what comes back, a file for each topic, run in a shell against a real node.
//!
//! In a block of `console`, a line that begins with `$ ` is typed. Behind it stands what came: the exit code when it is not 0 (`? 2`), stdout
//! as it is, lines of stderr with `! ` before them. What differs from run to run is replaced (`redaction.rs`).
//! `SNAPSHOTS=overwrite` writes what came into the files.

mod coverage;
mod redaction;

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use snapbox::{Assert, Data, data::DataFormat};

use super::{
    conventions::repository,
    house::{House, program},
};
use redaction::Redaction;

macro_rules! transcripts {
    ($($name:ident)+) => {
        /// The files.
        const TRANSCRIPTS: &[&str] = &[$(stringify!($name)),+];
        $(
            #[test]
            fn $name() {
                run(stringify!($name));
            }
        )+
    };
}

transcripts! { audit backups bench channels contexts conversation identities logs names pages peers pipes two_people users }

/// A piece of a transcript.
#[derive(Debug)]
pub(super) enum Piece {
    /// Lines for people.
    Text(String),
    /// What is typed, and what came.
    Typed { command: String, came: String },
}

/// The file of a transcript.
fn path(name: &str) -> PathBuf {
    repository("tests/cli/transcripts").join(format!("{name}.md"))
}

/// The pieces of a transcript, in their order.
fn pieces(name: &str) -> Vec<Piece> {
    let text = fs::read_to_string(path(name)).unwrap();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        match (in_block, line) {
            (false, "```console") | (true, "```") => {
                in_block = !in_block;
                pieces.push(Piece::Text(format!("{line}\n")));
            }
            (true, line) => match (line.strip_prefix("$ "), pieces.last_mut()) {
                (Some(command), _) => pieces.push(Piece::Typed { command: command.to_owned(), came: String::new() }),
                // A command that ends with a backslash goes on.
                (None, Some(Piece::Typed { command, came })) if came.is_empty() && command.ends_with('\\') => {
                    command.push('\n');
                    command.push_str(line);
                }
                (None, Some(Piece::Typed { came, .. })) => came.push_str(&format!("{line}\n")),
                (None, _) => panic!("{name}: a block begins with '{line}'"),
            },
            (false, line) => pieces.push(Piece::Text(format!("{line}\n"))),
        }
    }
    pieces
}

/// Where a transcript is typed.
struct Desk {
    house: House,
    folder: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let house = House::new();
        let folder = house.path("desk");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
        fs::copy(house.path("root.identity"), folder.join("root.identity")).unwrap();
        symlink(house.path("node"), folder.join("node")).unwrap();
        symlink(repository("tests/demo/small.jsonl"), folder.join("small.jsonl")).unwrap();
        let proof = fs::read_to_string(repository("tests/vectors/lane/proof.json")).unwrap();
        let proof: serde_json::Value = serde_json::from_str(&proof).unwrap();
        let proof = proof["cases"][0]["expected"]["text"].as_str().unwrap();
        fs::write(folder.join("proof.equivocation"), proof).unwrap();
        Self { house, folder }
    }

    /// Types commands into one shell; what came of each.
    fn type_all(&self, commands: &[&str]) -> Vec<String> {
        let said = self.house.path("said");
        fs::create_dir(&said).unwrap();
        let mut script = "set -o pipefail\n".to_owned();
        for (number, command) in commands.iter().enumerate() {
            let file = said.join(number.to_string()).display().to_string();
            script.push_str(&format!("{{ {command}\n}} >{file}.out 2>{file}.err </dev/null\necho $? >{file}.code\n"));
        }
        let programs = program("dmpc-cli").get_program().to_owned();
        let programs = Path::new(&programs).parent().unwrap().to_str().unwrap().to_owned();
        let status = Command::new("bash")
            .args(["-c", &script])
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", format!("{programs}:/usr/bin:/bin"))
            .env("HOME", &self.folder)
            .env("LC_ALL", "C")
            .env("DMPC_GRPC", self.house.grpc())
            .env("DMPC_WS", self.house.ws())
            .stdin(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        let read = |number: usize, what: &str| fs::read_to_string(said.join(format!("{number}.{what}"))).unwrap();
        (0..commands.len())
            .map(|number| {
                let code = read(number, "code");
                let mut came = if code.trim() == "0" { String::new() } else { format!("? {code}") };
                came.push_str(&read(number, "out"));
                read(number, "err").lines().for_each(|line| came.push_str(&format!("! {line}\n")));
                came
            })
            .collect()
    }
}

fn run(name: &str) {
    let pieces = pieces(name);
    let commands = pieces.iter().filter_map(|piece| match piece {
        Piece::Typed { command, .. } => Some(command.as_str()),
        Piece::Text(_) => None,
    });
    let desk = Desk::new();
    let came = desk.type_all(&commands.collect::<Vec<_>>());
    let mut redaction = Redaction::new(&desk.house);
    let mut came = came.iter();
    let mut actual = String::new();
    let mut after_command = false;
    for piece in &pieces {
        match piece {
            Piece::Text(text) => {
                actual.push_str(text);
                after_command = false;
            }
            Piece::Typed { command, .. } => {
                let blank = if after_command { "\n" } else { "" };
                actual.push_str(&format!("{blank}$ {command}\n{}", redaction.redact(came.next().unwrap())));
                after_command = true;
            }
        }
    }
    let expected = Data::read_from(&path(name), Some(DataFormat::Text)).raw();
    Assert::new().action_env("SNAPSHOTS").eq(Data::text(actual).raw(), expected);
}
