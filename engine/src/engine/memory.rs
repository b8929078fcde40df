//! A durable queue: what is kept, and what pages have left that are gone.
//!
//! A page keeps what it sends in a memory of its own, whose lock it holds for as long as it is in use. When it is put
//! away it lets go of all, and sends into another memory. What is left of a memory is read by whoever gets its lock: the
//! page that follows in the same tab, before what that sends itself, or else the one that has the lock of all orphans.

use super::{Engine, Phase};
use crate::memory::{Claimed, Memory, Stage};
use crate::planted::{self, Bug};
use crate::timers::Timer;
use crate::{DropReason, Event, Input, Instant, Lock, ORPHANS, Output, Restored, STATE, Span};

impl<P: PartialEq + Clone> Engine<P> {
    /// Whether accepted messages are kept in storage.
    pub(super) const fn persists(&self) -> bool {
        STATE && self.config.persist
    }

    /// The page's own memory: in a session, the one that its hello claims.
    #[must_use]
    pub const fn memory(&self) -> u32 {
        self.upward.own.id
    }

    /// What storage and locks answer.
    pub(super) fn handle_storage(&mut self, now: Instant, input: Input<P>) {
        let restores = matches!(input, Input::Restored(_) | Input::Storage { .. });
        if self.storage.away && !restores {
            return;
        }
        match input {
            Input::Found {
                memory,
                place,
                follows,
            } => self.handle_found(memory, place, follows),
            Input::Recalled => {
                self.storage.recalled = true;
                self.storage.recalling = false;
                self.tell_if_drained();
            }
            Input::Locked { memory, held } => self.handle_locked(memory, held),
            Input::Wanted { memory } => self.handle_wanted(memory),
            Input::Restored(restored) => return self.restore(now, restored),
            Input::Read {
                memory,
                user,
                lost,
                more,
            } => self.handle_read(memory, user, lost, more),
            Input::Forgotten { memory, empty } => self.handle_forgotten(memory, empty),
            Input::Storage { works } => return self.handle_works(now, works),
            _ => {}
        }
        self.timers.set(Timer::Storage, now + PATIENCE);
    }

    /// Asks storage for what is to be done next.
    pub(super) fn tend(&mut self, now: Instant) {
        if self.persists() && !self.storage.away && !self.state.is_final() {
            if !core::mem::replace(&mut self.storage.begun, true) {
                self.begin_storage();
            }
            let mut place = 0;
            while place < self.upward.last() {
                self.tend_memory(place);
                place += 1;
            }
            let deadline = self.timers.deadline(Timer::Storage).min(now + PATIENCE);
            let waits = self.awaits_storage();
            let deadline = if waits { deadline } else { Instant::NEVER };
            self.timers.set(Timer::Storage, deadline);
        }
        if self.link.to_greet
            && self.phase == Phase::Greeting
            && self.upward.own.stage == Stage::Ready
        {
            self.link.to_greet = false;
            self.link.memory = self.upward.own.id;
            let (generation, attempt) = (self.generation, self.attempts);
            self.outputs.push(Output::Greet {
                generation,
                attempt,
            });
        }
        if self.config.session {
            self.adopt();
        }
    }

    /// The page is in use, for the first time or again, or storage works again.
    fn begin_storage(&mut self) {
        if !self.storage.locked {
            self.lock(self.upward.own.id, Lock::Try);
        }
        if !self.storage.leads {
            self.lock(ORPHANS, Lock::Wait);
        }
        self.recall();
    }

    fn recall(&mut self) {
        self.storage.recalling = true;
        self.outputs.push(Output::Recall);
    }

    fn tend_memory(&mut self, place: usize) {
        let leads = self.storage.leads;
        let memory = self.upward.memory(place);
        let id = memory.id;
        match memory.stage {
            Stage::Known if memory.follows || leads => {
                memory.stage = Stage::Locking;
                let how = [Lock::Wait, Lock::Want][usize::from(memory.follows)];
                self.lock(id, how);
            }
            Stage::Ready if memory.has_more && memory.waiting().messages < FEW => {
                memory.stage = Stage::Reading;
                self.outputs.push(Output::Read(id));
            }
            Stage::Ready
                if !memory.has_more && memory.is_empty() && memory.claim != Claimed::Asked =>
            {
                memory.stage = Stage::Forgetting;
                self.outputs.push(Output::Forget(id));
            }
            _ => {}
        }
    }

    fn lock(&mut self, memory: u32, how: Lock) {
        self.outputs.push(Output::Lock { memory, how });
    }

    /// Whether anything waits for an answer of storage.
    fn awaits_storage(&self) -> bool {
        let waits = |memory: &Memory<P>| {
            memory.follows && matches!(memory.stage, Stage::Locking | Stage::Reading)
        };
        !self.storage.recalled
            || self.upward.own.stage == Stage::Locking
            || self.upward.old.iter().any(waits)
    }

