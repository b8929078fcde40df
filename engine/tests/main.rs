//! The engine's behaviour, natively (`cargo test -p steadfast-engine`) and as wasm
//! (`wasm-pack test --node engine`).

mod any_program;
mod support;
