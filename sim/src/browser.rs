//! A browser: what it keeps for the site, and which of its pages uses which part.

mod data;
mod locks;

pub(crate) use data::{Change, Data, LocalCopy, Record, Row};
use locks::Locks;

/// Storage that outlives pages: transactions in the order in which they were committed.
#[derive(Debug, Default)]
pub(crate) struct Browser {
    data: Data,
    /// What the disk has: a power cut leaves this at least.
    synced: Data,
    /// Transactions that the disk may not have, the oldest first.
    tail: Vec<Vec<Change>>,
    /// How many transactions the disk has.
    synced_transactions: u64,
    /// What a disk that goes back in time goes back to.
    backup: Data,
    pub(crate) locks: Locks,
    /// There is no room for another record, row or copy.
    pub(crate) is_full: bool,
    last_seq: u64,
}

impl Browser {
    /// Another browser with all that this one keeps.
    pub(crate) fn copy(&self) -> Self {
        Self {
            data: self.data.clone(),
            synced: self.data.clone(),
            ..Self::default()
        }
    }

    pub(crate) const fn data(&self) -> &Data {
        &self.data
    }

    /// What the disk has.
    pub(crate) const fn synced(&self) -> &Data {
        &self.synced
    }

    /// A place for a row, later than all before.
    pub(crate) fn next_seq(&mut self) -> u64 {
        self.last_seq += 1;
        self.last_seq
    }

    /// A transaction: from here on every page sees it. Its number; `None`: it is aborted, and nothing
    /// of it is kept.
    pub(crate) fn commit(&mut self, changes: Vec<Change>) -> Option<u64> {
        if self.is_full && changes.iter().any(Change::needs_room) {
            return None;
        }
        self.data.apply(&changes);
        self.tail.push(changes);
        Some(self.synced_transactions + self.tail.len() as u64)
    }

    /// A change that the disk has at once, and for which there is always room.
    pub(crate) fn write(&mut self, change: Change) {
        self.data.apply(std::slice::from_ref(&change));
        self.tail.push(vec![change]);
        self.sync(u64::MAX);
    }

    /// The disk has this transaction, and all before it.
    pub(crate) fn sync(&mut self, transaction: u64) {
        let new = transaction.saturating_sub(self.synced_transactions) as usize;
        for changes in self.tail.drain(..new.min(self.tail.len())) {
            self.synced.apply(&changes);
            self.synced_transactions += 1;
        }
    }

    /// Transactions that a power cut may lose.
    pub(crate) const fn unsynced(&self) -> usize {
        self.tail.len()
    }

    /// The power is cut: the first `kept` transactions of those that the disk may not have are there.
    pub(crate) fn cut_power(&mut self, kept: usize) {
        self.sync(self.synced_transactions + kept as u64);
        self.synced_transactions += self.tail.len() as u64;
        self.tail.clear();
        self.data = self.synced.clone();
    }

    /// From here on the disk can go back to how it is now.
    pub(crate) fn back_up(&mut self) {
        self.backup = self.data.clone();
    }

    /// The disk is as it was when it was backed up.
    pub(crate) fn go_back(&mut self) {
        self.cut_power(0);
        self.data = self.backup.clone();
        self.synced = self.backup.clone();
    }

    /// The user clears what the site has stored.
    pub(crate) fn wipe(&mut self) {
        self.cut_power(0);
        self.data = Data::default();
        self.synced = Data::default();
    }
}
