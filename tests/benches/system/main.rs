//! The node as a whole, beside the limits of the machine: `make bench`. One run measures both, prints a table and writes
//! `bench.json` into the target directory. Real processes, real sockets, every acknowledgement after fsync.
//!
//! `BENCH_OPERATIONS` says how large the largest log is, `BENCH_ONLY` names the sections that run.

mod bench;
mod clients;
mod computing;
mod figures;
mod frames;
mod limits;
mod people;
mod process;
mod progress;
mod sections;
mod settings;

use std::{fs, process::ExitCode, time::Instant};

use anyhow::{Context, Result};

use bench::Bench;
use figures::Run;
use people::cores;
use progress::say;
use sections::SECTIONS;
use settings::Settings;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let began = Instant::now();
    let mut bench = Bench::new(Settings::of_environment()?)?;
    for section in SECTIONS {
        if bench.settings.sections.contains(&section.name) {
            (section.run)(&mut bench).with_context(|| format!("section {}", section.name))?;
        }
    }
    bench.report.sort();
    println!("{}", bench.report.table());
    let run = Run {
        operations: bench.settings.operations,
        cores: cores(),
        processor: processor(),
        sections: bench.settings.sections.clone(),
        seconds: began.elapsed().as_secs_f64(),
    };
    let path = bench.settings.target.join("bench.json");
    fs::write(&path, serde_json::to_vec_pretty(&bench.report.json(&run))?)?;
    say(&format!("{:.0} s; {}", run.seconds, path.display()));
    Ok(())
}

/// What the processor calls itself.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    line.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}
