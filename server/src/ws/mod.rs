//! WebSocket links: the handshake, the loop that runs one, and how it ends.

pub(crate) mod close;
pub(crate) mod handshake;
pub(crate) mod link;
mod meter;
pub(crate) mod outbox;
