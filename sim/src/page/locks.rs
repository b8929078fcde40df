//! The locks that the engine asks for, and what pages say to each other of them.

use std::sync::Arc;

use steadfast_engine::{Input, Lock, ORPHANS};

use super::storage::UNKNOWN;
use crate::browser::Request;
use crate::planted::{self, Bug};
use crate::world::{PageStep, Said, Step, World};

/// A lock that the engine wants or has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    request: Request,
    how: Lock,
    pub(super) held: bool,
}

impl World {
    pub(super) fn wants_lock(&mut self, page: usize, memory: u32, how: Lock) {
        let name = self.name_of(page, memory);
        if how == Lock::Want {
            self.remembers(page, &name);
        }
        let it = &mut self.pages[page];
        if self.storages[it.storage].is_lockless {
            if memory == it.engine.memory() {
                it.keep.is_off = true;
                let step = PageStep::Unguarded { memory };
                self.later(100, Step::Page(page, step));
            }
            return;
        }
        if !self.has_wish(page, memory, &name) {
            self.asks_lock(page, memory, &name, how);
        }
        if how == Lock::Want {
            self.says_to_others(page, Said::Wants(name));
        }
    }

    /// Whether it is the page's already, which is told again. A wish that waits is withdrawn: another one follows.
    fn has_wish(&mut self, page: usize, memory: u32, name: &Arc<str>) -> bool {
        let it = &self.pages[page];
        let Some(Wish { request, held, .. }) = it.keep.locks.get(&memory).copied() else {
            return false;
        };
        if held {
            self.answers_lock(name, request);
        } else {
            self.lets_lock_go(it.storage, name, request);
        }
        held
    }

    fn asks_lock(&mut self, page: usize, memory: u32, name: &Arc<str>, how: Lock) {
        let it = &mut self.pages[page];
        let locks = &mut self.storages[it.storage].locks;
        let is_mute = locks.is_mute;
        let (request, held) = locks.ask(name, page, how != Lock::Try);
        let wish = Wish {
            request,
            how,
            held: false,
        };
        it.keep.locks.insert(memory, wish);
        let is_answered = held || how == Lock::Try || planted::is(Bug::RowsOfTwoTabs);
        if !is_mute && is_answered {
            self.answers_lock(name, request);
        }
    }

    pub(crate) fn answers_lock(&mut self, name: &Arc<str>, request: Request) {
        let name = name.clone();
        let step = PageStep::Locked { name, request };
        self.later(100, Step::Page(request.page, step));
    }

    /// There are no locks, and nothing is kept.
    pub(super) fn is_unguarded(&mut self, page: usize, memory: u32) {
        self.storage_fails(page);
        self.feed(page, Input::Locked { memory, held: true });
    }

    /// A lock is the page's, or is not.
    pub(super) fn gets_lock(&mut self, page: usize, name: &Arc<str>, request: Request) {
        if self.gets_session_lock(page, name, request) {
            return;
        }
        let it = &mut self.pages[page];
        let wishes = it.keep.locks.iter_mut();
        let Some((memory, wish)) = wishes.into_iter().find(|(_, wish)| wish.request == request)
        else {
            return;
        };
        let memory = *memory;
        let held = self.storages[it.storage].locks.is_held_by(name, request)
            || planted::is(Bug::RowsOfTwoTabs);
        let is_new = !std::mem::replace(&mut wish.held, held);
        if held && is_new {
            it.keep.enter(name);
            self.ledger.has_memory(name, it.tab);
        } else if !held {
            it.keep.locks.remove(&memory);
        }
        if held && is_new && memory == self.pages[page].engine.memory() {
            self.says_to_others(page, Said::Began(name.clone()));
        }
        self.feed(page, Input::Locked { memory, held });
    }

    pub(super) fn unlocks(&mut self, page: usize, memory: u32) {
        let it = &mut self.pages[page];
        if let Some(wish) = it.keep.locks.remove(&memory) {
            if wish.held {
                it.keep.unlocking.push((memory, wish.request));
            } else if let Some(name) = it.keep.names.known(memory) {
                let storage = it.storage;
                self.lets_lock_go(storage, &name, wish.request);
            }
        }
    }

    /// What was unlocked in a task is let go of when all that was asked for until then is complete.
    pub(super) fn lets_go_asked(&mut self, page: usize) {
        for (memory, request) in std::mem::take(&mut self.pages[page].keep.unlocking) {
            let it = &mut self.pages[page];
            let Some(name) = it.keep.names.known(memory) else {
                continue;
            };
            if memory != ORPHANS {
                it.keep.leave(&name);
            }
            let storage = it.storage;
            self.will_let_go(storage, name, request);
        }
    }

    /// A lock is let go of when all that was asked for is complete.
    pub(super) fn will_let_go(&mut self, storage: usize, name: Arc<str>, request: Request) {
        let at = self.storages[storage].database.ready_at.max(self.now) + 1;
        let step = Step::LetGo {
            storage,
            name,
            request,
        };
        self.queue.put(at, step);
    }

    pub(crate) fn lets_lock_go(&mut self, storage: usize, name: &Arc<str>, request: Request) {
        if let Some(next) = self.storages[storage].locks.let_go(name, request) {
            self.answers_lock(name, next);
        }
    }

    /// The page is over, or its client is.
    pub(super) fn lets_locks_go(&mut self, page: usize) {
        let storage = self.pages[page].storage;
        for (name, request) in self.storages[storage].locks.of(page) {
            if self.pages[page].alive {
                self.will_let_go(storage, name, request);
            } else {
                self.lets_lock_go(storage, &name, request);
            }
        }
        self.pages[page].keep.locks.clear();
    }

    // The channel.

    fn says_to_others(&mut self, page: usize, said: Said) {
        let storage = self.pages[page].storage;
        for other in 0..self.pages.len() {
            let it = &self.pages[other];
            if other != page && it.storage == storage && it.alive && !it.closed && it.keep.persists
            {
                let step = PageStep::Hears(said.clone());
                self.later(50, Step::Page(other, step));
            }
        }
    }

    pub(super) fn hears_other(&mut self, page: usize, said: Said) {
        let it = &mut self.pages[page];
        if it.closed || it.keep.is_off {
            return;
        }
        match said {
            Said::Began(name) => {
                let record = self.storages[it.storage].record(&name);
                let memory = it.keep.names.number(&name);
                let input = Input::Found {
                    memory,
                    place: record.map_or(UNKNOWN, |record| record.place),
                    follows: false,
                };
                self.feed(page, input);
            }
            Said::Wants(name) => {
                let Some(memory) = it.keep.names.find(&name) else {
                    return;
                };
                let wish = it.keep.locks.get(&memory);
                if memory == it.engine.memory() {
                    if wish.is_some_and(|wish| wish.held) {
                        self.says_to_others(page, Said::Began(name));
                    }
                } else if wish.is_some_and(|wish| wish.held || wish.how == Lock::Wait) {
                    self.feed(page, Input::Wanted { memory });
                }
            }
        }
    }
}
