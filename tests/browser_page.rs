//! The published JavaScript in a page.

#![cfg(target_arch = "wasm32")]

#[macro_use]
mod browser;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

everywhere!();
