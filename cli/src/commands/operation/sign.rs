//! `operation sign`: from drafts to operations, issues and signed requests; from issues to operations.
//!
//! What is certified stands in the certifier's lane: it is in the outbox, on disk, before it leaves.

use bytes::Bytes;
use dmpc::{
    Identity, NodeId, UserId,
    kinds::ChannelMessage,
    operation::{self, Issue},
    request::{Query, sign_request},
    seal::{EpochKey, NONCE_BYTES, open_age, seal_content},
};
use rand_core::RngCore;

use crate::{
    clock::Random,
    context::Context,
    error::CliError,
    examples,
    message_text::TEXT_BYTES_MAX,
    naming::Users,
    object::{Draft, DraftPayload, Object, RequestObject, Source, read_all},
    output::{Output, note},
    seen::Seen,
    signer::{Signer, issue, user_directory},
    terminal,
    view::issue_fields,
};

/// Arguments of `operation sign`. Without a flag, drafts are issued and certified by oneself, with one signature.
#[derive(clap::Args, Debug)]
#[command(before_help = examples![
    "dmpc-cli operation sign < draft > operation",
    "dmpc-cli operation sign --issue --certifier bob draft > invitation",
    "dmpc-cli operation sign --certify invitation > operation",
])]
pub struct Args {
    /// Issue only, for --certifier to certify. (Together with --certify: issue and certify by oneself.)
    #[arg(long)]
    issue: bool,
    /// Who is to certify what is issued: an id, or a name that it alone has.
    #[arg(long, value_name = "USER", requires = "issue", conflicts_with = "certify")]
    certifier: Option<String>,
    /// Certify what another issued, after showing it on stderr.
    #[arg(long)]
    certify: bool,
    /// Drafts, or with --certify issues, one on each line.
    #[arg(value_name = "FILE", default_value = "-")]
    file: Source,
}

