//! `transaction run`: gives transactions to the node and prints what it says, one object on each line. Whoever runs one need
//! not be who signed or sealed it; what is sealed to somebody else is printed sealed.

use dmpc::{keys::DecryptionKey, v1};

use super::answer::{self, Printed};
use crate::{
    answer::unseal,
    client::{Client, Pipe},
    context::Context,
    error::CliError,
    examples,
    object::{AckObject, Call, Object, Source, TransactionObject, read_all},
    output::{Output, note},
    writer::judge,
};

/// Arguments of `transaction run`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli transaction run transaction",
    "dmpc-cli transaction run --until-caught-up question",
])]
pub struct Args {
    /// End a subscription when everything that is stored has come.
    #[arg(long)]
    until_caught_up: bool,
    /// Transactions, one on each line. Each may be run at several nodes, several times.
    #[arg(value_name = "FILE", default_value = "-")]
    file: Source,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]: the first thing that went wrong, after everything was run.
pub(super) async fn run(context: &Context, args: &Args) -> Result<(), CliError> {
    let objects = read_all(&args.file)?;
    let transactions = objects.into_iter().map(|object| match object {
        Object::Transaction(transaction) => Ok(transaction),
        other => Err(CliError::Usage(format!("transactions are run, and this is of type '{}'", other.tag()))),
    });
    let transactions = transactions.collect::<Result<Vec<_>, _>>()?;
    // Opens answers that are sealed to it. Without one, they are printed as they come.
    let key = if context.identity.is_some() { Some(context.identity()?.encryption) } else { None };
    let mut runner = Runner {
        client: context.client(context.via).await?,
        pipe: None,
        key,
        last_client_id: 0,
        output: Output::to_stdout(),
    };
    let mut first = Ok(());
    for transaction in transactions {
        let ran = match transaction.call {
            Call::Submit => runner.submit(transaction).await,
            Call::Subscribe => runner.subscribe(transaction, args.until_caught_up).await,
            Call::ReadUsers | Call::ReadChannel | Call::ListChannels | Call::ReadMessages | Call::ReadKeys => {
                runner.read(transaction).await
            }
        };
        runner.output.flush()?;
        match ran {
            Err(error @ (CliError::Disconnected(_) | CliError::BrokenPipe | CliError::Stdout(_))) => return Err(error),
            Err(error) => {
                if first.is_ok() {
                    first = Err(error);
                } else {
                    note(format_args!("note: another transaction failed: {error}"));
                }
            }
            Ok(()) => {}
        }
    }
    first
}

struct Runner {
    client: Client,
    /// Opened by the first submission.
    pipe: Option<Pipe>,
    key: Option<DecryptionKey>,
    last_client_id: u64,
    output: Output,
}

impl Runner {
    async fn submit(&mut self, transaction: TransactionObject) -> Result<(), CliError> {
        self.last_client_id += 1;
        let client_id = self.last_client_id;
        let pipe = match &mut self.pipe {
            Some(pipe) => pipe,
            None => self.pipe.insert(self.client.pipe().await?),
        };
        let item = v1::Item { client_id, transaction: transaction.bytes };
        // When the other side is gone, the acks say why.
        drop(pipe.batches.send(v1::SubmitBatch { items: vec![item] }).await);
        loop {
            let batch = pipe.acks.recv().await;
            let batch = batch.ok_or_else(|| CliError::Disconnected("the node ended the stream".to_owned()))??;
            for ack in batch.acks.into_iter().filter(|ack| ack.client_id == client_id) {
                let ack = open(ack, self.key.as_ref());
                let ended = matches!(ack.state(), v1::TicketState::Success | v1::TicketState::Failed);
                self.output.json(&Object::Ack(AckObject(ack.clone())))?;
                self.output.flush()?;
                if ended {
                    return conclude(&ack);
                }
            }
        }
    }

    async fn read(&mut self, transaction: TransactionObject) -> Result<(), CliError> {
        let (bytes, key) = (transaction.bytes, self.key.as_ref());
        match transaction.call {
            Call::ReadUsers => answer::print(&mut self.output, self.client.users(bytes).await?, key),
            Call::ReadChannel => answer::print(&mut self.output, self.client.channel(bytes).await?, key),
            Call::ListChannels => answer::print(&mut self.output, self.client.channels(bytes).await?, key),
            Call::ReadMessages => answer::print(&mut self.output, self.client.messages(bytes).await?, key),
            Call::ReadKeys => answer::print(&mut self.output, self.client.keys(bytes).await?, key),
            Call::Submit | Call::Subscribe => Err(CliError::Usage("this is no question with one answer".to_owned())),
        }
    }

    async fn subscribe(&mut self, transaction: TransactionObject, until_caught_up: bool) -> Result<(), CliError> {
        let mut events = self.client.subscribe(transaction.bytes).await?;
        loop {
            let batch = tokio::select! {
                batch = events.recv() => batch,
                interrupted = tokio::signal::ctrl_c() => return interrupted.map_err(CliError::file("the signal handler")),
            };
            let batch = batch.ok_or_else(|| CliError::Disconnected("the node ended the subscription".to_owned()))??;
            let batch = answer::open(batch, self.key.as_ref());
            if until_caught_up && batch.is_sealed() {
                return Err(CliError::Denied("the events are sealed to another than --identity".to_owned()));
            }
            let caught_up = batch.events.iter().any(|event| event.kind() == v1::EventKind::CaughtUp);
            answer::print_open(&mut self.output, &batch)?;
            self.output.flush()?;
            if caught_up && until_caught_up {
                return Ok(());
            }
        }
    }
}

/// An acknowledgement as it was before it was sealed, if it was sealed to this key and is about the same transaction.
pub(super) fn open(ack: v1::Ack, key: Option<&DecryptionKey>) -> v1::Ack {
    let Some(key) = key.filter(|_| !ack.sealed.is_empty()) else { return ack };
    match unseal(ack.clone(), key) {
        Ok(inside) if (inside.client_id, inside.state) == (ack.client_id, ack.state) => inside,
        Ok(_) => {
            note("note: an acknowledgement holds another one under its seal; it is not believed");
            ack
        }
        // Sealed to somebody else.
        Err(_) => ack,
    }
}

/// Success, or the first thing that went wrong.
fn conclude(ack: &v1::Ack) -> Result<(), CliError> {
    ack.outcomes.iter().try_for_each(|outcome| judge(outcome).map(drop))?;
    match &ack.error {
        Some(error) => Err(CliError::Node { reason: error.reason.clone(), detail: error.detail.clone() }),
        None if ack.state() == v1::TicketState::Failed => Err(CliError::Node {
            reason: "sealed".to_owned(),
            detail: "why, is sealed to another than --identity".to_owned(),
        }),
        None => Ok(()),
    }
}
