//! `bench`: loads a node with messages that were signed before, and measures.

use std::{fs, num::NonZero, path::PathBuf};

use crate::{
    bench::{self, Load, Report, Second},
    context::Context,
    error::{CliError, Exit},
    examples,
    output::Output,
};

/// Arguments of `bench`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli bench",
    "dmpc-cli --via ws bench --authors 64 --connections 4 --in-flight 256 --count 100000",
    "dmpc-cli bench --duration 30 --size 1000 --unsealed --csv load.csv --json",
])]
pub struct Args {
    /// Messages of one round; they are signed and sealed before it begins.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Go on with further rounds until sending took so many seconds. What is signed in between does not count.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    duration: Option<u32>,
    /// Users who write, in turn.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    authors: u32,
    /// Bytes of the text of a message.
    #[arg(long, value_name = "BYTES", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=400_000))]
    size: u32,
    /// Connections that send.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    connections: u32,
    /// Transactions under way on each connection.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4_096))]
    in_flight: u32,
    /// Messages in each transaction.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    batch: u32,
    /// Do not seal transactions to the node. Nodes take that on loopback alone. Messages are sealed in either case.
    #[arg(long)]
    unsealed: bool,
    /// Write a line for each second to a file: messages, rate, percentiles of latency.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]; when a message had no effect, after the report.
pub async fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let number = |number: u32| usize::try_from(number).ok().and_then(NonZero::new).unwrap_or(NonZero::<usize>::MIN);
    let load = Load {
        messages: number(args.count),
        seconds: args.duration.map(u64::from),
        authors: number(args.authors),
        size: number(args.size),
        connections: number(args.connections),
        in_flight: number(args.in_flight),
        batch: number(args.batch),
        sealed: !args.unsealed,
    };
    // Whether it can be written is known before anything is measured.
    if let Some(path) = &args.csv {
        fs::write(path, "").map_err(CliError::file(path))?;
    }
    let (report, seconds) = bench::run(context, &load).await?;
    if let Some(path) = &args.csv {
        fs::write(path, csv(&seconds)).map_err(CliError::file(path))?;
    }
    let mut output = Output::to_stdout();
    if context.json {
        output.json(&report)?;
    } else {
        print(&mut output, &report)?;
    }
    output.flush()?;
    match &report.first_failure {
        None => Ok(()),
        Some(first) => Err(CliError::command(
            Exit::Failed,
            std::io::Error::other(format!(
                "{} of {} messages had no effect: {first}",
                report.failed(),
                report.messages
            )),
            None,
        )),
    }
}

fn csv(seconds: &[Second]) -> String {
    let mut text = "second,messages,p50_ms,p90_ms,p99_ms,max_ms\n".to_owned();
    for (number, Second { messages, latency }) in (1..).zip(seconds) {
        let [p50, p90, p99, _, max] = latency.all();
        text.push_str(&format!("{number},{messages},{p50:.3},{p90:.3},{p99:.3},{max:.3}\n"));
    }
    text
}

fn print(output: &mut Output, report: &Report) -> Result<(), CliError> {
    let [p50, p90, p99, p999, max] = report.latency_ms.all();
    let seal = if report.sealed { "sealed" } else { "not sealed" };
    let lines = [
        ("load", format!("{} authors, {} bytes, {} connections", report.authors, report.size, report.connections)),
        ("", format!("{} transactions of {} in flight, {seal}, over {}", report.in_flight, report.batch, report.via)),
        ("messages", format!("{} in {:.3} s", report.messages, report.seconds)),
        ("rate", format!("{:.0} messages/s", report.messages_per_second)),
        ("latency ms", format!("p50 {p50:.3}  p90 {p90:.3}  p99 {p99:.3}  p99.9 {p999:.3}  max {max:.3}")),
        (
            "outcomes",
            report.outcomes.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", "),
        ),
        ("channel", report.channel.clone()),
    ];
    lines.into_iter().try_for_each(|(name, value)| output.line(format_args!("{name:<11} {value}")))
}
