//! Drafts of requests: questions to one node, which answers whoever brings them.

use dmpc::request::Query;

use super::cursor;
use crate::{
    context::Context, error::CliError, examples, naming::Users, naming::resolve, object::Draft, session::Session,
};

/// Where a page begins, and how long it is.
#[derive(clap::Args, Debug)]
pub(super) struct Page {
    /// Go on where an earlier answer ended.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// At most so many; 0 for the node's page size.
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: u32,
}

/// Arguments of `operation generate user read`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli operation generate user read",
    "dmpc-cli operation generate user read alice bob",
])]
pub struct UsersArgs {
    /// Users, by id or by a name that one alone has; none means all.
    users: Vec<String>,
    #[command(flatten)]
    page: Page,
}

/// Arguments of `operation generate channel read`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli operation generate channel read garden"])]
pub struct ChannelArgs {
    /// The channel.
    channel: String,
    #[command(flatten)]
    page: Page,
}

/// Arguments of `operation generate user keys`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli operation generate user keys bob"])]
pub struct KeysArgs {
    /// The user: an id, or a name that it alone has.
    user: String,
    #[command(flatten)]
    page: Page,
}

/// Arguments of `operation generate channel list`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli operation generate channel list"])]
pub struct ChannelsArgs {
    #[command(flatten)]
    page: Page,
}

/// Arguments of `operation generate channel messages`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli operation generate channel messages garden --backward --limit 10"])]
pub struct MessagesArgs {
    /// The channel.
    channel: String,
    /// From the latest to the first.
    #[arg(long)]
    backward: bool,
    #[command(flatten)]
    page: Page,
}

/// Arguments of `operation generate channel listen`.
#[derive(clap::Args, Debug)]
#[command(before_help = examples!["dmpc-cli operation generate channel listen garden --from-now"])]
pub struct ListenArgs {
    /// The channel.
    channel: String,
    /// Start at the present, not at the beginning.
    #[arg(long, conflicts_with = "after")]
    from_now: bool,
    /// Go on after the event with this cursor.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

pub(super) async fn users(context: &Context, args: UsersArgs) -> Result<Draft, CliError> {
    let users = Users::new(context).resolve_all(&args.users).await?;
    let query = Query::Users { users, cursor: cursor(args.page.after.as_deref())?, limit: args.page.limit };
    Ok(Draft::Request { node: Session::open(context).await?.node, query })
}

pub(super) async fn channel(context: &Context, args: &ChannelArgs) -> Result<Draft, CliError> {
    let mut session = Session::open(context).await?;
    let query = Query::Channel {
        channel: resolve(context, &mut session, &args.channel).await?,
        cursor: cursor(args.page.after.as_deref())?,
        limit: args.page.limit,
    };
    Ok(Draft::Request { node: session.node, query })
}

pub(super) async fn keys(context: &Context, args: &KeysArgs) -> Result<Draft, CliError> {
    let user = Users::new(context).resolve(&args.user).await?;
    let query = Query::Keys { user, key: None, cursor: cursor(args.page.after.as_deref())?, limit: args.page.limit };
    Ok(Draft::Request { node: Session::open(context).await?.node, query })
}

pub(super) async fn channels(context: &Context, args: &ChannelsArgs) -> Result<Draft, CliError> {
    let query = Query::Channels { cursor: cursor(args.page.after.as_deref())?, limit: args.page.limit };
    Ok(Draft::Request { node: Session::open(context).await?.node, query })
}

pub(super) async fn messages(context: &Context, args: &MessagesArgs) -> Result<Draft, CliError> {
    let mut session = Session::open(context).await?;
    let query = Query::Messages {
        channel: resolve(context, &mut session, &args.channel).await?,
        cursor: cursor(args.page.after.as_deref())?,
        limit: args.page.limit,
        backward: args.backward,
    };
    Ok(Draft::Request { node: session.node, query })
}

pub(super) async fn listen(context: &Context, args: &ListenArgs) -> Result<Draft, CliError> {
    let mut session = Session::open(context).await?;
    let query = Query::Subscribe {
        channel: resolve(context, &mut session, &args.channel).await?,
        cursor: cursor(args.after.as_deref())?,
        from_now: args.from_now,
    };
    Ok(Draft::Request { node: session.node, query })
}
