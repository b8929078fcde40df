//! What happens next.

use std::collections::BTreeMap;

/// Things to come, in the order of their time; those of one moment in the order in which they were
/// put in.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    entries: BTreeMap<(u64, u64), T>,
    order: u64,
}

impl<T> Queue<T> {
    /// Nothing is to come.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            order: 0,
        }
    }

    /// `entry` happens at `at`, in microseconds. Its name, to take it out again.
    pub(crate) fn put(&mut self, at: u64, entry: T) -> (u64, u64) {
        self.order += 1;
        self.entries.insert((at, self.order), entry);
        (at, self.order)
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, name: (u64, u64)) {
        self.entries.remove(&name);
    }

    /// The next entry and its time, unless that is after `end`.
    pub(crate) fn next_until(&mut self, end: u64) -> Option<(u64, T)> {
        let entry = self.entries.first_entry()?;
        let at = entry.key().0;
        (at <= end).then(|| (at, entry.remove()))
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self::new()
    }
}
