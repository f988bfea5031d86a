//! Every command is in a transcript: once as it succeeds, once as it fails.

use std::{collections::BTreeSet, fs};

use super::{Piece, TRANSCRIPTS, path, pieces};
use crate::cli::{conventions::repository, tree::tree};

/// The subcommand that a piece of a shell line runs: the longest path of words that the tree has.
fn path_of(line: &str, paths: &BTreeSet<String>) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let program = words.iter().position(|word| word.ends_with("dmpc-cli"))?;
    // Options may stand before the subcommand.
    let words: Vec<&str> = words[program + 1..].to_vec();
    (0..words.len()).find_map(|from| {
        let longest = (from + 1..=words.len()).rev().map(|to| words[from..to].join(" "));
        longest.into_iter().find(|path| paths.contains(path))
    })
}

#[test]
fn every_command_is_in_a_transcript_with_its_success_and_with_a_failure() {
    let leaves = tree().into_iter().filter(|listed| !listed.is_group && !listed.hidden);
    let paths: BTreeSet<String> = leaves.map(|listed| listed.path.join(" ")).collect();
    let (mut succeeded, mut failed) = (BTreeSet::new(), BTreeSet::new());
    for name in TRANSCRIPTS {
        for piece in pieces(name) {
            let Piece::Typed { command, came } = piece else { continue };
            let command = command.replace("\\\n", " ");
            let run: Vec<String> =
                command.split(['|', ';', '(', ')', '&']).filter_map(|line| path_of(line, &paths)).collect();
            if came.starts_with("? ") {
                // Of a pipe, the last one may have failed for those before it.
                failed.extend((run.len() == 1).then(|| run.into_iter().next()).flatten());
            } else {
                succeeded.extend(run);
            }
        }
    }
    let missing = |seen: &BTreeSet<String>| paths.difference(seen).cloned().collect::<Vec<_>>();
    assert_eq!(missing(&succeeded), Vec::<String>::new(), "no transcript shows their success");
    assert_eq!(missing(&failed), Vec::<String>::new(), "no transcript shows a failure of theirs");
}

#[test]
fn every_file_of_transcripts_is_run() {
    let files = fs::read_dir(repository("tests/cli/transcripts")).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<_> = files.filter(|file| file.extension().is_some_and(|end| end == "md")).collect();
    assert_eq!(files, TRANSCRIPTS.iter().map(|name| path(name)).collect());
}
