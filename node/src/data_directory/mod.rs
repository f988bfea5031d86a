//! The data directory of a node: what it holds, how it is made, how it is opened.
//!
//! It holds `node.identity` and `store`. The store gets its name last, so a directory with a store is complete, and one
//! without it was left unfinished by a crash: a second `init` goes on with what is there.

mod making;
mod opening;

pub use making::{InitError, Made, MadeRoot, RootSource, init};
pub use opening::{NodeKeys, OpenError, open, rebuild, store};

const IDENTITY_FILE: &str = "node.identity";
const STORE: &str = "store";
