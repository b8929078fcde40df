//! What the engine asks of storage and locks, and what other pages say.

use std::sync::Arc;

use steadfast_engine::{Form, Input, MEMORY_FOUND, Restored, Send, Span};

use super::Held;
use super::keep::{Kept, Work};
use crate::browser::{Change, Memory, Name, Row};
use crate::ledger::Broken;
use crate::world::{PageStep, Step, World};

impl World {
    /// The name of a memory; one of the page's own gets its name when it is needed first.
    pub(crate) fn name_of(&mut self, page: usize, memory: u32) -> Arc<str> {
        let it = &mut self.pages[page];
        let (name, is_new) = it.keep.names.of(memory, &mut self.dice.disk);
        if is_new {
            self.ledger.begins_memory(&name, it.tab, it.storage);
            self.remembers(page, &name);
        }
        name
    }

    /// The name of the memory in which the page sends.
    pub(crate) fn own_memory(&mut self, page: usize) -> Arc<str> {
        let memory = self.pages[page].engine.memory();
        self.name_of(page, memory)
    }

    pub(super) fn remembers(&mut self, page: usize, name: &Arc<str>) {
        let it = &self.pages[page];
        let memories = &mut self.tabs[it.tab].memories;
        if it.keep.persists && !memories.contains(name) {
            memories.push(name.clone());
            let over = memories.len().saturating_sub(REMEMBERED);
            memories.drain(..over);
        }
    }

    /// The time, in milliseconds, as far as the page can trust its clock.
    fn trusted_ms(&self, page: usize) -> u64 {
        let it = &self.pages[page];
        self.wall_ms(it.wall + it.keep.correction)
    }

    // Messages.

    pub(super) fn puts_message(&mut self, page: usize, payload: u32, memory: u32, number: u64) {
        let memory = self.name_of(page, memory);
        let at = self.trusted_ms(page);
        let it = &mut self.pages[page];
        let Some(Held::Up { id, message, .. }) = it.held.get(&payload) else {
            let what = format!("page {page}: keeps payload {payload}, which has had its end");
            return self.fail(Broken::new("D1", what));
        };
        let (id, row) = (
            *id,
            Row {
                at,
                ..message.clone()
            },
        );
        let name: Name = (memory.clone(), row.priority as u8, number);
        let named = self.ledger.is_named(id, &name);
        if !it.keep.is_off {
            let browser = &mut self.storages[it.storage];
            let births = &it.keep.names.births;
            let user = it.session.as_ref().map(|_| it.user.clone());
            it.keep
                .records
                .entry(memory.clone())
                .or_insert_with(|| Kept {
                    record: Memory {
                        place: browser.notes.next_place(at),
                        birth: births.get(&memory).cloned(),
                        user,
                        ended: false,
                    },
                    is_stored: false,
                });
            it.keep.put(payload, name, row);
        }
        self.check(named);
    }

    pub(super) fn marks_message(&mut self, page: usize, payload: u32) {
        let it = &mut self.pages[page];
        let id = match it.held.get(&payload) {
            Some(Held::Up { id, .. }) => Some(*id),
            _ => it.taken.remove(&payload),
        };
        it.keep.mark(payload, id);
    }

    pub(super) fn ends_memory(&mut self, page: usize, memory: u32) {
        let name = self.name_of(page, memory);
        let it = &mut self.pages[page];
        if let Some(record) = self.storages[it.storage].record(&name) {
            it.keep.records.entry(name.clone()).or_insert(Kept {
                record,
                is_stored: true,
            });
        }
        let is_known = self.storages[it.storage].memories().contains(&name);
        it.keep.end(&name);
        if !is_known {
            it.keep.forget_record(&name);
        }
    }

    /// The engine lets a message go; storage has it, or it is gone.
    pub(super) fn releases(&mut self, page: usize, payload: u32) {
        let it = &mut self.pages[page];
        let Some(Held::Up { id, sent, .. }) = it.release(payload) else {
            let what = format!("page {page}: releases payload {payload}, which has had its end");
            return self.fail(Broken::new("D1", what));
        };
        it.tickets.retain(|_, other| *other != id);
        match it.keep.rows.remove(&payload) {
            Some(name) => it.keep.released.push((id, name)),
            None => self.ledger.is_orphaned(id),
        }
        self.settles(page, id, sent);
    }

