//! The server's machine, driven as a shell drives it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod acknowledging;
mod any_program;
mod beating;
mod downward;
mod ending;
mod handling;
mod opening;
mod owning;
#[cfg(feature = "planted")]
mod planted;
mod rooms;
mod sending;
mod support;
mod troubled_store;
mod upward;
