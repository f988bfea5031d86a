//! `user`: creates users, changes them and shows them.

mod rotation;
mod update;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use clap::{Args, Subcommand};
use dmpc::{
    Permissions, UserId,
    keys::{EncryptionKey, VerifyingKey},
    kinds::{Kind, UserCreate},
    operation::Draft,
    v1,
};
use serde::Serialize;
use zeroize::Zeroizing;

use super::{identity, user_keys};
use crate::{
    answer::id,
    context::Context,
    error::{CliError, Exit},
    examples, hex, identity_file,
    naming::Users,
    object::{NewUser, Object},
    output::{self, Output, plain},
    session::Session,
    writer::Writer,
};

/// Bytes of a public identity.
const PUBLIC_BYTES_MAX: u64 = 16 * 1024;

/// Subcommands of `user`.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Create a user, certified by --identity, who needs the permission user.add and those that it grants.
    Create(CreateArgs),
    /// Change a user: its name, permissions, keys, or whether it is active; without USER, yourself.
    Update(update::Args),
    /// For pipes: make an identity and print its user object, which `operation generate user create` takes.
    Generate(GenerateArgs),
    /// List the users that the node knows.
    #[command(before_help = examples!["dmpc-cli user list", "dmpc-cli user list --json"])]
    List,
    /// Show one user; without USER, yourself.
    Show(ShowArgs),
    /// Show the keys of a user, their lanes, and what those are evidence of; without USER, your own.
    Keys(user_keys::Args),
}

/// Arguments of `user create`.
#[derive(Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli user create --user bob.identity --name bob",
    "dmpc-cli user create --user alice.user --permissions channel.add,user.read",
])]
pub struct CreateArgs {
    /// Who is created: an identity file, or what `identity show --json` prints of one (`-` for stdin).
    #[arg(long, value_name = "FILE")]
    user: String,
    /// A name for people; it proves nothing.
    #[arg(long, default_value = "")]
    name: String,
    /// What the user may do, for example channel.add,user.read; or all, or none.
    #[arg(long, value_name = "LIST", default_value = "none")]
    permissions: Permissions,
}

/// Arguments of `user generate`.
#[derive(Args, Debug)]
#[command(before_help = examples!["dmpc-cli user generate --name alice keys/alice.identity > alice.user"])]
pub struct GenerateArgs {
    /// The identity file that is made.
    #[command(flatten)]
    identity: identity::NewArgs,
    /// A name for people; it proves nothing.
    #[arg(long, default_value = "")]
    name: String,
}

/// Arguments of `user show`.
#[derive(Args, Debug)]
#[command(before_help = examples!["dmpc-cli user show", "dmpc-cli user show alice --json"])]
pub struct ShowArgs {
    /// The user.
    user: Option<String>,
}

#[derive(Serialize)]
struct Created {
    user: String,
    outcome: &'static str,
}

/// A user as it is printed.
#[derive(Serialize, Debug)]
pub(super) struct Shown {
    id: String,
    name: String,
    active: bool,
    root: bool,
    permissions: Vec<String>,
    signing_key: String,
    encryption_key: String,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Create(args) => create(context, args).await,
        Command::Update(args) => update::run(context, args).await,
        Command::Generate(args) => generate(context, &args).await,
        Command::List => list(context).await,
        Command::Show(args) => show(context, args).await,
        Command::Keys(args) => user_keys::run(context, args).await,
    }
}

async fn create(context: &Context, args: CreateArgs) -> Result<(), CliError> {
    let NewUser { public: subject, name } = match read_public(context, &args.user)? {
        Object::User(user) => user,
        other => return Err(other_type("user", &other)),
    };
    let name = if args.name.is_empty() { name } else { args.name };
    let mut writer = Writer::open(context).await?;
    let payload = UserCreate::encode(&subject, args.permissions, &name);
    let operation = writer.sign(Draft::user(Kind::UserCreate), |_| Ok(payload)).await?;
    let kept = writer.submit(&operation).await?;
    output::object(context.json, Created { user: subject.user.to_string(), outcome: kept.word() }, |output, _| {
        output.line(subject.user)
    })
}

