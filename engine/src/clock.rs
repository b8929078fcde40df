//! Time as the engine counts it: that of the monotonic clock, and what the machine slept through besides.

use crate::{Instant, Now, Span};

/// Where the monotonic clock stands still while a machine sleeps (macOS, Linux), only the wall clock shows
/// how long that was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    before: Now,
    slept: Span,
}

impl Clock {
    pub(crate) const fn new() -> Self {
        Self {
            before: Now {
                at: Instant::ZERO,
                wall_ms: 0,
            },
            slept: Span::ZERO,
        }
    }

    /// Moves on to `now`. Whether the machine slept meanwhile, as far as the clocks can tell.
    pub(crate) fn advance(&mut self, now: Now) -> bool {
        let before = core::mem::replace(&mut self.before, now);
        let lived = now.at.since(before.at);
        let passed = Span::from_ms(now.wall_ms.saturating_sub(before.wall_ms).min(LONGEST_MS));
        let slept = before.wall_ms != 0 && passed > lived + JUMP;
        if slept {
            self.slept += Span::from_micros(passed.as_micros() - lived.as_micros());
        }
        slept
    }

    /// The engine's time when the monotonic clock says `at`.
    pub(crate) fn inside(&self, at: Instant) -> Instant {
        at + self.slept
    }

    /// What the monotonic clock will say at the engine's time `at`.
    pub(crate) fn outside(&self, at: Instant) -> Instant {
        if at == Instant::NEVER {
            return at;
        }
        Instant::ZERO + at.since(self.inside(Instant::ZERO))
    }
}

/// A wall clock that is so much ahead of the other has seen a sleep, or was set.
const JUMP: Span = Span::from_ms(2_000);

/// Nobody waits for longer than ten years, and no sum of such sleeps overflows.
const LONGEST_MS: u64 = 10 * 366 * 86_400_000;
