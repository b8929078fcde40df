//! From the wish for a link to an open one.

use super::{Engine, Link, Phase};
use crate::planted::{self, Bug};
use crate::timers::Timer;
use crate::{Cause, Event, Fault, HangUp, Instant, Loss, Output, Refusal, Span, State};

impl<P: PartialEq + Clone> Engine<P> {
    pub(super) fn connect(&mut self, now: Instant, online: bool) -> Result<(), Refusal> {
        if self.state.is_final() {
            return Err(Refusal::Closed);
        }
        let put_off = self.is_slowed() || self.session.is_stuck();
        self.network.hear(online, false);
        self.away = false;
        self.come_back();
        if self.state.is_at_rest() {
            self.start_over(now);
        } else if self.phase == Phase::Waiting && put_off {
            self.retry_at(now, now, Cause::Requested);
        }
        Ok(())
    }

    pub(super) fn reconnect(&mut self, now: Instant, online: bool) -> Result<(), Refusal> {
        if self.state.is_final() {
            return Err(Refusal::Closed);
        }
        self.network.hear(online, false);
        self.come_back();
        if self.phase == Phase::Open {
            let loss = Loss {
                cause: Cause::Requested,
                code: 1000,
                was_clean: true,
            };
            self.leave_link(now, HangUp::Reconnect, loss);
        } else if self.has_attempt() {
            self.hang_up(HangUp::Abandoned);
        }
        self.tell_undecided(true);
        self.start_over(now);
        Ok(())
    }

    /// An attempt now, with all counts at zero.
    fn start_over(&mut self, now: Instant) {
        self.attempts = 0;
        self.backoff.reset();
        self.reauthenticated = false;
        self.away = false;
        self.hastened = false;
        self.undecided = None;
        self.timers.stop(Timer::Decide);
        self.patience_ends = Instant::NEVER;
        if self.state == State::Idle {
            self.set_state(State::Connecting);
        } else if self.state != State::Connecting {
            self.set_state(State::Reconnecting);
            let attempt = 1;
            self.tell(Event::Reconnecting {
                attempt,
                delay: Span::ZERO,
                cause: Cause::Requested,
            });
        }
        self.dial(now);
    }

    /// Begins an attempt.
    pub(super) fn dial(&mut self, now: Instant) {
        self.come_back();
        self.timers.stop(Timer::Retry);
        if !self.hastened {
            self.sends = 0;
        }
        self.start_patience(now);
        self.attempts = self.attempts.saturating_add(1);
        self.attempts_since_loss = self.attempts_since_loss.saturating_add(1);
        self.generation = self.generation.wrapping_add(1);
        self.link = Link::new(now);
        self.phase = Phase::Dialing;
        self.timers
            .set(Timer::Connect, now + self.config.connect_timeout);
        let (generation, attempt) = (self.generation, self.attempts);
        self.outputs.push(Output::Dial {
            generation,
            attempt,
        });
    }

    pub(super) fn handle_link_opened(&mut self, now: Instant) {
        if self.phase != Phase::Dialing {
            return;
        }
        self.heartbeat
            .handle_open(now, now.since(self.link.dialed_at));
        if self.config.session {
            self.discard_inbox();
            self.session.rewind();
        }
        if self.config.greets || self.config.session {
            self.phase = Phase::Greeting;
            self.link.greeted_at = now;
            self.link.to_greet = true;
        } else {
            self.open(now, false, 0);
        }
    }

    pub(super) fn handle_greeted(&mut self, now: Instant) {
        if self.phase == Phase::Greeting && !self.config.session {
            self.open(now, false, 0);
        }
    }

    /// The link carries messages from here on. Session: whether it goes on, and how many messages of
    /// a lost link are sent again.
    pub(super) fn open(&mut self, now: Instant, resumed: bool, replayed: u32) {
        self.timers.stop(Timer::Connect);
        self.timers.stop(Timer::GiveUp);
        self.phase = Phase::Open;
        self.network.prove();
        self.away = false;
        self.unopened = None;
        self.link.opened_at = now;
        if planted::is(Bug::BackoffResetEarly) {
            self.attempts = 0;
            self.backoff.reset();
        }
        self.expire_messages(now);
        self.set_state(State::Open);
        self.tell(Event::Open {
            attempt: self.attempts,
            resumed,
        });
        let lost_at = core::mem::replace(&mut self.lost_at, Instant::NEVER);
        if lost_at != Instant::NEVER {
            self.health.handle_reconnected(now);
            let downtime = now.since(lost_at);
            self.tell(Event::Reconnected {
                attempts: self.attempts_since_loss,
                downtime,
                resumed,
                replayed,
            });
        }
        self.update_health(now);
        self.schedule_ping(now);
        self.schedule_snapshot(now);
    }

    pub(super) fn handle_link_failed(&mut self, now: Instant, fatal: bool) {
        if matches!(self.phase, Phase::Dialing | Phase::Greeting) {
            self.hang_up(HangUp::Abandoned);
            let cause = if fatal {
                Cause::Invalid
            } else {
                Cause::Provider
            };
            self.lose(now, Loss::without_frame(cause));
        }
    }

    pub(super) fn handle_connect_timeout(&mut self, now: Instant) {
        self.hang_up(HangUp::Abandoned);
        self.tell(Event::Error(Fault::ConnectTimeout));
        self.lose(now, Loss::without_frame(Cause::ConnectTimeout));
    }

    /// Whether a socket may exist that is not open yet.
    pub(super) const fn has_attempt(&self) -> bool {
        matches!(self.phase, Phase::Dialing | Phase::Greeting)
    }

    /// The time without a stable link runs, if it does not already.
    pub(super) fn start_patience(&mut self, now: Instant) {
        if self.patience_ends == Instant::NEVER {
            self.patience_ends = now + self.config.reconnect.max_elapsed;
        }
        self.timers.set(Timer::GiveUp, self.patience_ends);
    }
}
