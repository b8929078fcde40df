//! Messages that were numbered and sent, and are not acknowledged yet.

use alloc::collections::VecDeque;

use crate::limits;

/// How much may be on its way unacknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Messages.
    pub messages: u32,
    /// UTF-8 bytes. With nothing else on its way a message may go however long it is, unless no
    /// message may go at all.
    pub bytes: u32,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            messages: limits::WINDOW_MESSAGES,
            bytes: limits::WINDOW_BYTES,
        }
    }
}

/// The sent, unacknowledged messages of one stream, in the order of their numbers, without gaps.
#[derive(Clone, Debug)]
pub struct Sender<M> {
    /// The number of the last acknowledged message.
    acknowledged: u64,
    messages: VecDeque<(M, u32)>,
    bytes: u64,
}

impl<M> Sender<M> {
    /// Nothing is on its way; the first message will have the number `acknowledged` + 1.
    #[must_use]
    pub const fn new(acknowledged: u64) -> Self {
        Self {
            acknowledged,
            messages: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Whether a message of so many bytes may go now.
    #[must_use]
    pub fn takes(&self, bytes: u32, window: Window) -> bool {
        self.messages.len() < window.messages as usize
            && (self.messages.is_empty()
                || self.bytes + u64::from(bytes) <= u64::from(window.bytes))
    }

    /// Gives `message` the next number.
    pub fn push(&mut self, message: M, bytes: u32) -> u64 {
        self.messages.push_back((message, bytes));
        self.bytes += u64::from(bytes);
        self.last()
    }

    /// The message that is `at` places behind the oldest.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&M> {
        Some(&self.messages.get(at)?.0)
    }

    /// Forgets the oldest message if `number` acknowledges it, and hands it out: call it until it
    /// answers `None`. An acknowledgement older than the last one says nothing new; one above
    /// [`Self::last`] cannot be true, and the caller has refused it.
    pub fn acknowledge_one(&mut self, number: u64) -> Option<M> {
        if number <= self.acknowledged {
            return None;
        }
        let (message, bytes) = self.messages.pop_front()?;
        self.acknowledged += 1;
        self.bytes -= u64::from(bytes);
        Some(message)
    }

    /// Hands out the last message and takes back its number, since after a new link every number is
    /// free that the other side has not received. First [`Self::acknowledge_one`] takes out what it
    /// has; then this is called until it answers `None`, and [`Self::go_on_after`] last.
    pub fn take_last(&mut self) -> Option<M> {
        let (message, bytes) = self.messages.pop_back()?;
        self.bytes -= u64::from(bytes);
        Some(message)
    }

    /// The next message gets the number after `received`; nothing is on its way. How many
    /// acknowledged messages were lost.
    pub const fn go_on_after(&mut self, received: u64) -> u64 {
        let lost = self.acknowledged.saturating_sub(received);
        self.acknowledged = received;
        lost
    }

    /// The number of the last message that was given one.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.acknowledged + self.messages.len() as u64
    }

    /// The number of the last acknowledged message.
    #[must_use]
    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Messages on their way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether none is on its way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Bytes on their way.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}
