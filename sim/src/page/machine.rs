//! What becomes of a browser, its machine and its disk.

use std::collections::BTreeMap;

use crate::browser::Data;
use crate::plan::Class;
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

    /// The power of a client's machine fails: of its browser's transactions some are lost, those last
    /// that the disk was not asked to have.
    pub(crate) fn loses_power(&mut self, client: usize) {
        self.tally.fault(Class::PowerOff.name());
        self.ledger.copies(client);
        let storage = self.pages[self.newest[client]].storage;
        let unsynced = self.storages[storage].unsynced() as u64;
        let kept = self.dice.disk.below(unsynced + 1) as usize;
        self.restarts(client, storage, |world| {
            world.storages[storage].cut_power(kept);
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
        let rows = self.storages[storage].data().rows.values();
        let ids: Vec<usize> = rows.map(|row| row.id).collect();
        self.ledger.are_set_back(&ids);
        self.restarts(client, storage, |world| {
            world.storages[storage].go_back();
            let rows = world.storages[storage].data().rows.values();
            let ids: Vec<usize> = rows.map(|row| row.id).collect();
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
        let before = self.storages[storage].data().clone();
        happens(self);
        self.doubts(storage, &before);
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
        let before = self.storages[storage].data().clone();
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
    fn doubts(&mut self, storage: usize, before: &Data) {
        let numbers = |data: &Data| -> BTreeMap<usize, u64> {
            let rows = data.rows.values();
            rows.map(|row| (row.id, row.number)).collect()
        };
        let before = numbers(before);
        let after = numbers(self.storages[storage].data());
        let ids = before.keys().chain(after.keys());
        let other = ids.filter(|id| before.get(id) != after.get(id));
        let other: Vec<usize> = other.copied().collect();
        self.ledger.are_doubtful(&other);
    }

    /// There is no room in a browser's storage.
    pub(crate) fn fills(&mut self, client: usize, span: u64) {
        self.tally.fault(Class::FullStorage.name());
        let storage = self.pages[self.newest[client]].storage;
        self.storages[storage].is_full = true;
        self.later(span, Step::HasRoom { storage });
    }
}
