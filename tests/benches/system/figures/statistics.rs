//! Medians, spreads and percentiles.

/// The same thing, measured some times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// The value in the middle; of an even number, between the two in the middle.
    pub(crate) median: f64,
    /// The least.
    pub(crate) least: f64,
    /// The greatest.
    pub(crate) greatest: f64,
    /// How often it was measured.
    pub(crate) runs: usize,
}

impl Sample {
    /// What these values are together. Nothing was measured: all is 0.
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = match (values.len().is_multiple_of(2), values.get(middle)) {
            (_, None) => 0.0,
            (false, Some(value)) => *value,
            (true, Some(upper)) => (values[middle - 1] + upper) / 2.0,
        };
        let (least, greatest) = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0));
        Self { median, least, greatest, runs: values.len() }
    }
}

/// The least value that at least this share of all values do not exceed (nearest rank); `values` ascend. 0 when there is none.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let rank = (share * values.len() as f64).ceil() as usize;
    values.get(rank.clamp(1, values.len().max(1)) - 1).copied().unwrap_or(0.0)
}
