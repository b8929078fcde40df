//! The database's table as a store's rows.

use redb::{ReadableTable, StorageError, Table};
use steadfast_sessions::store::StoreError;
use steadfast_sessions::store::rows::{Rows, Visit};

/// Rows that can only be read.
pub(super) struct Snapshot<T>(pub(super) T);

/// Rows inside a transaction that several requests share, and what it takes to undo one of them.
pub(super) struct Draft<'a> {
    table: Table<'a, &'static [u8], &'static [u8]>,
    /// What each change of this request replaced, the oldest first.
    undo: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Something was changed, by any request.
    pub(super) changed: bool,
}

impl<'a> Draft<'a> {
    pub(super) const fn new(table: Table<'a, &'static [u8], &'static [u8]>) -> Self {
        Self {
            table,
            undo: Vec::new(),
            changed: false,
        }
    }

    /// The request was carried out.
    pub(super) fn keep(&mut self) {
        self.changed |= !self.undo.is_empty();
        self.undo.clear();
    }

    /// The request was not: nothing of it is kept.
    pub(super) fn undo(&mut self) -> Result<(), StorageError> {
        for (key, value) in self.undo.drain(..).rev() {
            match value {
                Some(value) => drop(self.table.insert(&key[..], &value[..])?),
                None => drop(self.table.remove(&key[..])?),
            }
        }
        Ok(())
    }
}

impl Rows for Draft<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get(&self.table, key)
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let before = self.table.insert(key, value).map_err(failed)?;
        let before = before.map(|value| value.value().to_vec());
        self.undo.push((key.to_vec(), before));
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let before = self.table.remove(key).map_err(failed)?;
        let before = before.map(|value| value.value().to_vec());
        if before.is_some() {
            self.undo.push((key.to_vec(), before));
        }
        Ok(())
    }

    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        scan(&self.table, from, to, visit)
    }
}

impl<T: ReadableTable<&'static [u8], &'static [u8]>> Rows for Snapshot<T> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        get(&self.0, key)
    }

    fn put(&mut self, _key: &[u8], _value: &[u8]) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("it is only read".to_owned()))
    }

    fn delete(&mut self, _key: &[u8]) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("it is only read".to_owned()))
    }

    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        scan(&self.0, from, to, visit)
    }
}

fn get(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    let value = table.get(key).map_err(failed)?;
    Ok(value.map(|value| value.value().to_vec()))
}

fn scan(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    from: &[u8],
    to: &[u8],
    visit: Visit<'_>,
) -> Result<(), StoreError> {
    if from >= to {
        return Ok(());
    }
    for row in table.range(from..to).map_err(failed)? {
        let (key, value) = row.map_err(failed)?;
        if !visit(key.value(), value.value())? {
            break;
        }
    }
    Ok(())
}

pub(super) fn failed(error: impl Into<redb::Error>) -> StoreError {
    StoreError::Unavailable(error.into().to_string())
}
