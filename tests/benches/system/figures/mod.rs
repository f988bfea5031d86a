//! What was measured, beside the limits of the machine and the goals of the project. Pure: no clock, no file, no process.

mod goal;
mod report;
mod statistics;
mod table;

pub(crate) use goal::Goal;
pub(crate) use report::{Report, Run};
pub(crate) use statistics::{Sample, percentile};

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Operations, signatures or writes in a second.
    PerSecond,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds of computing for each operation, over all cores.
    MicrosecondsEach,
    /// Seconds.
    Seconds,
    /// MiB, of 1,048,576 bytes.
    Mebibytes,
    /// Bytes.
    Bytes,
    /// Bytes for each byte of the operations.
    BytesPerByte,
}

impl Unit {
    /// How it is printed.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::PerSecond => "/s",
            Self::Milliseconds => "ms",
            Self::MicrosecondsEach => "us each",
            Self::Seconds => "s",
            Self::Mebibytes => "MiB",
            Self::Bytes => "B",
            Self::BytesPerByte => "B/B",
        }
    }
}

/// A figure beside another one of the same unit and the same run.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    /// What it is compared with.
    pub(crate) with: String,
    /// The other's value.
    pub(crate) value: f64,
    /// The figure divided by the other.
    pub(crate) ratio: f64,
    /// What the ratio is to be.
    pub(crate) goal: Option<Goal>,
}

/// Something that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// The section that measured it.
    pub(crate) section: &'static str,
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) sample: Sample,
    /// What the value is to be.
    pub(crate) goal: Option<Goal>,
    pub(crate) comparisons: Vec<Comparison>,
}

impl Figure {
    /// A figure of a section, measured so often.
    pub(crate) fn new(section: &'static str, name: impl Into<String>, unit: Unit, sample: Sample) -> Self {
        Self { section, name: name.into(), unit, sample, goal: None, comparisons: Vec::new() }
    }

    /// The same, measured once.
    pub(crate) fn once(section: &'static str, name: impl Into<String>, unit: Unit, value: f64) -> Self {
        Self::new(section, name, unit, Sample::of(&[value]))
    }

    /// What its value is to be.
    pub(crate) fn held_to(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Compares it with another value of this run, if there is one.
    pub(crate) fn beside(mut self, with: &str, value: Option<f64>, goal: Option<Goal>) -> Self {
        if let Some(value) = value.filter(|value| *value > 0.0) {
            let ratio = self.sample.median / value;
            self.comparisons.push(Comparison { with: with.to_owned(), value, ratio, goal });
        }
        self
    }

    /// Every goal of it that is not met, as a word for each.
    pub(crate) fn missed(&self) -> Vec<String> {
        let own = self.goal.filter(|goal| !goal.is_met(self.sample.median)).map(|goal| goal.words(self.unit.word()));
        let others = self.comparisons.iter().filter_map(|comparison| {
            let goal = comparison.goal.filter(|goal| !goal.is_met(comparison.ratio))?;
            Some(format!("{} of {}", goal.words(""), comparison.with))
        });
        own.into_iter().chain(others).collect()
    }
}
