//! The table of docs/VECTORS.md: what becomes of every public vector, as counted in this run.

use std::{collections::BTreeMap, fs, path::Path};

use super::{age_vectors, edwards_vectors, json_vectors, wycheproof};

/// What became of a suite.
#[derive(Debug)]
pub(super) struct Row {
    suite: &'static str,
    /// Vectors that are accepted: verified, opened, parsed or computed.
    pub(super) accepted: usize,
    /// Vectors that are refused, as the suite wants or allows.
    pub(super) refused: usize,
    /// Vectors that the suite would let pass and a rule of the protocol refuses, by the rule's reason.
    by_rule: BTreeMap<&'static str, usize>,
}

impl Row {
    pub(super) fn new(suite: &'static str) -> Self {
        Self { suite, accepted: 0, refused: 0, by_rule: BTreeMap::new() }
    }

    pub(super) fn refused_by_rule(&mut self, reason: &'static str) {
        *self.by_rule.entry(reason).or_default() += 1;
    }

    /// As a line of the table.
    fn line(&self) -> String {
        let ours: usize = self.by_rule.values().sum();
        let rules: Vec<String> = self.by_rule.iter().map(|(reason, count)| format!("`{reason}` {count}")).collect();
        let rules = if rules.is_empty() { "none".to_owned() } else { rules.join(", ") };
        let all = self.accepted + self.refused + ours;
        format!("| {} | {all} | {} | {} | {ours} | {rules} |", self.suite, self.accepted, self.refused)
    }
}

/// The same with one space where there are several.
fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_table_of_the_documentation_is_that_of_this_run() {
    let rows = [
        age_vectors::row(),
        edwards_vectors::cctv_row(),
        edwards_vectors::wycheproof_row(),
        wycheproof::x25519_row(),
        wycheproof::xchacha_row(),
        wycheproof::chacha_row(),
        wycheproof::hkdf_row(),
        json_vectors::row(),
    ];
    let Some(rows) = rows.into_iter().collect::<Option<Vec<Row>>>() else { return };
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/VECTORS.md");
    let page = fs::read_to_string(page).unwrap();
    let heading = "| suite | vectors | accepted | refused | refused by a rule | rules |";
    let table = page.lines().map(squeezed).skip_while(|line| line != heading).skip(2);
    let table: Vec<String> = table.take_while(|line| !line.is_empty()).collect();
    assert_eq!(table, rows.iter().map(Row::line).collect::<Vec<_>>());
}
