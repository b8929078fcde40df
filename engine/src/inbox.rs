//! Messages that came in before anybody listened.

use alloc::collections::VecDeque;

/// Inbound messages in order, bounded; the oldest give way, and are counted.
#[derive(Debug)]
pub(crate) struct Inbox<P> {
    messages: VecDeque<(P, u32)>,
    bytes: u32,
    max_messages: u32,
    max_bytes: u32,
    missed: u32,
}

impl<P> Inbox<P> {
    pub(crate) const fn new(max_messages: u32, max_bytes: u32) -> Self {
        Self {
            messages: VecDeque::new(),
            bytes: 0,
            max_messages,
            max_bytes,
            missed: 0,
        }
    }

    pub(crate) fn push(&mut self, payload: P, bytes: u32) {
        self.messages.push_back((payload, bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        while self.messages.len() > self.max_messages as usize
            || (self.bytes > self.max_bytes && self.messages.len() > 1)
        {
            self.pop();
            self.missed = self.missed.saturating_add(1);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<P> {
        let (payload, bytes) = self.messages.pop_front()?;
        self.bytes = self.bytes.saturating_sub(bytes);
        Some(payload)
    }

    /// How many gave way since this was last asked.
    pub(crate) const fn take_missed(&mut self) -> u32 {
        core::mem::replace(&mut self.missed, 0)
    }

    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.bytes = 0;
        self.missed = 0;
    }
}
