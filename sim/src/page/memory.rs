//! Which memory a page goes on with, and what it finds there.

use steadfast_engine::{Fate, Form, Input, Restored, Send, Span};

use super::durable::{Durable, Kept, Phase};
use super::{Held, instance};
use crate::browser::Row;
use crate::ledger::Broken;
use crate::planted::{self, Bug};
use crate::world::{Step, World};

impl World {
    /// A page with a durable queue has opened: its first rows have a place.
    pub(super) fn gets_stash(&mut self, page: usize) {
        let stash = instance(&mut self.dice.disk);
        let it = &mut self.pages[page];
        self.storages[it.storage].locks.take(&stash, page);
        it.durable.stash = Some(stash.clone());
        self.announces(page, &stash);
    }

    /// The page asks for its lock, while its socket opens.
    pub(super) fn recalls(&mut self, page: usize) {
        let it = &self.pages[page];
        if !it.durable.persists || it.durable.phase != Phase::Idle {
            return;
        }
        if it.durable.failed {
            return self.recalls_shelf(page);
        }
        self.keeps_stash(page);
        let Some(memory) = self.chooses(page) else {
            let durable = &mut self.pages[page].durable;
            durable.memory = None;
            durable.phase = Phase::Reading;
            return self.reads_soon(page);
        };
        let it = &mut self.pages[page];
        let browser = &mut self.storages[it.storage];
        if browser.locks.take(&memory, page) || planted::is(Bug::RowsOfTwoTabs) {
            it.durable.memory = Some(memory);
            it.durable.phase = Phase::Reading;
            self.reads_soon(page);
        } else {
            browser.locks.wait(&memory, page);
            it.durable.phase = Phase::Waiting(memory);
            let era = it.durable.era;
            self.later(PATIENCE, Step::LockWaited { page, era });
        }
    }

    /// The stash of before is the page's again, unless another page has taken it meanwhile.
    pub(super) fn keeps_stash(&mut self, page: usize) {
        let it = &mut self.pages[page];
        if !it.durable.persists || it.durable.failed || it.adopts.is_some() {
            return;
        }
        let locks = &mut self.storages[it.storage].locks;
        let kept = it.durable.stash.clone();
        if kept.is_none_or(|stash| !locks.take(&stash, page)) {
            self.gets_stash(page);
        }
    }

    /// The memory that the page wants: the one that it had, that its tab remembers, or else the free
    /// one with a session that was used last.
    fn chooses(&self, page: usize) -> Option<String> {
        let it = &self.pages[page];
        let browser = &self.storages[it.storage];
        let records = browser.records();
        let hint = self.tabs[it.tab].as_ref();
        let known = it.durable.memory.as_ref().or(hint);
        if let Some(memory) = known.filter(|memory| records.contains_key(*memory)) {
            return Some(memory.clone());
        }
        if it.adopts.is_some() {
            return it.durable.memory.clone();
        }
        let free = records
            .iter()
            .filter(|(memory, record)| record.session.is_some() && browser.locks.is_free(memory));
        let last = free.max_by_key(|(_, record)| record.used);
        last.map(|(memory, _)| memory.clone())
    }

    fn reads_soon(&mut self, page: usize) {
        let era = self.pages[page].durable.era;
        let (relaxed, _) = self.plan.weather.disk;
        let at = self.now + 50 + self.dice.disk.below(relaxed + 1);
        // Behind all that was asked for before.
        let browser = &self.storages[self.pages[page].storage];
        let at = at.max(browser.stored.ready_at).max(browser.fresh.ready_at);
        self.queue.put(at, Step::Read { page, era });
    }

    /// A lock is the page's: its own memory's, for which it has waited, or an orphan's.
    pub(super) fn gets_lock(&mut self, page: usize, memory: String) {
        let it = &mut self.pages[page];
        if !self.storages[it.storage].locks.is_held_by(&memory, page) {
            return;
        }
        if it.durable.phase == Phase::Waiting(memory.clone()) {
            let browser = &self.storages[it.storage];
            if it.session.is_none() && !browser.records().contains_key(&memory) {
                // Who had it until now has ended it.
                it.durable.phase = Phase::Idle;
                self.lets_lock_go(page, &memory);
                return self.recalls(page);
            }
            it.durable.memory = Some(memory);
            it.durable.phase = Phase::Reading;
            return self.reads_soon(page);
        }
        self.finds_orphan(page, memory);
    }

    /// Another page has the memory for so long that this one begins a session of its own. It stays in
    /// the queue: should the other one die, what it leaves is an orphan.
    pub(super) fn lock_waited(&mut self, page: usize, era: u32) {
        let it = &mut self.pages[page];
        if it.durable.era != era || !matches!(it.durable.phase, Phase::Waiting(_)) {
            return;
        }
        if it.adopts.is_some() {
            return self.page_dies(page);
        }
        it.durable.memory = None;
        it.durable.phase = Phase::Reading;
        let client = it.client;
        self.ledger.copies(client);
        self.reads_soon(page);
    }

