//! What a page changes of its rows until its task is over, and in which database they stand.
//!
//! A message is a fresh row in the task that sends it, and a stored one as well as soon as it has a number.

use std::collections::{BTreeMap, BTreeSet};

use crate::browser::{Browser, Change, Record, Row, Settled};
use crate::planted::{self, Bug};

use super::durable::Kept;

/// The changes of one page.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Where the rows of each memory stand.
    places: BTreeMap<String, Places>,
    /// The last place that was given, whatever the memory.
    seq: u64,
    rows: BTreeMap<(String, u64), Row>,
    /// Where the rows stand that were sent in this task.
    sent: BTreeSet<(String, u64)>,
    records: BTreeMap<String, Record>,
    stashes: BTreeMap<String, Option<String>>,
    /// Memories of which a row is done with.
    settled: BTreeSet<String>,
    stored: Vec<Change>,
    fresh: Vec<Change>,
    copies: Vec<Change>,
}

/// What the end of a task asks of each database: a transaction each.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) stored: Vec<Change>,
    /// For the database that never waits: what was sent in this task, and puts only. It is safe when the task
    /// is over.
    pub(super) sent: Vec<Change>,
    /// For the same one, behind that: whatever else changes there. It comes to pass as a whole, or not at all.
    pub(super) fresh: Vec<Change>,
    /// The numbers that the disk has then.
    pub(super) numbers: Vec<((String, u64), u64)>,
}

impl Asked {
    pub(super) fn has_record(&self) -> bool {
        let is_record = |change: &Change| matches!(change, Change::Record(..));
        self.stored.iter().any(is_record)
    }
}

/// The rows of a memory.
#[derive(Debug, Default)]
struct Places {
    /// In the database that never waits.
    fresh: BTreeSet<u64>,
    /// In the one that waits for the disk: which number it has there, as soon as that is known.
    stored: BTreeMap<u64, Option<u64>>,
    settled: Settled,
}

impl Rows {
    /// The place of the next row. `clock`, in microseconds: another page may have given places before.
    pub(super) fn next_seq(&mut self, clock: u64) -> u64 {
        if self.seq == 0 {
            self.seq = clock;
        }
        self.seq += 1;
        self.seq
    }

    pub(super) fn is_clean(&self) -> bool {
        let changed = self.rows.len() + self.records.len() + self.stashes.len();
        let asked = self.stored.len() + self.fresh.len() + self.copies.len();
        changed + self.settled.len() + asked == 0
    }

    pub(super) fn put(&mut self, kept: &Kept) {
        let place = (kept.memory.clone(), kept.seq);
        self.rows.insert(place, kept.row.clone());
    }

    /// As `put`, for a message that was sent in this task.
    pub(super) fn send(&mut self, kept: &Kept) {
        self.put(kept);
        self.sent.insert((kept.memory.clone(), kept.seq));
    }

    pub(super) fn put_record(&mut self, memory: String, record: Record) {
        self.records.insert(memory, record);
    }

    /// The record of a memory whose session the disk does not have yet, and whose it is.
    pub(super) fn put_stash(&mut self, memory: String, user: Option<String>) {
        self.stashes.insert(memory, user);
    }

    pub(super) fn put_copy(&mut self, change: Change) {
        self.copies.push(change);
    }

    /// Gives a row to another memory, behind those that are there.
    pub(super) fn moves(&mut self, kept: &mut Kept, memory: &str, clock: u64) {
        let origin = (kept.memory.clone(), kept.seq);
        let is_sent = self.sent.remove(&origin);
        let is_stored = self.remove(&origin.0, origin.1);
        if !is_stored {
            // In the transaction that stores it elsewhere.
            let (memory, seq) = origin.clone();
            self.fresh.push(Change::Moved(memory, seq));
            kept.row.origins.push(origin);
        }
        memory.clone_into(&mut kept.memory);
        kept.seq = self.next_seq(clock);
        if is_stored {
            let places = self.places_of(memory);
            places.stored.insert(kept.seq, None);
        }
        if is_sent {
            self.send(kept);
        } else {
            self.put(kept);
        }
    }

    /// Whether it stood in the database that waits for the disk.
    pub(super) fn remove(&mut self, memory: &str, seq: u64) -> bool {
        let place = (memory.to_owned(), seq);
        self.rows.remove(&place);
        let Some(places) = self.places.get_mut(memory) else {
            return false;
        };
        let is_fresh = places.fresh.remove(&seq);
        let is_stored = places.stored.remove(&seq).is_some();
        let change = Change::Delete(place.0, seq);
        if is_fresh {
            self.fresh.push(change.clone());
        }
        // The page before may have deleted the fresh row, and been closed before this was done.
        if is_stored {
            self.stored.push(change);
            places.settled.above.insert(seq);
            self.settled.insert(memory.to_owned());
        }
        is_stored
    }

    /// Removes the record of a memory whose rows are all fresh, and every row.
    pub(super) fn remove_stash(&mut self, memory: &str) {
        self.leave(memory);
        self.stashes.remove(memory);
        self.fresh.push(Change::Forget(memory.to_owned()));
    }

    /// Removes a record, and every row of its memory: none of them is to come back.
    pub(super) fn remove_memory(&mut self, memory: &str) {
        let last = self.places_of(memory).last().max(self.seq);
        self.remove_stash(memory);
        self.records.remove(memory);
        self.stored.push(Change::Forget(memory.to_owned()));
        let settled = Settled {
            floor: last,
            above: BTreeSet::new(),
        };
        self.stored
            .push(Change::Settled(memory.to_owned(), settled));
    }

