//! What becomes of a browser, its machine and its disk.

use std::collections::BTreeMap;

use crate::browser::Browser;
use crate::plan::{Class, Kind};
use crate::world::{Step, World};

impl World {
    /// A page's process dies, and its application is opened again.
    pub(crate) fn crashes(&mut self, client: usize, new_tab: bool) {
        let page = self.newest[client];
        let (storage, mut tab) = (self.pages[page].storage, self.pages[page].tab);
        self.tally.fault(Class::Crash.name());
        self.page_dies(page);
        if new_tab {
            tab = self.tabs.len();
            self.tabs.push(None);
        }
        self.open_page(client, storage, tab);
    }

    /// A page is loaded again, sends at once, and dies when it has its session.
    pub(crate) fn will_crash(&mut self, client: usize, new_tab: bool, messages: u64) {
        if !self.pages[self.newest[client]].durable.persists {
            return self.crashes(client, new_tab);
        }
        self.loads_and_sends(client, messages);
        let page = self.newest[client];
        self.pages[page].durable.crashes = Some(new_tab);
    }

    /// A page stores its session's record, and moves what it has sent to its memory. If it is about to die, it
    /// does so before or after that is done.
    pub(super) fn begins(&mut self, page: usize) {
        let it = &mut self.pages[page];
        let Some(new_tab) = it.durable.crashes.take() else {
            return;
        };
        let browser = &self.storages[it.storage];
        let done = [browser.fresh.ready_at, browser.stored.ready_at];
        let span = self.dice.disk.pick(&done).saturating_sub(self.now);
        let after = self.dice.disk.below(2 * span + 1);
        self.later(after, Step::Crash { page, new_tab });
    }

    /// It dies, perhaps with a last word.
    pub(crate) fn crashes_beginning(&mut self, page: usize, new_tab: bool) {
        let it = &self.pages[page];
        let client = it.client;
        if self.healed || !it.alive || it.closed || self.newest[client] != page {
            return;
        }
        if !it.is_still() {
            for _ in 0..self.dice.disk.below(3) {
                self.sends(page, Kind::Echo, 20, None, false);
            }
            self.ends_task(page);
        }
        self.crashes(client, new_tab);
    }

    /// A page is loaded again while its storage deletes a message, or after so many looks.
    pub(crate) fn loads_when_busy(&mut self, client: usize, messages: u64, tries: u32) {
        let page = self.newest[client];
        let stored = &self.storages[self.pages[page].storage].stored;
        if tries > 0 && messages == 0 && !stored.is_deleting(page) {
            let tries = tries - 1;
            let step = Step::Load {
                client,
                messages,
                tries,
            };
            return self.later(100, step);
        }
        if !self.healed {
            self.loads_and_sends(client, messages);
        }
    }

    /// A page is loaded again, and its application sends before anybody has said whose session it is.
    fn loads_and_sends(&mut self, client: usize, messages: u64) {
        self.reloads(client, false);
        let page = self.newest[client];
        for _ in 0..messages {
            self.sends(page, Kind::Echo, 20, None, false);
        }
        self.ends_task(page);
    }

    /// The power of a client's machine fails: of its browser's transactions some are lost, those last
    /// that the disk was not asked to have.
    pub(crate) fn loses_power(&mut self, client: usize) {
        self.tally.fault(Class::PowerOff.name());
        self.ledger.copies(client);
        let storage = self.pages[self.newest[client]].storage;
        self.restarts(client, storage, |world| {
            let browser = &mut world.storages[storage];
            let before = rows(browser);
            for database in [&mut browser.stored, &mut browser.fresh] {
                let unsynced = database.unsynced(world.now) as u64;
                let kept = world.dice.disk.below(unsynced + 1) as usize;
                database.cut_power(kept);
            }
            world.are_others(storage, &before);
        });
    }

    /// A client's machine will be as it is now.
    pub(crate) fn will_go_back(&mut self, client: usize, span: u64) {
        let storage = self.pages[self.newest[client]].storage;
        self.storages[storage].back_up();
        self.later(span, Step::GoesBack { client, storage });
    }

    pub(crate) fn goes_back(&mut self, client: usize, storage: usize) {
        if self.healed {
            return;
        }
        self.tally.fault(Class::Rollback.name());
        self.ledger.copies(client);
        let ids: Vec<usize> = rows(&self.storages[storage]).into_keys().collect();
        self.ledger.are_set_back(&ids);
        self.restarts(client, storage, |world| {
            let before = rows(&world.storages[storage]);
            world.storages[storage].go_back();
            world.doubts(storage, &before);
            let ids: Vec<usize> = rows(&world.storages[storage]).into_keys().collect();
            world.ledger.are_set_back(&ids);
        });
    }

    /// All pages of a browser die; then something happens to its disk, and the newest is opened again.
    fn restarts(&mut self, client: usize, storage: usize, happens: impl FnOnce(&mut Self)) {
        let pages = 0..self.pages.len();
        let of: Vec<usize> = pages
            .filter(|page| self.pages[*page].storage == storage)
            .collect();
        for page in of {
            self.page_is_killed(page);
        }
        happens(self);
        let newest = self.newest[client];
        if self.pages[newest].storage == storage && !self.pages[newest].closed {
            let tab = self.pages[newest].tab;
            self.open_page(client, storage, tab);
        }
    }

    /// What a site has stored is cleared. Its pages are told.
    pub(crate) fn is_wiped(&mut self, client: usize) {
        self.tally.fault(Class::Wipe.name());
        self.wipes(self.pages[self.newest[client]].storage);
    }

    pub(super) fn wipes(&mut self, storage: usize) {
        let before = rows(&self.storages[storage]);
        self.storages[storage].wipe();
        self.doubts(storage, &before);
        for page in 0..self.pages.len() {
            let it = &self.pages[page];
            if it.storage == storage {
                self.ledger.copies(it.client);
                if it.alive && it.durable.persists {
                    self.storage_fails(page);
                }
            }
        }
    }

    /// What is in storage now is not what was put there last.
    fn doubts(&mut self, storage: usize, before: &BTreeMap<usize, u64>) {
        let after = rows(&self.storages[storage]);
        let ids = before.keys().chain(after.keys());
        let other = ids.filter(|id| before.get(id) != after.get(id));
        let other: Vec<usize> = other.copied().collect();
        self.ledger.are_doubtful(&other);
    }

    /// Some transactions are lost: messages that are not there any more are gone, and others are there
    /// again, with what was told of their end.
    pub(super) fn are_others(&mut self, storage: usize, before: &BTreeMap<usize, u64>) {
        let after = rows(&self.storages[storage]);
        for id in before.keys().filter(|id| !after.contains_key(*id)) {
            self.ledger.is_orphaned(*id);
        }
        for id in after.keys().filter(|id| !before.contains_key(*id)) {
            self.ledger.comes_back(*id);
        }
    }

    /// There is no room in a browser's storage.
    pub(crate) fn fills(&mut self, client: usize, span: u64) {
        self.tally.fault(Class::FullStorage.name());
        let storage = self.pages[self.newest[client]].storage;
        self.storages[storage].fill(true);
        self.later(span, Step::HasRoom { storage });
    }
}

/// The messages that are in a browser, and their numbers.
pub(super) fn rows(browser: &Browser) -> BTreeMap<usize, u64> {
    let rows = browser.rows().into_iter();
    rows.map(|(_, row)| (row.id, row.number)).collect()
}
