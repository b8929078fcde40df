//! The browser client of Steadfast, as far as it is Rust: the [`steadfast_engine`] behind a
//! boundary that only numbers cross.
//!
//! JavaScript drives a client by the engine's three rules: it hands in what happened, polls what
//! to do until nothing is left, and sets one timer. Nothing here ever calls JavaScript, so no
//! borrow can be held while it runs; and since payloads stay behind as JavaScript values under a
//! number, they pass through untouched.
//!
//! | file | holds |
//! |---|---|
//! | `client.rs` | what `npm/wasm.js` calls |
//! | `inputs.rs` | the engine's inputs from numbers |
//! | `options.rs` | the engine's configuration from the numbers that `npm/options.js` checked |
//! | `outputs.rs` | the engine's outputs as numbers |

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod client;
mod inputs;
mod options;
mod outputs;

pub use client::*;

/// Whether there are a durable queue and snapshots.
pub(crate) const STATE: bool = cfg!(feature = "state");

/// A panic is a bug of this crate. The instance stops at once; JavaScript sees the trap, reports
/// INTERNAL and ends the client. Without a message, since its formatting would cost 3 kB.
#[cfg(all(target_arch = "wasm32", not(feature = "std")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

/// The engine allocates little and seldom: a small allocator saves 3 kB.
#[cfg(all(target_arch = "wasm32", not(feature = "std")))]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());