/// What is done to the objects.
enum Task {
    /// Issued and certified by oneself.
    Both,
    /// Issued for another.
    Issue(UserId),
    /// Certified.
    Certify,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`]
pub(super) async fn run(context: &Context, args: Args) -> Result<(), CliError> {
    let task = match (args.issue, args.certify, &args.certifier) {
        (false, false, _) | (true, true, _) => Task::Both,
        (true, false, Some(certifier)) => Task::Issue(Users::new(context).resolve(certifier).await?),
        (true, false, None) => {
            return Err(CliError::Usage("--issue alone needs --certifier USER, who is to certify it".to_owned()));
        }
        (false, true, _) => Task::Certify,
    };
    let objects = read_all(&args.file)?;
    let identity = context.identity()?;
    let mut desk = Desk::open(context, identity).await?;
    // All of them are looked at before the first is signed: what is signed by half is hard to take back.
    objects.iter().try_for_each(|object| desk.require_fit(&task, object))?;
    let mut output = Output::to_stdout();
    for object in &objects {
        let signed = desk.sign(&task, object)?;
        output.json(&signed)?;
        output.flush()?;
    }
    Ok(())
}

/// Where somebody signs.
struct Desk<'a> {
    context: &'a Context,
    identity: Identity,
    seen: Seen,
    signer: Signer,
}

impl<'a> Desk<'a> {
    async fn open(context: &'a Context, identity: Identity) -> Result<Self, CliError> {
        let seen = Seen::open(&user_directory(context, &identity)?)?;
        let signer = Signer::open(context, &identity, None).await?;
        Ok(Self { context, identity, seen, signer })
    }

    /// That an object is what the task takes, and for whoever signs.
    fn require_fit(&self, task: &Task, object: &Object) -> Result<(), CliError> {
        match (task, object) {
            (Task::Both | Task::Issue(_), Object::Draft(Draft::Operation { issuer, .. })) => match issuer {
                Some(issuer) if *issuer != self.identity.user => Err(CliError::Denied(format!(
                    "the draft is for {issuer} to issue, and you are {}",
                    self.identity.user
                ))),
                Some(_) | None => match task {
                    Task::Issue(certifier) if *certifier == self.identity.user => {
                        Err(CliError::Usage("you would certify it yourself: leave out --issue --certifier".to_owned()))
                    }
                    Task::Issue(_) | Task::Both | Task::Certify => Ok(()),
                },
            },
            (Task::Both, Object::Draft(Draft::Request { .. })) => Ok(()),
            (Task::Issue(_), Object::Draft(Draft::Request { .. })) => {
                Err(CliError::Usage("a request is signed by who asks, and certified by nobody".to_owned()))
            }
            (Task::Certify, Object::Issue(issue)) => self.require_addressed(issue),
            (Task::Certify, other) => {
                Err(CliError::Usage(format!("--certify takes issues, and this is of type '{}'", other.tag())))
            }
            (Task::Both | Task::Issue(_), Object::Issue(_)) => {
                Err(CliError::Usage("this is an issue already; certify it with --certify".to_owned()))
            }
            (Task::Both | Task::Issue(_), other) => {
                Err(CliError::Usage(format!("drafts are signed, and this is of type '{}'", other.tag())))
            }
        }
    }

    fn require_addressed(&self, issue: &Issue) -> Result<(), CliError> {
        if issue.certifier() == self.identity.user {
            return Ok(());
        }
        Err(CliError::Denied(format!(
            "the issue is for {} to certify, and you are {}",
            issue.certifier(),
            self.identity.user
        )))
    }

    fn sign(&mut self, task: &Task, object: &Object) -> Result<Object, CliError> {
        match (task, object) {
            (Task::Certify, Object::Issue(issue)) => self.certify(issue),
            (_, Object::Draft(Draft::Request { node, query })) => self.request(node, query),
            (Task::Issue(certifier), Object::Draft(Draft::Operation { draft, payload, .. })) => {
                self.issue(*draft, *certifier, payload)
            }
            (_, Object::Draft(Draft::Operation { draft, payload, .. })) => self.both(*draft, payload),
            (_, other) => Err(CliError::Usage(format!("an object of type '{}' is not signed", other.tag()))),
        }
    }

    fn both(&mut self, draft: operation::Draft, payload: &DraftPayload) -> Result<Object, CliError> {
        let (identity, rng) = (&self.identity, self.context.rng());
        let payload = |header: &[u8]| finish(identity, draft, payload, header, rng);
        Ok(Object::Operation(Box::new(self.signer.sign(identity, &mut self.seen, draft, payload)?)))
    }

    fn issue(
        &mut self,
        draft: operation::Draft,
        certifier: UserId,
        payload: &DraftPayload,
    ) -> Result<Object, CliError> {
        let (identity, rng) = (&self.identity, self.context.rng());
        let payload = |header: &[u8]| finish(identity, draft, payload, header, rng);
        let now_ms = self.context.clock.now_ms();
        Ok(Object::Issue(Box::new(issue(identity, &mut self.seen, now_ms, draft, certifier, payload)?)))
    }

    fn certify(&mut self, issue: &Issue) -> Result<Object, CliError> {
        note("to be certified:");
        issue_fields(issue).lines().into_iter().for_each(|line| note(format_args!("  {line}")));
        if !self.context.yes {
            if !self.context.terminal.is_there() {
                return Err(CliError::Usage(
                    "nobody can be asked here whether to certify this; look at it, and pass --yes".to_owned(),
                ));
            }
            if !terminal::confirm("Certify it?").map_err(CliError::file("the terminal"))? {
                return Err(CliError::Denied("not certified".to_owned()));
            }
        }
        Ok(Object::Operation(Box::new(self.signer.certify(&self.identity, &mut self.seen, issue)?)))
    }

    /// The answer is sealed to the asker's own key, because whoever runs the transaction may be somebody else.
    fn request(&self, node: &NodeId, query: &Query) -> Result<Object, CliError> {
        let mut nonce = [0; 16];
        self.context.rng().fill_bytes(&mut nonce);
        let reply_to = self.identity.encryption.encryption_key()?;
        let now_ms = self.context.clock.now_ms();
        let bytes = sign_request(&self.identity, node, nonce, now_ms, query, Some(&reply_to));
        Ok(Object::Request(RequestObject::decode(bytes).map_err(|error| CliError::Usage(error.to_string()))?))
    }
}

/// The payload as it is signed: a message is sealed to its header only now.
fn finish(
    identity: &Identity,
    draft: operation::Draft,
    payload: &DraftPayload,
    header: &[u8],
    mut rng: Random,
) -> Result<Vec<u8>, CliError> {
    let (wrap, content) = match payload {
        DraftPayload::Encoded(payload) => return Ok(payload.to_vec()),
        DraftPayload::Message { wrap, content } => (wrap, content),
    };
    let operation::Draft { channel: Some(channel), key_id: Some(key_id), .. } = draft else {
        return Err(CliError::Usage("a message without channel or epoch".to_owned()));
    };
    let key = epoch_key(identity, wrap, &channel, &key_id)?;
    let text = open_age(content, &identity.encryption, 1, TEXT_BYTES_MAX)?;
    let mut nonce = [0; NONCE_BYTES];
    rng.fill_bytes(&mut nonce);
    let ciphertext = seal_content(&key, &channel, header, &nonce, &text)?;
    Ok(ChannelMessage::encode(nonce, ciphertext))
}

fn epoch_key(
    identity: &Identity,
    wrap: &Bytes,
    channel: &dmpc::ChannelId,
    key_id: &dmpc::KeyId,
) -> Result<EpochKey, CliError> {
    Ok(EpochKey::unwrap(wrap, &identity.encryption, channel, &identity.user, key_id)?)
}
