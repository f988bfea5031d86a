//! What the specifications share.
