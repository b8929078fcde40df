//! What the server does, seen from outside: real sockets, and raw bytes where bytes are the contract.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a panic is how a test fails, in its helpers too, which Clippy does not take for tests"
)]

mod chaos_faults;
mod chaos_orders;
mod connections;
mod embedding;
mod errors;
mod files;
mod handlers;
mod http_checkpoints;
mod http_snapshots;
mod hub;
mod links;
mod origins;
mod program;
mod request_ids;
mod session_faults;
mod session_restarts;
mod session_rooms;
mod session_snapshots;
mod session_store;
mod session_wire;
mod sessions;
mod stopping;
mod support;