    /// Storage has read what there is.
    pub(super) fn reads_storage(&mut self, page: usize, era: u32) {
        let clock = self.wall_ms(self.pages[page].wall) * 1_000;
        let it = &mut self.pages[page];
        if it.durable.era != era || it.durable.phase != Phase::Reading || it.closed {
            return;
        }
        let browser = &self.storages[it.storage];
        let memory = it.durable.memory.clone();
        let name = memory.as_deref().unwrap_or_default();
        let (record, is_nobodys) = browser.record_of(name);
        it.durable.record = record;
        if is_nobodys {
            let ids: Vec<usize> = browser
                .rows_of(name)
                .iter()
                .map(|(_, row)| row.id)
                .collect();
            self.ledger.are_anybodys(&ids);
        }
        let mut rows = Vec::new();
        for memory in memory.iter().chain(&it.durable.stash) {
            it.durable.changes.read(memory, browser, clock);
            let of = browser.rows_of(memory).into_iter();
            rows.extend(of.map(|(seq, row)| (memory.clone(), seq, row)));
        }
        let held = |memory: &str, seq| {
            let mut kept = it.durable.rows.values();
            kept.any(|kept| kept.memory == memory && kept.seq == seq)
        };
        rows.retain(|(memory, seq, _)| !held(memory, *seq));
        if it.durable.record.instance.is_empty() {
            let memory = memory.or_else(|| it.durable.stash.clone());
            it.durable.record.instance = memory.unwrap_or_default();
        }
        it.instance.clone_from(&it.durable.record.instance);
        it.durable.phase = Phase::Loaded;
        let last = it.durable.record.last;
        self.restores_rows(page, rows, last);
        self.watches(page);
    }

    /// What came back with another user's messages, and is this one's. The order in which the page
    /// sent it is lost.
    pub(super) fn restores_own(&mut self, page: usize) {
        self.flushes(page);
        let it = &mut self.pages[page];
        if let Some(memory) = it.durable.leaving.take() {
            it.durable.changes.leave(&memory);
        }
        let Some(memory) = it.durable.memory.clone() else {
            return;
        };
        let shelf = std::mem::take(&mut it.durable.shelf).into_iter();
        let mut left: Vec<(u64, Row)> = shelf.map(|kept| (kept.seq, kept.row)).collect();
        if !it.durable.failed {
            let rows = self.storages[it.storage].rows_of(&memory).into_iter();
            let held = |seq| it.durable.rows.values().any(|kept| kept.seq == seq);
            left.extend(rows.filter(|(seq, _)| !held(*seq)));
        }
        for (seq, row) in left {
            self.ledger.is_out_of_order(row.id);
            self.restores_row(page, memory.clone(), seq, row);
        }
    }

    /// Storage has failed before: what was put away with the page is still there.
    fn recalls_shelf(&mut self, page: usize) {
        let durable = &mut self.pages[page].durable;
        durable.phase = Phase::Loaded;
        let last = durable.record.last;
        let shelf = std::mem::take(&mut durable.shelf).into_iter();
        let rows = shelf
            .map(|kept| (kept.memory, kept.seq, kept.row))
            .collect();
        self.restores_rows(page, rows, last);
    }

    fn restores_rows(&mut self, page: usize, mut rows: Vec<(String, u64, Row)>, last: u64) {
        rows.sort_by_key(|(_, _, row)| match row.number {
            0 => u64::MAX,
            number => number,
        });
        for (memory, seq, row) in rows {
            self.restores_row(page, memory, seq, row);
        }
        let it = &mut self.pages[page];
        for (_, ticket) in std::mem::take(&mut it.durable.parked) {
            // Another page has done with it.
            it.tickets.remove(&ticket);
        }
        self.feed(page, Input::Recalled { last });
        if let Some(link) = self.pages[page].durable.greeting.take()
            && self.pages[page].link == Some(link)
        {
            self.raises_claim(page);
        }
    }

    fn restores_row(&mut self, page: usize, memory: String, seq: u64, row: Row) {
        self.tally.rows_restored += 1;
        let checked = self.ledger.is_restored(row.id, page);
        self.check(checked);
        let now = self.wall_ms(self.pages[page].wall);
        let it = &mut self.pages[page];
        let payload = it.keep(Held::Up {
            id: row.id,
            sent: false,
            binary: row.binary,
        });
        let ticket = it.durable.parked.remove(&(memory.clone(), seq));
        let left = row
            .ttl
            .map(|ttl| ttl.saturating_sub(now.saturating_sub(row.at)));
        let send = Send {
            payload,
            bytes: self.ledger.up(row.id).text.len() as u32,
            priority: row.priority,
            key: row.key,
            ttl: left.map(Span::from_ms),
            volatile: false,
            ticket: ticket.unwrap_or(0),
            form: if row.binary { Form::Binary } else { Form::Text },
        };
        let number = row.number;
        it.durable.rows.insert(payload, Kept { memory, seq, row });
        self.feed(page, Input::Restored(Restored { send, number }));
    }

