//! Other nodes: what this one has and lacks is exchanged with them.

pub mod exchange;
