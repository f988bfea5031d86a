//! The subcommands, one file each.

pub mod backup;
pub mod bench;
pub mod channel;
pub mod completions;
pub mod context;
pub mod doctor;
pub mod evidence;
pub mod identity;
pub mod import;
pub mod listen;
pub mod log;
pub mod man;
pub mod message;
pub mod name;
pub mod operation;
pub mod peer;
pub mod reference;
pub mod replay;
pub mod transaction;
pub mod user;
pub mod user_keys;
