//! From the link to the application, and the link's signs of life.

use super::{Engine, Phase};
use crate::heartbeat::{PingKind, Verdict};
use crate::session::InHand;
use crate::timers::Timer;
use crate::{
    Cause, Direction, Event, GapReason, HangUp, Instant, Loss, Output, Refusal, Span, Warning,
};

impl<P: PartialEq + Clone> Engine<P> {
    pub(super) fn handle_message(&mut self, now: Instant, payload: P, bytes: u32, is_pong: bool) {
        if !matches!(self.phase, Phase::Open | Phase::Greeting) {
            return;
        }
        if self.config.session {
            return self.handle_arrival(now, payload, bytes);
        }
        self.link.unconfirmed = 0;
        self.health.handle_received(now, bytes);
        let awaited = self.timers.deadline(Timer::Pong) != Instant::NEVER;
        let round_trip = self.heartbeat.handle_inbound(now, is_pong);
        self.tell_round_trip(now, round_trip);
        if awaited {
            self.timers.stop(Timer::Pong);
            self.schedule_ping(now);
        }
        if round_trip.is_none() {
            self.inbox.push(payload, bytes, 0, 0);
            while let Some(message) = self.inbox.overflow() {
                self.outputs.push(Output::Discard(message.payload));
            }
        }
    }

    fn tell_round_trip(&mut self, now: Instant, round_trip: Option<Span>) {
        if round_trip.is_some() {
            self.tell(Event::Heartbeat {
                round_trip,
                missed: 0,
            });
            self.update_health(now);
        }
    }

    /// Session: the pong to a ping. Any other says nothing.
    pub(super) fn handle_pong(&mut self, now: Instant, id: u32) {
        let round_trip = self.heartbeat.handle_pong(now, id);
        self.tell_round_trip(now, round_trip);
        if !self.heartbeat.awaits_pong() {
            self.timers.stop(Timer::Pong);
            self.schedule_ping(now);
        }
    }

    /// The next message, when somebody listens.
    pub(super) fn poll_message(&mut self) {
        if !self.listening || self.phase == Phase::Greeting || self.session.in_hand.is_some() {
            return;
        }
        let missed = self.inbox.take_missed();
        if missed > 0 {
            return self.tell(Event::Gap {
                missed: Some(missed.into()),
                direction: Direction::Down,
                stream: None,
                reason: GapReason::Overflow,
            });
        }
        if self.config.session && self.poll_hole() {
            return;
        }
        let Some(message) = self.inbox.pop() else {
            return;
        };
        let (stream, number) = (message.ticket, message.number);
        if self.config.session {
            self.take_in_hand(InHand {
                stream,
                number,
                bytes: message.bytes,
            });
        }
        self.outputs.push(Output::Message {
            payload: message.payload,
            stream: self.config.session.then_some(stream),
            number,
        });
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
        let news = verdict == Verdict::Doubt && self.heartbeat.doubt();
        if self.heartbeat.missed() > missed_before || news {
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
            Verdict::Doubt => {
                if news {
                    self.tell(Event::Warning(Warning::NoPong));
                }
                self.schedule_ping(now);
            }
            Verdict::Dead => {
                self.hang_up(HangUp::HeartbeatTimeout);
                self.lose(now, Loss::without_frame(Cause::HeartbeatTimeout));
            }
        }
    }

    /// Session: nothing is acknowledged for longer than a ping would be given. One asks whether the
    /// link is alive; if it is, the other side is slow.
    pub(super) fn handle_doubt(&mut self, now: Instant) {
        if !self.config.heartbeat.enabled {
            return;
        }
        if self.timers.deadline(Timer::Pong) == Instant::NEVER {
            self.ping(now, PingKind::Regular);
        }
        let again = now + self.config.heartbeat.interval;
        self.timers.set(Timer::Doubt, again);
    }

    /// Session: what was given to the link is to be acknowledged in time.
    pub(super) fn watch_acknowledgement(&mut self, now: Instant) {
        let idle = self.timers.deadline(Timer::Doubt) == Instant::NEVER;
        if idle && !self.upward.given(true).is_empty() && self.phase == Phase::Open {
            self.timers
                .set(Timer::Doubt, now + self.heartbeat.reaction());
        }
    }

    pub(super) fn ping(&mut self, now: Instant, kind: PingKind) {
        self.acknowledge(now, true);
        self.timers.stop(Timer::Ping);
        let (given, left) = (self.link.given_bytes, self.link.left_bytes());
        let deadline = self.heartbeat.handle_ping(now, kind, given, left);
        self.timers.set(Timer::Pong, deadline);
        self.outputs
            .push(Output::TransmitPing(self.heartbeat.ping_id()));
    }

    pub(super) fn schedule_ping(&mut self, now: Instant) {
        let due = self.heartbeat.next_ping(self.health.score());
        self.timers.set(Timer::Ping, due.max(now));
    }
}
