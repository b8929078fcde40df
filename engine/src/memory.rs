//! A memory: the messages of three lanes, under one name.

use alloc::boxed::Box;

use crate::queue::{Message, Queue, Room};
use crate::{Instant, LANES};

/// What a page has sent, or one before it has, and is not acknowledged.
#[derive(Debug)]
pub(crate) struct Memory<P> {
    /// How the shell knows it.
    pub(crate) id: u32,
    /// By lane, then by number: in the order in which they will leave, and in each lane first those that a link was
    /// given.
    messages: Queue<P>,
    /// Of these a link was given so many.
    given: Room,
    /// The place of the first that waits.
    next: usize,
    /// By lane, the last number that a message got.
    pub(crate) last: [u64; LANES],
    /// The last that the present link was given, or one before it of which nothing is known since.
    pub(crate) sent: [u64; LANES],
    /// The last that is known to be stored.
    pub(crate) stored: [u64; LANES],
    pub(crate) claim: Claimed,
    /// The server has said once that it is this page's user's.
    pub(crate) is_ours: bool,
    pub(crate) stage: Stage,
    /// Another page has begun it: what that had given to links is not known here.
    pub(crate) is_found: bool,
    /// Its place among the memories that were found.
    pub(crate) place: u64,
    /// Whose it is, as the shell knows users; 0: not known.
    pub(crate) user: u32,
    /// What this page sends waits for it.
    pub(crate) follows: bool,
    /// Nobody can know what became of its messages.
    pub(crate) is_lost: bool,
    /// Storage has more of it.
    pub(crate) has_more: bool,
}

/// Whether the present link speaks for a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    No,
    /// The server is asked.
    Asked,
    /// Its answer is on its way, and says nothing any more.
    Void,
    Yes,
}

/// How far a memory is with its lock and with storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nobody has asked for its lock.
    Known,
    /// Its lock is asked for.
    Locking,
    /// Its lock is this page's, and storage reads.
    Reading,
    /// It can be spoken for.
    Ready,
    /// Nothing is left of it, and storage makes sure.
    Forgetting,
    /// It is another user's.
    Left,
}

impl<P> Memory<P> {
    pub(crate) const fn new(id: u32, stage: Stage) -> Self {
        Self {
            id,
            messages: Queue::new(),
            given: Room::NONE,
            next: 0,
            last: [0; LANES],
            sent: [0; LANES],
            stored: [0; LANES],
            claim: Claimed::No,
            is_ours: false,
            stage,
            is_found: false,
            place: u64::MAX,
            user: 0,
            follows: true,
            is_lost: false,
            has_more: false,
        }
    }

    /// Adds a message that has its number.
    pub(crate) fn push(&mut self, message: Box<Message<P>>) {
        self.last[message.priority as usize] = message.number;
        let at = self.messages.push(message);
        self.next = self.next.min(at);
    }

    /// The message whose turn it is.
    pub(crate) fn first_waiting(&self) -> Option<&Message<P>> {
        self.get(self.next)
    }

    /// The message whose turn it is counts as given.
    pub(crate) fn give(&mut self, turn: u32) {
        if let Some(message) = self.messages.get_mut(self.next) {
            (message.given, message.turn) = (true, turn);
            self.sent[message.priority as usize] = message.number;
            self.given.add(message.room());
            self.go_on();
        }
    }

    /// All wait again: up to `received` they are stored, and no link before this one can store any others.
    pub(crate) fn free(&mut self, received: [u64; LANES]) {
        let mut at = 0;
        while let Some(message) = self.messages.get_mut(at) {
            message.given = false;
            if message.volatile {
                message.expires_at = Instant::ZERO;
            }
            at += 1;
        }
        (self.given, self.next) = (Room::NONE, 0);
        (self.sent, self.stored) = (received, received);
    }

    /// Takes the message at this place.
    pub(crate) fn remove(&mut self, at: usize) -> Option<Box<Message<P>>> {
        let message = self.messages.remove(at)?;
        if message.given {
            self.given.remove(message.room());
        }
        if at < self.next {
            self.next -= 1;
        } else {
            self.go_on();
        }
        Some(message)
    }

    /// The place of the first waiting message that is wanted.
    pub(crate) fn find(&self, mut wanted: impl FnMut(&Message<P>) -> bool) -> Option<usize> {
        self.position(|message| !message.given && wanted(message))
    }

    /// The place of the first message that these numbers acknowledge.
    pub(crate) fn find_up_to(&self, numbers: [u64; LANES]) -> Option<usize> {
        self.position(|message| message.number <= numbers[message.priority as usize])
    }

    /// How many messages it has here.
    pub(crate) const fn len(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Message<P>> {
        self.messages.get(at)
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Message<P>> {
        self.messages.get_mut(at)
    }

    /// The place of the first message that is wanted.
    pub(crate) fn position(&self, mut wanted: impl FnMut(&Message<P>) -> bool) -> Option<usize> {
        let mut at = 0;
        while !wanted(self.get(at)?) {
            at += 1;
        }
        Some(at)
    }

    /// Messages that wait, and their bytes.
    pub(crate) const fn waiting(&self) -> Room {
        let mut room = self.messages.room;
        room.remove(self.given);
        room
    }

    /// Messages that were given to a link and have not had their end, and their bytes.
    pub(crate) const fn given(&self) -> Room {
        self.given
    }

    /// The first that waits is at `next`, or behind it.
    fn go_on(&mut self) {
        while self.first_waiting().is_some_and(|message| message.given) {
            self.next += 1;
        }
    }

    /// Whether the present link speaks for it.
    pub(crate) fn is_claimed(&self) -> bool {
        self.claim == Claimed::Yes
    }

    /// Whether messages of what follows may be given to the link: all that it has were.
    pub(crate) fn lets_others_go(&self) -> bool {
        let is_through = (self.is_claimed() || self.is_lost)
            && !self.has_more
            && self.stage != Stage::Reading
            && self.waiting().is_empty();
        !self.follows || matches!(self.stage, Stage::Left | Stage::Forgetting) || is_through
    }

    /// How many messages wait that some link was given before.
    pub(crate) fn replayed(&self) -> u32 {
        let mut again = 0;
        self.position(|message| {
            again += u32::from(message.turn > 0);
            false
        });
        again
    }

    /// Whether it has no message here.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes its first message, and whether a link may have been given it.
    pub(crate) fn pop(&mut self) -> Option<(Box<Message<P>>, bool)> {
        let message = self.remove(0)?;
        let sent = message.number <= self.sent[message.priority as usize];
        Some((message, sent))
    }
}
