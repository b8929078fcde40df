//! What a page asks of its database, behind the engine's back: each change stays here until it is stored.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::names::Names;
use crate::browser::{Change, Memory, Name, Request, Row};
use crate::planted::{self, Bug};

/// A page's part of storage.
#[derive(Debug, Default)]
pub(crate) struct Keep {
    /// Messages are kept,
    pub(crate) persists: bool,
    /// but here nothing is: there are no locks.
    pub(crate) is_off: bool,
    /// The engine does not know otherwise.
    pub(crate) works: bool,
    /// What was asked before the page was put away is not answered any more.
    pub(super) turn: u32,
    pub(super) names: Names,
    /// The messages of the engine that storage is to have, by payload.
    pub(super) rows: BTreeMap<u32, Name>,
    /// What storage does not have yet.
    pub(super) pending: BTreeMap<Name, Pending>,
    /// What is known of memories of which there are rows.
    pub(super) records: BTreeMap<Arc<str>, Kept>,
    /// Of these, what has changed.
    pub(super) touched: BTreeSet<Arc<str>>,
    /// Memories that the engine has ended.
    pub(super) dropped: BTreeSet<Arc<str>>,
    /// Of these, those that end as soon as that is stored: their rows go.
    pub(super) ended: Vec<Arc<str>>,
    /// Memories of which nothing is left, as the engine says.
    pub(super) forgetting: Vec<u32>,
    /// What of the two storage refused: it is tried again when the engine says so.
    pub(super) stalled: Vec<Work>,
    /// Memories to be read as soon as that can be.
    pub(super) reading: Vec<u32>,
    /// How far they were read.
    pub(super) read: BTreeMap<Arc<str>, (u8, u64)>,
    /// Memories whose lock was let go of: others may change them.
    pub(super) left: BTreeSet<Arc<str>>,
    pub(super) locks: BTreeMap<u32, super::locks::Wish>,
    pub(super) unlocking: Vec<(u32, Request)>,
    /// What the engine has let go of in this task.
    pub(super) released: Vec<(usize, Name)>,
    pub(super) issued: VecDeque<Issued>,
    pub(super) ready_at: u64,
    /// The engine waits for all of it.
    pub(super) retries: bool,
    /// Rows that are neither in the database nor in a note, which is so only where storage refuses, and not promised
    /// there (U13).
    pub(super) unkept: BTreeSet<Name>,
    /// How far the trusted clock is from the page's, in milliseconds.
    pub(super) correction: i64,
}

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) op: Op,
    /// The transaction that it was asked in last.
    pub(super) asked: Option<u64>,
    /// That one was aborted, and nobody tries again before the engine says so.
    pub(super) failed: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Put(Row),
    /// Of this message of the ledger.
    Mark(Option<usize>),
    Delete,
}

/// A record, and whether storage has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) record: Memory,
    pub(super) is_stored: bool,
}

/// A transaction that is not complete.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) number: u64,
    pub(super) takes_place: bool,
    pub(super) work: Work,
}

/// Rows, marks and records that are asked for together.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) names: Vec<Name>,
    pub(super) records: Vec<Arc<str>>,
    /// It was aborted with others before.
    pub(super) alone: bool,
    /// It is noted as well.
    pub(super) noted: bool,
}

/// What a transaction is for.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Put(Batch),
    Delete(Vec<Name>),
    /// The rows of a memory that has ended.
    End(Arc<str>),
    /// The record of a memory of which nothing is left.
    Forget {
        memory: u32,
        turn: u32,
    },
    /// The session's record; then the link's hello leaves.
    Session(Option<usize>),
    Other,
}

impl Keep {
    pub(super) fn new(persists: bool) -> Self {
        Self {
            persists,
            works: true,
            ..Self::default()
        }
    }

    /// A message is to be kept.
    pub(super) fn put(&mut self, payload: u32, name: Name, row: Row) {
        let op = Op::Put(row);
        self.want(name.clone(), op);
        self.rows.insert(payload, name);
    }

    /// A message was dropped.
    pub(super) fn mark(&mut self, payload: u32, id: Option<usize>) {
        if planted::is(Bug::MarkDeletedWithRow) {
            return self.erase(payload);
        }
        let Some(name) = self.rows.remove(&payload) else {
            return;
        };
        if !self.forgets_put(&name) {
            self.want(name, Op::Mark(id));
        }
    }

    /// A message is stored by the server.
    pub(super) fn erase(&mut self, payload: u32) {
        if let Some(name) = self.rows.remove(&payload)
            && !self.forgets_put(&name)
        {
            self.want(name, Op::Delete);
        }
    }

