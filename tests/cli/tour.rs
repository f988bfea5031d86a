//! The README's tour is typed as it stands there, against a real node.

use std::{
    fs,
    os::unix::fs::symlink,
    process::{Command, Stdio},
};

use super::{
    conventions::repository,
    house::{House, Said, program},
};

/// A block of the README that is typed into a shell.
struct Block {
    /// The paragraph before it.
    before: String,
    commands: String,
}

/// The blocks of a section.
fn blocks(readme: &str, section: &str) -> Vec<Block> {
    let heading = format!("\n## {section}\n");
    let from = readme.find(&heading).unwrap_or_else(|| panic!("no section '{section}'")) + heading.len();
    let text = readme[from..].split("\n## ").next().unwrap();
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("```sh\n") {
        let (commands, after) = after.split_once("```").unwrap();
        let before = before.trim_end().rsplit("\n\n").next().unwrap_or_default().to_owned();
        found.push(Block { before, commands: commands.to_owned() });
        rest = after;
    }
    found
}

/// A script of these blocks. One that says of an exit code must end with it; one that listens does so beside the others.
fn script(blocks: &[Block]) -> String {
    // What is begun in the background ends with the script.
    let mut script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n".to_owned();
    for Block { before, commands } in blocks {
        let code = before.split_once("exit code ").and_then(|(_, rest)| rest.chars().next()?.to_digit(10));
        let commands = commands.trim_end();
        if commands.contains(" listen ") {
            script.push_str(&format!("({commands} > heard 2>&1) & listener=$!\nsleep 2\n"));
        } else if let Some(code) = code {
            script.push_str(&format!("set +e\n{commands}\n[[ $? == {code} ]] || exit 99\nset -e\n"));
        } else {
            script.push_str(&format!("{commands}\n"));
        }
    }
    script
}

/// Types sections of the README, in a folder where `make run` was.
fn type_sections(house: &House, sections: &[&str], more: &str) -> Said {
    type_sections_after(house, "", sections, more)
}

/// The same, behind lines that set what a shell which was typed into before would have.
fn type_sections_after(house: &House, before: &str, sections: &[&str], more: &str) -> Said {
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let typed: Vec<Block> = sections.iter().flat_map(|section| blocks(&readme, section)).collect();
    let folder = house.path("tour");
    if !folder.exists() {
        fs::create_dir(&folder).unwrap();
        fs::create_dir(folder.join("data")).unwrap();
        for private in [&folder, &folder.join("data")] {
            fs::set_permissions(private, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        }
        fs::copy(house.path("root.identity"), folder.join("data/root.identity")).unwrap();
        symlink(house.path("node"), folder.join("data/node")).unwrap();
        symlink(repository("tests"), folder.join("tests")).unwrap();
    }
    let programs = program("dmpc-cli").get_program().to_owned();
    let programs = std::path::Path::new(&programs).parent().unwrap().to_str().unwrap().to_owned();
    let output = Command::new("bash")
        .args(["-c", &format!("{before}{}{more}", script(&typed))])
        .current_dir(&folder)
        .env_clear()
        .env("PATH", format!("{programs}:/usr/bin:/bin"))
        .env("HOME", &folder)
        .env("DMPC_IDENTITY", "data/root.identity")
        .env("DMPC_GRPC", house.grpc())
        .env("DMPC_WS", house.ws())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Said::of(&output)
}

#[test]
fn the_tour_of_two_people_goes_as_the_readme_says() {
    let house = House::new();
    let said = type_sections(&house, &["Two people, one channel"], "wait $listener || echo \"listener: $?\"\n");
    let said = said.expect_success();
    let read: Vec<&str> = said.stdout.lines().filter_map(|line| line.get(20..)).collect();
    assert!(
        read.windows(2).any(|pair| pair == ["alice: Are the potatoes in?", "bob: Since this morning, beds 1 and 2."])
    );
    assert!(said.stderr.contains("right_missing"), "{}", said.stderr);
    assert!(said.stdout.contains("listener: 5"), "{}", said.stdout);
    let heard = fs::read_to_string(house.path("tour/heard")).unwrap();
    assert!(heard.contains("bob: Since this morning") && heard.contains("right_missing"), "{heard}");
    assert!(!heard.contains("beans"), "{heard}");
}

#[test]
fn the_tours_of_contexts_pipes_and_audit_go_as_the_readme_says() {
    let house = House::new();
    let first = "Two people, one channel";
    type_sections(&house, &[first], "").expect_success();
    let said = type_sections(&house, &["Names and contexts"], "").expect_success();
    assert!(said.stdout.contains("alice: And the leeks?"), "{}", said.stdout);
    let said = type_sections(&house, &["Pipes"], "").expect_success();
    assert!(said.stdout.contains("\"state\":\"success\""), "{}", said.stdout);
    let said = type_sections(&house, &["Import a conversation", "Load"], "").expect_success();
    assert!(said.stdout.contains("applied 10000"), "{}", said.stdout);
}

#[test]
fn the_tour_of_two_people_on_two_nodes_goes_as_the_readme_says() {
    let house = House::new();
    type_sections(&house, &["Two people, one channel"], "").expect_success();
    let bob = "BOB=$(dmpc-cli identity show data/bob.identity | sed -n 's/^user: *//p')\n";
    let said = type_sections_after(&house, bob, &["Two people, two nodes"], "").expect_success();
    let read: Vec<&str> = said.stdout.lines().filter_map(|line| line.get(20..)).collect();
    assert!(
        read.windows(2).any(|pair| pair == ["alice: The first apples are ripe.", "bob: I bring the ladder."]),
        "{}",
        said.stdout
    );
    let status = said.stdout.lines().find(|line| line.starts_with("bob ")).unwrap();
    assert!(status.contains("connected"), "{status}");
}
