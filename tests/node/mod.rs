//! The node, through real sockets.