    /// What storage has not answered by now is not waited for any more.
    pub(super) fn go_on_without_storage(&mut self, now: Instant) {
        if self.upward.own.stage == Stage::Locking || !self.storage.recalled {
            self.upward.own.stage = Stage::Ready;
            self.storage.recalled = true;
            self.handle_works(now, false);
        }
        for memory in &mut self.upward.old {
            memory.follows &= !matches!(memory.stage, Stage::Locking | Stage::Reading);
        }
        self.tell_if_drained();
    }

    fn handle_works(&mut self, now: Instant, works: bool) {
        let storage = &mut self.storage;
        if core::mem::replace(&mut storage.works, works) != works {
            self.tell(Event::Storage { works });
        }
        let storage = &mut self.storage;
        if works {
            storage.retries = 0;
            storage.begun = false;
            self.timers.stop(Timer::StorageRetry);
        } else {
            let wait = Span::from_ms(FIRST_RETRY_MS << storage.retries);
            storage.retries = (storage.retries + 1).min(MOST_DOUBLINGS);
            self.timers.set(Timer::StorageRetry, now + wait);
        }
    }

    fn handle_found(&mut self, id: u32, place: u64, follows: bool) {
        if let Some(known) = self.upward.place_of(id) {
            // Its page says that it is in use.
            self.upward.memory(known).follows &= follows || known == self.upward.last();
            return;
        }
        if self.storage.leads && !self.storage.recalling {
            // A page has begun: there may be more that nobody told of.
            self.recall();
        }
        let mut memory = Memory::new(id, Stage::Known);
        (memory.is_found, memory.place, memory.follows) = (true, place, follows);
        let before = |other: &Memory<P>| other.place <= place;
        let at = self
            .upward
            .old
            .iter()
            .take_while(|other| before(other))
            .count();
        self.upward.old.insert(at, memory);
    }

    fn handle_locked(&mut self, id: u32, held: bool) {
        if id == ORPHANS {
            if held && !core::mem::replace(&mut self.storage.leads, true) {
                self.recall();
            }
            return;
        }
        let Some(place) = self.upward.place_of(id) else {
            return;
        };
        let is_own = place == self.upward.last();
        let memory = self.upward.memory(place);
        if is_own && !held {
            // Another page has found what was sent here, and delivers it.
            self.begin_memory();
            self.lock(self.upward.own.id, Lock::Try);
        } else if is_own {
            memory.stage = Stage::Ready;
            self.storage.locked = true;
        } else if memory.stage != Stage::Locking {
            // It is not wanted any more.
        } else if held {
            (memory.stage, memory.has_more) = (Stage::Reading, true);
            self.outputs.push(Output::Read(id));
        } else {
            (memory.stage, memory.follows) = (Stage::Known, false);
        }
    }

    /// The page that follows in another tab is to have what is older.
    fn handle_wanted(&mut self, id: u32) {
        let place = self.upward.place_of(id);
        if let Some(place) = place.filter(|place| *place < self.upward.last())
            && !matches!(self.upward.memory(place).stage, Stage::Known | Stage::Left)
        {
            self.let_go(place, Stage::Known);
            self.upward.memory(place).follows = false;
        }
    }

    fn restore(&mut self, now: Instant, restored: Restored<P>) {
        let Restored {
            memory,
            send,
            number,
        } = restored;
        let priority = send.priority;
        let mut message = self.waiting(now, send);
        message.number = number;
        let place = self.upward.place_of(memory);
        let Some(place) = place.filter(|place| self.upward.memory(*place).stage == Stage::Reading)
        else {
            return self.outputs.push(Output::Release(message.payload));
        };
        let memory = self.upward.memory(place);
        let lane = priority as usize;
        let (is_claimed, last) = (memory.is_claimed(), memory.last[lane]);
        if number <= last || (is_claimed && number <= memory.stored[lane]) {
            self.forget_stored(message);
        } else if memory.is_lost {
            self.drop_as(message, DropReason::SessionLost, true);
        } else if is_claimed && self.upward.holds(place + 1, &message.key) {
            self.drop_message(message, DropReason::Replaced);
        } else {
            self.upward.restore(place, message);
            self.timers.set(Timer::Expiry, self.upward.next_expiry());
        }
    }

    fn handle_read(&mut self, id: u32, user: u32, lost: bool, more: bool) {
        let Some(place) = self.upward.place_of(id) else {
            return;
        };
        let memory = self.upward.memory(place);
        if memory.stage != Stage::Reading {
            return;
        }
        memory.stage = Stage::Ready;
        memory.has_more = more;
        memory.user = user;
        if lost && !core::mem::replace(&mut memory.is_lost, true) {
            while let Some((message, _)) = self.upward.memory(place).pop() {
                self.drop_as(message, DropReason::SessionLost, true);
            }
        }
        self.tell_if_drained();
    }

    fn handle_forgotten(&mut self, id: u32, empty: bool) {
        let Some(place) = self.upward.place_of(id) else {
            return;
        };
        let memory = self.upward.memory(place);
        if memory.stage != Stage::Forgetting {
            return;
        }
        if !empty {
            // What has come since is sent if the server has not got it by now.
            (memory.stage, memory.has_more) = (Stage::Ready, true);
            return;
        }
        if memory.is_claimed() && self.phase == Phase::Open {
            self.outputs.push(Output::Done(id));
        }
        self.outputs.push(Output::Unlock(id));
        self.upward.old.remove(place);
        self.tell_if_drained();
    }

