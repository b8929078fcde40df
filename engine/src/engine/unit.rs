//! A session's messages from the queue to the link: within the window, and small ones together.

use steadfast_protocol::limits;

use super::{Engine, Phase};
use crate::planted::{self, Bug};
use crate::timers::Timer;
use crate::{Event, Form, Output, Window};

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
        self.session.sender.takes(bytes, ahead)
    }

    /// The messages whose turn it is, when the link takes them; then what is to be said of them.
    pub(super) fn poll_unit(&mut self) -> Option<Output<P>> {
        if self.session.corked {
            return None;
        }
        if self.link_takes(self.link.buffered_bytes) && self.give() {
            return self.outputs.pop();
        }
        if self.phase == Phase::Open
            && core::mem::take(&mut self.session.asks)
            && !self.session.sender.is_empty()
        {
            return Some(Output::Ask);
        }
        let (messages, bytes) = self.queued();
        if self.queue_told == (messages > 0) {
            return None;
        }
        self.queue_told = messages > 0;
        self.timers.set(Timer::Expiry, self.outbox.next_expiry());
        Some(Output::Event(Event::Queue { messages, bytes }))
    }

    /// Gives the link all that the window still takes, and the end of the session.
    pub(super) fn say_goodbye(&mut self) {
        if self.config.session {
            while self.give() {}
            self.outputs.push(Output::End);
        }
    }

    /// Numbers the messages whose turn it is, as many as make one unit, and gives them to the link.
    /// Whether there are any.
    fn give(&mut self) -> bool {
        let start = self.outputs.end();
        let (mut messages, mut total, mut form) = (0, 0, Form::Alone);
        while let Some(first) = self.outbox.first() {
            let bytes = first.bytes;
            let takes = self.session.sender.takes(bytes, self.session.window);
            let follows = first.form == form
                && bytes <= limits::UNIT_BYTES - total
                && messages < limits::UNIT_MESSAGES as u32;
            if !(takes || planted::is(Bug::WindowIgnored)) || (messages > 0 && !follows) {
                break;
            }
            form = first.form;
            let Some(message) = self.outbox.pop() else {
                break;
            };
            (messages, total) = (messages + 1, total + bytes);
            self.session.asks |= message.ticket != 0;
            self.outputs.push(Output::Transmit(message.payload.clone()));
            self.session.sender.push(message, bytes);
            if form == Form::Alone || total > limits::UNIT_BYTES {
                break;
            }
        }
        if messages > 1 {
            self.outputs.insert(start, Output::Unit(messages));
        }
        messages > 0
    }
}
