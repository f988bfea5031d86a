//! `operation generate`: drafts, not signed yet. Operations first, then the questions that are answered and not logged.

mod channel;
mod reads;
mod user;

use clap::Subcommand;

use crate::{
    context::Context,
    error::CliError,
    object::{Draft, Object},
    output::Output,
};

/// Subcommands of `operation generate`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// About users.
    #[command(subcommand)]
    User(User),
    /// About channels. CHANNEL is an id, or a name that one channel alone has.
    #[command(subcommand)]
    Channel(Channel),
}

/// Subcommands of `operation generate user`.
#[derive(Subcommand, Debug)]
pub enum User {
    /// Create a user, from a user object.
    Create(user::CreateArgs),
    /// Write fields of a user.
    Update(user::UpdateArgs),
    /// Ask for users, by id or all of them. A request: answered, not logged.
    Read(reads::UsersArgs),
    /// Ask for the keys of a user over time. A request: answered, not logged.
    Keys(reads::KeysArgs),
}

/// Subcommands of `operation generate channel`.
#[derive(Subcommand, Debug)]
pub enum Channel {
    /// Open a channel, from a channel object. Its key is made here, and leaves only wrapped for the members.
    Open(channel::OpenArgs),
    /// Add members, change their rights, remove them. When one who reads loses that, a new epoch follows.
    Members(channel::MembersArgs),
    /// Open a new epoch: a new key, wrapped for those who read.
    Epoch(channel::EpochArgs),
    /// Write a message. Its text is sealed to you until you sign it, and then to the members. A new epoch that
    /// is due goes first.
    Message(channel::MessageArgs),
    /// Close a channel for good.
    Close(channel::CloseArgs),
    /// Ask for a channel, its members and epochs. A request: answered, not logged.
    Read(reads::ChannelArgs),
    /// Ask for the channels that you may see. A request: answered, not logged.
    List(reads::ChannelsArgs),
    /// Ask for messages. A request: answered, not logged.
    Messages(reads::MessagesArgs),
    /// Ask for events from now on or from a cursor. A request: answered, not logged.
    Listen(reads::ListenArgs),
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    let drafts = match command {
        Command::User(User::Create(args)) => user::create(&args)?,
        Command::User(User::Update(args)) => vec![user::update(context, args).await?],
        Command::User(User::Read(args)) => vec![reads::users(context, args).await?],
        Command::User(User::Keys(args)) => vec![reads::keys(context, &args).await?],
        Command::Channel(Channel::Open(args)) => channel::open(context, &args).await?,
        Command::Channel(Channel::Members(args)) => channel::members(context, &args).await?,
        Command::Channel(Channel::Epoch(args)) => channel::epoch(context, &args).await?,
        Command::Channel(Channel::Message(args)) => channel::message(context, args).await?,
        Command::Channel(Channel::Close(args)) => vec![channel::close(context, &args).await?],
        Command::Channel(Channel::Read(args)) => vec![reads::channel(context, &args).await?],
        Command::Channel(Channel::List(args)) => vec![reads::channels(context, &args).await?],
        Command::Channel(Channel::Messages(args)) => vec![reads::messages(context, &args).await?],
        Command::Channel(Channel::Listen(args)) => vec![reads::listen(context, &args).await?],
    };
    let mut output = Output::to_stdout();
    for draft in drafts {
        output.json(&Object::Draft(draft))?;
    }
    output.flush()
}

/// An object of another type than a command takes.
fn other_type(wanted: &str, object: &Object) -> CliError {
    CliError::Usage(format!("{wanted} objects are needed, and this is of type '{}'", object.tag()))
}

/// Where an earlier answer ended, as it was printed.
fn cursor(text: Option<&str>) -> Result<bytes::Bytes, CliError> {
    let bytes = text.map_or(Some(Vec::new()), crate::hex::decode);
    Ok(bytes.ok_or_else(|| CliError::Usage("this is no cursor".to_owned()))?.into())
}

type Drafts = Vec<Draft>;