    /// The page's memory becomes one that is delivered before what it sends from now on.
    pub(super) fn put_behind(&mut self) {
        let mut before = self.upward.begin(Stage::Locking);
        before.claim = Claimed::No;
        self.storage.locked = false;
        self.upward.old.push(before);
        self.lock(self.upward.own.id, Lock::Try);
    }

    /// Storage keeps what the page has sent until now, and the page another memory for what it sends from now on.
    fn begin_memory(&mut self) {
        self.storage.locked = false;
        let before = self.upward.begin(Stage::Locking);
        self.release(before);
    }

    /// The page is put away: storage keeps what it has, and this memory forgets it, for another page may send it
    /// meanwhile.
    pub(super) fn put_away(&mut self) {
        if self.persists() && !self.state.is_final() {
            if planted::is(Bug::MemoryKeptAway) {
                return self.outputs.push(Output::Unlock(self.upward.own.id));
            }
            self.let_go_of_all();
            self.begin_memory();
            self.storage.away = true;
            self.storage.begun = false;
            self.storage.recalled = false;
            self.storage.leads = false;
            self.timers.stop(Timer::Storage);
            self.tell_if_drained();
        }
    }

    /// What a page sends that is put away is for whoever comes next, too: without its lock it must not stay here.
    pub(super) fn leave_sent(&mut self) {
        if STATE && self.storage.away && !self.upward.own.is_empty() {
            self.begin_memory();
        }
    }

    /// The page is in use again, whether anybody says so or not.
    pub(super) const fn come_back(&mut self) {
        self.storage.away = false;
    }

    /// Storage keeps all that was found, and whoever wants it may have it.
    fn let_go_of_all(&mut self) {
        while let Some(memory) = self.upward.old.pop() {
            let id = memory.id;
            self.release(memory);
            self.outputs.push(Output::Unlock(id));
        }
        self.outputs.push(Output::Unlock(self.upward.own.id));
        self.outputs.push(Output::Unlock(ORPHANS));
    }

    /// Another page may have this memory; what is here of it is forgotten.
    pub(super) fn let_go(&mut self, place: usize, stage: Stage) {
        if self.upward.memory(place).is_claimed() {
            self.upward.haunt(place);
        }
        let memory = self.upward.memory(place);
        let mut rest = Memory::new(memory.id, stage);
        (rest.is_found, rest.place, rest.follows) = (true, memory.place, memory.follows);
        rest.claim = match memory.claim {
            Claimed::Asked | Claimed::Void => Claimed::Void,
            Claimed::No | Claimed::Yes => Claimed::No,
        };
        let memory = core::mem::replace(memory, rest);
        let id = memory.id;
        self.release(memory);
        self.outputs.push(Output::Unlock(id));
    }

    fn release(&mut self, mut memory: Memory<P>) {
        while let Some((message, sent)) = memory.pop() {
            if message.volatile {
                let closing = self.state.is_final();
                let reason = [DropReason::Volatile, DropReason::Closed][usize::from(closing)];
                self.drop_as(message, reason, sent);
            } else {
                self.outputs.push(Output::Release(message.payload));
            }
        }
    }

    /// The client is over. `keeps`: the next one goes on with what is stored; otherwise that ends as well, as far as it
    /// is this page's user's.
    pub(super) fn end_memories(&mut self, keeps: bool) {
        if !self.persists() {
            return;
        }
        if keeps {
            self.let_go_of_all();
            let own = self.upward.begin(Stage::Ready);
            return self.release(own);
        }
        let own = self.upward.begin(Stage::Ready);
        self.end_memory(own);
        while let Some(memory) = self.upward.old.pop() {
            if memory.is_ours && !memory.has_more {
                self.end_memory(memory);
                continue;
            }
            // What was not read nobody could be told of.
            let (id, ours) = (memory.id, memory.is_ours);
            let mut memory = memory;
            while ours && let Some((message, sent)) = memory.pop() {
                self.drop_as(message, DropReason::Closed, sent);
            }
            self.release(memory);
            self.outputs.push(Output::Unlock(id));
        }
        self.outputs.push(Output::Unlock(ORPHANS));
    }

    fn end_memory(&mut self, mut memory: Memory<P>) {
        self.outputs.push(Output::Ended(memory.id));
        while let Some((message, sent)) = memory.pop() {
            self.outputs.drop(message, DropReason::Closed, sent);
        }
        self.outputs.push(Output::Unlock(memory.id));
    }
}

/// How long storage and locks may take for anything that something waits for.
const PATIENCE: Span = Span::from_ms(5_000);

/// With fewer messages than this of a memory here, storage is asked for more.
const FEW: u32 = 500;

/// The first pause before storage is tried again; it doubles each time, to 64 s.
const FIRST_RETRY_MS: u64 = 1_000;
const MOST_DOUBLINGS: u32 = 6;
