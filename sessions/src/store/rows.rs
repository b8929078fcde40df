//! The table that a store is made of.

use super::StoreError;

/// Is shown a key and its value; says whether it wants to see the next.
pub type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<bool, StoreError>;

/// An ordered table of bytes inside one transaction.
pub trait Rows {
    /// The value of `key`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the table fails.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Sets the value of `key`.
    ///
    /// # Errors
    /// As [`Rows::get`].
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError>;

    /// Takes `key` out.
    ///
    /// # Errors
    /// As [`Rows::get`].
    fn delete(&mut self, key: &[u8]) -> Result<(), StoreError>;

    /// Calls `visit` with each pair from `from` on, below `to`, in order, until it answers `false`.
    ///
    /// # Errors
    /// As [`Rows::get`], and what `visit` answers.
    fn scan(&self, from: &[u8], to: &[u8], visit: Visit<'_>) -> Result<(), StoreError>;
}
