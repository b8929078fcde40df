//! A browser: what it keeps for the site, and which of its pages uses which part.

mod data;
mod database;
mod locks;

pub(crate) use data::{Change, Data, LocalCopy, Record, Row, Settled};
pub(crate) use database::Database;
use locks::Locks;

/// Storage that outlives pages: two databases that a power cut sets back independently.
#[derive(Debug, Default)]
pub(crate) struct Browser {
    /// Records of sessions, and messages that have a number or had one: what waits for the disk.
    pub(crate) stored: Database,
    /// Messages as they were sent, records of stashes, and copies of states: what never waits.
    pub(crate) fresh: Database,
    pub(crate) locks: Locks,
    last_use: u64,
}

impl Browser {
    /// Another browser with all that this one keeps.
    pub(crate) fn copy(&self) -> Self {
        Self {
            stored: self.stored.copy(),
            fresh: self.fresh.copy(),
            ..Self::default()
        }
    }

    /// Later than all uses before.
    pub(crate) fn next_use(&mut self) -> u64 {
        self.last_use += 1;
        self.last_use
    }

    /// The records of sessions.
    pub(crate) const fn records(&self) -> &std::collections::BTreeMap<String, Record> {
        &self.stored.data().records
    }

    /// The messages of a memory, in the order of their places: those that are stored, and those that are only
    /// fresh. Without its commit a number means nothing.
    pub(crate) fn rows_of(&self, memory: &str) -> Vec<(u64, Row)> {
        let stored = self.stored.data();
        let mut rows: Vec<(u64, Row)> = stored
            .rows_of(memory)
            .map(|(seq, row)| (seq, row.clone()))
            .collect();
        let fresh = self.fresh.data().rows_of(memory);
        let only_fresh = fresh.filter(|(seq, _)| {
            let place = (memory.to_owned(), *seq);
            !stored.rows.contains_key(&place) && !self.is_back(memory, *seq)
        });
        rows.extend(only_fresh.map(|(seq, row)| (seq, row.clone())));
        rows.sort_by_key(|(seq, _)| *seq);
        rows
    }

    /// Whether a page that reads this memory finds this message.
    pub(crate) fn has(&self, place: &(String, u64)) -> bool {
        let (stored, fresh) = (self.stored.data(), self.fresh.data());
        stored.rows.contains_key(place)
            || (fresh.rows.contains_key(place) && !self.is_back(&place.0, place.1))
    }

    /// Whether a fresh row of this place is one that came back.
    pub(crate) fn is_back(&self, memory: &str, seq: u64) -> bool {
        [&self.stored, &self.fresh]
            .into_iter()
            .any(|database| database.data().is_settled(memory, seq))
    }

    /// The one that never waits, or the other.
    pub(crate) const fn database(&mut self, fresh: bool) -> &mut Database {
        if fresh {
            &mut self.fresh
        } else {
            &mut self.stored
        }
    }

    /// All messages that can be found.
    pub(crate) fn rows(&self) -> Vec<((String, u64), Row)> {
        let memories = self.memories().into_iter();
        let of = |memory: String| {
            let rows = self.rows_of(&memory).into_iter();
            rows.map(move |(seq, row)| ((memory.clone(), seq), row))
        };
        memories.flat_map(of).collect()
    }

    /// Every memory that has a record: without one nobody looks for its messages.
    pub(crate) fn memories(&self) -> Vec<String> {
        let stashes = self.fresh.data().stashes.keys();
        let mut memories: Vec<String> = self.records().keys().chain(stashes).cloned().collect();
        memories.sort_unstable();
        memories.dedup();
        memories
    }

    /// The record of a memory, and whether it is nobody's yet.
    pub(crate) fn record_of(&self, memory: &str) -> (Record, bool) {
        let mut record = self.records().get(memory).cloned().unwrap_or_default();
        if record.session.is_none() {
            let user = self.fresh.data().stashes.get(memory).cloned();
            record.user = user.flatten();
        }
        let is_nobodys = record.session.is_none() && record.user.is_none();
        (record, is_nobodys)
    }

    /// A change that the disk has at once, and for which there is always room.
    pub(crate) fn write(&mut self, change: Change) {
        match change {
            Change::Copy(..) => self.fresh.write(change),
            Change::Forget(..) => {
                self.fresh.write(change.clone());
                self.stored.write(change);
            }
            _ => self.stored.write(change),
        }
    }

    /// There is room, or none.
    pub(crate) const fn fill(&mut self, is_full: bool) {
        self.stored.is_full = is_full;
        self.fresh.is_full = is_full;
    }

    /// From here on the disk can go back to how it is now.
    pub(crate) fn back_up(&mut self) {
        self.stored.back_up();
        self.fresh.back_up();
    }

    /// The disk is as it was when it was backed up.
    pub(crate) fn go_back(&mut self) {
        self.stored.go_back();
        self.fresh.go_back();
    }

    /// The user clears what the site has stored.
    pub(crate) fn wipe(&mut self) {
        self.stored.wipe();
        self.fresh.wipe();
    }
}
