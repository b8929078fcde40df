//! From a lost link to the next attempt, or to the end.

use super::{Engine, Phase, Undecided};
use crate::close_code::{Policy, policy};
use crate::timers::Timer;
use crate::{
    Cause, Decision, DropReason, Event, Failure, FailureKind, Fault, HangUp, Instant, Loss, Output,
    STATE, Span, State, Warning,
};

/// What follows a loss, once decided.
enum Verdict {
    Wait { later: bool },
    After(Span),
    Fail(FailureKind),
}

impl<P: PartialEq + Clone> Engine<P> {
    pub(super) fn handle_link_closed(&mut self, now: Instant, code: u16, was_clean: bool) {
        if self.has_attempt() || self.phase == Phase::Open {
            // A server that goes away says so; its closing has nothing to do with a ping.
            if !matches!(code, 1001 | 1012 | 1013) {
                self.link.provoked = self.heartbeat.handle_end(now, was_clean);
                if self.link.provoked {
                    self.tell(Event::Warning(Warning::PingsEndLinks));
                }
            }
            self.lose(
                now,
                Loss {
                    cause: Cause::Closed,
                    code,
                    was_clean,
                },
            );
        }
    }

    /// The link, or the attempt, has ended by itself: what next?
    pub(super) fn lose(&mut self, now: Instant, loss: Loss) {
        self.count_unopened(loss);
        self.suspect(loss);
        let opened = self.forget_link(now);
        if self.config.decides && self.policy(loss) != Policy::TakenOver {
            self.undecided = Some(Undecided {
                loss,
                opened,
                told: false,
            });
            self.phase = Phase::Deciding;
            let (generation, attempt) = (self.generation, self.attempts);
            self.outputs.push(Output::Decide {
                generation,
                loss,
                attempt,
                opened,
            });
        } else {
            self.follow(now, loss, opened, None, true);
        }
    }

    /// As long as no link was ever open, a failed attempt may mean that none can be.
    fn count_unopened(&mut self, loss: Loss) {
        let Some(failed) = &mut self.unopened else {
            return;
        };
        if matches!(loss.cause, Cause::Provider | Cause::Invalid) {
            return;
        }
        *failed += 1;
        match *failed {
            1 => self.tell(Event::Warning(Warning::NotOpened)),
            PROBABLY_NO_SESSIONS if self.config.session => {
                self.tell(Event::Error(Fault::NotWelcomed));
            }
            _ => {}
        }
    }

    /// The application will decide later: until then the loss counts as one that is retried.
    pub(super) fn handle_decision_pending(&mut self, now: Instant) {
        if self.undecided.is_some() {
            self.timers
                .set(Timer::Decide, now + self.config.connect_timeout);
            self.tell_undecided(true);
            self.set_state(State::Reconnecting);
        }
    }

    pub(super) fn handle_decision(&mut self, now: Instant, decision: Option<Decision>) {
        if let Some(Undecided { loss, opened, told }) = self.undecided.take() {
            self.timers.stop(Timer::Decide);
            self.follow(now, loss, opened, decision, !told);
        }
    }

    /// The application, or the page, ends an open link.
    pub(super) fn leave_link(&mut self, now: Instant, why: HangUp, loss: Loss) {
        self.hang_up(why);
        self.forget_link(now);
        self.tell_loss(loss, true, why != HangUp::Closed);
    }

    /// The end of the client and, unless it `releases` that for the next one, of its session. `stored`:
    /// storage keeps what it was given.
    pub(super) fn close(&mut self, now: Instant, releases: bool, stored: bool) {
        if self.state.is_final() {
            return;
        }
        if STATE && releases {
            self.poll_capture();
        }
        if self.phase == Phase::Open {
            let loss = Loss {
                cause: Cause::Requested,
                code: 1000,
                was_clean: true,
            };
            self.say_goodbye(now, releases);
            self.leave_link(now, HangUp::Closed, loss);
        } else if self.has_attempt() {
            self.hang_up(HangUp::Closed);
        }
        self.tell_undecided(false);
        self.set_state(State::Closing);
        self.rest();
        self.inbox.clear();
        // No hole is told where a message was to come.
        self.session.rewind();
        self.end_memories(stored);
        self.drop_all(DropReason::Closed);
        self.give_up_waiting();
        self.tell_if_drained();
        self.set_state(State::Closed);
        self.tell(Event::Closed);
    }

