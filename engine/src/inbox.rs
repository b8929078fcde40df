//! Messages that came in before anybody listened.

use crate::outbox::{Outbox, Waiting};
use crate::{Instant, Priority};

/// Inbound messages in order, bounded; the oldest give way, and are counted.
#[derive(Debug)]
pub(crate) struct Inbox<P> {
    messages: Outbox<P>,
    max_messages: u32,
    max_bytes: u32,
    missed: u32,
}

impl<P: PartialEq> Inbox<P> {
    pub(crate) const fn new(max_messages: u32, max_bytes: u32) -> Self {
        Self {
            messages: Outbox::new(),
            max_messages,
            max_bytes,
            missed: 0,
        }
    }

    pub(crate) fn push(&mut self, payload: P, bytes: u32) {
        self.messages.append(Waiting {
            payload,
            bytes,
            priority: Priority::Normal,
            key: None,
            expires_at: Instant::NEVER,
            ticket: 0,
        });
    }

    /// Takes the oldest when there are more than may be; a single message always may.
    pub(crate) fn overflow(&mut self) -> Option<P> {
        let messages = self.messages.len();
        if messages <= 1
            || (messages <= self.max_messages && self.messages.bytes() <= self.max_bytes)
        {
            return None;
        }
        self.missed = self.missed.saturating_add(1);
        self.pop()
    }

    pub(crate) fn pop(&mut self) -> Option<P> {
        self.messages.pop().map(|message| message.payload)
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
