//! What the server does, seen from outside: real sockets, and raw bytes where bytes are the contract.

// A test fails by panicking, in its helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod chaos_faults;
mod chaos_orders;
mod connections;
mod embedding;
mod errors;
mod files;
mod handlers;
mod hub;
mod links;
mod origins;
mod program;
mod request_ids;
mod session_faults;
mod session_restarts;
mod session_rooms;
mod session_store;
mod session_wire;
mod sessions;
mod stopping;
mod support;