    /// Time is up without a stable link.
    pub(super) fn give_up(&mut self) {
        if self.has_attempt() {
            self.hang_up(HangUp::Abandoned);
        }
        self.tell_undecided(false);
        self.fail(FailureKind::RetriesExhausted, self.last_loss);
    }

    /// Draws the line under the present link. Whether it was open.
    fn forget_link(&mut self, now: Instant) -> bool {
        let opened = self.phase == Phase::Open;
        if opened {
            if self.is_stable(now) {
                self.attempts = 0;
                self.backoff.reset();
                self.reauthenticated = false;
                self.patience_ends = Instant::NEVER;
            }
            self.lost_at = now;
            self.attempts_since_loss = 0;
        }
        self.phase = Phase::Rest;
        for timer in [
            Timer::Connect,
            Timer::Ping,
            Timer::Pong,
            Timer::Drain,
            Timer::Ack,
            Timer::Doubt,
        ] {
            self.timers.stop(timer);
        }
        self.upward.lose_link();
        self.expire_messages(now);
        self.heartbeat.handle_loss();
        self.lose_departures();
        self.update_health(now);
        opened
    }

    fn is_stable(&self, now: Instant) -> bool {
        now.since(self.link.opened_at) >= self.config.reconnect.stable_after
    }

    fn follow(
        &mut self,
        now: Instant,
        loss: Loss,
        opened: bool,
        decision: Option<Decision>,
        tell: bool,
    ) {
        self.last_loss = loss;
        let verdict = self.judge(now, loss, decision);
        if tell {
            self.tell_loss(loss, opened, !matches!(verdict, Verdict::Fail(_)));
        }
        let hindered = self.is_slowed() || self.session.is_stuck();
        let config = &self.config.reconnect;
        let (later, after) = match verdict {
            Verdict::Fail(kind) => return self.fail(kind, loss),
            Verdict::Wait { later } => (later, None),
            Verdict::After(delay) => (false, Some(delay)),
        };
        let delay = if hindered && after.is_none() {
            // No retry that counts: more attempts would be used up by hints, or change nothing.
            config.max
        } else {
            let drawn = self
                .backoff
                .next_delay(config, &mut self.rng, opened, later);
            after.unwrap_or(drawn)
        };
        self.await_retry(now, delay, loss.cause);
    }

    fn judge(&mut self, now: Instant, loss: Loss, decision: Option<Decision>) -> Verdict {
        let policy = self.policy(loss);
        if policy == Policy::TakenOver {
            if self.session.established {
                return Verdict::Fail(FailureKind::TakenOver);
            }
            // It never was this page's.
            self.outputs.push(Output::Abandon);
        }
        if !self.config.reconnect.enabled {
            return Verdict::Fail(FailureKind::RetriesExhausted);
        }
        let exhausted = self.is_exhausted(now);
        let verdict = match decision {
            Some(Decision::Retry) => Verdict::Wait { later: false },
            Some(Decision::After(delay)) => Verdict::After(delay),
            Some(Decision::Stop) => Verdict::Fail(FailureKind::Refused),
            Some(Decision::Reauthenticate) => self.reauthenticate(),
            None if loss.cause == Cause::Invalid => Verdict::Fail(FailureKind::Invalid),
            None => match policy {
                Policy::Stop if self.link.provoked => Verdict::Wait { later: false },
                Policy::Stop => Verdict::Fail(FailureKind::Refused),
                Policy::Reauthenticate => self.reauthenticate(),
                Policy::Retry | Policy::RetryLater | Policy::TooLarge | Policy::TakenOver => {
                    Verdict::Wait {
                        later: policy == Policy::RetryLater,
                    }
                }
            },
        };
        match verdict {
            Verdict::Fail(kind) => Verdict::Fail(kind),
            _ if exhausted => Verdict::Fail(FailureKind::RetriesExhausted),
            verdict => verdict,
        }
    }

