use super::{Change, Data};

/// One database: transactions in the order in which they were asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Database {
    data: Data,
    /// What the disk has: a power cut leaves this at least.
    synced: Data,
    /// Transactions that the disk may not have, the oldest first.
    tail: Vec<Transaction>,
    /// How many transactions the disk has.
    synced_transactions: u64,
    /// What a disk that goes back in time goes back to.
    backup: Data,
    /// When all that was asked for is complete: each waits for those before it.
    pub(crate) ready_at: u64,
    /// There is no room for another record, row or copy.
    pub(crate) is_full: bool,
}

#[derive(Clone, Debug)]
struct Transaction {
    changes: Vec<Change>,
    asked_at: u64,
    /// The page that has asked for it, until it is complete.
    waits_for: Option<usize>,
}

impl Database {
    /// Another one with all that is in this.
    pub(super) fn copy(&self) -> Self {
        Self {
            data: self.data.clone(),
            synced: self.data.clone(),
            ..Self::default()
        }
    }

    /// As every page sees it: who reads waits for all that was asked for before.
    pub(crate) const fn data(&self) -> &Data {
        &self.data
    }

    /// What the disk has.
    pub(crate) const fn synced(&self) -> &Data {
        &self.synced
    }

    /// A transaction of `page`. Its number; `None`: it is aborted, and nothing of it is kept.
    pub(crate) fn commit(&mut self, changes: Vec<Change>, page: usize, now: u64) -> Option<u64> {
        if self.is_full && changes.iter().any(Change::needs_room) {
            return None;
        }
        self.writes_back(now);
        self.data.apply(&changes);
        self.tail.push(Transaction {
            changes,
            asked_at: now,
            waits_for: Some(page),
        });
        Some(self.synced_transactions + self.tail.len() as u64)
    }

    /// A change that the disk has at once, and for which there is always room.
    pub(super) fn write(&mut self, change: Change) {
        let changes = vec![change];
        self.data.apply(&changes);
        self.tail.push(Transaction {
            changes,
            asked_at: 0,
            waits_for: None,
        });
        self.sync(u64::MAX);
    }

    /// This transaction is complete; a strict one is on the disk, with all before it.
    pub(crate) fn finish(&mut self, transaction: u64, strict: bool) {
        let place = transaction.checked_sub(self.synced_transactions + 1);
        if let Some(it) = place.and_then(|place| self.tail.get_mut(place as usize)) {
            it.waits_for = None;
        }
        if strict {
            self.sync(transaction);
        }
    }

    fn sync(&mut self, transaction: u64) {
        let new = transaction.saturating_sub(self.synced_transactions) as usize;
        for it in self.tail.drain(..new.min(self.tail.len())) {
            self.synced.apply(&it.changes);
            self.synced_transactions += 1;
        }
    }

    /// The disk has by itself what is old enough.
    pub(super) fn writes_back(&mut self, now: u64) {
        let is_old = |it: &Transaction| it.asked_at + WRITTEN_BACK <= now && it.waits_for.is_none();
        let old = self.tail.iter().take_while(|it| is_old(it)).count();
        self.sync(self.synced_transactions + old as u64);
    }

    /// How many transactions of a page are not complete.
    pub(crate) fn unfinished(&self, page: usize) -> usize {
        let of_page = |it: &&Transaction| it.waits_for == Some(page);
        self.tail.iter().filter(of_page).count()
    }

    /// Whether a page waits until a row is deleted.
    pub(crate) fn is_deleting(&self, page: usize) -> bool {
        let deletes = |change: &Change| matches!(change, Change::Delete(..));
        let of_page = |it: &&Transaction| it.waits_for == Some(page);
        let mut tail = self.tail.iter().filter(of_page);
        tail.any(|it| it.changes.iter().any(deletes))
    }

    /// A page is gone: of its transactions that are not complete, only the first `kept` will be. `torn`: of
    /// the others comes to pass what deletes.
    pub(crate) fn loses(&mut self, page: usize, kept: usize, torn: bool) {
        let of_page = |it: &&mut Transaction| it.waits_for == Some(page);
        for (place, it) in self.tail.iter_mut().filter(of_page).enumerate() {
            it.waits_for = None;
            if place >= kept {
                it.changes.retain(|change| torn && change.deletes());
            }
        }
        self.data = self.synced.clone();
        for it in &self.tail {
            self.data.apply(&it.changes);
        }
    }

    /// Transactions that a power cut may lose.
    pub(crate) fn unsynced(&mut self, now: u64) -> usize {
        self.writes_back(now);
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
    pub(super) fn back_up(&mut self) {
        self.backup = self.data.clone();
    }

    /// The disk is as it was when it was backed up.
    pub(super) fn go_back(&mut self) {
        self.cut_power(0);
        self.data = self.backup.clone();
        self.synced = self.backup.clone();
    }

    pub(super) fn wipe(&mut self) {
        self.cut_power(0);
        self.data = Data::default();
        self.synced = Data::default();
    }
}

/// After so long the machine has written to its disk what nobody has asked it to: Linux does so with what is
/// 30 s old. Were there no such bound, a power cut could take all that was ever written there.
const WRITTEN_BACK: u64 = 30_000_000;
