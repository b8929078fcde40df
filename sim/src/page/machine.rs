//! What becomes of a browser, its machine and its disk.

use std::collections::BTreeMap;

use crate::browser::{Name, Tab};
use crate::plan::{Class, Kind, Trouble};
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
            self.tabs.push(Tab::default());
        }
        self.open_page(client, storage, tab);
    }

    /// A page is loaded again, sends at once, and dies while that is stored, or a little later.
    pub(crate) fn will_crash(&mut self, client: usize, new_tab: bool, messages: u64) {
        if !self.pages[self.newest[client]].keep.persists {
            return self.crashes(client, new_tab);
        }
        self.loads_and_sends(client, messages);
        let page = self.newest[client];
        let ready_at = self.storages[self.pages[page].storage].database.ready_at;
        let soon = 2 * ready_at.saturating_sub(self.now);
        let most = self.dice.disk.pick(&[soon, 200_000, 5_000_000]);
        let after = self.dice.disk.below(most + 1);
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
        let database = &self.storages[self.pages[page].storage].database;
        if tries > 0 && messages == 0 && !database.is_deleting(page) {
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

    /// The power of a client's machine fails: of its browser's transactions some are lost, those last that the disk
    /// was not asked to have, and perhaps the notes.
    pub(crate) fn loses_power(&mut self, client: usize) {
        self.tally.fault(Class::PowerOff.name());
        let storage = self.pages[self.newest[client]].storage;
        self.restarts(client, storage, |world| {
            let browser = &mut world.storages[storage];
            let before = browser.rows();
            let sessions = browser.database.data().sessions.len();
            let unsynced = browser.database.unsynced(world.now) as u64;
            let kept = world.dice.disk.below(unsynced + 1) as usize;
            browser.database.cut_power(kept);
            if world.dice.disk.happens(500) {
                browser.notes.messages.clear();
                browser.notes.memories.clear();
            }
            if browser.database.data().sessions.len() != sessions {
                // One was ended or begun a moment ago, and nobody has waited for the disk.
                world.ledger.copies(client);
            }
            world.are_others(storage, &before);
        });
    }

    /// A client's machine will be as it is now.
    pub(crate) fn will_go_back(&mut self, client: usize, span: u64) {
        let storage = self.pages[self.newest[client]].storage;
        self.storages[storage].database.back_up();
        self.later(span, Step::GoesBack { client, storage });
    }

    pub(crate) fn goes_back(&mut self, client: usize, storage: usize) {
        if self.healed {
            return;
        }
        self.tally.fault(Class::Rollback.name());
        // The claim, and perhaps the session.
        self.ledger.copies(client);
        self.restarts(client, storage, |world| {
            let before = world.storages[storage].rows();
            world.storages[storage].database.go_back();
            world.are_others(storage, &before);
            let ids: Vec<usize> = world.storages[storage].rows().into_keys().collect();
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
        let before = self.storages[storage].rows();
        self.loses_connections(storage);
        self.storages[storage].wipe();
        self.ledger.is_troubled(storage);
        for id in before.keys() {
            self.ledger.is_nowhere(*id);
        }
        for page in 0..self.pages.len() {
            let it = &mut self.pages[page];
            if it.storage == storage {
                it.keep.unkept.extend(before.values().cloned());
                let client = it.client;
                // The session is gone with its record.
                self.ledger.copies(client);
            }
        }
    }

    /// Some transactions are lost: messages that are not there any more are gone, and others are there
    /// again, with what was told of their end.
    fn are_others(&mut self, storage: usize, before: &BTreeMap<usize, Name>) {
        let after = self.storages[storage].rows();
        self.ledger.is_troubled(storage);
        for id in before.keys().filter(|id| !after.contains_key(*id)) {
            self.ledger.is_orphaned(*id);
        }
        for id in after.keys().filter(|id| !before.contains_key(*id)) {
            self.ledger.comes_back(*id);
        }
    }

    /// Something is wrong with a browser's storage, for a while.
    pub(crate) fn is_in_trouble(&mut self, client: usize, trouble: Trouble, span: u64) {
        let storage = self.pages[self.newest[client]].storage;
        self.ledger.is_troubled(storage);
        let browser = &mut self.storages[storage];
        match trouble {
            Trouble::NoRoom => browser.database.is_full = true,
            Trouble::NoNotes => browser.notes.is_full = true,
            Trouble::Down => browser.database.is_down = true,
            Trouble::Mute => browser.locks.is_mute = true,
            Trouble::Disconnected => return self.loses_connections(storage),
        }
        self.later(span, Step::HasRoom { storage });
    }
}
