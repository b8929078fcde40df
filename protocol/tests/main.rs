//! The frames, the counting, and whether every requirement of docs/PROTOCOL.md is cited by a test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a test fails, in its helpers too, which Clippy does not take for tests"
)]

mod any_bytes;
mod any_frame;
mod conversation;
mod frames;
mod reader;
mod receiver;
mod requirements;
mod snapshots;
mod time;
mod units;
mod vectors;
