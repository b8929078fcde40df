//! steadfast.v1: frames and limits, and the counting, acknowledging and replaying that both ends share.
//!
//! `docs/PROTOCOL.md` says the whole protocol in words; `vectors.json` gives examples that any
//! language can read.
//!
//! | to learn about | read |
//! |---|---|
//! | what goes over the wire | [`frame`] (feature `frames`) |
//! | numbers that both ends know | [`limits`], [`close_code`] |
//! | messages that came in and are to be acknowledged | [`receiver`] |
//! | what a snapshot's text is checked by | [`fnv1a32`] |
//! | how a snapshot's text follows from an earlier one | [`delta`] (feature `frames`) |
//! | how much may be on its way | [`window`] |
//! | time | [`Instant`], [`Span`] |

#![no_std]

extern crate alloc;

pub mod close_code;
#[cfg(feature = "frames")]
pub mod delta;
mod fnv;
#[cfg(feature = "frames")]
pub mod frame;
pub mod limits;
pub mod receiver;
mod time;
pub mod window;

pub use fnv::fnv1a32;
pub use time::{Instant, Span};

/// The name of the WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "steadfast.v1";