    /// What the table says of a loss: without a close frame, another attempt.
    fn policy(&self, loss: Loss) -> Policy {
        if loss.cause == Cause::Closed {
            policy(loss.code, self.config.session)
        } else {
            Policy::Retry
        }
    }

    fn is_exhausted(&self, now: Instant) -> bool {
        let used_up = self.backoff.retries() >= self.config.reconnect.retries && !self.is_slowed();
        used_up || self.patience_ends <= now
    }

    /// Fresh credentials are asked for once between two stable links.
    fn reauthenticate(&mut self) -> Verdict {
        if core::mem::replace(&mut self.reauthenticated, true) {
            Verdict::Fail(FailureKind::Unauthorized)
        } else {
            Verdict::Wait { later: false }
        }
    }

    /// A loss whose decision is not there yet, or will not be waited for.
    pub(super) fn tell_undecided(&mut self, will_retry: bool) {
        if let Some(undecided) = &mut self.undecided
            && !core::mem::replace(&mut undecided.told, true)
        {
            let (loss, opened) = (undecided.loss, undecided.opened);
            self.tell_loss(loss, opened, will_retry);
        }
    }

    fn tell_loss(&mut self, loss: Loss, opened: bool, will_retry: bool) {
        if loss.cause == Cause::HeartbeatTimeout {
            self.tell(Event::Error(Fault::HeartbeatTimeout));
        }
        if self.policy(loss) == Policy::TooLarge {
            let bytes = self.link.largest_bytes;
            self.tell(Event::Error(if self.config.session {
                Fault::Protocol
            } else {
                Fault::MessageTooLarge { bytes }
            }));
        }
        if opened {
            let unconfirmed = if self.config.session {
                self.unacknowledged()
            } else {
                self.link.unconfirmed
            };
            self.tell(Event::Disconnect {
                loss,
                will_retry,
                unconfirmed,
            });
        }
    }

    /// The next attempt comes after `delay`, or after the longest one where a hint makes attempts seldom.
    pub(super) fn await_retry(&mut self, now: Instant, delay: Span, cause: Cause) {
        self.hastened = false;
        let seldom = self.config.reconnect.max.max(LEAST_SELDOM);
        let least = if self.is_slowed() { seldom } else { delay };
        self.retry_at(now, now + delay.max(least), cause);
    }

    pub(super) fn retry_at(&mut self, now: Instant, at: Instant, cause: Cause) {
        self.start_patience(now);
        self.phase = Phase::Waiting;
        self.timers.set(Timer::Retry, at);
        self.set_state(if self.network.down && !self.away {
            State::Offline
        } else {
            State::Reconnecting
        });
        let attempt = self.attempts.saturating_add(1);
        self.tell(Event::Reconnecting {
            attempt,
            delay: at.since(now),
            cause,
        });
    }

    fn fail(&mut self, kind: FailureKind, loss: Loss) {
        if kind == FailureKind::TakenOver {
            self.give_up_session();
        }
        self.rest();
        self.set_state(State::Failed);
        self.tell(Event::Failed(Failure { kind, loss }));
        self.give_up_waiting();
    }

    /// Nothing is under way any more, and what is late means nothing.
    fn rest(&mut self) {
        self.phase = Phase::Rest;
        self.generation = self.generation.wrapping_add(1);
        self.undecided = None;
        let before = core::mem::take(&mut self.timers);
        if !self.state.is_final() {
            for timer in [Timer::Expiry, Timer::Storage, Timer::StorageRetry] {
                self.timers.set(timer, before.deadline(timer));
            }
        }
    }
}

impl Loss {
    /// A loss for which no close frame came.
    #[must_use]
    pub const fn without_frame(cause: Cause) -> Self {
        Self {
            cause,
            code: 1006,
            was_clean: false,
        }
    }

    pub(super) const fn none() -> Self {
        Self::without_frame(Cause::Closed)
    }
}

/// So many attempts that failed say more about the server than about the line.
const PROBABLY_NO_SESSIONS: u32 = 3;

/// A page that is put away has stopped by then, if it does: until then an attempt would keep the browser from
/// keeping it.
const LEAST_SELDOM: Span = Span::from_ms(1_000);
