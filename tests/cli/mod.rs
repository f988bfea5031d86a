//! The command line, run as a user runs it.

mod audit;
mod channels;
mod contexts;
mod conventions;
mod conversation;
mod drafts;
mod epochs;
mod evidence;
mod failures;
pub(crate) mod house;
mod identities;
mod import;
mod lanes;
mod large_channels;
mod listening;
mod naming;
mod outbox;
mod passphrases;
mod pipes;
mod rotation;
mod secrets;
mod shell;
mod swallow;
mod tour;
mod transcripts;
mod tree;
mod trust;
