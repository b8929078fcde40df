//! What the page and the platform say: sleep and waking, network and none. All of it is hints: they make
//! the client ask, hurry or take its time, and no missing counterpart of one leaves it waiting.

use super::{Engine, Phase};
use crate::backoff::cap;
use crate::heartbeat::PingKind;
use crate::timers::Timer;
use crate::{Cause, HangUp, Instant, Loss, Span, State};

impl<P: PartialEq + Clone> Engine<P> {
    /// The page is in use.
    pub(super) fn wake(&mut self, now: Instant, online: bool) {
        self.away = false;
        self.come_back();
        self.network.hear(online, false);
        self.look(now, Cause::Wake);
    }

    pub(super) fn handle_online(&mut self, now: Instant) {
        let was_down = self.network.down;
        self.network.hear(true, true);
        self.look(now, if was_down { Cause::Online } else { Cause::Wake });
    }

    /// An open link is left alone: it may be a local one, and if it is dead the heartbeat will tell.
    pub(super) fn handle_offline(&mut self, now: Instant) {
        let was_slowed = self.is_slowed();
        self.network.hear(false, true);
        if self.phase == Phase::Waiting && !was_slowed {
            self.await_retry(now, Span::ZERO, self.last_loss.cause);
        }
    }

    /// What was known may be old. An open link is probed, and an attempt that waits comes sooner; one that
    /// should have been given up by now makes way for a fresh one.
    pub(super) fn look(&mut self, now: Instant, cause: Cause) {
        match self.phase {
            Phase::Open if self.heartbeat.wants_probe(now) => self.ping(now, PingKind::Probe),
            Phase::Dialing | Phase::Greeting
                if self.timers.deadline(Timer::Connect) <= now && self.config.reconnect.enabled =>
            {
                self.hang_up(HangUp::Abandoned);
                self.timers.stop(Timer::Connect);
                self.retry_soon(now, now, cause);
            }
            Phase::Waiting => {
                self.sends = 0;
                self.retry_soon(now, now, cause);
            }
            _ => {}
        }
    }

    /// The page is about to be put away. A page with an open socket is not kept for going back to,
    /// so the link is closed here and now.
    pub(super) fn suspend(&mut self, now: Instant) {
        self.leave_for_now(now);
        self.put_away();
    }

    fn leave_for_now(&mut self, now: Instant) {
        if self.state.is_at_rest() || self.state == State::Closing || self.away {
            return;
        }
        self.away = true;
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
        self.await_retry(now, Span::ZERO, Cause::Suspended);
    }

    /// Whether a hint makes attempts seldom.
    pub(super) const fn is_slowed(&self) -> bool {
        self.network.down || self.away
    }

    /// Something is sent while a hint makes attempts seldom: whoever sends may know better. The attempt comes
    /// soon; if that is of no use, the next one that a send brings on comes later, and so on.
    pub(super) fn hasten(&mut self, now: Instant) {
        if self.phase != Phase::Waiting || self.hastened || !self.is_slowed() {
            return;
        }
        let pause = match self.sends {
            0 => Span::ZERO,
            sends => cap(&self.config.reconnect, sends),
        };
        self.sends += 1;
        let earliest = self.link.dialed_at + pause;
        self.retry_soon(now, now.max(earliest), Cause::Requested);
    }

    /// The next attempt comes within the time of a first retry after `earliest`, but not later than it
    /// would have: spread, since a whole building may have come back at once.
    fn retry_soon(&mut self, now: Instant, earliest: Instant, cause: Cause) {
        let first = self.config.reconnect.first;
        let at = earliest + self.rng.between(Span::ZERO, first);
        if at < self.timers.deadline(Timer::Retry) {
            self.hastened = true;
            self.retry_at(now, at, cause);
        }
    }
}

/// The close code of a page that is put away.
const SUSPENDED: u16 = 4000;
