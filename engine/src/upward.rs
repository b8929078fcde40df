//! All messages on their way up: those of this page, behind those of pages that are gone.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::memory::{Claimed, Memory, Stage};
use crate::planted::{self, Bug};
use crate::queue::{Message, Room};
use crate::{DropReason, Instant, Overflow, Priority, QueueConfig, Refusal, STATE};

/// The messages of all memories in the order in which they will leave: by memory, then by priority, then by number.
#[derive(Debug)]
pub(crate) struct Upward<P> {
    /// The page's own memory: what it sends gets its numbers here.
    pub(crate) own: Memory<P>,
    /// Those before it, the oldest first.
    pub(crate) old: Vec<Memory<P>>,
    /// No waiting message expires before this.
    next_expiry: Instant,
    /// How many messages were given to links.
    turns: u32,
    ghosts: Vec<Ghost>,
}

/// A message that the present link was given, of a memory that is not this page's any more.
#[derive(Debug)]
struct Ghost {
    /// Memory and lane.
    stream: (u32, Priority),
    number: u64,
    room: Room,
}

/// Where a message stands: the place of its memory, and its place there.
type Place = (usize, usize);

impl<P: PartialEq> Upward<P> {
    pub(crate) const fn new() -> Self {
        Self {
            own: Memory::new(1, Stage::Ready),
            old: Vec::new(),
            next_expiry: Instant::NEVER,
            turns: 0,
            ghosts: Vec::new(),
        }
    }

    /// The memory at this place; behind the last of the old ones the own one.
    pub(crate) fn memory(&mut self, place: usize) -> &mut Memory<P> {
        match self.old.get_mut(place) {
            Some(old) if STATE => old,
            _ => &mut self.own,
        }
    }

    /// The place of the page's own memory. Only a durable queue has others.
    pub(crate) fn last(&self) -> usize {
        if STATE { self.old.len() } else { 0 }
    }

    fn peek(&self, place: usize) -> &Memory<P> {
        match self.old.get(place) {
            Some(old) if STATE => old,
            _ => &self.own,
        }
    }

    /// The place of the memory with this id.
    pub(crate) fn place_of(&self, id: u32) -> Option<usize> {
        (0..=self.last()).find(|place| self.peek(*place).id == id)
    }

    /// The page's memory becomes an old one, and another one its own.
    pub(crate) fn begin(&mut self, stage: Stage) -> Memory<P> {
        let fresh = Memory::new(self.own.id + 1, stage);
        core::mem::replace(&mut self.own, fresh)
    }

    /// Gives `message` the next number of its lane in the page's own memory, within the bounds of `config`, and gives
    /// `drop` what gave way, be it `message` itself. Where it is to be found.
    ///
    /// # Errors
    /// [`Refusal::QueueFull`] when there is no room and the rule is to refuse; nothing has changed.
    pub(crate) fn push(
        &mut self,
        message: Box<Message<P>>,
        config: &QueueConfig,
        mut drop: impl FnMut(Box<Message<P>>, DropReason),
    ) -> Result<bool, Refusal> {
        let replaced = self.place_of_key(&message.key, self.last());
        let mut others = self.own.waiting();
        if let Some(old) = replaced.and_then(|(_, at)| self.own.get(at)) {
            others.remove(old.room());
        }
        if !has_place_for(others, &message, config) {
            match config.overflow {
                Overflow::Reject => return Err(Refusal::QueueFull),
                Overflow::DropOldest if has_place_for(self.above(&message), &message, config) => {}
                Overflow::DropOldest | Overflow::DropNewest => {
                    drop(message, DropReason::Overflow);
                    return Ok(false);
                }
            }
        }
        while let Some(place) = self.place_of_key(&message.key, 0) {
            if let Some(old) = self.remove(place) {
                if planted::is(Bug::NumberOfReplaced) {
                    self.own.last[old.priority as usize] = old.number - 1;
                }
                drop(old, DropReason::Replaced);
            }
        }
        // Nothing of a higher priority is ever reached.
        while !has_place_for(self.own.waiting(), &message, config) {
            let last = self.own.len().wrapping_sub(1);
            let lowest = self.own.get(last).map(|last| last.priority);
            let oldest = self.own.find(|other| Some(other.priority) == lowest);
            let Some(oldest) = oldest.and_then(|at| self.own.remove(at)) else {
                break;
            };
            drop(oldest, DropReason::Overflow);
        }
        self.append(message);
        Ok(true)
    }

    /// As [`Self::push`], without regard to any bound: it leaves at once.
    pub(crate) fn append(&mut self, mut message: Box<Message<P>>) {
        self.next_expiry = self.next_expiry.min(message.expires_at);
        if message.key.is_some() {
            let mut at = 0;
            while let Some(other) = self.own.get_mut(at) {
                other.replaced |= other.key == message.key;
                at += 1;
            }
        }
        let memory = match self.old.last_mut() {
            Some(old) if planted::is(Bug::OldMemoryContinued) && old.is_claimed() => old,
            _ => &mut self.own,
        };
        message.number = memory.last[message.priority as usize] + 1;
        memory.push(message);
    }

