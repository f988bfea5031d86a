//! Completions and manual pages.

use std::{fs, process::Command};

use super::tree::{plain, tree};
use crate::support::folder::private_folder;

#[test]
fn completions_name_every_command_and_are_what_the_shell_reads() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = plain(&["completions", shell]).expect_success().stdout;
        for listed in tree().iter().filter(|listed| !listed.is_group && !listed.hidden) {
            assert!(script.contains(listed.path.last().unwrap()), "{shell}: {:?}", listed.path);
        }
    }
    let folder = private_folder();
    let file = folder.path().join("completions");
    fs::write(&file, plain(&["completions", "bash"]).stdout).unwrap();
    assert!(Command::new("bash").arg("-n").arg(&file).status().unwrap().success());
    let completed = Command::new("bash")
        .arg("-c")
        .arg("source \"$0\"; COMP_WORDS=(dmpc-cli chan); COMP_CWORD=1; _dmpc__cli dmpc-cli chan dmpc-cli; echo \"${COMPREPLY[*]}\"")
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(completed.stdout).unwrap().trim(), "channel");
}

#[test]
fn there_is_a_manual_page_for_each_command_with_its_examples() {
    let folder = private_folder();
    let directory = folder.path().join("man1");
    let written = plain(&["man", "--json", directory.to_str().unwrap()]).expect_success().json();
    let tree = tree();
    let shown: Vec<_> = tree.iter().filter(|listed| !listed.hidden).collect();
    assert_eq!(written.len(), shown.len());
    for listed in shown {
        let name = ["dmpc-cli".to_owned()].into_iter().chain(listed.path.clone()).collect::<Vec<_>>().join("-");
        let page = fs::read_to_string(directory.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".TH"), "{name}");
        let example = listed.examples[0].replace('-', "\\-").replace('\'', "\\(aq");
        assert!(page.contains(&example), "{name}: {example}");
    }
}
