//! The published JavaScript in a dedicated worker.

#![cfg(target_arch = "wasm32")]

#[macro_use]
mod browser;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

everywhere!();