    /// A mark that was met has done its work.
    pub(super) fn delete(&mut self, name: Name) {
        self.want(name, Op::Delete);
    }

    fn want(&mut self, name: Name, op: Op) {
        let pending = Pending {
            op,
            asked: None,
            failed: false,
        };
        self.pending.insert(name, pending);
    }

    /// Whether it was put in this task, and nobody has been asked for it.
    fn forgets_put(&mut self, name: &Name) -> bool {
        let is_new = |it: &Pending| matches!(it.op, Op::Put(_)) && it.asked.is_none() && !it.failed;
        let forgets = self.pending.get(name).is_some_and(is_new);
        if forgets {
            self.pending.remove(name);
        }
        forgets
    }

    /// The record of a memory has changed.
    pub(super) fn changes(&mut self, memory: &Arc<str>, change: impl FnOnce(&mut Memory)) {
        if let Some(kept) = self.records.get_mut(memory) {
            let before = kept.record.clone();
            change(&mut kept.record);
            if kept.record != before {
                kept.is_stored = false;
                self.touched.insert(memory.clone());
            }
        }
    }

    /// Nothing of it was ever asked for.
    pub(super) fn forget_record(&mut self, memory: &Arc<str>) {
        self.records.remove(memory);
        self.touched.remove(memory);
    }

    /// All of a memory is dropped.
    pub(super) fn end(&mut self, memory: &Arc<str>) {
        self.pending.retain(|name, _| name.0 != *memory);
        self.rows.retain(|_, name| name.0 != *memory);
        self.dropped.insert(memory.clone());
        self.changes(memory, |record| record.ended = true);
    }

    /// Its lock is let go: what could not be stored is nobody's business any more.
    pub(super) fn leave(&mut self, memory: &Arc<str>) {
        self.pending
            .retain(|name, it| name.0 != *memory || !it.failed);
        self.rows.retain(|_, name| name.0 != *memory);
        self.records.remove(memory);
        self.read.remove(memory);
        self.left.insert(memory.clone());
    }

    /// Its lock is this page's.
    pub(super) fn enter(&mut self, memory: &Arc<str>) {
        self.left.remove(memory);
        self.read.remove(memory);
    }

    /// Names of what is pending and was not asked for; of deletions, or of all others.
    pub(super) fn unasked(&self, deletes: bool) -> Vec<Name> {
        let wanted = |it: &Pending| {
            !it.failed && it.asked.is_none() && matches!(it.op, Op::Delete) == deletes
        };
        let pending = self.pending.iter().filter(|(_, it)| wanted(it));
        pending.map(|(name, _)| name.clone()).collect()
    }

    /// The records that go with these rows: those that storage does not have.
    pub(super) fn records_of(&self, names: &[Name]) -> BTreeSet<Arc<str>> {
        let memories = names.iter().map(|name| &name.0);
        let lacks = |memory: &&Arc<str>| self.records.get(*memory).is_some_and(|it| !it.is_stored);
        memories.filter(lacks).cloned().collect()
    }

    pub(super) fn change_of(&self, name: &Name) -> Option<Change> {
        Some(match &self.pending.get(name)?.op {
            Op::Put(row) => Change::Put(name.clone(), row.clone()),
            Op::Mark(_) => Change::Mark(name.clone()),
            Op::Delete => Change::Delete(name.clone()),
        })
    }

    /// A batch as a transaction has it.
    pub(super) fn changes_of(&self, batch: &Batch) -> Vec<Change> {
        let record = |memory: &Arc<str>| {
            let kept = self.records.get(memory)?;
            Some(Change::Memory(memory.clone(), kept.record.clone()))
        };
        let records = batch.records.iter().filter_map(record);
        let rows = batch.names.iter().filter_map(|name| self.change_of(name));
        records.chain(rows).collect()
    }

    /// What is to be put there.
    pub(super) fn row_of(&self, name: &Name) -> Option<&Row> {
        match &self.pending.get(name)?.op {
            Op::Put(row) => Some(row),
            _ => None,
        }
    }

    /// The message of the ledger that is to be marked there.
    pub(super) fn marked(&self, name: &Name) -> Option<usize> {
        match &self.pending.get(name)?.op {
            Op::Mark(id) => *id,
            _ => None,
        }
    }

    pub(super) fn issues(&mut self, number: u64, takes_place: bool, work: Work) {
        self.issued.push_back(Issued {
            number,
            takes_place,
            work,
        });
    }
}
