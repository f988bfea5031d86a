//! The subcommands, one file each.

pub mod backup;
pub mod channel;
pub mod doctor;
pub mod evidence;
pub mod identity;
pub mod import;
pub mod listen;
pub mod log;
pub mod message;
pub mod operation;
pub mod replay;
pub mod transaction;
pub mod user;
pub mod user_keys;
