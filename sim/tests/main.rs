//! The simulator's own tests: natively, and as wasm in Node.

mod boundaries;
mod days;
mod replay;
