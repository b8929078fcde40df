//! A session's messages from the queue to the link: within the window, and small ones together.

use steadfast_protocol::limits;

use super::{Engine, Phase};
use crate::planted::{self, Bug};
use crate::queue::Message;
use crate::timers::Timer;
use crate::{Event, Form, Instant, Output};

impl<P: PartialEq + Clone> Engine<P> {
    /// Whether the other side takes another message of so many bytes, after all that waits. Without
    /// a session it always does.
    pub(super) fn window_takes(&self, bytes: u32) -> bool {
        if !self.config.session {
            return true;
        }
        let mut ahead = self.upward.given(true);
        ahead.add(self.upward.waiting());
        let window = self.session.window;
        !self.session.goes_alone() && window.takes(bytes, ahead.messages, ahead.bytes)
    }

    /// The messages whose turn it is, when the link takes them; then what is to be said of them.
    pub(super) fn poll_unit(&mut self) {
        if self.session.corked {
            return;
        }
        if self.link_takes(self.link.buffered_bytes) && self.give() {
            return;
        }
        if self.phase == Phase::Open
            && core::mem::take(&mut self.session.asks)
            && !self.upward.given(true).is_empty()
        {
            return self.outputs.push(Output::Ask);
        }
        let (messages, bytes) = self.queued();
        if self.queue_told == (messages > 0) {
            return;
        }
        self.timers.set(Timer::Expiry, self.upward.next_expiry());
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
        let Some(place) = self.place_to_give() else {
            return false;
        };
        self.tell_lane(place);
        let start = self.outputs.end();
        let (mut messages, mut total, mut form) = (0, 0, Form::Alone);
        while let Some(first) = self.first_to_give(place) {
            let (bytes, number) = (first.bytes, first.number);
            let lane = self.link.lane.map(|(_, lane)| lane);
            let follows = first.form == form
                && lane == Some(first.priority)
                && self.link.next_number == number
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
            self.upward.give(place);
            self.link.next_number = number + 1;
            if form == Form::Alone || total > limits::UNIT_BYTES {
                break;
            }
        }
        if messages > 1 {
            self.outputs.insert(start, Output::Unit(messages));
        }
        messages > 0
    }

    /// Memory, lane and number go without saying as long as each message follows the one before.
    fn tell_lane(&mut self, place: usize) {
        let Some(first) = self.upward.first_waiting(place) else {
            return;
        };
        let (lane, next) = (first.priority, first.number);
        let memory = self.upward.memory(place).id;
        if self.link.lane != Some((memory, lane)) || self.link.next_number != next {
            self.link.lane = Some((memory, lane));
            self.link.next_number = next;
            self.outputs.push(Output::Lane { memory, lane, next });
        }
    }

    /// Where the message stands whose turn it is, if the window takes it: the place of its memory.
    fn place_to_give(&self) -> Option<usize> {
        // What is older may still be found.
        let reads = self.persists() && !self.storage.recalled;
        if reads && !planted::is(Bug::SentBeforeRead) {
            return None;
        }
        let place = self.upward.next(true)?;
        self.first_to_give(place).map(|_| place)
    }

    /// The first waiting message of a lane, if the window takes it.
    fn first_to_give(&self, place: usize) -> Option<&Message<P>> {
        let first = self.upward.first_waiting(place)?;
        let given = self.upward.given(true);
        let window = self.session.window;
        let takes = window.takes(first.bytes, given.messages, given.bytes);
        let blocked = self.session.goes_alone() && !given.is_empty();
        (takes && !blocked || planted::is(Bug::WindowIgnored)).then_some(first)
    }
}
