//! The table: a line for each figure, and a further one for each comparison after its first.

use comfy_table::{CellAlignment, Table, presets::NOTHING};

use super::{Figure, Goal};

const HEAD: [&str; 9] = ["", "", "value", "", "least to greatest", "beside", "", "ratio", "goal"];
/// Columns with numbers.
const RIGHT: [usize; 3] = [2, 6, 7];

/// The table of these figures.
pub(super) fn of(figures: &[Figure]) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(HEAD);
    let mut section = "";
    for figure in figures {
        let shown = if figure.section == section { "" } else { figure.section };
        section = figure.section;
        for line in lines(figure, shown) {
            table.add_row(line);
        }
    }
    for column in RIGHT {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn lines(figure: &Figure, section: &str) -> Vec<[String; 9]> {
    let sample = figure.sample;
    let spread = if sample.runs > 1 {
        format!("{} to {}", number(sample.least), number(sample.greatest))
    } else {
        String::new()
    };
    let own = figure.goal.map(|goal| judged(goal, figure.unit.word(), sample.median));
    let mut first: [String; 9] = Default::default();
    first[0] = section.to_owned();
    first[1].clone_from(&figure.name);
    first[2] = number(sample.median);
    first[3] = figure.unit.word().to_owned();
    first[4] = spread;
    let mut lines = vec![first];
    for comparison in &figure.comparisons {
        // A figure with a goal of its own has the first line for that.
        if own.is_some() || lines.last().is_some_and(|line| !line[5].is_empty()) {
            lines.push(Default::default());
        }
        let Some(line) = lines.last_mut() else { continue };
        line[5].clone_from(&comparison.with);
        line[6] = number(comparison.value);
        line[7] = format!("{:.2}", comparison.ratio);
        line[8] = comparison.goal.map(|goal| judged(goal, "", comparison.ratio)).unwrap_or_default();
    }
    if let (Some(own), Some(first)) = (own, lines.first_mut()) {
        first[8] = own;
    }
    lines
}

fn judged(goal: Goal, unit: &str, value: f64) -> String {
    format!("{}: {}", goal.words(unit), if goal.is_met(value) { "met" } else { "NOT MET" })
}

/// A number with three digits or all before the point, those in groups of three.
pub(super) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        below if below < 0.995 => 3,
        below if below < 9.995 => 2,
        below if below < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = sign.to_owned();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match fraction.map(|fraction| fraction.trim_end_matches('0')).filter(|fraction| !fraction.is_empty()) {
        Some(fraction) => format!("{grouped}.{fraction}"),
        None => grouped,
    }
}
