//! What the page and the platform say: sleep and waking, network and none.

use super::{Engine, Phase};
use crate::heartbeat::PingKind;
use crate::timers::Timer;
use crate::{Cause, HangUp, Instant, Loss, Span, State};

impl<P: PartialEq + Clone> Engine<P> {
    /// The page woke up: what it knew may be old. An open link is probed; an attempt that began
    /// before may be stalled for ever, so a fresh one follows, and one that waits comes sooner.
    pub(super) fn wake(&mut self, now: Instant) {
        match self.phase {
            Phase::Open if self.heartbeat.wants_probe(now) => self.ping(now, PingKind::Probe),
            Phase::Dialing | Phase::Greeting
                if now.since(self.link.dialed_at) > FRESH && self.config.reconnect.is_some() =>
            {
                self.hang_up(HangUp::Abandoned);
                self.timers.stop(Timer::Connect);
                self.retry_soon(now, Cause::Wake);
            }
            Phase::Waiting => self.retry_soon(now, Cause::Wake),
            _ => {}
        }
    }

    pub(super) fn handle_online(&mut self, now: Instant) {
        self.network_down = false;
        if self.phase == Phase::Paused && !self.suspended {
            self.retry_soon(now, Cause::Online);
        } else {
            self.wake(now);
        }
    }

    /// A hint that there is no network. An open link is left alone: it may be a local one, and if
    /// it is dead the heartbeat will tell.
    pub(super) fn handle_offline(&mut self) {
        self.network_down = true;
        if matches!(self.phase, Phase::Waiting | Phase::Paused) {
            self.pause();
        }
    }

    /// The page is about to be put away. A page with an open socket is not kept for going back to,
    /// so the link is closed here and now.
    pub(super) fn suspend(&mut self, now: Instant) {
        self.leave_for_now(now);
        self.put_away();
    }

    fn leave_for_now(&mut self, now: Instant) {
        if self.state.is_at_rest() || self.state == State::Closing || self.suspended {
            return;
        }
        self.suspended = true;
        if self.phase == Phase::Open {
            let loss = Loss {
                cause: Cause::Suspended,
                code: SUSPENDED,
                was_clean: true,
            };
            self.leave_link(now, HangUp::Suspended, loss);
        } else if self.has_attempt() {
            self.hang_up(HangUp::Abandoned);
            self.timers.stop(Timer::Connect);
        } else if self.phase == Phase::Deciding {
            return;
        }
        self.generation = self.generation.wrapping_add(1);
        self.pause();
    }

    pub(super) fn resume(&mut self, now: Instant) {
        if core::mem::take(&mut self.suspended) && self.phase == Phase::Paused {
            if self.network_down {
                self.pause();
            } else {
                self.retry_soon(now, Cause::Wake);
            }
        } else {
            self.wake(now);
        }
    }

    /// The next attempt comes within the time of a first retry, but not later than it would have:
    /// spread, since a whole building may have come back at once.
    fn retry_soon(&mut self, now: Instant, cause: Cause) {
        let first = self
            .config
            .reconnect
            .as_ref()
            .map_or(Span::ZERO, |config| config.first);
        let delay = self.rng.between(Span::ZERO, first);
        if now + delay < self.timers.deadline(Timer::Retry) {
            self.await_retry(now, delay, cause);
        }
    }
}

/// An attempt younger than this was made by a page that was awake.
const FRESH: Span = Span::from_ms(1_000);

/// The close code of a page that is put away.
const SUSPENDED: u16 = 4000;
