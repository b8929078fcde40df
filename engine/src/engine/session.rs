//! A session: what the server says, and the end of the session.

use alloc::boxed::Box;

use steadfast_protocol::close_code;
use steadfast_protocol::limits::LAST_NUMBER;

use super::{Engine, Phase};
use crate::memory::Stage;
use crate::queue::Message;
use crate::{
    Cause, Direction, DropReason, Event, Fault, GapReason, HangUp, Input, Instant, Loss, Output,
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
            Input::Stored {
                memory,
                lane,
                number,
                ..
            } if self.admits(now, Phase::Open) => {
                self.handle_stored(now, memory, lane, number);
            }
            Input::Adopted { memory, claim, .. } if self.admits(now, Phase::Open) => {
                self.handle_adopted(now, memory, claim);
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
            Input::TaskOver if self.in_session(now) => {
                self.session.corked = false;
                self.leave_sent();
            }
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

    /// The session is gone for good.
    pub(super) fn lose_session(&mut self, other_user: bool) {
        self.session.forget_streams();
        self.tell(Event::Lost { other_user });
        self.tell(Event::Gap {
            missed: None,
            direction: Direction::Down,
            stream: None,
            reason: GapReason::SessionLost,
        });
    }

    /// The session has another owner: nothing of it is left here. What storage keeps is for the next page.
    pub(super) fn give_up_session(&mut self) {
        self.put_away();
        if !self.persists() {
            self.drop_all(DropReason::SessionLost);
            self.upward.begin(Stage::Ready);
        }
        self.discard_inbox();
        self.session.forget_streams();
        self.session.established = false;
        self.tell_if_drained();
    }

    /// Gives up all messages.
    pub(super) fn drop_all(&mut self, reason: DropReason) {
        for place in 0..=self.upward.last() {
            while let Some((message, sent)) = self.upward.memory(place).pop() {
                self.drop_as(message, reason, sent);
            }
        }
        self.session.ends = 0;
    }

    pub(super) fn drop_message(&mut self, message: Box<Message<P>>, reason: DropReason) {
        self.drop_as(message, reason, false);
    }

    pub(super) fn drop_as(&mut self, message: Box<Message<P>>, reason: DropReason, unknown: bool) {
        self.unkeep(&message);
        self.outputs.drop(message, reason, unknown);
    }
}

/// Whether a stream can have a message of this number.
pub(super) const fn is_number(number: u64) -> bool {
    number > 0 && number <= LAST_NUMBER
}