    /// The page is put away: what it has stays in storage, for whoever comes first.
    pub(super) fn releases(&mut self, page: usize, payload: u32) {
        let it = &mut self.pages[page];
        let Some(Held::Up { id, sent, .. }) = it.release(payload) else {
            let what = format!("page {page}: releases payload {payload}, which has had its end");
            return self.fail(Broken::new("D1", what));
        };
        let Some(kept) = it.durable.rows.remove(&payload) else {
            let what = format!("page {page}: releases message {id}, which has no row");
            return self.fail(Broken::new("D1", what));
        };
        let ticket = it.tickets.iter().find(|(_, other)| **other == id);
        let ticket = ticket.map(|(ticket, _)| *ticket);
        let theirs = it.durable.leaving.as_ref() == Some(&kept.memory);
        if it.durable.failed && !theirs {
            it.durable.shelf.push(kept.clone());
        } else {
            self.ledger.is_released(id);
        }
        let it = &mut self.pages[page];
        if let Some(ticket) = ticket {
            it.durable.parked.insert((kept.memory, kept.seq), ticket);
        }
        self.settles(page, id, sent);
    }

    /// The page is put away: it lets go of everything.
    pub(super) fn lets_go(&mut self, page: usize) {
        let it = &mut self.pages[page];
        if !it.durable.persists {
            return;
        }
        it.durable.era += 1;
        it.durable.phase = Phase::Idle;
        it.durable.owned = false;
        it.durable.greeting = None;
        let Durable {
            memory,
            stash,
            changes,
            ..
        } = &mut it.durable;
        for memory in memory.iter().chain(stash.iter()) {
            changes.leave(memory);
        }
        it.window = (u32::MAX, u32::MAX);
        self.lets_locks_go(page);
    }

    pub(super) fn lets_locks_go(&mut self, page: usize) {
        let storage = self.pages[page].storage;
        for memory in self.storages[storage].locks.of(page) {
            self.lets_lock_go(page, &memory);
        }
    }

    pub(super) fn lets_lock_go(&mut self, page: usize, memory: &str) {
        let storage = self.pages[page].storage;
        if let Some(next) = self.storages[storage].locks.let_go(memory, page) {
            let memory = memory.to_owned();
            self.later(100, Step::Locked { page: next, memory });
        }
    }

    /// It is known now whose session the rows are of: those of the stash move behind the memory's.
    pub(super) fn settles_memory(&mut self, page: usize, fate: Fate, received: Option<u64>) {
        let it = &mut self.pages[page];
        if !it.durable.persists {
            return;
        }
        if fate == Fate::OtherUser
            && let Some(memory) = it.durable.memory.take()
        {
            if it.durable.stash.is_none() {
                self.gets_stash(page);
            }
            self.lets_lock_go(page, &memory);
            self.pages[page].durable.leaving = Some(memory);
        }
        let it = &mut self.pages[page];
        let stash = it.durable.stash.take();
        let Some(target) = it.durable.memory.clone().or_else(|| stash.clone()) else {
            return;
        };
        it.durable.memory = Some(target.clone());
        it.durable.owned = true;
        self.tabs[it.tab] = Some(target.clone());
        if received.is_none() {
            it.durable.record.last = 0;
        }
        if fate == Fate::OtherUser {
            it.durable.record.instance.clone_from(&target);
            it.instance.clone_from(&target);
        }
        if fate != Fate::Resumed {
            // Should the page be gone before the session is on the disk.
            let user = it.durable.record.user.clone();
            it.durable.changes.put_stash(target.clone(), user);
        }
        let Durable { rows, changes, .. } = &mut it.durable;
        for kept in rows.values_mut() {
            if kept.memory == target && kept.row.number > received.unwrap_or(0) {
                // Another message may have this number soon.
                kept.row.number = 0;
                changes.put(kept);
            }
        }
        let browser = &mut self.storages[it.storage];
        it.durable.record.used = browser.next_use();
        if let Some(stash) = stash.filter(|stash| *stash != target) {
            self.moves_rows(page, stash, &target);
        }
        self.writes_record(page);
        if self.pages[page].durable.failed {
            self.forgets_rows(page);
        }
        self.announces(page, &target);
    }

    /// The rows of a stash get places behind those of `target`, in their order.
    fn moves_rows(&mut self, page: usize, stash: String, target: &str) {
        let clock = self.wall_ms(self.pages[page].wall) * 1_000;
        let it = &mut self.pages[page];
        if it.durable.failed {
            // What is there was let go of when the page was put away.
            return self.lets_lock_go(page, &stash);
        }
        let Durable { rows, changes, .. } = &mut it.durable;
        let of_stash = rows.values_mut().filter(|kept| kept.memory == stash);
        let mut rows: Vec<&mut Kept> = of_stash.collect();
        rows.sort_by_key(|kept| kept.seq);
        for kept in rows {
            changes.moves(kept, target, clock);
        }
        changes.remove_stash(&stash);
        it.durable.leaves(stash);
    }
}

/// How long a page waits for the lock of its own session.
const PATIENCE: u64 = 2_000_000;
