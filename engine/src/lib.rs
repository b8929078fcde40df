//! The behaviour of Steadfast: one deterministic state machine that does no I/O.
//!
//! A shell (the browser client, a test, a simulator) owns the socket and the clock and drives the
//! [`Engine`] by three rules:
//!
//! 1. hand it one [`Input`] with the time it happened at ([`Engine::handle_input`]);
//! 2. take and carry out what it answers ([`Engine::poll_output`]) until it says
//!    [`Output::Timeout`]: nothing is left to do before that instant or the next input;
//! 3. at that instant, hand it [`Input::Timeout`]. One that comes early or twice is harmless.
//!
//! **Mutate once, drain, then mutate again.** The same inputs with the same seed give the same
//! outputs on every platform: there is no clock, no randomness and no hash order in here.
//!
//! | to learn about | read |
//! |---|---|
//! | what goes in and comes out | [`Input`], [`Output`] |
//! | states and their transitions | [`State`] |
//! | opening, losing and retrying a link | `engine/dial.rs`, `engine/loss.rs` |
//! | what a close code means | [`close_code`] |
//! | delays between attempts | [`backoff`] |
//! | noticing a dead link | [`heartbeat`] |
//! | messages on their way up, and their numbers | `upward.rs`, `memory.rs`, `queue.rs` |
//! | what the server has of them | `engine/claim.rs` |
//! | a session | `engine/session.rs`, `session.rs` |
//! | a durable queue | `engine/memory.rs` |
//! | snapshots and checkpoints | `engine/snapshot.rs`, `snapshot.rs` |
//! | a session: units and windows; streams | `engine/unit.rs`; `engine/stream.rs` |
//! | the health score | [`health`] |
//! | every deadline | [`timers`] |
//! | what it knows when asked | `engine/query.rs` |

#![no_std]

extern crate alloc;

pub mod backoff;
mod clock;
pub mod close_code;
mod config;
mod engine;
pub mod health;
pub mod heartbeat;
mod inbox;
mod input;
mod memory;
mod output;
mod outputs;
pub mod planted;
mod queue;
mod rng;
mod session;
mod snapshot;
mod state;
mod storage;
pub mod timers;
mod trace;
mod upward;

/// Whether there are a durable queue and snapshots: what only they need stands behind this, and is
/// left out of a module without them.
pub(crate) const STATE: bool = cfg!(feature = "state");

pub use config::{
    Adaptive, Config, HeartbeatConfig, Jitter, Overflow, QueueConfig, ReconnectConfig,
    SnapshotConfig,
};
pub use engine::Engine;
pub use input::{
    Captured, Claim, Fate, Form, From, GapReason, Input, MEMORY_FOUND, Now, ORPHANS, Priority,
    Refusal, Restored, Send, Unsaved, Welcome,
};
pub use output::{
    Capture, Cause, Decision, Delivered, Direction, DropReason, Event, Failure, FailureKind, Fault,
    HangUp, Lock, Loss, Output, Save, Warning,
};
pub use rng::Rng;
pub use state::State;
pub use steadfast_protocol::limits::LANES;
pub use steadfast_protocol::window::Window;
pub use steadfast_protocol::{Instant, Span};
