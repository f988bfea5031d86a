//! The table: what an operation costs at each size, and how much more at the largest than at the smallest.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use crate::blocks::Reads;

/// Operations in the log.
pub(crate) const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
/// Times that an operation may cost more at the largest size than at the smallest.
const RATIO_MAX: f64 = 2.0;

/// Nanoseconds by name and size.
pub(crate) struct Figures {
    criterion: PathBuf,
    names: Vec<String>,
    nanos: BTreeMap<(String, u64), f64>,
    /// Blocks that were read from tables.
    blocks: BTreeMap<(String, u64), f64>,
}

impl Figures {
    /// Reads what criterion leaves in a directory.
    pub(crate) fn new(criterion: PathBuf) -> Self {
        Self { criterion, names: Vec::new(), nanos: BTreeMap::new(), blocks: BTreeMap::new() }
    }

    /// Takes the medians that criterion measured, of `each` operations at a time.
    pub(crate) fn read(&mut self, name: &str, each: usize) {
        self.names.push(name.to_owned());
        for size in SIZES {
            let path = self.criterion.join(name).join(size.to_string()).join("new/estimates.json");
            let Ok(text) = fs::read(path) else { continue };
            let estimates: Value = serde_json::from_slice(&text).unwrap();
            let median = estimates["median"]["point_estimate"].as_f64().unwrap();
            self.nanos.insert((name.to_owned(), size), median / f64::from(u32::try_from(each).unwrap()));
        }
    }

    /// Takes what was measured once.
    pub(crate) fn measured(&mut self, name: &str, size: u64, took: Duration) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        self.nanos.insert((name.to_owned(), size), took.as_secs_f64() * 1e9);
    }

    /// Takes what was read for `each` operations at a time.
    pub(crate) fn counted(&mut self, name: &str, size: u64, each: usize, reads: Reads) {
        if reads.runs > 0 {
            let operations = reads.runs as f64 * each as f64;
            self.blocks.insert((name.to_owned(), size), reads.blocks as f64 / operations);
        }
    }

    fn at(&self, name: &str, size: u64) -> Option<f64> {
        self.nanos.get(&(name.to_owned(), size)).copied()
    }

    fn ratio(&self, name: &str) -> Option<f64> {
        Some(self.at(name, SIZES[2])? / self.at(name, SIZES[0])?)
    }

    /// Prints microseconds an operation.
    pub(crate) fn print(&self) {
        println!("\n{:<40}{:>12}{:>12}{:>12}{:>10}", "microseconds each, log of", "10k", "100k", "1M", "1M/10k");
        for name in &self.names {
            let cell = |size| self.at(name, size).map_or("-".to_owned(), |nanos| format!("{:.2}", nanos / 1e3));
            let ratio = self
                .ratio(name)
                .map_or("-".to_owned(), |ratio| format!("{ratio:.2}{}", if ratio > RATIO_MAX { " !" } else { "  " }));
            println!("{name:<40}{:>12}{:>12}{:>12}{ratio:>10}", cell(SIZES[0]), cell(SIZES[1]), cell(SIZES[2]));
        }
        println!("1M/10k is to be at most {RATIO_MAX}; ! marks what is above.");
        println!("\n{:<40}{:>12}{:>12}{:>12}", "blocks read each, log of", "10k", "100k", "1M");
        for name in &self.names {
            let blocks = |size| self.blocks.get(&(name.clone(), size));
            let cell = |size| blocks(size).map_or("-".to_owned(), |blocks| format!("{blocks:.2}"));
            println!("{name:<40}{:>12}{:>12}{:>12}", cell(SIZES[0]), cell(SIZES[1]), cell(SIZES[2]));
        }
    }

    /// Writes the same as JSON.
    pub(crate) fn write(&self, path: &Path) {
        let figure = |name: &String| {
            let nanos: BTreeMap<String, f64> =
                SIZES.iter().filter_map(|size| Some((size.to_string(), self.at(name, *size)?))).collect();
            json!({ "name": name, "nanoseconds": nanos, "ratio": self.ratio(name), "ratio_max": RATIO_MAX })
        };
        let figures: Vec<Value> = self.names.iter().map(figure).collect();
        fs::write(path, serde_json::to_vec_pretty(&figures).unwrap()).unwrap();
    }
}
