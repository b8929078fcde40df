//! Messages, one behind the other.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::{Form, Instant, Priority};

/// A message on its way.
#[derive(Debug)]
pub(crate) struct Message<P> {
    /// What to send.
    pub(crate) payload: P,
    /// Its size on the wire in UTF-8 bytes.
    pub(crate) bytes: u32,
    /// Its lane.
    pub(crate) priority: Priority,
    /// Its number there; 0: it has none yet.
    pub(crate) number: u64,
    /// A later message with the same key takes its place.
    pub(crate) key: Option<P>,
    /// When it is not worth sending any more.
    pub(crate) expires_at: Instant,
    /// The caller's handle for its fate; 0 when nobody asked.
    pub(crate) ticket: u32,
    /// It is given to one link at most.
    pub(crate) volatile: bool,
    /// A later message has its key: it is not sent again.
    pub(crate) replaced: bool,
    /// How it can travel.
    pub(crate) form: Form,
    /// A link was given it, and nothing is known of what became of it.
    pub(crate) given: bool,
    /// When it was given to a link last: later than all with a lower one; 0: it never was.
    pub(crate) turn: u32,
}

impl<P> Message<P> {
    /// What it takes up.
    pub(crate) const fn room(&self) -> Room {
        Room {
            messages: 1,
            bytes: self.bytes,
        }
    }

    /// Whether a storage that keeps messages keeps this one.
    pub(crate) const fn is_kept(&self) -> bool {
        self.number > 0 && !self.volatile
    }
}

/// Messages in their order.
#[derive(Debug)]
pub(crate) struct Queue<P> {
    /// By pointer: what is moved around is small. The first `gone` are not there any more: a ring would be more code.
    messages: Vec<Option<Box<Message<P>>>>,
    gone: usize,
    /// What they take up.
    pub(crate) room: Room,
}

impl<P> Queue<P> {
    pub(crate) const fn new() -> Self {
        Self {
            messages: Vec::new(),
            gone: 0,
            room: Room::NONE,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.messages.len() - self.gone
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Message<P>> {
        self.messages.get(self.gone + at)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Message<P>> {
        self.messages.get_mut(self.gone + at)?.as_deref_mut()
    }

    /// Adds a message behind all that it does not outrank. Its place.
    pub(crate) fn push(&mut self, message: Box<Message<P>>) -> usize {
        self.room.add(message.room());
        let mut at = self.len();
        while at > 0
            && self
                .get(at - 1)
                .is_some_and(|before| before.priority > message.priority)
        {
            at -= 1;
        }
        self.messages.insert(self.gone + at, Some(message));
        at
    }

    /// Takes the message at this place.
    pub(crate) fn remove(&mut self, at: usize) -> Option<Box<Message<P>>> {
        let end = self.gone + at;
        let message = self.messages.get_mut(end)?.take()?;
        self.room.remove(message.room());
        for place in (self.gone..end).rev() {
            self.messages.swap(place, place + 1);
        }
        self.gone += 1;
        if self.gone * 2 >= self.messages.len() {
            self.messages.drain(..self.gone);
            self.gone = 0;
        }
        Some(message)
    }
}

/// What messages take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) messages: u32,
    pub(crate) bytes: u32,
}

impl Room {
    pub(crate) const NONE: Self = Self {
        messages: 0,
        bytes: 0,
    };

    pub(crate) const fn add(&mut self, other: Self) {
        self.messages += other.messages;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }

    pub(crate) const fn remove(&mut self, other: Self) {
        self.messages -= other.messages;
        self.bytes = self.bytes.saturating_sub(other.bytes);
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.messages == 0
    }
}
