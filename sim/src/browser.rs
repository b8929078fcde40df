//! A browser: what it keeps for the site, and which of its pages uses which part.

mod data;
mod database;
mod locks;
mod notes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use data::{Change, Data, LocalCopy, Memory, Name, Row, Session};
use database::Database;
use locks::Locks;
pub(crate) use locks::Request;
use notes::Notes;

/// Storage that outlives pages, and what belongs to it.
#[derive(Debug, Default)]
pub(crate) struct Browser {
    pub(crate) database: Database,
    pub(crate) notes: Notes,
    pub(crate) locks: Locks,
    /// What a page has committed can be lost with it in its last moments, as in WebKit.
    pub(crate) tears: bool,
    /// It has no locks.
    pub(crate) is_lockless: bool,
    last_use: u64,
}

/// What a tab remembers, in sessionStorage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tab {
    /// The record of its session.
    pub(crate) session: Option<Arc<str>>,
    /// What its pages have sent in, or were to deliver, the newest last.
    pub(crate) memories: Vec<Arc<str>>,
}

impl Browser {
    /// Another browser with all that this one keeps.
    pub(crate) fn copy(&self) -> Self {
        Self {
            database: self.database.copy(),
            notes: self.notes.clone(),
            tears: self.tears,
            is_lockless: self.is_lockless,
            ..Self::default()
        }
    }

    /// Later than all uses before.
    pub(crate) fn next_use(&mut self) -> u64 {
        self.last_use += 1;
        self.last_use
    }

    /// What is known of a memory beside its messages: an end in either place counts.
    pub(crate) fn record(&self, memory: &str) -> Option<Memory> {
        let noted = self.notes.memories.get(memory);
        let stored = self.database.data().memories.get(memory);
        let mut record = stored.or(noted).cloned()?;
        record.ended |= noted.is_some_and(|noted| noted.ended);
        Some(record)
    }

    /// The row of a message, unless it is marked in either place.
    pub(crate) fn row(&self, name: &Name) -> Option<&Row> {
        match (
            self.notes.messages.get(name),
            self.database.data().messages.get(name),
        ) {
            (Some(None), _) | (_, Some(None)) => None,
            (_, Some(row)) | (Some(row), None) => row.as_ref(),
            (None, None) => None,
        }
    }

    /// All memories of which anything is there.
    pub(crate) fn memories(&self) -> BTreeSet<Arc<str>> {
        let data = self.database.data();
        let messages = data.messages.keys().chain(self.notes.messages.keys());
        let records = data.memories.keys().chain(self.notes.memories.keys());
        let mut memories: BTreeSet<Arc<str>> = records.cloned().collect();
        for (memory, ..) in messages {
            if !memories.contains(memory) {
                memories.insert(memory.clone());
            }
        }
        memories
    }

    /// The rows and marks of a memory behind this place, in both places together.
    pub(crate) fn of(&self, memory: &Arc<str>, after: (u8, u64)) -> BTreeMap<Name, Option<Row>> {
        let high = (memory.clone(), u8::MAX, u64::MAX);
        let low = (memory.clone(), after.0, after.1 + 1);
        let noted = self.notes.messages.range(low..=high);
        let stored = self.database.data().of(memory, after);
        let names: BTreeSet<&Name> = noted
            .map(|(name, _)| name)
            .chain(stored.map(|(name, _)| name))
            .collect();
        names
            .into_iter()
            .map(|name| (name.clone(), self.row(name).cloned()))
            .collect()
    }

    /// All messages that a page can find: by their names in the ledger.
    pub(crate) fn rows(&self) -> BTreeMap<usize, Name> {
        let messages = self.database.data().messages.keys();
        let names = messages.chain(self.notes.messages.keys());
        let rows = names.filter_map(|name| Some((self.row(name)?.id, name)));
        let ended: BTreeSet<Arc<str>> = self
            .memories()
            .into_iter()
            .filter(|memory| self.is_ended(memory))
            .collect();
        let rows = rows.filter(|(_, name)| !ended.contains(&name.0));
        rows.map(|(id, name)| (id, name.clone())).collect()
    }

    /// These messages are no news any more. What is noted of their memories goes when the database has it, and nothing
    /// is noted that belongs to it.
    pub(crate) fn forget_notes(&mut self, names: &[Name], memories: &[Arc<str>]) {
        for name in names {
            self.notes.messages.remove(name);
        }
        let stored = &self.database.data().memories;
        for memory in names.iter().map(|(memory, ..)| memory).chain(memories) {
            let all = (memory.clone(), 0, 0)..=(memory.clone(), u8::MAX, u64::MAX);
            let is_stored = stored.get(memory) == self.notes.memories.get(memory);
            if is_stored && self.notes.messages.range(all).next().is_none() {
                self.notes.memories.remove(memory);
            }
        }
    }

    pub(crate) fn is_ended(&self, memory: &str) -> bool {
        self.record(memory).is_some_and(|record| record.ended)
    }

    /// Everything works from here on. Who gets an answer about a lock.
    pub(crate) fn heal(&mut self) -> Vec<(Arc<str>, Request)> {
        self.database.is_full = false;
        self.database.is_down = false;
        self.notes.is_full = false;
        self.locks.hears()
    }

    /// The user clears what the site has stored.
    pub(crate) fn wipe(&mut self) {
        self.database.wipe();
        self.notes.wipe();
    }
}