    /// Memory and number of the message that was sent last with this priority.
    pub(crate) fn last_sent(&self, priority: Priority) -> (u32, u64) {
        let memory = match self.old.last() {
            Some(old) if planted::is(Bug::OldMemoryContinued) && old.is_claimed() => old,
            _ => &self.own,
        };
        (memory.id, memory.last[priority as usize])
    }

    /// Adds a message that storage has kept.
    pub(crate) fn restore(&mut self, place: usize, message: Box<Message<P>>) {
        let expires_at = message.expires_at;
        let memory = self.memory(place);
        memory.push(message);
        if memory.is_ours {
            self.next_expiry = self.next_expiry.min(expires_at);
        }
    }

    /// The memory of the message whose turn it is on a link that speaks for it; without a session (`claims` false) on
    /// any.
    pub(crate) fn next(&self, claims: bool) -> Option<usize> {
        for place in 0..=self.last() {
            let memory = self.peek(place);
            if (memory.is_claimed() || !claims) && memory.first_waiting().is_some() {
                return Some(place);
            }
            let waits = place < self.last() && !memory.lets_others_go();
            if waits && !planted::is(Bug::SentBeforeRead) {
                return None;
            }
        }
        None
    }

    /// Whether what is sent now has its turn behind what waits here.
    pub(crate) fn own_flows(&self) -> bool {
        self.own.is_claimed() && (!STATE || self.old.iter().all(Memory::lets_others_go))
    }

    /// The message of a memory whose turn it is.
    pub(crate) fn first_waiting(&self, place: usize) -> Option<&Message<P>> {
        self.peek(place).first_waiting()
    }

    /// The message of a memory whose turn it is counts as given to the link.
    pub(crate) fn give(&mut self, place: usize) {
        self.turns = self.turns.wrapping_add(1).max(1);
        let turn = self.turns;
        self.memory(place).give(turn);
    }

    /// Of the messages that were given to a link and have not had their end, the one that was given first.
    pub(crate) fn oldest_given(&self) -> Option<Place> {
        let mut oldest = None;
        let mut turn = u32::MAX;
        for place in 0..=self.last() {
            let mut at = 0;
            while let Some(message) = self.peek(place).get(at) {
                if message.given && message.turn < turn {
                    turn = message.turn;
                    oldest = Some((place, at));
                }
                at += 1;
            }
        }
        oldest
    }

    /// Whether this message is here.
    pub(crate) fn has(&self, payload: &Option<P>) -> bool {
        let is_it = |message: &Message<P>| Some(&message.payload) == payload.as_ref();
        (0..=self.last()).any(|place| self.peek(place).position(is_it).is_some())
    }

    /// Takes the message that waits for its turn and is first in order; of the old memories only those that are
    /// this page's user's.
    pub(crate) fn take_first(&mut self) -> Option<Box<Message<P>>> {
        let place = self.find(0, true, |_| true)?;
        self.remove(place)
    }

    /// Whether a message with this key waits, from the memory at `place` on.
    pub(crate) fn holds(&self, place: usize, key: &Option<P>) -> bool {
        self.place_of_key(key, place).is_some()
    }

    /// Messages of a memory that was found are not sent if later ones with their keys wait.
    pub(crate) fn mark_replaced(&mut self, place: usize) {
        let mut at = 0;
        while let Some(message) = self.peek(place).get(at) {
            let replaced = place < self.last() && self.holds(place + 1, &message.key);
            if let Some(message) = self.memory(place).get_mut(at) {
                message.replaced |= replaced;
            }
            at += 1;
        }
    }

    /// Takes a waiting message by its ticket.
    pub(crate) fn withdraw(&mut self, ticket: u32) -> Option<Box<Message<P>>> {
        let place = self.find(0, false, |message| message.ticket == ticket)?;
        self.remove(place)
    }

    /// Takes one waiting message whose time is up at `now`, that is longer than `longest`, or that is volatile and has
    /// no `live` link; call it until it returns `None`. What was found is left alone before its claim: the server may
    /// have it.
    pub(crate) fn expire(
        &mut self,
        now: Instant,
        longest: u32,
        live: bool,
    ) -> Option<Box<Message<P>>> {
        let place = self.find(0, true, |message| {
            message.expires_at <= now
                || message.bytes > longest
                || message.replaced
                || (message.volatile && !live)
        });
        let Some(place) = place else {
            let mut next = Instant::NEVER;
            self.find(0, true, |message| {
                next = next.min(message.expires_at);
                false
            });
            self.next_expiry = next;
            return None;
        };
        self.remove(place)
    }

