use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use steadfast_engine::Priority;

/// What is in the database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Data {
    pub(crate) sessions: BTreeMap<Arc<str>, Session>,
    pub(crate) memories: BTreeMap<Arc<str>, Memory>,
    /// `None`: a mark, where a message was dropped.
    pub(crate) messages: BTreeMap<Name, Option<Row>>,
    /// By the session or the document whose state they are.
    pub(crate) copies: BTreeMap<String, LocalCopy>,
}

/// A message's memory, lane and number.
pub(crate) type Name = (Arc<str>, u8, u64);

/// What is kept of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    /// Its id and its token.
    pub(crate) id: Option<(String, String)>,
    pub(crate) claim: u64,
    /// When it was used, in the order of uses.
    pub(crate) used: u64,
}

/// What is kept of a memory, beside its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) place: u64,
    pub(crate) user: Option<String>,
    pub(crate) birth: Option<String>,
    /// All of it was dropped.
    pub(crate) ended: bool,
}

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its name in the ledger.
    pub(crate) id: usize,
    pub(crate) binary: bool,
    pub(crate) priority: Priority,
    pub(crate) key: Option<u32>,
    /// How long it may wait, and since when, in milliseconds.
    pub(crate) ttl: Option<u64>,
    pub(crate) at: u64,
    pub(crate) bytes: u32,
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
    Session(Arc<str>, Session),
    EndSession(Arc<str>),
    Memory(Arc<str>, Memory),
    Put(Name, Row),
    Mark(Name),
    Delete(Name),
    /// A record, and every row or mark.
    Forget(Arc<str>),
    Copy(String, LocalCopy),
}

impl Change {
    pub(super) const fn needs_room(&self) -> bool {
        !matches!(
            self,
            Self::Delete(..) | Self::Forget(..) | Self::EndSession(..)
        )
    }
}

impl Data {
    pub(super) fn apply(&mut self, changes: &[Change]) {
        for change in changes.iter().cloned() {
            match change {
                Change::Session(name, session) => {
                    self.sessions.insert(name, session);
                }
                Change::EndSession(name) => {
                    self.sessions.remove(&name);
                    self.copies.remove(&*name);
                }
                Change::Memory(memory, record) => {
                    self.memories.insert(memory, record);
                }
                Change::Put(name, row) => {
                    self.messages.insert(name, Some(row));
                }
                Change::Mark(name) => {
                    self.messages.insert(name, None);
                }
                Change::Delete(name) => {
                    self.messages.remove(&name);
                }
                Change::Forget(memory) => {
                    self.memories.remove(&memory);
                    for name in self.names_of(&memory) {
                        self.messages.remove(&name);
                    }
                }
                Change::Copy(name, copy) => {
                    self.copies.insert(name, copy);
                }
            }
        }
    }

    /// The rows and marks of a memory behind this place, in the order of lanes and numbers.
    pub(crate) fn of<'a>(
        &'a self,
        memory: &Arc<str>,
        after: (u8, u64),
    ) -> impl Iterator<Item = (&'a Name, &'a Option<Row>)> + 'a {
        let low = Bound::Excluded((memory.clone(), after.0, after.1));
        let high = Bound::Included((memory.clone(), u8::MAX, u64::MAX));
        self.messages.range((low, high))
    }

    fn names_of(&self, memory: &Arc<str>) -> Vec<Name> {
        self.of(memory, (0, 0))
            .map(|(name, _)| name.clone())
            .collect()
    }
}
