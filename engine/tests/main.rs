//! The engine's behaviour, natively (`cargo test -p steadfast-engine`) and as wasm
//! (`wasm-pack test --node engine`).

mod any_program;
mod backoff;
mod connecting;
mod deciding;
mod delivering;
mod health;
mod heartbeat;
#[cfg(not(target_arch = "wasm32"))]
mod herd;
mod hints;
mod losing;
mod patience;
mod persist_claiming;
mod persist_restoring;
mod persist_sending;
mod persist_storage;
mod persist_suspending;
mod queue_model;
mod queueing;
mod receiving;
mod releasing;
mod replay;
mod retrying;
mod sending;
mod session_heartbeat;
mod session_lanes;
mod session_opening;
mod session_receiving;
mod session_sending;
mod session_stuck;
mod session_violations;
mod sleeping;
mod snapshot_capturing;
mod snapshot_checkpoint;
mod support;
mod unanswered;
mod waking;
