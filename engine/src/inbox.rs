//! Messages that came in before anybody listened.

use crate::outbox::{Outbox, Waiting};
use crate::{Form, Instant, Priority, Window};

/// Inbound messages in order, bounded; the oldest give way, and are counted.
#[derive(Debug)]
pub(crate) struct Inbox<P> {
    messages: Outbox<P>,
    max_messages: u32,
    max_bytes: u32,
    missed: u32,
}

impl<P: PartialEq> Inbox<P> {
    pub(crate) const fn new() -> Self {
        Self {
            messages: Outbox::new(),
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

    /// `stream` and `number` come back in the fields of a waiting message that nothing inbound has a
    /// use for: its ticket, and the time when it expires.
    pub(crate) fn push(&mut self, payload: P, bytes: u32, stream: u32, number: u64) {
        self.messages.append(Waiting {
            payload,
            bytes,
            priority: Priority::Normal,
            key: None,
            expires_at: Instant::from_micros(number),
            ticket: stream,
            volatile: false,
            form: Form::Text,
            restored: false,
            number: 0,
        });
    }

    /// Whether less waits than so many times `window`.
    pub(crate) fn has_room(&self, window: Window, times: u32) -> bool {
        self.messages.len() < times.saturating_mul(window.messages)
            && self.messages.bytes() < times.saturating_mul(window.bytes)
    }

    /// Takes the oldest when there are more than may be; a single message always may.
    pub(crate) fn overflow(&mut self) -> Option<Waiting<P>> {
        let messages = self.messages.len();
        if messages <= 1
            || (messages <= self.max_messages && self.messages.bytes() <= self.max_bytes)
        {
            return None;
        }
        self.missed = self.missed.saturating_add(1);
        self.pop()
    }

    /// Stream and number of the oldest.
    pub(crate) fn next_place(&self) -> Option<(u32, u64)> {
        let message = self.messages.first()?;
        Some((message.ticket, message.expires_at.as_micros()))
    }

    pub(crate) fn pop(&mut self) -> Option<Waiting<P>> {
        self.messages.pop()
    }

    /// How many gave way since this was last asked.
    pub(crate) const fn take_missed(&mut self) -> u32 {
        core::mem::replace(&mut self.missed, 0)
    }

    pub(crate) fn clear(&mut self) {
        self.messages = Outbox::new();
        self.missed = 0;
    }
}