    /// Somebody else may change this memory.
    pub(super) fn leave(&mut self, memory: &str) {
        self.places.remove(memory);
        self.settled.remove(memory);
        self.rows.retain(|(other, _), _| other != memory);
    }

    /// Storage fails: nothing is to be written any more, and what the page has is to be found by nobody,
    /// unless the disk has the number that a message has.
    pub(super) fn give_up(&mut self, kept: &[Kept], stashes: &[String]) -> Asked {
        self.rows.clear();
        self.records.clear();
        self.stashes.clear();
        self.stored.clear();
        self.fresh.clear();
        self.copies.clear();
        for Kept { memory, seq, row } in kept {
            let places = self.places.get(memory);
            let written = places.and_then(|places| places.stored.get(seq).copied().flatten());
            if row.number == 0 || written != Some(row.number) {
                self.remove(memory, *seq);
            }
        }
        for stash in stashes {
            self.remove_stash(stash);
        }
        self.settled.clear();
        self.take()
    }

    /// What is asked of the databases now.
    pub(super) fn take(&mut self) -> Asked {
        let mut numbers = Vec::new();
        let mut sent = std::mem::take(&mut self.copies);
        let stashes = std::mem::take(&mut self.stashes);
        sent.extend(
            stashes
                .into_iter()
                .map(|(memory, user)| Change::Stash(memory, user)),
        );
        let sent_rows = std::mem::take(&mut self.sent);
        for (place, row) in std::mem::take(&mut self.rows) {
            numbers.push((place.clone(), row.number));
            let added = self.adds(&place, &row);
            if sent_rows.contains(&place) {
                sent.extend(added);
            } else {
                self.fresh.extend(added);
            }
            self.write(place.0, place.1, row);
        }
        for (memory, record) in std::mem::take(&mut self.records) {
            self.stored.push(Change::Record(memory, record));
        }
        for memory in std::mem::take(&mut self.settled) {
            let settled = self.places_of(&memory).settle();
            if !planted::is(Bug::SettledLeftOut) {
                self.stored.push(Change::Settled(memory, settled));
            }
        }
        Asked {
            stored: std::mem::take(&mut self.stored),
            sent,
            fresh: std::mem::take(&mut self.fresh),
            numbers,
        }
    }

    /// A row that is in neither database is put where it never waits, first of all.
    fn adds(&mut self, (memory, seq): &(String, u64), row: &Row) -> Option<Change> {
        let places = self.places_of(memory);
        let is_new = !places.stored.contains_key(seq) && places.fresh.insert(*seq);
        let fresh = Row {
            number: 0,
            ..row.clone()
        };
        is_new.then(|| Change::Row(memory.clone(), *seq, fresh))
    }

    /// It is safe as soon as it has a number.
    fn write(&mut self, memory: String, seq: u64, row: Row) {
        let places = self.places.entry(memory.clone()).or_default();
        let is_stored = places.stored.contains_key(&seq);
        if row.number == 0 && !is_stored {
            return;
        }
        places.stored.insert(seq, None);
        if !is_stored && !planted::is(Bug::MovedForgotten) {
            let origins = row.origins.iter().cloned();
            let moved = origins.map(|(memory, seq)| Change::Moved(memory, seq));
            self.stored.extend(moved);
        }
        self.stored.push(Change::Row(memory, seq, row));
    }

    /// All that was asked for is done.
    pub(super) fn are_written(&mut self, numbers: Vec<((String, u64), u64)>) {
        for ((memory, seq), number) in numbers {
            let places = self.places.get_mut(&memory);
            if let Some(known) = places.and_then(|places| places.stored.get_mut(&seq)) {
                *known = Some(number);
            }
        }
    }

    /// Takes what is found in a memory, and removes what came back.
    pub(super) fn read(&mut self, memory: &str, browser: &Browser, clock: u64) {
        let places = self.places.entry(memory.to_owned()).or_default();
        let stored = browser.stored.data();
        if let Some(settled) = stored.settled.get(memory) {
            let own = &mut places.settled;
            own.floor = own.floor.max(settled.floor);
            own.above.extend(&settled.above);
        }
        for (seq, row) in stored.rows_of(memory) {
            places.stored.insert(seq, Some(row.number));
        }
        for (seq, _) in browser.fresh.data().rows_of(memory) {
            if browser.is_back(memory, seq) {
                self.fresh.push(Change::Delete(memory.to_owned(), seq));
            } else {
                places.fresh.insert(seq);
            }
        }
        let last = places.last();
        self.next_seq(clock);
        self.seq = self.seq.max(last);
    }

    fn places_of(&mut self, memory: &str) -> &mut Places {
        self.places.entry(memory.to_owned()).or_default()
    }
}

impl Places {
    /// What is done with: all before the first fresh row that is not stored.
    fn settle(&mut self) -> Settled {
        let it = &mut self.settled;
        let last = it.above.last().copied().unwrap_or(0).max(it.floor);
        let mut live = self.fresh.iter();
        let first = live.find(|seq| !self.stored.contains_key(seq)).copied();
        it.floor = first.unwrap_or(last + 1) - 1;
        let floor = it.floor;
        it.above.retain(|seq| *seq > floor);
        it.clone()
    }

    /// The highest place that is or was taken.
    fn last(&self) -> u64 {
        let settled = self.settled.above.last().copied().unwrap_or(0);
        let fresh = self.fresh.last().copied().unwrap_or(0);
        let stored = self.stored.keys().next_back().copied().unwrap_or(0);
        settled.max(self.settled.floor).max(fresh).max(stored)
    }
}
