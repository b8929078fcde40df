//! Messages that wait for a link.

use std::collections::VecDeque;

use crate::{DropReason, Instant, Overflow, Priority, QueueConfig, Refusal};

/// Messages in the order in which they will leave: by priority, then by age.
#[derive(Debug)]
pub struct Outbox<P> {
    lanes: [VecDeque<Waiting<P>>; 3],
    bytes: u32,
    /// No message expires before this.
    next_expiry: Instant,
}

/// A message that waits.
#[derive(Debug)]
pub struct Waiting<P> {
    /// What to send.
    pub payload: P,
    /// Its size on the wire in UTF-8 bytes.
    pub bytes: u32,
    /// Which lane it waits in.
    pub priority: Priority,
    /// A later message with the same key takes its place.
    pub key: Option<P>,
    /// When it is not worth sending any more.
    pub expires_at: Instant,
    /// The caller's handle for its fate; 0 when nobody asked.
    pub ticket: u32,
}

/// A message that will not be sent, and why.
pub type Dropped<P> = (Waiting<P>, DropReason);

impl<P: PartialEq> Outbox<P> {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lanes: [VecDeque::new(), VecDeque::new(), VecDeque::new()],
            bytes: 0,
            next_expiry: Instant::NEVER,
        }
    }

    /// Adds `message` within the bounds of `config`, and puts into `dropped` what gave way, be it
    /// `message` itself.
    ///
    /// # Errors
    /// [`Refusal::QueueFull`] when there is no room and the rule is to refuse; nothing has changed.
    pub fn push(
        &mut self,
        message: Waiting<P>,
        config: &QueueConfig,
        dropped: &mut Vec<Dropped<P>>,
    ) -> Result<(), Refusal> {
        let replaced = self.position_of(&message.key);
        let (freed_messages, freed_bytes) =
            replaced.map_or((0, 0), |(lane, at)| (1, self.lanes[lane][at].bytes));
        let room = Room {
            messages: config.max_messages.saturating_add(freed_messages),
            bytes: config.max_bytes.saturating_add(freed_bytes),
        };
        if !self.fits(&message, room) {
            match config.overflow {
                Overflow::Reject => return Err(Refusal::QueueFull),
                Overflow::DropOldest if self.can_make_room(&message, config) => {}
                Overflow::DropOldest | Overflow::DropNewest => {
                    dropped.push((message, DropReason::Overflow));
                    return Ok(());
                }
            }
        }
        let message = match replaced {
            Some(place) => match self.replace(place, message, dropped) {
                None => return Ok(self.make_room(config, dropped)),
                Some(message) => message,
            },
            None => message,
        };
        self.append(message);
        self.make_room(config, dropped);
        Ok(())
    }

    /// Adds `message` without regard to any bound: it leaves at once.
    pub fn append(&mut self, message: Waiting<P>) {
        self.bytes = self.bytes.saturating_add(message.bytes);
        self.next_expiry = self.next_expiry.min(message.expires_at);
        self.lanes[message.priority as usize].push_back(message);
    }

    /// Takes the message whose turn it is.
    pub fn pop(&mut self) -> Option<Waiting<P>> {
        let message = self.lanes.iter_mut().find_map(VecDeque::pop_front)?;
        self.bytes = self.bytes.saturating_sub(message.bytes);
        Some(message)
    }

    /// Takes a message back by its ticket.
    pub fn withdraw(&mut self, ticket: u32) -> Option<Waiting<P>> {
        self.take_where(|message| message.ticket == ticket)
    }

    /// Takes one message whose time is up at `now`; call it until it returns `None`.
    pub fn expire(&mut self, now: Instant) -> Option<Waiting<P>> {
        if self.next_expiry > now {
            return None;
        }
        let expired = self.take_where(|message| message.expires_at <= now);
        if expired.is_none() {
            let waiting = self.lanes.iter().flatten();
            self.next_expiry = waiting
                .map(|message| message.expires_at)
                .min()
                .unwrap_or(Instant::NEVER);
        }
        expired
    }

    /// No message expires before this.
    #[must_use]
    pub const fn next_expiry(&self) -> Instant {
        self.next_expiry
    }

    /// How many messages wait.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.lanes.iter().map(|lane| lane.len() as u32).sum()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lanes.iter().all(VecDeque::is_empty)
    }

    /// How many UTF-8 bytes wait.
    #[must_use]
    pub const fn bytes(&self) -> u32 {
        self.bytes
    }

    fn position_of(&self, key: &Option<P>) -> Option<(usize, usize)> {
        key.as_ref()?;
        self.lanes.iter().enumerate().find_map(|(index, lane)| {
            lane.iter()
                .position(|message| message.key == *key)
                .map(|at| (index, at))
        })
    }

    fn fits(&self, message: &Waiting<P>, room: Room) -> bool {
        self.len() < room.messages && self.bytes.saturating_add(message.bytes) <= room.bytes
    }

    /// Whether dropping what does not outrank `message` makes room for it.
    fn can_make_room(&self, message: &Waiting<P>, config: &QueueConfig) -> bool {
        let above = &self.lanes[..message.priority as usize];
        let messages: u32 = above.iter().map(|lane| lane.len() as u32).sum();
        let bytes: u32 = above.iter().flatten().map(|waiting| waiting.bytes).sum();
        messages < config.max_messages && bytes.saturating_add(message.bytes) <= config.max_bytes
    }

    /// Puts `message` where the one with its key waits, or hands it back when it belongs into
    /// another lane.
    fn replace(
        &mut self,
        (lane, at): (usize, usize),
        message: Waiting<P>,
        dropped: &mut Vec<Dropped<P>>,
    ) -> Option<Waiting<P>> {
        if lane != message.priority as usize {
            if let Some(old) = self.remove(lane, at) {
                dropped.push((old, DropReason::Replaced));
            }
            return Some(message);
        }
        let others = self.bytes.saturating_sub(self.lanes[lane][at].bytes);
        self.bytes = others.saturating_add(message.bytes);
        self.next_expiry = self.next_expiry.min(message.expires_at);
        let old = core::mem::replace(&mut self.lanes[lane][at], message);
        dropped.push((old, DropReason::Replaced));
        None
    }

    /// Drops the oldest of the lowest priority until the bounds hold. The newest message of its
    /// lane is never reached: [`Self::can_make_room`] was asked first.
    fn make_room(&mut self, config: &QueueConfig, dropped: &mut Vec<Dropped<P>>) {
        while self.len() > config.max_messages || self.bytes > config.max_bytes {
            let Some(lane) = self.lanes.iter().rposition(|lane| !lane.is_empty()) else {
                return;
            };
            let Some(old) = self.remove(lane, 0) else {
                return;
            };
            dropped.push((old, DropReason::Overflow));
        }
    }

    fn take_where(&mut self, wanted: impl Fn(&Waiting<P>) -> bool) -> Option<Waiting<P>> {
        for lane in 0..self.lanes.len() {
            if let Some(at) = self.lanes[lane].iter().position(&wanted) {
                return self.remove(lane, at);
            }
        }
        None
    }

    fn remove(&mut self, lane: usize, at: usize) -> Option<Waiting<P>> {
        let message = self.lanes[lane].remove(at)?;
        self.bytes = self.bytes.saturating_sub(message.bytes);
        Some(message)
    }
}

impl<P: PartialEq> Default for Outbox<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// What the queue may hold.
#[derive(Clone, Copy)]
struct Room {
    messages: u32,
    bytes: u32,
}
