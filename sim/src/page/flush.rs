//! What a page asks of its database when a task is over.

use std::sync::Arc;

use super::keep::{Batch, Work};
use crate::browser::{Change, Name};
use crate::plan::Class;
use crate::planted::{self, Bug};
use crate::world::{PageStep, Step, World};

impl World {
    /// The end of a task: what came up in it is asked of the database.
    pub(super) fn flushes(&mut self, page: usize) {
        self.flushes_puts(page);
        let keep = &mut self.pages[page].keep;
        let names = keep.unasked(true);
        if !names.is_empty() {
            let changes = names
                .iter()
                .filter_map(|name| keep.change_of(name))
                .collect();
            let work = Work::Delete(names);
            self.asks(page, changes, work, false, false);
        }
        for memory in std::mem::take(&mut self.pages[page].keep.ended) {
            let changes = vec![Change::Forget(memory.clone())];
            self.asks(page, changes, Work::End(memory), false, false);
        }
        for memory in std::mem::take(&mut self.pages[page].keep.forgetting) {
            self.forgets(page, memory);
        }
        self.settles_released(page);
        self.lets_go_asked(page);
    }

    fn flushes_puts(&mut self, page: usize) {
        let keep = &mut self.pages[page].keep;
        let names = keep.unasked(false);
        let mut records = keep.records_of(&names);
        records.append(&mut keep.touched);
        if !names.is_empty() || !records.is_empty() {
            let records = records.into_iter().collect();
            self.puts(page, names, records, false);
        }
    }

    /// One transaction of puts and marks, and a note of it until it is complete.
    pub(super) fn puts(
        &mut self,
        page: usize,
        names: Vec<Name>,
        records: Vec<Arc<str>>,
        alone: bool,
    ) {
        let noted = self.storages[self.pages[page].storage].notes.are_kept();
        let batch = Batch {
            names,
            records,
            alone,
            noted,
        };
        let is_careless = planted::is(Bug::CommitLeftOut);
        if !is_careless && !planted::is(Bug::NoteLeftOut) {
            self.notes(page, &batch);
        }
        let changes = self.pages[page].keep.changes_of(&batch);
        self.asks(page, changes, Work::Put(batch.clone()), !is_careless, false);
        self.is_kept(page, &batch);
    }

    fn notes(&mut self, page: usize, batch: &Batch) {
        let it = &self.pages[page];
        let notes = &mut self.storages[it.storage].notes;
        let records = batch.records.iter();
        for (memory, kept) in records.filter_map(|name| Some((name, it.keep.records.get(name)?))) {
            if kept.record.ended {
                // In the same write.
                notes.messages.retain(|name, _| name.0 != *memory);
            }
            if batch.noted {
                notes.memories.insert(memory.clone(), kept.record.clone());
            }
        }
        for name in batch.names.iter().filter(|_| batch.noted) {
            let row = it.keep.row_of(name);
            notes.messages.insert(name.clone(), row.cloned());
        }
    }

    /// Which of these outlive the page now, and which drops are known to whoever comes next. Where there is no note, a
    /// transaction that comes to nothing leaves nothing (U12, U13).
    pub(super) fn is_kept(&mut self, page: usize, batch: &Batch) {
        let it = &mut self.pages[page];
        let browser = &self.storages[it.storage];
        for name in &batch.names {
            let is_there = browser.row(name).is_some();
            if let Some(id) = it.keep.marked(name) {
                self.ledger
                    .is_dropped_for_good(id, batch.noted || !is_there);
            } else if is_there || batch.noted {
                it.keep.unkept.remove(name);
            } else if let Some(row) = it.keep.row_of(name) {
                self.ledger.is_nowhere(row.id);
                it.keep.unkept.insert(name.clone());
            }
        }
        let dropped = &it.keep.dropped;
        for memory in batch.records.iter().filter(|name| dropped.contains(*name)) {
            let known = batch.noted || browser.is_ended(memory);
            for row in browser.of(memory, (0, 0)).into_values().flatten() {
                self.ledger.is_dropped_for_good(row.id, known);
            }
        }
    }

    /// Asks for a transaction.
    pub(super) fn asks(
        &mut self,
        page: usize,
        changes: Vec<Change>,
        work: Work,
        commits: bool,
        strict: bool,
    ) {
        let (number, done_at) = self.transacts(page, changes, commits, strict);
        let it = &mut self.pages[page];
        if done_at.is_none() && matches!(work, Work::Session(_)) {
            // The next page may find an older claim, or one that was ended, or none.
            self.ledger.copies(it.client);
        }
        if let Work::Put(Batch { names, .. }) | Work::Delete(names) = &work {
            for name in names {
                if let Some(pending) = it.keep.pending.get_mut(name) {
                    pending.asked = Some(number);
                }
            }
        }
        it.keep.issues(number, done_at.is_some(), work);
        let at = done_at.unwrap_or(self.now + 50).max(it.keep.ready_at);
        it.keep.ready_at = at;
        self.queue.put(at, Step::Page(page, PageStep::Stored));
    }

    /// A transaction's number, and when it is complete; `None`: it is aborted.
    fn transacts(
        &mut self,
        page: usize,
        changes: Vec<Change>,
        commits: bool,
        strict: bool,
    ) -> (u64, Option<u64>) {
        if self.dice.disk.happens(self.plan.weather.storage_aborts) {
            self.tally.fault(Class::StorageAborts.name());
            return (0, None);
        }
        let (relaxed, synced) = self.plan.weather.disk;
        let mut took = 50 + self.dice.disk.below(relaxed + 1);
        if strict {
            took += 50 + self.dice.disk.below(synced + 1);
        }
        let (now, storage) = (self.now, self.pages[page].storage);
        let database = &mut self.storages[storage].database;
        let (number, takes_place) = database.commit(changes, page, now, commits);
        if !takes_place {
            return (number, None);
        }
        let at = (now + took).max(database.ready_at);
        database.ready_at = at;
        let step = Step::Finished {
            storage,
            number,
            strict,
        };
        self.queue.put(at, step);
        (number, Some(at))
    }
}
