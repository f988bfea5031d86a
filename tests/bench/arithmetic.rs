//! Percentiles, medians, ratios and goals, and how they are shown.

use serde_json::{Value, json};

use crate::bench_figures::{Figure, Goal, Report, Run, Sample, Unit, percentile};

fn run() -> Run {
    Run { operations: 10_000, cores: 2, processor: "some".to_owned(), sections: vec!["ingest"], seconds: 1.5 }
}

/// A figure that meets one of its goals and misses two.
fn figure() -> Figure {
    Figure::new("ingest", "gRPC", Unit::PerSecond, Sample::of(&[30_000.0, 36_000.0, 33_000.0]))
        .held_to(Goal::AtLeast(40_000.0))
        .beside("the floor", Some(60_000.0), Some(Goal::AtLeast(0.6)))
        .beside("verification", Some(132_000.0), None)
        .beside("the smallest log", Some(30_000.0), Some(Goal::AtLeast(0.9)))
}

fn report() -> Report {
    let mut report = Report::default();
    report.add(figure());
    report.add(Figure::once("latency", "p50", Unit::Milliseconds, 0.5).held_to(Goal::AtMost(0.6)));
    report.add(Figure::once("computing", "node", Unit::MicrosecondsEach, 25.26));
    report.add(Figure::once("start-up", "memory", Unit::Mebibytes, 301.4).held_to(Goal::AtMost(300.0)));
    report.add(Figure::once("start-up", "disk", Unit::BytesPerByte, 1.404));
    report.add(Figure::new("start-up", "ready", Unit::Seconds, Sample::of(&[1.0, 0.51])).held_to(Goal::AtMost(1.0)));
    report
}

#[test]
fn a_percentile_is_the_least_value_that_so_many_do_not_exceed() {
    let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
    assert_eq!([0.5, 0.99, 0.999, 1.0].map(|share| percentile(&hundred, share)), [50.0, 99.0, 100.0, 100.0]);
    assert_eq!([0.01, 0.5, 0.99].map(|share| percentile(&[7.0], share)), [7.0; 3]);
    assert_eq!([0.0, 0.5, 0.51, 0.99].map(|share| percentile(&[1.0, 2.0], share)), [1.0, 1.0, 2.0, 2.0]);
    assert_eq!(percentile(&[], 0.5), 0.0);
}

#[test]
fn a_sample_is_its_median_and_its_extremes() {
    let three = Sample::of(&[3.0, 1.0, 2.0]);
    assert_eq!((three.median, three.least, three.greatest, three.runs), (2.0, 1.0, 3.0, 3));
    let four = Sample::of(&[4.0, 1.0, 2.0, 9.0]);
    assert_eq!((four.median, four.least, four.greatest, four.runs), (3.0, 1.0, 9.0, 4));
    let none = Sample::of(&[]);
    assert_eq!((none.median, none.least, none.greatest, none.runs), (0.0, 0.0, 0.0, 0));
}

#[test]
fn a_goal_is_met_at_its_bound_and_on_one_side_of_it() {
    assert_eq!([0.59, 0.6, 0.61].map(|ratio| Goal::AtLeast(0.6).is_met(ratio)), [false, true, true]);
    assert_eq!([0.59, 0.6, 0.61].map(|time| Goal::AtMost(0.6).is_met(time)), [true, true, false]);
}

#[test]
fn a_ratio_is_the_median_divided_by_what_stands_beside_it() {
    let ratios: Vec<f64> = figure().comparisons.iter().map(|comparison| comparison.ratio).collect();
    assert_eq!(ratios, [0.55, 0.25, 1.1]);
}

#[test]
fn nothing_is_compared_with_what_was_not_measured() {
    let alone = Figure::once("late", "x", Unit::PerSecond, 1.0);
    let alone = alone.beside("nothing", None, Some(Goal::AtLeast(1.0))).beside("zero", Some(0.0), None);
    assert!(alone.comparisons.is_empty());
    assert!(alone.missed().is_empty());
}

#[test]
fn the_table_lines_up_and_says_which_goals_are_not_met() {
    insta::assert_snapshot!(report().table(), @r"
                         value           least to greatest  beside                     ratio  goal
     ingest     gRPC    33,000  /s       30,000 to 36,000                                     >= 40,000 /s: NOT MET
                                                            the floor          60,000   0.55  >= 0.6: NOT MET
                                                            verification      132,000   0.25
                                                            the smallest log   30,000   1.10  >= 0.9: met
     latency    p50        0.5  ms                                                            <= 0.6 ms: met
     computing  node      25.3  us each
     start-up   memory     301  MiB                                                           <= 300 MiB: NOT MET
                disk       1.4  B/B
                ready    0.755  s        0.51 to 1                                            <= 1 s: met

    3 of 6 goals are met.
    not met: ingest: gRPC: >= 40,000 /s
    not met: ingest: gRPC: >= 0.6 of the floor
    not met: start-up: memory: <= 300 MiB
    ");
}

#[test]
fn figures_of_one_section_stand_together() {
    let mut report = report();
    report.add(Figure::once("ingest", "websocket", Unit::PerSecond, 1.0));
    report.add(Figure::once("ingest", "frames", Unit::Bytes, 1.0));
    report.sort();
    let order: Vec<&str> = report.figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(order, ["gRPC", "websocket", "frames", "p50", "node", "memory", "disk", "ready"]);
    assert_eq!((report.value("latency", "p50"), report.value("ingest", "p50")), (Some(0.5), None));
}

#[test]
fn the_report_says_the_same_to_programs() {
    let all = report().json(&run());
    assert_eq!(
        [&all["operations"], &all["cores"], &all["processor"], &all["sections"], &all["seconds"]],
        [&json!(10_000), &json!(2), &json!("some"), &json!(["ingest"]), &json!(1.5)]
    );
    let expected: Value = json!({
        "section": "ingest", "name": "gRPC", "unit": "/s",
        "value": 33_000.0, "least": 30_000.0, "greatest": 36_000.0, "runs": 3,
        "goal": { "at_least": 40_000.0, "met": false },
        "beside": [
            { "with": "the floor", "value": 60_000.0, "ratio": 0.55, "goal": { "at_least": 0.6, "met": false } },
            { "with": "verification", "value": 132_000.0, "ratio": 0.25, "goal": null },
            { "with": "the smallest log", "value": 30_000.0, "ratio": 1.1, "goal": { "at_least": 0.9, "met": true } },
        ],
    });
    assert_eq!(all["figures"][0], expected);
    assert_eq!(all["figures"][1]["goal"], json!({ "at_most": 0.6, "met": true }));
}
