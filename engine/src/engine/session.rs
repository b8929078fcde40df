//! A session: what the server says, and what becomes of messages when a link replaces another.

use steadfast_protocol::close_code;
use steadfast_protocol::limits::LAST_NUMBER;

use super::{Engine, Phase};
use crate::outbox::Waiting;
use crate::planted::{self, Bug};
use crate::timers::Timer;
use crate::{
    Cause, Direction, DropReason, Event, Fate, Fault, GapReason, HangUp, Input, Instant, Loss,
    Output, STATE, Welcome,
};

impl<P: PartialEq + Clone> Engine<P> {
    /// An input that only a session has.
    pub(super) fn handle_session(&mut self, now: Instant, input: Input<P>) {
        match input {
            Input::Counted { count, .. } if self.admits(now, self.phase) => {
                self.handle_count(now, count);
            }
            Input::Welcomed { welcome, .. } if self.admits(now, Phase::Greeting) => {
                self.handle_welcome(now, welcome);
            }
            Input::Stored { number, .. } if self.admits(now, Phase::Open) => {
                self.handle_stored(now, number);
            }
            Input::From { from, .. } if self.admits(now, Phase::Open) => {
                self.handle_from(now, from);
            }
            Input::Volatile { stream, .. } if self.admits(now, Phase::Open) => {
                self.link.announced = Some(stream);
            }
            Input::Pinged { id, .. } if self.admits(now, Phase::Open) => {
                self.acknowledge(now, true);
                self.outputs.push(Output::Pong(id));
            }
            Input::Ponged { id, .. } if self.admits(now, Phase::Open) => self.handle_pong(now, id),
            // There is no phase in which it is admitted.
            Input::Violated { .. } => _ = self.admits(now, Phase::Rest),
            Input::HandedOver if self.in_session(now) => self.handle_handed_over(now),
            Input::TaskOver if self.in_session(now) => self.session.corked = false,
            _ => {}
        }
    }

    /// Whether there is a session. What has waited too long in it goes first.
    fn in_session(&mut self, now: Instant) -> bool {
        if self.config.session {
            self.expire_due(now);
        }
        self.config.session
    }

    /// Whether what the server says means anything now: it does in `phase`, and at any other time it ends the
    /// link.
    fn admits(&mut self, now: Instant, phase: Phase) -> bool {
        let heard = self.in_session(now) && matches!(self.phase, Phase::Greeting | Phase::Open);
        let allowed = self.phase == phase;
        if heard && !allowed {
            self.violate(now);
        }
        heard && allowed
    }

    fn handle_count(&mut self, now: Instant, count: u64) {
        self.heartbeat.handle_inbound(now, false);
        // Nothing stands between an announcement and its message.
        if count != self.link.received_messages || self.link.announced.is_some() {
            self.violate(now);
        }
    }

    /// The other side broke the protocol: nothing that it says is trusted any more, and a new link
    /// goes on from what is known for sure.
    pub(super) fn violate(&mut self, now: Instant) {
        self.hang_up(HangUp::Protocol);
        self.tell(Event::Error(Fault::Protocol));
        self.lose(
            now,
            Loss {
                cause: Cause::Protocol,
                code: close_code::PROTOCOL,
                was_clean: false,
            },
        );
    }

    pub(super) fn handle_welcome(&mut self, now: Instant, welcome: Welcome) {
        let lost = match welcome.fate {
            Fate::Resumed => false,
            Fate::New => self.session.established || !self.session.sender.is_empty(),
            Fate::Lost | Fate::OtherUser => true,
        };
        let other_user = welcome.fate == Fate::OtherUser;
        let forgotten = other_user || welcome.received.is_none();
        let mut received = welcome.received.unwrap_or(0);
        let last = if forgotten {
            0
        } else {
            self.session.last_sent()
        };
        if received > last {
            if !STATE || forgotten || !self.session.fresh {
                return self.violate(now);
            }
            self.drop_restored();
        }
        if other_user && self.persists() {
            self.release(self.session.owned);
        }
        if forgotten {
            self.drop_numbered(DropReason::SessionLost);
        }
        if lost {
            self.lose_session(other_user);
        }
        self.session.established = true;
        self.heartbeat
            .handle_welcome(now.since(self.link.greeted_at));
        self.session.window = welcome.window;
        self.session.max_message_bytes = welcome.max_message_bytes;
        if let Some(first) = welcome.first_retry {
            self.config.reconnect.first = first.min(self.config.reconnect.max);
        }
        if planted::is(Bug::ResumeOffByOne) {
            received = received.saturating_sub(1);
        }
        self.settle_stored(received);
        let replayed = self.free_unstored(now, received);
        self.open(now, welcome.fate == Fate::Resumed, replayed);
        if STATE {
            self.session.owned = true;
        }
        self.tell_if_drained();
        self.acknowledge(now, false);
    }

