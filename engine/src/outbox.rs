//! Messages that wait for a link.

use alloc::collections::VecDeque;

use crate::{DropReason, Form, Instant, Overflow, Priority, QueueConfig, Refusal};

/// Messages in the order in which they will leave: by priority, then by age.
#[derive(Debug)]
pub struct Outbox<P> {
    /// One ring for all priorities: three would take twice the code.
    messages: VecDeque<Waiting<P>>,
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
    /// It leaves before what has a lower one.
    pub priority: Priority,
    /// A later message with the same key takes its place.
    pub key: Option<P>,
    /// When it is not worth sending any more.
    pub expires_at: Instant,
    /// The caller's handle for its fate; 0 when nobody asked.
    pub ticket: u32,
    /// It is given to one link at most.
    pub volatile: bool,
    /// How it can travel.
    pub form: Form,
    /// Persist: storage has kept it.
    pub restored: bool,
    /// Persist: the number that it had there, until a welcome settles it; 0: none.
    pub number: u64,
}

impl<P: PartialEq> Outbox<P> {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            messages: VecDeque::new(),
            bytes: 0,
            next_expiry: Instant::NEVER,
        }
    }

    /// Adds `message` within the bounds of `config`, and gives `drop` what gave way, be it `message`
    /// itself. Unless what was restored is `owned` as well, it keeps its place.
    ///
    /// # Errors
    /// [`Refusal::QueueFull`] when there is no room and the rule is to refuse; nothing has changed.
    pub fn push(
        &mut self,
        message: Waiting<P>,
        config: &QueueConfig,
        owned: bool,
        mut drop: impl FnMut(Waiting<P>, DropReason),
    ) -> Result<(), Refusal> {
        let place = self.position_of(&message.key, owned);
        let held = place.map_or(Room::NONE, |at| Room {
            messages: 1,
            bytes: self.messages[at].bytes,
        });
        let others = Room {
            messages: self.len().saturating_sub(held.messages),
            bytes: self.bytes.saturating_sub(held.bytes),
        };
        if !others.has_place_for(&message, config) {
            match config.overflow {
                Overflow::Reject => return Err(Refusal::QueueFull),
                Overflow::DropOldest if self.can_make_room(&message, place, config) => {}
                Overflow::DropOldest | Overflow::DropNewest => {
                    drop(message, DropReason::Overflow);
                    return Ok(());
                }
            }
        }
        let mut at = self.messages.len();
        if let Some(place) = place
            && let Some(old) = self.remove(place)
        {
            at = if old.priority == message.priority {
                place
            } else {
                self.messages.len()
            };
            drop(old, DropReason::Replaced);
        }
        at -= self.make_room(&message, at, config, drop);
        self.insert(at, message);
        Ok(())
    }

    /// Adds `message` without regard to any bound: it leaves at once.
    pub fn append(&mut self, message: Waiting<P>) {
        self.insert(self.messages.len(), message);
    }

    /// Adds `message` before all that wait, without regard to any bound: it was on its way already.
    pub fn put_back(&mut self, mut message: Waiting<P>) {
        message.priority = Priority::High;
        self.insert(0, message);
    }

    /// Adds `message` behind what was restored before and ahead of what is newer, within its lane and
    /// without regard to any bound: it was accepted already.
    pub fn restore(&mut self, message: Waiting<P>) {
        let mut at = self.messages.len();
        while at > 0 {
            let before = &self.messages[at - 1];
            if (before.priority, !before.restored) <= (message.priority, false) {
                break;
            }
            at -= 1;
        }
        self.insert(at, message);
    }

    /// Takes a message that storage has kept, or `any`; call it until it returns `None`.
    pub fn take_restored(&mut self, any: bool) -> Option<Waiting<P>> {
        let at = self.find(|message| any || message.restored)?;
        self.remove(at)
    }

    /// The message whose turn it is.
    #[must_use]
    pub fn first(&self) -> Option<&Waiting<P>> {
        self.messages.front()
    }

    /// Takes the message whose turn it is.
    pub fn pop(&mut self) -> Option<Waiting<P>> {
        self.remove(0)
    }

    /// Takes the first message; unless what was restored is `owned`, the first that was not.
    pub fn pop_own(&mut self, owned: bool) -> Option<Waiting<P>> {
        let at = if owned {
            0
        } else {
            self.find(|message| !message.restored)?
        };
        self.remove(at)
    }

    /// Whether a message with this key waits; one that was restored counts if it is `owned`.
    #[must_use]
    pub fn holds(&self, key: &Option<P>, owned: bool) -> bool {
        self.position_of(key, owned).is_some()
    }

    /// Takes a message back by its ticket.
    pub fn withdraw(&mut self, ticket: u32) -> Option<Waiting<P>> {
        let at = self.find(|message| message.ticket == ticket)?;
        self.remove(at)
    }

    /// Takes one message whose time is up at `now`, that is longer than `longest`, that is volatile and has no
    /// `live` link, or that was restored and is `replaced` by a newer one; call it until it returns `None`.
    pub fn expire(
        &mut self,
        now: Instant,
        longest: u32,
        live: bool,
        replaced: bool,
    ) -> Option<Waiting<P>> {
        let mut next = Instant::NEVER;
        let place = self.find(|message| {
            next = next.min(message.expires_at);
            let held = || message.restored && self.holds(&message.key, false);
            message.expires_at <= now
                || message.bytes > longest
                || (message.volatile && !live)
                || (replaced && held())
        });
        let Some(at) = place else {
            self.next_expiry = next;
            return None;
        };
        self.remove(at)
    }

    /// No message expires before this.
    #[must_use]
    pub const fn next_expiry(&self) -> Instant {
        self.next_expiry
    }

    /// How many messages wait.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.messages.len() as u32
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many UTF-8 bytes wait.
    #[must_use]
    pub const fn bytes(&self) -> u32 {
        self.bytes
    }

    fn position_of(&self, key: &Option<P>, owned: bool) -> Option<usize> {
        key.as_ref()?;
        self.find(|message| message.key == *key && (owned || !message.restored))
    }

    /// Place of the first message that is wanted.
    fn find(&self, mut wanted: impl FnMut(&Waiting<P>) -> bool) -> Option<usize> {
        // By place: an iterator over a ring is three times the code.
        let mut at = 0;
        while !wanted(self.messages.get(at)?) {
            at += 1;
        }
        Some(at)
    }

    /// Puts `message` at `at`, or before that behind the last that it does not outrank.
    fn insert(&mut self, at: usize, message: Waiting<P>) {
        self.bytes = self.bytes.saturating_add(message.bytes);
        self.next_expiry = self.next_expiry.min(message.expires_at);
        let priority = message.priority;
        // All that is put back after a loss goes this way: one step each, however much waits.
        if at == 0 {
            self.messages.push_front(message);
            return;
        }
        let mut place = self.messages.len();
        self.messages.push_back(message);
        while place > 0 && (place > at || self.messages[place - 1].priority > priority) {
            place -= 1;
            self.messages.swap(place, place + 1);
        }
    }

    /// Whether dropping what does not outrank `message`, which takes the place of the one at
    /// `place`, makes room for it.
    fn can_make_room(
        &self,
        message: &Waiting<P>,
        place: Option<usize>,
        config: &QueueConfig,
    ) -> bool {
        let mut above = Room::NONE;
        self.find(|waiting| {
            if waiting.priority < message.priority {
                above.messages += 1;
                above.bytes = above.bytes.saturating_add(waiting.bytes);
            }
            false
        });
        if let Some(at) = place
            && self.messages[at].priority < message.priority
        {
            above.messages -= 1;
            above.bytes = above.bytes.saturating_sub(self.messages[at].bytes);
        }
        above.has_place_for(message, config)
    }

    /// Drops the oldest of the lowest priority until there is a place for `message`. How many of
    /// these stood before `at`. Nothing of a higher priority is ever reached:
    /// [`Self::can_make_room`] was asked first.
    fn make_room(
        &mut self,
        message: &Waiting<P>,
        at: usize,
        config: &QueueConfig,
        mut drop: impl FnMut(Waiting<P>, DropReason),
    ) -> usize {
        let mut before = 0;
        loop {
            let held = Room {
                messages: self.len(),
                bytes: self.bytes,
            };
            if held.has_place_for(message, config) {
                return before;
            }
            let lowest = self.messages.back().map(|last| last.priority);
            let oldest = self.find(|waiting| Some(waiting.priority) == lowest);
            let Some((place, old)) = oldest.and_then(|place| Some((place, self.remove(place)?)))
            else {
                return before;
            };
            before += usize::from(place + before < at);
            drop(old, DropReason::Overflow);
        }
    }

    fn remove(&mut self, at: usize) -> Option<Waiting<P>> {
        for place in (0..at).rev() {
            self.messages.swap(place, place + 1);
        }
        let message = self.messages.pop_front()?;
        self.bytes = self.bytes.saturating_sub(message.bytes);
        if self.is_empty() {
            self.next_expiry = Instant::NEVER;
        }
        Some(message)
    }
}

impl<P: PartialEq> Default for Outbox<P> {
    fn default() -> Self {
        Self::new()
    }
}

/// What messages take up.
#[derive(Clone, Copy)]
struct Room {
    messages: u32,
    bytes: u32,
}

impl Room {
    const NONE: Self = Self {
        messages: 0,
        bytes: 0,
    };

    /// Whether `message` fits beside these.
    fn has_place_for<P>(self, message: &Waiting<P>, config: &QueueConfig) -> bool {
        let bytes = self.bytes.checked_add(message.bytes);
        self.messages < config.max_messages && bytes.is_some_and(|bytes| bytes <= config.max_bytes)
    }
}
