//! A session's messages from the queue to the link: within the window, and small ones together.

use steadfast_protocol::limits;

use super::{Engine, Phase};
use crate::outbox::Waiting;
use crate::planted::{self, Bug};
use crate::timers::Timer;
use crate::{Event, Form, Instant, Output, Window};

impl<P: PartialEq + Clone> Engine<P> {
    /// Whether the other side takes another message of so many bytes, after all that waits. Without
    /// a session it always does.
    pub(super) fn window_takes(&self, bytes: u32) -> bool {
        let Window {
            messages,
            bytes: limit,
        } = self.session.window;
        let ahead = Window {
            messages: messages.saturating_sub(self.outbox.len()),
            bytes: limit.saturating_sub(self.outbox.bytes()),
        };
        !self.session.goes_alone() && self.session.sender.takes(bytes, ahead)
    }

    /// The messages whose turn it is, when the link takes them; then what is to be said of them.
    pub(super) fn poll_unit(&mut self) {
        if self.session.corked {
            return;
        }
        if self.link_takes(self.link.buffered_bytes)
            && (self.give() || (self.persists() && self.number()))
        {
            return;
        }
        if self.phase == Phase::Open
            && self.session.unsent() == 0
            && core::mem::take(&mut self.session.asks)
            && !self.session.sender.is_empty()
        {
            return self.outputs.push(Output::Ask);
        }
        let (messages, bytes) = self.queued();
        if self.queue_told == (messages > 0) {
            return;
        }
        self.timers.set(Timer::Expiry, self.outbox.next_expiry());
        if messages > 0 && self.waits_for_storage() {
            return;
        }
        self.queue_told = messages > 0;
        self.tell(Event::Queue { messages, bytes });
    }

    /// Gives the link all that the window still takes, and the end of the session, or what its next
    /// client is not to be given.
    pub(super) fn say_goodbye(&mut self, now: Instant, releases: bool) {
        if !self.config.session {
            return;
        }
        while self.give() {}
        if releases {
            self.acknowledge(now, true);
        } else {
            self.outputs.push(Output::End);
        }
    }

    /// Gives the link the messages whose turn it is, as many as make one unit, with their numbers.
    /// Whether there are any.
    fn give(&mut self) -> bool {
        let start = self.outputs.end();
        let (mut messages, mut total, mut form) = (0, 0, Form::Alone);
        while let Some(first) = self.first_to_give() {
            let bytes = first.bytes;
            let follows = first.form == form
                && bytes <= limits::UNIT_BYTES - total
                && messages < limits::UNIT_MESSAGES as u32;
            if messages > 0 && !follows {
                break;
            }
            form = first.form;
            (messages, total) = (messages + 1, total + bytes);
            let (payload, asks) = (first.payload.clone(), first.ticket != 0);
            self.session.asks |= asks;
            self.outputs.push(Output::Transmit(payload));
            if self.persists() {
                self.session.unsent -= 1;
            } else if let Some(message) = self.outbox.pop() {
                self.session.sender.push(message, bytes);
            }
            if form == Form::Alone || total > limits::UNIT_BYTES {
                break;
            }
        }
        if messages > 1 {
            self.outputs.insert(start, Output::Unit(messages));
        }
        messages > 0
    }

    /// The message whose turn it is, if the window takes it, and storage has written its number.
    fn first_to_give(&self) -> Option<&Waiting<P>> {
        let session = &self.session;
        if self.persists() {
            let sent = session.sender.len() - session.unsent();
            return session.sender.get(sent).filter(|_| !session.committing);
        }
        self.first_to_number()
    }

    /// The first message that waits, if the window takes it.
    pub(super) fn first_to_number(&self) -> Option<&Waiting<P>> {
        let session = &self.session;
        let first = self.outbox.first()?;
        let takes = !session.is_blocked() && session.sender.takes(first.bytes, session.window);
        (takes || planted::is(Bug::WindowIgnored)).then_some(first)
    }
}
