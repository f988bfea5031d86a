//! The program itself with a few hundred operations: every section measures something, and nothing is held to a time.

use std::{collections::BTreeSet, fs, process::Command};

use serde_json::Value;

/// What there is to be measured, by the names that `BENCH_ONLY` takes.
const SECTIONS: [&str; 8] = ["limits", "latency", "fan-out", "ingest", "sealed", "late", "start-up", "replay"];
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

#[test]
fn a_small_run_measures_every_section() {
    let target = tempfile::tempdir().unwrap();
    let done = program().env("CARGO_TARGET_DIR", target.path()).output().unwrap();
    let (table, said) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&fs::read(target.path().join("bench.json")).unwrap()).unwrap();
    assert_eq!(report["operations"], 300);
    assert_eq!(report["sections"].as_array().unwrap(), &SECTIONS);
    let figures = report["figures"].as_array().unwrap();
    let measured: BTreeSet<&str> = figures.iter().map(|figure| figure["section"].as_str().unwrap()).collect();
    assert_eq!(measured, SECTIONS.into_iter().chain(BESIDES).collect());
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
fn a_section_that_there_is_not_is_refused() {
    let target = tempfile::tempdir().unwrap();
    let mut program = program();
    let done = program.env("CARGO_TARGET_DIR", target.path()).env("BENCH_ONLY", "ingest,replays").output().unwrap();
    assert!(!done.status.success());
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(said.contains("there is no section 'replays'") && said.contains("fan-out"), "{said}");
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
}