    pub(super) fn settles_released(&mut self, page: usize) {
        for (id, name) in std::mem::take(&mut self.pages[page].keep.released) {
            self.is_left(page, id, Some(&name));
        }
    }

    /// A page has a message no more. What was put in its task is found by whoever comes next (U8, U12).
    pub(super) fn is_left(&mut self, page: usize, id: usize, name: Option<&Name>) {
        let it = &self.pages[page];
        let browser = &self.storages[it.storage];
        let row = name.and_then(|name| browser.row(name));
        if row.is_some_and(|row| row.id == id) {
            return self.ledger.is_released(id);
        }
        self.ledger.is_orphaned(id);
        if name.is_some_and(|name| !it.keep.unkept.contains(name)) {
            let what = format!("message {id} was in storage, and is gone with page {page}");
            self.fail(Broken::new("D1", what));
        }
    }

    // Reading.

    fn reads_at(&mut self, page: usize) -> u64 {
        let at = self.now + 50 + self.dice.disk.below(self.plan.weather.disk.0 + 1);
        // Behind all that was asked for before.
        at.max(self.storages[self.pages[page].storage].database.ready_at)
    }

    pub(super) fn will_recall(&mut self, page: usize) {
        let (at, turn) = (self.reads_at(page), self.pages[page].keep.turn);
        self.queue
            .put(at, Step::Page(page, PageStep::Recalls { turn }));
    }

    pub(super) fn will_read(&mut self, page: usize, memory: u32) {
        let (at, turn) = (self.reads_at(page), self.pages[page].keep.turn);
        self.queue
            .put(at, Step::Page(page, PageStep::Reads { memory, turn }));
    }

    pub(super) fn recalls(&mut self, page: usize) {
        let it = &self.pages[page];
        let browser = &self.storages[it.storage];
        let can = !browser.database.is_down && !it.keep.is_off;
        let memories = if can {
            browser.memories()
        } else {
            Default::default()
        };
        let own = it.engine.memory();
        let of_tab = &self.tabs[it.tab].memories;
        let mut found: Vec<(u64, Option<usize>, Arc<str>)> = Vec::new();
        for name in memories {
            let place = browser.record(&name).map_or(UNKNOWN, |it| it.place);
            let before = of_tab.iter().position(|other| *other == name);
            found.push((place, before, name));
        }
        found.sort();
        for (place, _, name) in found {
            self.finds(page, &name, place, own);
        }
        if !can {
            self.storage_fails(page);
        }
        self.feed(page, Input::Recalled);
    }

    fn finds(&mut self, page: usize, name: &Arc<str>, place: u64, own: u32) {
        let it = &mut self.pages[page];
        let memory = it.keep.names.number(name);
        if memory == own {
            return;
        }
        let follows = memory < MEMORY_FOUND || self.tabs[it.tab].memories.contains(name);
        let input = Input::Found {
            memory,
            place,
            follows,
        };
        self.feed(page, input);
    }

    pub(super) fn reads_rows(&mut self, page: usize, memory: u32) {
        let it = &mut self.pages[page];
        let held = it.keep.locks.get(&memory).is_some_and(|wish| wish.held);
        let Some(name) = it.keep.names.known(memory).filter(|_| held && !it.closed) else {
            return;
        };
        let browser = &self.storages[it.storage];
        if browser.database.is_down {
            it.keep.reading.push(memory);
            return self.storage_fails(page);
        }
        let after = it.keep.read.get(&name).copied().unwrap_or_default();
        let is_ended = browser.is_ended(&name);
        let mut found = browser.of(&name, after).into_iter();
        let mut rows = Vec::new();
        for (place, row) in found.by_ref().take(READ_AT_ONCE) {
            it.keep.read.insert(name.clone(), (place.1, place.2));
            match row.filter(|_| !is_ended) {
                Some(row) => rows.push((place, row)),
                None => it.keep.delete(place),
            }
        }
        let more = found.next().is_some();
        self.tally.adoptions += u64::from(!rows.is_empty());
        let (user, is_known) = self.reads_record(page, &name);
        let lost = !rows.is_empty() && !is_known;
        for (place, row) in rows {
            self.restores_row(page, memory, place, row);
        }
        let input = Input::Read {
            memory,
            user,
            lost,
            more,
        };
        self.feed(page, input);
    }

