//! The program itself with a few hundred operations: every section measures something, and nothing is held to a time.

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value;

/// Sections of figures that others bring with them.
const BESIDES: [&str; 2] = ["floor", "computing"];

fn program() -> Command {
    let this = std::env::current_exe().unwrap();
    let path = this.parent().unwrap().parent().unwrap().join("dmpc-bench");
    assert!(path.is_file(), "no {}: build the programs first", path.display());
    let mut command = Command::new(path);
    command.env_remove("BENCH_ONLY").env("BENCH_OPERATIONS", "300");
    command
}

/// What a run with a section that there is not says.
fn refused() -> String {
    let target = tempfile::tempdir().unwrap();
    let mut program = program();
    let done = program.env("CARGO_TARGET_DIR", target.path()).env("BENCH_ONLY", "ingest,replays").output().unwrap();
    assert!(!done.status.success());
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
    String::from_utf8(done.stderr).unwrap()
}

/// The sections that there are.
fn names() -> Vec<String> {
    let said = refused();
    let (_, names) = said.trim().rsplit_once("; there are ").unwrap();
    names.split(", ").map(str::to_owned).collect()
}

#[test]
fn a_small_run_measures_every_section() {
    let target = tempfile::tempdir().unwrap();
    let done = program().env("CARGO_TARGET_DIR", target.path()).output().unwrap();
    let (table, said) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&fs::read(target.path().join("bench.json")).unwrap()).unwrap();
    assert_eq!(report["operations"], 300);
    let sections: Vec<&str> =
        report["sections"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(sections, names());
    let figures = report["figures"].as_array().unwrap();
    let measured: BTreeSet<&str> = figures.iter().map(|figure| figure["section"].as_str().unwrap()).collect();
    assert_eq!(measured, sections.into_iter().chain(BESIDES).collect());
    for figure in figures {
        let value = figure["value"].as_f64().unwrap();
        // What a process computed is counted in hundredths of a second, which a small run may not come to.
        assert!(value > 0.0 || figure["section"] == "computing" && value == 0.0, "{figure}");
        assert!(table.contains(figure["name"].as_str().unwrap()), "{figure} is not in the table:\n{table}");
    }
    // Nothing else stays.
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 1);
}

#[test]
fn a_section_that_there_is_not_is_refused_with_those_that_there_are() {
    assert!(refused().contains("there is no section 'replays'"));
    let names = names();
    for wanted in ["limits", "latency", "fan-out", "ingest", "sealed", "late", "start-up", "replay"] {
        assert!(names.iter().any(|name| name == wanted), "{wanted} is not among {names:?}");
    }
}
