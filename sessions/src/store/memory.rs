//! A table without a disk.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Mutex, PoisonError};

use super::rows::{Rows, Visit};
use super::{Answer, Reply, Request, SessionStore, StoreError, apply};

/// Rows in memory, and what it takes to undo those changes that are not synced: what a power cut
/// would lose.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What each change replaced, the oldest first.
    undo: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// How long `undo` was after each request that is not synced.
    requests: Vec<usize>,
}

impl Table {
    /// Without a row.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out `request`; nothing of it, if it fails. It is not synced yet.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn execute(&mut self, request: &Request) -> Result<Reply, StoreError> {
        let before = self.undo.len();
        let reply = apply::apply(self, request);
        if reply.is_err() {
            self.undo_to(before);
        } else if self.undo.len() > before {
            self.requests.push(self.undo.len());
        }
        reply
    }

    /// What was carried out so far survives a power cut.
    pub fn sync(&mut self) {
        self.undo.clear();
        self.requests.clear();
    }

    /// Requests that changed something and are not synced.
    #[must_use]
    pub const fn unsynced(&self) -> usize {
        self.requests.len()
    }

    /// A power cut: of the requests that are not synced, the first `kept` are left, and are synced.
    pub fn cut(&mut self, kept: usize) {
        let length = match kept.min(self.requests.len()) {
            0 => 0,
            kept => self.requests[kept - 1],
        };
        self.undo_to(length);
        self.sync();
    }

    /// Every row, in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let rows = self.rows.iter();
        rows.map(|(key, value)| (key.as_slice(), value.as_slice()))
    }

    fn undo_to(&mut self, length: usize) {
        for (key, value) in self.undo.drain(length..).rev() {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }
}

impl Rows for Table {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows.get(key).cloned())
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let before = self.rows.insert(key.to_vec(), value.to_vec());
        self.undo.push((key.to_vec(), before));
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) -> Result<(), StoreError> {
        if let Some(before) = self.rows.remove(key) {
            self.undo.push((key.to_vec(), Some(before)));
        }
        Ok(())
    }

    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        for (key, value) in self.rows.range::<[u8], _>((
            std::ops::Bound::Included(from),
            std::ops::Bound::Excluded(to),
        )) {
            if !visit(key, value)? {
                break;
            }
        }
        Ok(())
    }
}

/// A store that forgets everything with its process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    table: Mutex<Table>,
}

impl MemoryStore {
    /// Without a session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hands out its rows, to look at or to spoil them.
    pub fn with<T>(&self, look: impl FnOnce(&mut Table) -> T) -> T {
        look(&mut self.table.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SessionStore for MemoryStore {
    fn execute(&self, request: Request) -> Answer {
        let reply = self.with(|table| {
            let reply = table.execute(&request);
            table.sync();
            reply
        });
        Box::pin(ready(reply))
    }
}
