//! The frames, the counting, and whether every requirement of docs/PROTOCOL.md is cited by a test.

// A panic is how a test fails, in its helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod any_bytes;
mod conversation;
mod frames;
mod reader;
mod receiver;
mod requirements;
mod sender;
mod units;
mod vectors;
