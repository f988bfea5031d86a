//! All figures of a run: as a table for people, as JSON for programs.

use serde_json::{Value, json};

use super::{Comparison, Figure, Goal, table};

/// What the run was.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Messages of the largest log.
    pub(crate) operations: usize,
    /// Processors that the system has.
    pub(crate) cores: usize,
    /// What the processor calls itself.
    pub(crate) processor: String,
    /// The names of the sections that ran.
    pub(crate) sections: Vec<&'static str>,
    /// What all of it took.
    pub(crate) seconds: f64,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) figures: Vec<Figure>,
}

impl Report {
    /// Takes a figure.
    pub(crate) fn add(&mut self, figure: Figure) {
        self.figures.push(figure);
    }

    /// The value of a figure that was taken before.
    pub(crate) fn value(&self, section: &str, name: &str) -> Option<f64> {
        let found = self.figures.iter().find(|figure| figure.section == section && figure.name == name);
        found.map(|figure| figure.sample.median)
    }

    /// Brings figures of one section together, the sections in the order in which each was first measured.
    pub(crate) fn sort(&mut self) {
        let mut sections: Vec<&'static str> = Vec::new();
        for figure in &self.figures {
            if !sections.contains(&figure.section) {
                sections.push(figure.section);
            }
        }
        self.figures.sort_by_key(|figure| sections.iter().position(|section| *section == figure.section));
    }

    /// The table, and below it which goals are not met.
    pub(crate) fn table(&self) -> String {
        let mut text = table::of(&self.figures);
        let goals: usize = self.figures.iter().map(goals).sum();
        let missed: Vec<(&Figure, String)> = self
            .figures
            .iter()
            .flat_map(|figure| figure.missed().into_iter().map(move |goal| (figure, goal)))
            .collect();
        text.push_str(&format!("\n\n{} of {goals} goals are met.\n", goals - missed.len()));
        for (figure, goal) in missed {
            text.push_str(&format!("not met: {}: {}: {goal}\n", figure.section, figure.name));
        }
        text
    }

    /// The same for programs.
    pub(crate) fn json(&self, run: &Run) -> Value {
        json!({
            "operations": run.operations,
            "cores": run.cores,
            "processor": run.processor,
            "sections": run.sections,
            "seconds": run.seconds,
            "figures": self.figures.iter().map(figure).collect::<Vec<_>>(),
        })
    }
}

fn goals(figure: &Figure) -> usize {
    let of_ratios = figure.comparisons.iter().filter(|comparison| comparison.goal.is_some()).count();
    of_ratios + usize::from(figure.goal.is_some())
}

fn figure(figure: &Figure) -> Value {
    json!({
        "section": figure.section,
        "name": figure.name,
        "unit": figure.unit.word(),
        "value": figure.sample.median,
        "least": figure.sample.least,
        "greatest": figure.sample.greatest,
        "runs": figure.sample.runs,
        "goal": figure.goal.map(|found| goal(found, figure.sample.median)),
        "beside": figure.comparisons.iter().map(comparison).collect::<Vec<_>>(),
    })
}

fn comparison(of: &Comparison) -> Value {
    json!({ "with": of.with, "value": of.value, "ratio": of.ratio, "goal": of.goal.map(|found| goal(found, of.ratio)) })
}

fn goal(goal: Goal, value: f64) -> Value {
    let side = match goal {
        Goal::AtLeast(_) => "at_least",
        Goal::AtMost(_) => "at_most",
    };
    json!({ side: goal.bound(), "met": goal.is_met(value) })
}
