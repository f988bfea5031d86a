//! Load for a node: users and a channel made for it, messages signed and sealed before they are sent, and what sending them took.
//!
//! ```text
//! stage -> (sign -> send)* -> clear
//! ```

mod measure;
mod send;
mod sign;
mod stage;

use std::{num::NonZero, time::Duration};

pub use measure::{Latency, Report, Second};

use crate::{client::Pipe, context::Context, error::CliError};
use measure::Measured;
use send::send;
use sign::sign_all;
use stage::Stage;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Messages of one round.
    pub messages: NonZero<usize>,
    /// Seconds of sending after which no further round begins; without it there is one round.
    pub seconds: Option<u64>,
    /// Users who write.
    pub authors: NonZero<usize>,
    /// Bytes of a text.
    pub size: NonZero<usize>,
    /// Connections.
    pub connections: NonZero<usize>,
    /// Transactions under way on each.
    pub in_flight: NonZero<usize>,
    /// Messages in each transaction.
    pub batch: NonZero<usize>,
    /// Transactions are sealed to the node.
    pub sealed: bool,
}

/// Runs it.
///
/// # Errors
/// [`CliError`] when the users or the channel cannot be made, or a connection breaks.
pub async fn run(context: &Context, load: &Load) -> Result<(Report, Vec<Second>), CliError> {
    let mut stage = Stage::set(context, load).await?;
    let mut pipes = connect(context, load).await?;
    let mut measured = Measured::new()?;
    let sent = rounds(context, load, &mut stage, &mut pipes, &mut measured).await;
    drop(pipes);
    // Also after a failure: what was made for this does not stay in use.
    stage.clear().await?;
    sent?;
    Ok(measured.report(context, load, stage.channel.to_string()))
}

async fn rounds(
    context: &Context,
    load: &Load,
    stage: &mut Stage,
    pipes: &mut [Pipe],
    measured: &mut Measured,
) -> Result<(), CliError> {
    loop {
        let parcels = sign_all(context, load, stage)?;
        send(load, parcels, pipes, measured).await?;
        if load.seconds.is_none_or(|seconds| measured.elapsed >= Duration::from_secs(seconds)) {
            return Ok(());
        }
    }
}

/// The connections, over the front ends in turn.
async fn connect(context: &Context, load: &Load) -> Result<Vec<Pipe>, CliError> {
    let mut pipes = Vec::with_capacity(load.connections.get());
    for via in context.vias.iter().cycle().take(load.connections.get()) {
        pipes.push(context.client(*via).await?.pipe().await?);
    }
    Ok(pipes)
}
