//! What dead pages have left is delivered by a living one.

use steadfast_engine::{Input, State};

use super::Page;
use super::durable::Phase;
use crate::browser::Change;
use crate::world::{PageStep, World};

impl World {
    /// The page asks for every other memory, to be there when its page dies.
    pub(super) fn watches(&mut self, page: usize) {
        let it = &self.pages[page];
        if it.adopts.is_some() || it.durable.failed {
            return;
        }
        for memory in self.storages[it.storage].memories() {
            self.watches_one(page, &memory);
        }
    }

    fn watches_one(&mut self, page: usize, memory: &str) {
        let it = &self.pages[page];
        let own = it.durable.uses(memory);
        if own {
            return;
        }
        let locks = &mut self.storages[it.storage].locks;
        if locks.take(memory, page) {
            self.finds_orphan(page, memory.to_owned());
        } else {
            locks.wait(memory, page);
        }
    }

    /// A page has a memory: the others of its browser ask to be the next.
    pub(super) fn announces(&mut self, page: usize, memory: &str) {
        let storage = self.pages[page].storage;
        for other in 0..self.pages.len() {
            let it = &self.pages[other];
            let listens = other != page
                && it.alive
                && !it.closed
                && it.storage == storage
                && it.adopts.is_none()
                && it.durable.persists
                && !it.durable.failed
                && it.durable.phase == Phase::Loaded;
            let memory = memory.to_owned();
            if listens && it.is_still() {
                // What a channel says to a frozen page waits there.
                let step = PageStep::Announced { memory };
                self.pages[other].backlog.push(step);
            } else if listens {
                self.hears_of(other, &memory);
            }
        }
    }

    /// Another page has this memory.
    pub(super) fn hears_of(&mut self, page: usize, memory: &str) {
        let it = &self.pages[page];
        if it.durable.phase == Phase::Loaded && !it.durable.failed && !it.closed {
            self.watches_one(page, memory);
        }
    }

    /// Nobody has this memory any more: what waits there is delivered.
    pub(super) fn finds_orphan(&mut self, page: usize, memory: String) {
        let it = &self.pages[page];
        let is_empty = self.storages[it.storage].rows_of(&memory).is_empty();
        if is_empty || it.closed || it.adopts.is_some() || it.durable.failed {
            return self.lets_lock_go(page, &memory);
        }
        self.adopts(page, memory);
    }

    fn adopts(&mut self, parent: usize, memory: String) {
        let name = self.pages.len();
        let it = &self.pages[parent];
        let (client, storage, user) = (it.client, it.storage, it.user.clone());
        let (_, is_nobodys) = self.storages[storage].record_of(&memory);
        let now = self.now;
        self.trace.add(now, || {
            format!("page {name}: adopts {memory} for page {parent}")
        });
        self.tally.adoptions += 1;
        self.ledger.copies(client);
        if is_nobodys {
            let rows = self.storages[storage].rows_of(&memory);
            let ids: Vec<usize> = rows.iter().map(|(_, row)| row.id).collect();
            self.ledger.are_anybodys(&ids);
        }
        let seed = self.dice.disk.bits();
        let mut config = self.plan.tuning.client.clone();
        config.snapshot = None;
        let mut page = Page::new(client, storage, memory.clone(), &config, seed);
        page.user = user;
        page.adopts = Some(parent);
        page.tab = self.tabs.len();
        self.tabs.push(None);
        page.durable.persists = true;
        page.durable.memory = Some(memory.clone());
        self.storages[storage].locks.pass(&memory, parent, name);
        self.ledger.page_opens(name, &page.user);
        self.pages.push(page);
        self.feed(name, Input::Connect { online: true });
        self.ends_task(name);
    }

    /// All that an orphan had is delivered: its session ends.
    pub(super) fn ends_orphan(&mut self, page: usize) {
        let it = &self.pages[page];
        let done = it.adopts.is_some()
            && it.alive
            && !it.closed
            && it.engine.state() == State::Open
            && it.engine.queued().0 == 0
            && it.engine.unacknowledged() == 0;
        if done {
            self.feed(page, Input::Close);
        }
        let it = &self.pages[page];
        if it.adopts.is_some() && it.alive && it.engine.state().is_final() {
            self.page_dies(page);
        }
    }

    /// The session is over: nothing of it is kept.
    pub(super) fn forgets_session(&mut self, page: usize) {
        let it = &mut self.pages[page];
        if it.durable.persists {
            // What was found there before a welcome may be another user's, and what was not read
            // has nobody who could be told of it.
            let known = it.durable.owned && it.durable.phase == Phase::Loaded;
            if let Some(memory) = it.durable.memory.clone().filter(|_| known) {
                it.durable.changes.remove_memory(&memory);
            }
        } else {
            self.storages[it.storage].write(Change::Forget(super::SESSION.to_owned()));
        }
    }
}
