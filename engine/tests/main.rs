//! The engine's behaviour, natively (`cargo test -p steadfast-engine`) and as wasm
//! (`wasm-pack test --node engine`).

mod any_program;
mod connecting;
mod deciding;
mod heartbeat;
#[cfg(not(target_arch = "wasm32"))]
mod herd;
mod losing;
mod support;
mod waking;