    /// Everything above `received` was not stored and never will be as it was sent: what is still
    /// worth sending goes back in front of all that waits. How many these are.
    fn free_unstored(&mut self, now: Instant, received: u64) -> u32 {
        let (mut replayed, mut dropped) = (0, 0);
        while let Some(message) = self.session.sender.take_last() {
            let sent = self.session.unsent() == 0;
            if !sent {
                self.session.unsent -= 1;
            }
            if STATE && message.number > 0 && message.number <= received {
                self.forget_stored(message);
            } else if self.free(now, message, sent) {
                replayed += 1;
            } else {
                dropped += 1;
            }
        }
        let mut last = received;
        if planted::is(Bug::UpwardNumberAtSend) {
            last += dropped;
        }
        let gone = self.session.sender.go_on_after(last);
        let fresh = STATE && core::mem::take(&mut self.session.fresh);
        let gone = gone.saturating_sub(core::mem::take(&mut self.session.forgone));
        // Storage does not say which of the last numbers were acknowledged.
        if gone > 0 && !fresh {
            self.tell(Event::Gap {
                missed: Some(gone),
                direction: Direction::Up,
                stream: None,
                reason: GapReason::Epoch,
            });
        }
        replayed
    }

    /// A number is free again: its message goes back in front of all that waits, if it is still worth
    /// sending.
    fn free(&mut self, now: Instant, mut message: Waiting<P>, sent: bool) -> bool {
        let reason = if message.volatile {
            DropReason::Volatile
        } else if message.bytes > self.session.max_message_bytes {
            DropReason::TooLarge
        } else if message.expires_at <= now {
            DropReason::Ttl
        } else if self.outbox.holds(&message.key, true) {
            DropReason::Replaced
        } else {
            message.number = 0;
            self.outbox.put_back(message);
            return true;
        };
        let unknown = sent && reason == DropReason::Volatile;
        self.drop_as(message, reason, unknown);
        false
    }

    pub(super) fn handle_stored(&mut self, now: Instant, number: u64) {
        if number > self.session.last_sent() {
            return self.violate(now);
        }
        if self.settle_stored(number) {
            self.timers.stop(Timer::Doubt);
            self.watch_acknowledgement(now);
        }
        self.tell_if_drained();
    }

    /// Everything up to `number` is stored. Whether that is news.
    fn settle_stored(&mut self, number: u64) -> bool {
        let mut news = false;
        while let Some(message) = self.session.sender.acknowledge_one(number) {
            news = true;
            self.forget_stored(message);
        }
        news
    }

    fn forget_stored(&mut self, message: Waiting<P>) {
        if self.session.suspect.as_ref() == Some(&message.payload) {
            self.session.ends = 0;
        }
        self.outputs.push(Output::Discard(message.payload));
        if message.ticket != 0 {
            self.tell(Event::Settled {
                ticket: message.ticket,
                done: true,
            });
        }
    }

    /// The session is gone for good.
    fn lose_session(&mut self, other_user: bool) {
        if other_user && !self.persists() {
            self.drop_waiting(DropReason::SessionLost);
        }
        self.session.forget_streams();
        self.tell(Event::Lost { other_user });
        self.tell(Event::Gap {
            missed: None,
            direction: Direction::Down,
            stream: None,
            reason: GapReason::SessionLost,
        });
    }

    /// The session has another owner: nothing of it is left here.
    pub(super) fn give_up_session(&mut self) {
        self.drop_numbered(DropReason::SessionLost);
        self.drop_waiting(DropReason::SessionLost);
        self.discard_inbox();
        self.session.forget_streams();
        self.session.established = false;
        self.tell_if_drained();
    }

    /// Gives up what is not acknowledged, and its numbers.
    pub(super) fn drop_numbered(&mut self, reason: DropReason) {
        while let Some((message, sent)) = self.session.take_numbered() {
            self.drop_as(message, reason, sent);
        }
        self.session.sender.go_on_after(0);
        self.session.forgone = 0;
        self.session.ends = 0;
    }

    pub(super) fn drop_waiting(&mut self, reason: DropReason) {
        while let Some(message) = self.outbox.pop() {
            self.drop_message(message, reason);
        }
    }

    pub(super) fn drop_as(&mut self, message: Waiting<P>, reason: DropReason, unknown: bool) {
        self.outputs.drop(message, reason, unknown);
    }
}

/// Whether a stream can have a message of this number.
pub(super) const fn is_number(number: u64) -> bool {
    number > 0 && number <= LAST_NUMBER
}
