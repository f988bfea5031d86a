//! The command line, run as a user runs it.

mod audit;
mod channels;
mod conversation;
mod evidence;
mod failures;
pub(crate) mod house;
mod identities;
mod import;
mod lanes;
mod listening;
mod outbox;
mod passphrases;
mod pipes;
mod secrets;
mod swallow;
mod trust;
