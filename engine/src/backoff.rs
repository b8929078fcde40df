//! How long to wait before the next attempt.

use crate::{Jitter, ReconnectConfig, Rng, Span};

/// Counts retries and draws their delays.
#[derive(Clone, Debug)]
pub struct Backoff {
    retries: u32,
    previous: Span,
}

impl Backoff {
    /// Nothing tried yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            retries: 0,
            previous: Span::ZERO,
        }
    }

    /// Retries since the last stable link.
    #[must_use]
    pub const fn retries(&self) -> u32 {
        self.retries
    }

    /// A stable link: count and growth start over.
    pub const fn reset(&mut self) {
        *self = Self::new();
    }

    /// The delay of the next retry. `established`: the link that was lost had opened. `later`: two
    /// steps of growth more, and at least `base`.
    pub fn next_delay(
        &mut self,
        config: &ReconnectConfig,
        rng: &mut Rng,
        established: bool,
        later: bool,
    ) -> Span {
        let step = self.retries;
        self.retries = self.retries.saturating_add(1);
        let delay = if later {
            jittered(config, rng, self.previous, step.saturating_add(2))
                .max(config.base.max(config.min).min(config.max))
        } else if established && step == 0 {
            rng.between(Span::ZERO, config.first)
        } else {
            jittered(config, rng, self.previous, step).max(config.min)
        };
        self.previous = delay;
        delay
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

/// The delay of retry number `step`, spread below its cap.
fn jittered(config: &ReconnectConfig, rng: &mut Rng, previous: Span, step: u32) -> Span {
    let cap = cap(config, step);
    match config.jitter {
        Jitter::Full => rng.between(Span::ZERO, cap),
        Jitter::Equal => rng.between(cap.scaled(0.5), cap),
        Jitter::Decorrelated => {
            let grown = previous.max(config.base).scaled(3.0);
            rng.between(config.base, grown).min(config.max)
        }
        Jitter::None => cap,
    }
}

/// `base` times `factor` to the power of `step`, at most `max`. By products, since `powf` differs
/// between platforms.
pub(crate) fn cap(config: &ReconnectConfig, step: u32) -> Span {
    let mut cap = config.base;
    for _ in 0..step.min(MAX_STEPS) {
        if cap >= config.max || config.factor <= 1.0 {
            break;
        }
        cap = cap.scaled(config.factor);
    }
    cap.min(config.max)
}

/// Growth by less than a thousandth a step is not worth following for ever.
const MAX_STEPS: u32 = 1_000;
