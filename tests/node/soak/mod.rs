//! Many connections, for long, with client and node as two processes. `make test` tries each with few and for a moment;
//! `make soak` sets the variables of [`numbers`] and prints what was measured.

mod idle_websockets;
mod many_senders;
pub(super) mod numbers;
mod stalled_subscriber;
