//! Fan-out: from before a message is sent until a subscriber has it, for every subscriber, each on a connection of its own.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use dmpc::ChannelId;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

use crate::{
    bench::Bench,
    clients::{Pipe, Subscriber, Via},
    computing::Computed,
    figures::{Figure, Goal, Unit, percentile},
    frames::Frame,
    limits::Limit,
    people::{AUTHORS, Kind, Pen, People},
    process::Node,
    progress::say,
};

/// What `BENCH_ONLY` calls it.
pub(super) const SECTION: &str = "fan-out";
/// Messages that are measured, and those before them that are not.
const MEASURED: usize = 200;
const WARM_UP: usize = 20;
/// Messages a second at most, and deliveries a second.
const MESSAGES_PER_SECOND: usize = 50;
const DELIVERIES_PER_SECOND: usize = 5_000;
/// Subscribers that the goals are for, and milliseconds.
const HELD: usize = 100;
const P50: Goal = Goal::AtMost(1.5);
const P99: Goal = Goal::AtMost(4.0);

pub(super) fn run(bench: &mut Bench) -> Result<()> {
    let sync = bench.limit(Limit::SyncMedian)?;
    let set = bench.set(Kind::OneChannel)?;
    let people = bench.people.clone();
    for via in Via::ALL {
        for subscribers in bench.settings.subscribers() {
            // A fresh node: a channel without the messages of other runs.
            let node = bench.new_node(Kind::OneChannel)?;
            let plural = if subscribers == 1 { "" } else { "s" };
            let name = format!("{}, {subscribers} subscriber{plural}", via.word());
            say(&format!("fan-out: {name}"));
            let mut pen = Pen::new(&people, &set.rooms[0]);
            let counts = (bench.settings.part_of(WARM_UP), bench.settings.part_of(MEASURED));
            let delivered = deliver(&people, &node, via, subscribers, (set.rooms[0].id, &mut pen), counts);
            let (times, computed) = bench.runtime.block_on(delivered)?;
            for (share, word, goal) in [(0.5, "p50", P50), (0.99, "p99", P99)] {
                let value = percentile(&times, share);
                let figure = Figure::once(SECTION, format!("{name}, {word}"), Unit::Milliseconds, value);
                let figure = if subscribers == HELD { figure.held_to(goal) } else { figure };
                bench.report.add(figure.beside("append and fsync, p50", Some(sync), None));
            }
            let (warm_up, measured) = counts;
            let figures =
                Computed::figures(&[computed], subscribers * (warm_up + measured), &format!("{name}, a delivery"));
            figures.into_iter().for_each(|figure| bench.report.add(figure));
        }
    }
    Ok(())
}

/// Milliseconds of every delivery, ascending, and what was computed for all of them.
async fn deliver(
    people: &People,
    node: &Node,
    via: Via,
    subscribers: usize,
    (channel, pen): (ChannelId, &mut Pen<'_>),
    (warm_up, measured): (usize, usize),
) -> Result<(Vec<f64>, Computed)> {
    let messages = warm_up + measured;
    let mut tasks = JoinSet::new();
    for number in 0..subscribers {
        let subscriber = Subscriber::new(node, via, &people.authors[number % AUTHORS], channel).await?;
        tasks.spawn(received(subscriber, messages));
    }
    let before = Computed::now(node)?;
    let mut pipe = Pipe::open(node, via).await?;
    let per_second = MESSAGES_PER_SECOND.min(DELIVERIES_PER_SECOND.div_ceil(subscribers)).max(1);
    let mut ticks = interval(Duration::from_secs(1) / u32::try_from(per_second)?);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sent = Vec::with_capacity(messages);
    for number in 0..messages {
        ticks.tick().await;
        let frame = Frame::single(u64::try_from(number)?, pen.now()?, None)?;
        sent.push(Instant::now());
        pipe.submit(&frame).await?;
    }
    let mut times = Vec::with_capacity(subscribers * measured);
    while let Some(received) = tasks.join_next().await {
        let received = received.context("a subscriber panicked")??;
        ensure!(received.len() == messages, "{} of {messages} messages were delivered", received.len());
        let took = sent.iter().zip(received).skip(warm_up);
        times.extend(took.map(|(sent, received)| (received - *sent).as_secs_f64() * 1e3));
    }
    times.sort_by(f64::total_cmp);
    Ok((times, Computed::now(node)?.since(&before)))
}

/// When each of so many messages came, in their order: one writes, so the order is that of sending.
async fn received(mut subscriber: Subscriber, messages: usize) -> Result<Vec<Instant>> {
    let mut received = Vec::with_capacity(messages);
    while received.len() < messages {
        let count = subscriber.messages().await?;
        received.resize(received.len() + count, Instant::now());
    }
    Ok(received)
}
