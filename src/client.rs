//! What wasm-bindgen exports: functions that take a client by its number, which `npm/wasm.js` calls.
//!
//! Only numbers cross: few functions that take many meanings are smaller than the reverse, and the meanings stand side
//! by side in `npm/boundary.js` and in `inputs.rs` and `outputs.rs`. An exported class would bring its borrow checks and
//! their messages along, which take more room than this table.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::replace;

use spin::{Mutex, MutexGuard};
use steadfast_engine::{Engine, Instant, Now, Span};
use wasm_bindgen::prelude::*;

use crate::{inputs, options, outputs};

/// All that is static. There is one thread, and nothing that holds the lock calls out.
static TABLE: Mutex<Table> = Mutex::new(Table {
    numbers: [0.; 64],
    clients: Vec::new(),
});

struct Table {
    /// Where lists cross: the options of a new client, and what belongs to an output.
    numbers: [f64; 64],
    clients: Vec<Slot>,
}

/// The place of one client.
enum Slot {
    Free,
    /// Its engine is at work. When that traps, it stays so: the others are not concerned.
    Busy,
    Idle(Box<Engine<u32>>),
}

/// Where the numbers stand in memory that cross as a list.
#[wasm_bindgen]
pub fn numbers() -> *const f64 {
    table().numbers.as_ptr()
}

/// The number of a new client, at rest. Its options are the `numbers`, in the order of the table in `npm/options.js`;
/// `seed`: 53 random bits.
#[wasm_bindgen]
pub fn client_new(seed: f64) -> usize {
    let config = options::read(&table().numbers);
    let engine = Box::new(Engine::new(config, seed as u64));
    let clients = &mut table().clients;
    let is_free = |slot: &Slot| matches!(slot, Slot::Free);
    let client = clients.iter().position(is_free).unwrap_or_else(|| {
        clients.push(Slot::Free);
        clients.len() - 1
    });
    clients[client] = Slot::Idle(engine);
    client
}

/// Hands in what happened at `now_ms`, by the page's monotonic clock, and at `wall_ms`: see `inputs.rs`.
/// 0, or why it was refused.
#[expect(
    clippy::too_many_arguments,
    reason = "a record would cross as an object"
)]
#[wasm_bindgen]
pub fn client_handle(
    client: usize,
    input: u8,
    now_ms: f64,
    wall_ms: f64,
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    e: f64,
    f: f64,
    g: f64,
    h: f64,
    i: f64,
    j: f64,
) -> u8 {
    let mut engine = take(client);
    let now = Now {
        at: instant(now_ms),
        wall_ms: wall_ms as u64,
    };
    let refusal = inputs::handle(&mut engine, input, now, [a, b, c, d, e, f, g, h, i, j]);
    put(client, Slot::Idle(engine));
    refusal
}

/// Takes the next thing to do: its place, 0 when nothing is left. What belongs to it are the first `numbers`: see
/// `outputs.rs`.
#[wasm_bindgen]
pub fn client_poll(client: usize) -> u8 {
    let mut engine = take(client);
    let output = engine.poll_output();
    put(client, Slot::Idle(engine));
    let mut fields = [0.; 5];
    let place = outputs::as_numbers(output, &mut fields);
    table().numbers[..5].copy_from_slice(&fields);
    place
}

/// What the engine knows: see `outputs.rs`.
#[wasm_bindgen]
pub fn client_query(client: usize, what: u8, argument: f64) -> f64 {
    let mut engine = take(client);
    let answer = outputs::answer(&mut engine, what, argument);
    put(client, Slot::Idle(engine));
    answer
}

/// Ends it: its number may be that of another one from now on.
#[wasm_bindgen]
pub fn client_free(client: usize) {
    put(client, Slot::Free);
}

/// A moment of the page's monotonic clock.
pub(crate) fn instant(now_ms: f64) -> Instant {
    Instant::ZERO + Span::from_ms_f64(now_ms)
}

fn table() -> MutexGuard<'static, Table> {
    match TABLE.try_lock() {
        Some(table) => table,
        // Memory ran out while the table grew. To wait for it would be to wait for ever.
        None => unreachable!(),
    }
}

#[inline(never)]
fn take(client: usize) -> Box<Engine<u32>> {
    match replace(&mut table().clients[client], Slot::Busy) {
        Slot::Idle(engine) => engine,
        _ => unreachable!(),
    }
}

#[inline(never)]
fn put(client: usize, slot: Slot) {
    let before = replace(&mut table().clients[client], slot);
    drop(before);
}
