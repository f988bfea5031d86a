//! The exchange between nodes: its messages, its machine, nodes over a network that loses, delays and lies, and its cost.

mod book;
mod cost;
mod hostile;
mod liar;
mod machine;
mod negentropy;
mod network;
mod node;
mod pair;
mod replicas;
mod simulation;
mod stores;
