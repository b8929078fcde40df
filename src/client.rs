//! What wasm-bindgen exports: one class with four methods, which `npm/driver.js` drives.

use steadfast_engine::{Engine, Instant, Now, Span};
use wasm_bindgen::prelude::*;

use crate::{inputs, options, outputs};

/// One client. Only numbers cross: few methods that take many meanings are smaller than the
/// reverse, and the meanings stand side by side in `npm/boundary.js` and in `inputs.rs` and
/// `outputs.rs`.
#[wasm_bindgen]
pub struct Client {
    engine: Engine<u32>,
    /// The output that was polled last: its place, and what belongs to it.
    output: [f64; 6],
}

#[wasm_bindgen]
impl Client {
    /// A client at rest. `options`: the numbers in the order of the table in `npm/options.js`;
    /// `seed`: 53 random bits.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &[f64], seed: f64) -> Self {
        Self {
            engine: Engine::new(options::read(options), seed as u64),
            output: [0.; 6],
        }
    }

    /// Hands in what happened at `now_ms`, by the page's monotonic clock, and at `wall_ms`: see `inputs.rs`.
    /// 0, or why it was refused.
    #[expect(
        clippy::too_many_arguments,
        reason = "a record would cross as an object"
    )]
    pub fn handle(
        &mut self,
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
    ) -> u8 {
        inputs::handle(
            &mut self.engine,
            input,
            Now {
                at: instant(now_ms),
                wall_ms: wall_ms as u64,
            },
            [a, b, c, d, e, f, g],
        )
    }

    /// Takes the next thing to do: see `outputs.rs`. Where its six numbers stand in memory until the
    /// next call: its place, 0 when nothing is left, then what belongs to it.
    pub fn poll(&mut self) -> *const f64 {
        let [place, fields @ ..] = &mut self.output;
        *place = outputs::as_numbers(self.engine.poll_output(), fields).into();
        self.output.as_ptr()
    }

    /// What the engine knows: see `outputs.rs`.
    pub fn query(&mut self, what: u8, argument: f64) -> f64 {
        outputs::answer(&mut self.engine, what, argument)
    }
}

/// A moment of the page's monotonic clock.
pub(crate) fn instant(now_ms: f64) -> Instant {
    Instant::ZERO + Span::from_ms_f64(now_ms)
}
