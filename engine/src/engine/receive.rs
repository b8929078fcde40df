//! From the link to the application, and the link's signs of life.

use super::{Engine, Phase};
use crate::heartbeat::{PingKind, Verdict};
use crate::timers::Timer;
use crate::{Cause, Event, HangUp, Instant, Loss, Output, Refusal};

impl<P: PartialEq> Engine<P> {
    pub(super) fn handle_message(&mut self, now: Instant, payload: P, bytes: u32, is_pong: bool) {
        if !matches!(self.phase, Phase::Open | Phase::Greeting) {
            return;
        }
        self.link.unconfirmed = 0;
        self.health.handle_received(now, bytes);
        let awaited = self.timers.deadline(Timer::Pong) != Instant::NEVER;
        let round_trip = self.heartbeat.handle_inbound(now, is_pong);
        if let Some(span) = round_trip {
            self.tell(Event::Heartbeat {
                round_trip: Some(span),
                missed: 0,
            });
            self.update_health(now);
        }
        if awaited {
            self.timers.stop(Timer::Pong);
            self.schedule_ping(now);
        }
        if round_trip.is_none() {
            self.inbox.push(payload, bytes);
            while let Some(payload) = self.inbox.overflow() {
                self.outputs.push(Output::Discard(payload));
            }
        }
    }

    /// The next message, when somebody listens.
    pub(super) fn poll_message(&mut self) -> Option<Output<P>> {
        if !self.listening || self.phase == Phase::Greeting {
            return None;
        }
        let missed = self.inbox.take_missed();
        if missed > 0 {
            return Some(Output::Event(Event::Gap { missed }));
        }
        self.inbox.pop().map(Output::Message)
    }

    pub(super) fn ping_now(&mut self, now: Instant) -> Result<(), Refusal> {
        if self.state.is_final() {
            return Err(Refusal::Closed);
        }
        if self.phase != Phase::Open {
            return Err(Refusal::NotOpen);
        }
        if self.timers.deadline(Timer::Pong) == Instant::NEVER {
            self.ping(now, PingKind::Regular);
        }
        Ok(())
    }

    /// The interval is over: a ping goes out if the link was silent all the while.
    pub(super) fn handle_ping_due(&mut self, now: Instant) {
        let due = self.heartbeat.next_ping(self.health.score());
        if due <= now {
            self.ping(now, PingKind::Regular);
        } else {
            self.timers.set(Timer::Ping, due);
        }
    }

    pub(super) fn handle_pong_due(&mut self, now: Instant, deadline: Instant) {
        let left_bytes = self.link.left_bytes();
        let missed_before = self.heartbeat.missed();
        let verdict = self.heartbeat.handle_deadline(now, deadline, left_bytes);
        if self.heartbeat.missed() > missed_before || verdict == Verdict::GiveUp {
            let missed = self.heartbeat.missed().max(missed_before + 1);
            self.tell(Event::Heartbeat {
                round_trip: None,
                missed,
            });
            self.update_health(now);
        }
        match verdict {
            Verdict::Wait(until) => self.timers.set(Timer::Pong, until),
            Verdict::Probe => self.ping(now, PingKind::AfterLateTimer),
            Verdict::Missed => self.ping(now, PingKind::Regular),
            Verdict::GiveUp => self.tell(Event::HeartbeatStopped),
            Verdict::Dead => {
                self.hang_up(HangUp::HeartbeatTimeout);
                self.lose(now, Loss::without_frame(Cause::HeartbeatTimeout));
            }
        }
    }

    pub(super) fn ping(&mut self, now: Instant, kind: PingKind) {
        self.timers.stop(Timer::Ping);
        let (given, left) = (self.link.given_bytes, self.link.left_bytes());
        let deadline = self.heartbeat.handle_ping(now, kind, given, left);
        self.timers.set(Timer::Pong, deadline);
        self.outputs.push(Output::TransmitPing);
    }

    pub(super) fn schedule_ping(&mut self, now: Instant) {
        let due = self.heartbeat.next_ping(self.health.score());
        self.timers.set(Timer::Ping, due.max(now));
    }
}
