use std::collections::{BTreeMap, BTreeSet};

use steadfast_engine::Priority;

/// What is in a database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Data {
    /// Of sessions, by memory.
    pub(crate) records: BTreeMap<String, Record>,
    /// Memories that have messages before the disk has their session, and whose they are.
    pub(crate) stashes: BTreeMap<String, Option<String>>,
    /// By memory.
    pub(crate) settled: BTreeMap<String, Settled>,
    /// Places from which a message was moved.
    pub(crate) moved: BTreeSet<(String, u64)>,
    /// By memory and place.
    pub(crate) rows: BTreeMap<(String, u64), Row>,
    /// By the memory or the document whose state they are.
    pub(crate) copies: BTreeMap<String, LocalCopy>,
}

/// What is kept of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    /// Its id and its token.
    pub(crate) session: Option<(String, String)>,
    pub(crate) instance: String,
    /// The memory in which its messages are numbered.
    pub(crate) own: Option<String>,
    /// Of the memory that was spoken for last: its name and its birth mark.
    pub(crate) birth: Option<(String, String)>,
    pub(crate) claim: u64,
    pub(crate) user: Option<String>,
    /// The last number that was given to a message.
    pub(crate) last: u64,
    /// When it was used, in the order of uses.
    pub(crate) used: u64,
}

impl Record {
    /// Whether the memory had another birth mark before.
    pub(crate) fn knows_another(&self, memory: &str, birth: &str) -> bool {
        let known = self.birth.as_ref();
        known.is_some_and(|(name, known)| name == memory && known != birth)
    }
}

/// Messages of a memory that are done with, should a power cut bring back their fresh rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled {
    /// All up to this place,
    pub(crate) floor: u64,
    /// and these.
    pub(crate) above: BTreeSet<u64>,
}

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its name in the ledger.
    pub(crate) id: usize,
    /// 0: it has none.
    pub(crate) number: u64,
    pub(crate) binary: bool,
    pub(crate) priority: Priority,
    pub(crate) key: Option<u32>,
    /// How long it may wait, and since when, in milliseconds of the wall clock.
    pub(crate) ttl: Option<u64>,
    pub(crate) at: u64,
    /// Where it stood before, in the database that never waits.
    pub(crate) origins: Vec<(String, u64)>,
}

/// The state of an application that was hidden.
#[derive(Clone, Debug)]
pub(crate) struct LocalCopy {
    pub(crate) user: String,
    /// The version that the server had.
    pub(crate) base: u64,
    pub(crate) text: String,
    pub(crate) positions: BTreeMap<String, (u32, u64)>,
}

/// One step of a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Record(String, Record),
    Forget(String),
    Row(String, u64, Row),
    Delete(String, u64),
    Stash(String, Option<String>),
    Settled(String, Settled),
    Moved(String, u64),
    Copy(String, LocalCopy),
}

impl Change {
    pub(super) const fn deletes(&self) -> bool {
        matches!(self, Self::Delete(..) | Self::Forget(..))
    }

    pub(super) const fn needs_room(&self) -> bool {
        matches!(
            self,
            Self::Record(..) | Self::Row(..) | Self::Copy(..) | Self::Stash(..)
        )
    }
}

impl Data {
    pub(super) fn apply(&mut self, changes: &[Change]) {
        for change in changes.iter().cloned() {
            match change {
                Change::Record(memory, record) => {
                    self.records.insert(memory, record);
                }
                Change::Forget(memory) => {
                    self.records.remove(&memory);
                    self.stashes.remove(&memory);
                    self.rows.retain(|(other, _), _| *other != memory);
                    self.copies.remove(&memory);
                }
                Change::Row(memory, seq, row) => {
                    self.rows.insert((memory, seq), row);
                }
                Change::Delete(memory, seq) => {
                    self.rows.remove(&(memory, seq));
                }
                Change::Stash(memory, user) => {
                    self.stashes.insert(memory, user);
                }
                Change::Settled(memory, settled) => {
                    self.settled.insert(memory, settled);
                }
                Change::Moved(memory, seq) => {
                    self.moved.insert((memory, seq));
                }
                Change::Copy(name, copy) => {
                    self.copies.insert(name, copy);
                }
            }
        }
    }

    /// The rows of a memory, in the order of their places.
    pub(crate) fn rows_of(&self, memory: &str) -> impl Iterator<Item = (u64, &Row)> {
        self.rows
            .range((memory.to_owned(), 0)..=(memory.to_owned(), u64::MAX))
            .map(|((_, seq), row)| (*seq, row))
    }

    /// Whether this database says that a fresh row of this place is one that came back.
    pub(crate) fn is_settled(&self, memory: &str, seq: u64) -> bool {
        let is_done = |it: &Settled| seq <= it.floor || it.above.contains(&seq);
        self.settled.get(memory).is_some_and(is_done)
            || self.moved.contains(&(memory.to_owned(), seq))
    }
}
