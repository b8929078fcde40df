//! Messages that came in before anybody listened.

use alloc::boxed::Box;

use crate::queue::{Message, Queue};
use crate::{Form, Instant, Priority, Window};

/// Inbound messages in order, bounded; the oldest give way, and are counted.
#[derive(Debug)]
pub(crate) struct Inbox<P> {
    messages: Queue<P>,
    max_messages: u32,
    max_bytes: u32,
    missed: u32,
}

impl<P> Inbox<P> {
    pub(crate) const fn new() -> Self {
        Self {
            messages: Queue::new(),
            max_messages: 0,
            max_bytes: 0,
            missed: 0,
        }
    }

    /// So much may wait.
    pub(crate) const fn bound(&mut self, max_messages: u32, max_bytes: u32) {
        self.max_messages = max_messages;
        self.max_bytes = max_bytes;
    }

    /// `stream` comes back as the message's ticket.
    pub(crate) fn push(&mut self, payload: P, bytes: u32, stream: u32, number: u64) {
        self.messages.push(Box::new(Message {
            payload,
            bytes,
            priority: Priority::Normal,
            number,
            key: None,
            expires_at: Instant::NEVER,
            ticket: stream,
            volatile: false,
            replaced: false,
            form: Form::Text,
            given: false,
            turn: 0,
        }));
    }

    /// Whether less waits than so many times `window`.
    pub(crate) fn has_room(&self, window: Window, times: u32) -> bool {
        let waiting = self.messages.room;
        waiting.messages < times.saturating_mul(window.messages)
            && waiting.bytes < times.saturating_mul(window.bytes)
    }

    /// Takes the oldest when there are more than may be; a single message always may.
    pub(crate) fn overflow(&mut self) -> Option<Box<Message<P>>> {
        let waiting = self.messages.room;
        let fits = waiting.messages <= self.max_messages && waiting.bytes <= self.max_bytes;
        if waiting.messages <= 1 || fits {
            return None;
        }
        self.missed = self.missed.saturating_add(1);
        self.pop()
    }

    /// Stream and number of the oldest.
    pub(crate) fn next_place(&self) -> Option<(u32, u64)> {
        let message = self.messages.get(0)?;
        Some((message.ticket, message.number))
    }

    pub(crate) fn pop(&mut self) -> Option<Box<Message<P>>> {
        self.messages.remove(0)
    }

    /// How many gave way since this was last asked.
    pub(crate) const fn take_missed(&mut self) -> u32 {
        core::mem::replace(&mut self.missed, 0)
    }

    pub(crate) fn clear(&mut self) {
        self.messages = Queue::new();
        self.missed = 0;
    }
}