    /// No waiting message expires before this.
    pub(crate) fn next_expiry(&self) -> Instant {
        if self.waiting().is_empty() {
            return Instant::NEVER;
        }
        self.next_expiry
    }

    /// Messages that wait, and their bytes.
    pub(crate) fn waiting(&self) -> Room {
        let mut room = self.own.waiting();
        for place in 0..self.last() {
            room.add(self.peek(place).waiting());
        }
        room
    }

    /// Messages that were given to a link and have not had their end, and their bytes; `present`: to this link.
    pub(crate) fn given(&self, present: bool) -> Room {
        let mut room = Room::NONE;
        for place in 0..=self.last() {
            let memory = self.peek(place);
            if memory.is_claimed() || !present {
                room.add(memory.given());
            }
        }
        if STATE && present {
            self.ghosts.iter().for_each(|ghost| room.add(ghost.room));
        }
        room
    }

    /// A memory is let go of. Its messages that the present link was given count there until the server has stored
    /// them.
    pub(crate) fn haunt(&mut self, place: usize) {
        let memory = self.peek(place);
        let mut ghosts = Vec::new();
        memory.position(|message| {
            if message.given {
                ghosts.push(Ghost {
                    stream: (memory.id, message.priority),
                    number: message.number,
                    room: message.room(),
                });
            }
            false
        });
        self.ghosts.append(&mut ghosts);
    }

    /// Another user is here: what was not the one's may be his.
    pub(crate) fn look_again(&mut self) {
        for memory in &mut self.old {
            if memory.stage == Stage::Left {
                memory.stage = Stage::Known;
            }
        }
    }

    /// Whether the present link may still store messages of this memory that it was given before that was let go of.
    pub(crate) fn is_haunted(&self, memory: u32) -> bool {
        self.ghosts.iter().any(|ghost| ghost.stream.0 == memory)
    }

    /// Of a memory that was let go of this is stored.
    pub(crate) fn lay_ghosts(&mut self, stream: (u32, Priority), number: u64) {
        let is_other = |ghost: &Ghost| ghost.stream != stream || ghost.number > number;
        self.ghosts.retain(is_other);
    }

    /// For how many memories the present link speaks, or is about to.
    pub(crate) fn claims(&self) -> usize {
        let memories = 0..=self.last();
        memories
            .filter(|place| self.peek(*place).claim != Claimed::No)
            .count()
    }

    /// Whether no message is here, and none is known to be in storage.
    pub(crate) fn is_idle(&self) -> bool {
        let is_done = |memory: &Memory<P>| match memory.stage {
            Stage::Left => true,
            Stage::Known | Stage::Locking => !memory.follows,
            Stage::Reading | Stage::Ready | Stage::Forgetting => false,
        };
        let is_idle = self.waiting().is_empty() && self.given(false).is_empty();
        is_idle && (!STATE || self.old.iter().all(is_done))
    }

    /// Whatever a link was given and is not acknowledged waits for what the next one says.
    pub(crate) fn lose_link(&mut self) {
        if STATE {
            self.ghosts.clear();
        }
        for place in 0..=self.last() {
            self.memory(place).claim = Claimed::No;
        }
    }

    fn place_of_key(&self, key: &Option<P>, from: usize) -> Option<Place> {
        key.as_ref()?;
        self.find(from, true, |message| message.key == *key)
    }

    /// The first waiting message that is wanted, from the memory at a place on; `ours`: of those that are known to be
    /// this page's user's.
    fn find(
        &self,
        from: usize,
        ours: bool,
        mut wanted: impl FnMut(&Message<P>) -> bool,
    ) -> Option<Place> {
        for place in from..=self.last() {
            let memory = self.peek(place);
            if ours && memory.is_found && !memory.is_ours {
                continue;
            }
            if let Some(at) = memory.find(&mut wanted) {
                return Some((place, at));
            }
        }
        None
    }

    pub(crate) fn remove(&mut self, (place, at): Place) -> Option<Box<Message<P>>> {
        self.memory(place).remove(at)
    }

    /// What waits in the page's own and outranks `message`, but for what that takes the place of.
    fn above(&self, message: &Message<P>) -> Room {
        let mut room = Room::NONE;
        self.own.find(|other| {
            let replaced = message.key.is_some() && other.key == message.key;
            if other.priority < message.priority && !replaced {
                room.add(other.room());
            }
            false
        });
        room
    }
}

/// Whether `message` fits beside these.
fn has_place_for<P>(room: Room, message: &Message<P>, config: &QueueConfig) -> bool {
    let bytes = room.bytes.checked_add(message.bytes);
    room.messages < config.max_messages && bytes.is_some_and(|bytes| bytes <= config.max_bytes)
}