    /// Whose a memory is, and whether there is a record that could say so.
    fn reads_record(&mut self, page: usize, name: &Arc<str>) -> (u32, bool) {
        let it = &mut self.pages[page];
        let browser = &self.storages[it.storage];
        let record = browser.record(name);
        let user = record.as_ref().and_then(|record| record.user.clone());
        if user.is_none() {
            let all = browser.of(name, (0, 0)).into_values().flatten();
            self.ledger.are_anybodys(all.map(|row| row.id));
        }
        let user = user.map_or(0, |user| it.keep.names.user(&user));
        let is_known = record.is_some();
        if let Some(record) = record {
            if let Some(birth) = &record.birth {
                let births = &mut it.keep.names.births;
                births.entry(name.clone()).or_insert_with(|| birth.clone());
            }
            let is_stored = browser.database.data().memories.get(name) == Some(&record);
            let kept = Kept { record, is_stored };
            it.keep.records.insert(name.clone(), kept);
        }
        (user, is_known)
    }

    fn restores_row(&mut self, page: usize, memory: u32, name: Name, row: Row) {
        self.tally.rows_restored += 1;
        let checked = self.ledger.is_restored(row.id, page, &name);
        self.check(checked);
        let now = self.trusted_ms(page);
        let it = &mut self.pages[page];
        let payload = it.keep(Held::Up {
            id: row.id,
            sent: false,
            given: false,
            message: row.clone(),
        });
        let left = row
            .ttl
            .map(|ttl| ttl.saturating_sub(now.saturating_sub(row.at)));
        let number = name.2;
        it.keep.rows.insert(payload, name);
        let send = Send {
            payload,
            bytes: row.bytes,
            priority: row.priority,
            key: row.key,
            ttl: left.map(Span::from_ms),
            volatile: false,
            ticket: 0,
            form: if row.binary { Form::Binary } else { Form::Text },
        };
        let restored = Restored {
            memory,
            send,
            number,
        };
        self.feed(page, Input::Restored(restored));
    }

    /// Nothing is left of a memory, unless there is.
    pub(super) fn forgets(&mut self, page: usize, memory: u32) {
        let it = &mut self.pages[page];
        let held = it.keep.locks.get(&memory).is_some_and(|wish| wish.held);
        let Some(name) = it.keep.names.known(memory).filter(|_| held) else {
            return;
        };
        let browser = &mut self.storages[it.storage];
        let is_ended = browser.is_ended(&name);
        let mut rows = browser.of(&name, (0, 0)).into_values().flatten();
        if rows.next().is_some() && !is_ended {
            it.keep.read.remove(&name);
            let empty = false;
            self.feed(page, Input::Forgotten { memory, empty });
            return self.flushes(page);
        }
        // Before the record is gone: a row without one is nobody's.
        browser.notes.settle(&name);
        let changes = vec![Change::Forget(name)];
        let turn = self.pages[page].keep.turn;
        let work = Work::Forget { memory, turn };
        self.asks(page, changes, work, false, true);
    }

    pub(super) fn is_forgotten(&mut self, page: usize, memory: u32, turn: u32) {
        let it = &mut self.pages[page];
        if let Some(name) = it.keep.names.known(memory) {
            it.keep.records.remove(&name);
            self.storages[it.storage].notes.forget(&name);
            let memories = &mut self.tabs[it.tab].memories;
            memories.retain(|other| *other != name);
        }
        if self.pages[page].keep.turn == turn {
            let empty = true;
            self.feed(page, Input::Forgotten { memory, empty });
        }
    }
}

/// The place of a memory without a record.
pub(super) const UNKNOWN: u64 = u64::MAX / 2;
/// Memories that a tab remembers.
const REMEMBERED: usize = 64;
/// Rows that are read in one go: few, so that it takes several.
const READ_AT_ONCE: usize = 40;
