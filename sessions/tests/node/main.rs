//! The server's machine, driven as a shell drives it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a test fails, in its helpers too, which Clippy does not take for tests"
)]

mod acknowledging;
mod any_program;
mod beating;
mod checkpoints;
mod downward;
mod ending;
mod handling;
mod memories;
mod opening;
mod owning;
mod pacing;
#[cfg(feature = "planted")]
mod planted;
mod restoring;
mod rooms;
mod saving;
mod sending;
mod support;
mod troubled_store;
mod upward;
