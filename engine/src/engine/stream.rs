//! A session's messages from the link to the application, and their acknowledgement.

use super::session::is_number;
use super::{Engine, Phase};
use crate::session::{InHand, Stream};
use crate::timers::Timer;
use crate::{Direction, Event, From, GapReason, Instant, Output, STATE, Window};

impl<P: PartialEq + Clone> Engine<P> {
    /// The next messages belong to a stream. A number that is not the expected one is a gap; one that
    /// was there before would double messages.
    pub(super) fn handle_from(&mut self, now: Instant, from: From) {
        let From {
            stream: id,
            epoch,
            next,
            reason,
        } = from;
        let joined = matches!(reason, GapReason::None | GapReason::Joined);
        let (missed, reason) = match self.session.stream(id) {
            _ if !is_number(next) => return self.violate(now),
            None => {
                self.session.begin(Stream::new(id, epoch, next));
                (if joined { Some(0) } else { None }, reason)
            }
            // What waits of another log would be counted in this one.
            Some(stream) if stream.epoch != epoch || reason == GapReason::Epoch => {
                if !stream.is_drained() {
                    return self.violate(now);
                }
                *stream = Stream::new(id, epoch, next);
                self.session.forget_hand(Some(id));
                let joined = reason == GapReason::Joined;
                (
                    if joined { Some(0) } else { None },
                    reason.or(GapReason::Epoch),
                )
            }
            Some(stream) if stream.next > next => return self.violate(now),
            Some(stream) => {
                let reason = reason.or(GapReason::Other);
                (Some(stream.skip_to(next, reason)), reason)
            }
        };
        self.link.stream = Some(id);
        if missed != Some(0) {
            self.tell(hole(id, missed, reason));
        }
    }

    /// The hole before the next message for the application; with none left, one that nothing has come
    /// behind. Whether there is one that was not told.
    pub(super) fn poll_hole(&mut self) -> bool {
        let place = self.inbox.next_place();
        for stream in &mut self.session.streams {
            let number = match place {
                None => stream.next,
                Some((id, number)) if id == stream.id => number,
                Some(_) => continue,
            };
            let missed = stream.skip_before(number);
            if missed > 0 {
                let hole = hole(stream.id, Some(missed), stream.hole);
                self.tell(hole);
                return true;
            }
        }
        false
    }

    /// A message came in: volatile when that was announced, else the next of the present stream.
    pub(super) fn handle_arrival(&mut self, now: Instant, payload: P, bytes: u32) {
        let Some((stream, number)) = self.place_arrival() else {
            self.outputs.push(Output::Discard(payload));
            return self.violate(now);
        };
        self.link.received_messages += 1;
        self.health.handle_received(now, bytes);
        self.heartbeat.handle_inbound(now, false);
        if number == 0 && !self.inbox.has_room(Window::default(), 1) {
            self.outputs.push(Output::Discard(payload));
        } else {
            self.inbox.push(payload, bytes, stream, number);
        }
        self.acknowledge(now, false);
    }

    /// Stream and number of the message that came in; `None` when none can come, or there is no room for it
    /// although it was promised.
    fn place_arrival(&mut self) -> Option<(u32, u64)> {
        if self.phase != Phase::Open || !self.inbox.has_room(Window::default(), 2) {
            return None;
        }
        if let Some(stream) = self.link.announced.take() {
            return Some((stream, 0));
        }
        let stream = self.session.stream(self.link.stream?)?;
        let number = stream.next;
        stream.next += 1;
        Some((stream.id, number))
    }

    /// The application is given a message: from here on it counts as handed over, but nothing lets
    /// the server forget it yet.
    pub(super) fn take_in_hand(&mut self, hand: InHand) {
        if let Some(stream) = self.session.stream(hand.stream) {
            stream.position = stream.position.max(hand.number);
        }
        self.session.in_hand = Some(hand);
    }

    pub(super) fn handle_handed_over(&mut self, now: Instant) {
        let Some(hand) = self.session.in_hand.take() else {
            return;
        };
        if let Some(stream) = self.session.stream(hand.stream) {
            stream.hand_over(now, hand.number, hand.bytes);
            if self.phase == Phase::Open {
                self.acknowledge(now, false);
            }
        }
    }

    /// Acknowledges what was handed over, as far as it is due, or `all` of it.
    pub(super) fn acknowledge(&mut self, now: Instant, all: bool) {
        if self.saving_acknowledges() {
            return self.force_snapshot();
        }
        let mut next = Instant::NEVER;
        for stream in &mut self.session.streams {
            let due = stream.receiver.due(Window::default());
            if due <= now || (all && stream.receiver.owed() > 0) {
                let number = stream.receiver.acknowledge();
                self.outputs.acknowledge(stream, number);
                if STATE {
                    stream.saved = stream.mark();
                }
            } else {
                next = next.min(due);
            }
        }
        self.timers.set(Timer::Ack, next);
    }

    /// What was not handed over yet comes again on the next link.
    pub(super) fn discard_inbox(&mut self) {
        while let Some(message) = self.inbox.pop() {
            self.outputs.push(Output::Discard(message.payload));
        }
    }
}

const fn hole<P>(stream: u32, missed: Option<u64>, reason: GapReason) -> Event<P> {
    Event::Gap {
        missed,
        direction: Direction::Down,
        stream: Some(stream),
        reason,
    }
}