async fn generate(context: &Context, args: &GenerateArgs) -> Result<(), CliError> {
    let identity = identity::make(context, &args.identity).await?;
    let mut output = Output::to_stdout();
    output.json(&identity::user_object(&identity, &args.name)?)?;
    output.flush()
}

async fn list(context: &Context) -> Result<(), CliError> {
    let users = Session::open(context).await?.all_users().await?;
    let users = users.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    output::list(context.json, users, |output, users| {
        let row = |user: Shown| {
            let state = if user.root {
                "root"
            } else if user.active {
                "active"
            } else {
                "inactive"
            };
            vec![plain(&user.name), user.id, state.to_owned(), user.permissions.join(",")]
        };
        output.table(&["NAME", "USER", "STATE", "PERMISSIONS"], users.into_iter().map(row).collect())
    })
}

async fn show(context: &Context, args: ShowArgs) -> Result<(), CliError> {
    let mut session = Session::open(context).await?;
    let user = Users::new(context).resolve_if(args.user.as_deref()).await?.unwrap_or(session.identity.user);
    let found = session.users(&[user]).await?;
    let found = found.first().ok_or_else(|| CliError::NotFound(format!("the node knows no user {user}")))?;
    let shown = shown(found)?;
    output::object(context.json, shown, |output, shown| {
        output.line(format_args!("user:           {}", shown.id))?;
        output.line(format_args!("name:           {}", plain(&shown.name)))?;
        output.line(format_args!("active:         {}", yes(shown.active)))?;
        output.line(format_args!("root:           {}", yes(shown.root)))?;
        output.line(format_args!("permissions:    {}", shown.permissions.join(",")))?;
        output.line(format_args!("signing key:    {}", shown.signing_key))?;
        output.line(format_args!("encryption key: {}", shown.encryption_key))
    })
}

/// An identity file, or a user object. Until that is known, the text may be a secret.
fn read_public(context: &Context, file: &str) -> Result<Object, CliError> {
    let (path, read) = if file == "-" {
        (Path::new("stdin"), read_bounded(io::stdin()))
    } else {
        (Path::new(file), File::open(file).and_then(read_bounded))
    };
    let text = read.map_err(CliError::file(path))?;
    if !text.trim_start().starts_with('{') && file != "-" {
        return identity::user_object(&identity_file::read(path, &context.passphrases)?, "");
    }
    let hint = || Some("a user object is what 'identity show --json' prints".to_owned());
    Object::parse(&text).map_err(|error| CliError::command(Exit::Denied, error, hint()))
}

fn other_type(wanted: &str, object: &Object) -> CliError {
    CliError::Usage(format!("a {wanted} object is needed, and this is of type '{}'", object.tag()))
}

fn read_bounded(from: impl Read) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    from.take(PUBLIC_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// As the node says it.
pub(super) fn shown(user: &v1::User) -> Result<Shown, CliError> {
    let short = || CliError::Answer("a key has not 32 bytes".to_owned());
    let signing_key = VerifyingKey::from_bytes(user.signing_key.as_ref().try_into().map_err(|_| short())?);
    let encryption_key = EncryptionKey::from_bytes(user.encryption_key.as_ref().try_into().map_err(|_| short())?);
    let permissions = Permissions::from_bits(user.permissions)
        .ok_or_else(|| CliError::Answer("permissions that this version does not know".to_owned()))?;
    Ok(Shown {
        id: id(UserId::from_slice(&user.id))?.to_string(),
        name: user.display_name.clone(),
        active: user.active,
        root: user.root,
        permissions: permissions.iter().map(|permission| permission.to_string()).collect(),
        signing_key: hex::encode(signing_key.map_err(CliError::answer)?.as_bytes()),
        encryption_key: encryption_key.map_err(CliError::answer)?.to_string(),
    })
}

const fn yes(it_is: bool) -> &'static str {
    if it_is { "yes" } else { "no" }
}
