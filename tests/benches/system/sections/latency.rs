//! Latency: one operation in flight on an idle node, from before it is sent until it is acknowledged.

use std::time::Instant;

use anyhow::Result;

use crate::{
    bench::Bench,
    clients::{Pipe, Via},
    figures::{Figure, Goal, Unit, percentile},
    frames::Frame,
    limits::Limit,
    people::{Kind, Pen},
    process::Node,
    progress::say,
};

/// What `BENCH_ONLY` calls it.
pub(super) const SECTION: &str = "latency";
/// Operations that are measured, and those before them that are not.
const MEASURED: usize = 3_000;
const WARM_UP: usize = 300;
/// Milliseconds.
const P50: Goal = Goal::AtMost(0.6);
const P99: Goal = Goal::AtMost(2.0);

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let node = bench.new_node(Kind::OneChannel)?;
    for via in Via::ALL {
        for sealed in [false, true] {
            let name = format!("{}, {}, one in flight", via.word(), if sealed { "sealed" } else { "unsealed" });
            say(&format!("latency: {name}"));
            let times = times(bench, &node, via, sealed)?;
            for (share, word, goal, limit) in
                [(0.5, "p50", P50, Limit::SyncMedian), (0.99, "p99", P99, Limit::SyncHigh)]
            {
                let sync = bench.limit(limit)?;
                let figure =
                    Figure::once(SECTION, format!("{name}, {word}"), Unit::Milliseconds, percentile(&times, share));
                let figure = if sealed { figure } else { figure.held_to(goal) };
                bench.report.add(figure.beside("append and fsync", Some(sync), None));
            }
        }
    }
    Ok(())
}

/// Milliseconds, ascending.
fn times(bench: &mut Bench, node: &Node, via: Via, sealed: bool) -> Result<Vec<f64>> {
    let set = bench.set(Kind::OneChannel)?;
    let people = bench.people.clone();
    let (warm_up, measured) = (bench.settings.part_of(WARM_UP), bench.settings.part_of(MEASURED));
    let mut pen = Pen::new(&people, &set.rooms[0]);
    bench.runtime.block_on(async {
        let mut pipe = Pipe::open(node, via).await?;
        let mut times = Vec::with_capacity(measured);
        for number in 0..warm_up + measured {
            let frame = Frame::single(u64::try_from(number)?, pen.now()?, sealed.then_some(node.recipient))?;
            let began = Instant::now();
            pipe.submit(&frame).await?;
            if number >= warm_up {
                times.push(began.elapsed().as_secs_f64() * 1e3);
            }
        }
        times.sort_by(f64::total_cmp);
        Ok(times)
    })
}
