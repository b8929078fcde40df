//! How time passes.

use steadfast_engine::{Instant, Now, Span};

use super::Shell;

impl Shell {
    /// Time passes, and every timer is on time.
    pub(crate) fn wait(&mut self, span: Span) {
        let end = self.now + span;
        for _ in 0..MAX_TIMEOUTS {
            if self.next() > end {
                self.pass_to(end);
                return;
            }
            self.step();
        }
        panic!("a timer runs again and again without time passing");
    }

    /// Time passes without a timer; then comes the one that is overdue.
    pub(crate) fn sleep(&mut self, span: Span) {
        self.pass_to(self.now + span);
        self.timeout();
    }

    /// Only the clocks and the link move on.
    pub(crate) fn pass_to(&mut self, at: Instant) {
        self.network.pass(at.since(self.now));
        self.now = self.now.max(at);
    }

    /// Both clocks at this moment.
    pub(crate) fn clocks(&self) -> Now {
        Now {
            at: self.now,
            wall_ms: self.now.as_micros() / 1_000 + self.wall_ahead_ms,
        }
    }

    /// How much of a sleep the wall clock alone has seen since the last input.
    pub(in crate::support) fn slept(&self) -> Option<Span> {
        let passed = self.clocks().wall_ms.checked_sub(self.told.wall_ms)?;
        let lived = self.now.since(self.told.at).as_micros();
        let slept = passed.saturating_mul(1_000).saturating_sub(lived);
        (slept > 2_000_000).then_some(Span::from_micros(slept))
    }

    /// When something happens by itself.
    pub(in crate::support) fn next(&self) -> Instant {
        let pong = self.network.pongs.front();
        pong.map_or(self.deadline, |pong| self.deadline.min(*pong))
    }

    /// Lets it happen.
    pub(in crate::support) fn step(&mut self) {
        let pong = self.network.pongs.front().copied();
        self.pass_to(self.next());
        if pong.is_some_and(|pong| pong <= self.deadline) {
            self.network.pongs.pop_front();
            self.pong();
        } else {
            self.timeout();
        }
    }
}

/// More than any stretch of time that is waited for here holds.
const MAX_TIMEOUTS: u32 = 100_000;
