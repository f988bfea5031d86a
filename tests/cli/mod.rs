//! The command line, run as a user runs it.

mod audit;
mod backups;
mod channels;
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
mod logs;
mod outbox;
mod passphrases;
mod pipes;
mod rotation;
mod secrets;
mod swallow;
mod trust;
