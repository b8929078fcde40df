use super::{Change, Data, Row};

/// The database: transactions in the order in which they were asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Database {
    data: Data,
    /// What the disk has: a power cut leaves this at least.
    synced: Data,
    /// Transactions that the disk may not have, the oldest first.
    tail: Vec<Transaction>,
    /// How many transactions there were.
    asked: u64,
    /// What a disk that goes back in time goes back to.
    backup: Data,
    /// When all that was asked for is complete: each waits for those before it.
    pub(crate) ready_at: u64,
    /// There is no room for another record, row or copy.
    pub(crate) is_full: bool,
    /// It cannot be opened.
    pub(crate) is_down: bool,
    /// Rows that are longer do not fit; 0: all do.
    pub(crate) most_bytes: u64,
}

#[derive(Clone, Debug)]
struct Transaction {
    number: u64,
    changes: Vec<Change>,
    asked_at: u64,
    /// The page that has asked for it, until it is complete.
    waits_for: Option<usize>,
    /// Its commit was asked for as well.
    commits: bool,
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

    /// A transaction of `page`. Its number, and whether it takes place; if not it is aborted, and nothing of it is
    /// kept.
    pub(crate) fn commit(
        &mut self,
        changes: Vec<Change>,
        page: usize,
        now: u64,
        commits: bool,
    ) -> (u64, bool) {
        self.asked += 1;
        let number = self.asked;
        let no_room = self.is_full && changes.iter().any(Change::needs_room);
        if self.is_down || no_room || changes.iter().any(|change| !self.takes(change)) {
            return (number, false);
        }
        self.writes_back(now);
        self.data.apply(&changes);
        self.tail.push(Transaction {
            number,
            changes,
            asked_at: now,
            waits_for: Some(page),
            commits,
        });
        (number, true)
    }

    fn takes(&self, change: &Change) -> bool {
        let is_long = |row: &Row| self.most_bytes > 0 && u64::from(row.bytes) > self.most_bytes;
        !matches!(change, Change::Put(_, row) if is_long(row))
    }

    /// This transaction is complete; a strict one is on the disk, with all before it.
    pub(crate) fn finish(&mut self, number: u64, strict: bool) {
        let mut tail = self.tail.iter_mut();
        if let Some(it) = tail.find(|it| it.number == number) {
            it.waits_for = None;
            if strict {
                self.sync(number);
            }
        }
    }

    /// The disk has all up to this transaction.
    fn sync(&mut self, number: u64) {
        let new = self.tail.partition_point(|it| it.number <= number);
        for it in self.tail.drain(..new) {
            self.synced.apply(&it.changes);
        }
    }

    /// The disk has by itself what is old enough.
    fn writes_back(&mut self, now: u64) {
        let is_old = |it: &Transaction| it.asked_at + WRITTEN_BACK <= now && it.waits_for.is_none();
        let old = self.tail.iter().take_while(|it| is_old(it));
        if let Some(number) = old.last().map(|it| it.number) {
            self.sync(number);
        }
    }

    /// Transactions of a page that are not complete: numbers, and whether their commit was asked for.
    pub(crate) fn unfinished(&self, page: usize) -> Vec<(u64, bool)> {
        let of_page = self.tail.iter().filter(|it| it.waits_for == Some(page));
        of_page.map(|it| (it.number, it.commits)).collect()
    }

    /// Whether a page waits until a row is deleted.
    pub(crate) fn is_deleting(&self, page: usize) -> bool {
        let deletes = |change: &Change| matches!(change, Change::Delete(..));
        let mut tail = self.tail.iter().filter(|it| it.waits_for == Some(page));
        tail.any(|it| it.changes.iter().any(deletes))
    }

    /// These transactions come to nothing; the others of `page` come to pass, though it is not there any more.
    pub(crate) fn loses(&mut self, page: Option<usize>, lost: &[u64]) {
        self.tail.retain(|it| !lost.contains(&it.number));
        for it in self.tail.iter_mut().filter(|it| it.waits_for == page) {
            it.waits_for = None;
        }
        self.data = self.synced.clone();
        for it in &self.tail {
            self.data.apply(&it.changes);
        }
    }

    /// All transactions that are not complete come to nothing: whose, and which.
    pub(crate) fn loses_connections(&mut self) -> Vec<(usize, u64)> {
        let open = self.tail.iter();
        let open = open.filter_map(|it| Some((it.waits_for?, it.number)));
        let open: Vec<(usize, u64)> = open.collect();
        let lost: Vec<u64> = open.iter().map(|(_, number)| *number).collect();
        self.loses(None, &lost);
        open
    }

    /// Transactions that a power cut may lose.
    pub(crate) fn unsynced(&mut self, now: u64) -> usize {
        self.writes_back(now);
        self.tail.len()
    }

    /// The power is cut: the first `kept` transactions of those that the disk may not have are there.
    pub(crate) fn cut_power(&mut self, kept: usize) {
        let last = kept.checked_sub(1).and_then(|place| self.tail.get(place));
        if let Some(number) = last.map(|it| it.number) {
            self.sync(number);
        }
        self.tail.clear();
        self.data = self.synced.clone();
    }

    /// From here on the disk can go back to how it is now.
    pub(crate) fn back_up(&mut self) {
        self.backup = self.data.clone();
    }

    /// The disk is as it was when it was backed up.
    pub(crate) fn go_back(&mut self) {
        self.tail.clear();
        self.data = self.backup.clone();
        self.synced = self.backup.clone();
    }

    pub(super) fn wipe(&mut self) {
        self.tail.clear();
        self.data = Data::default();
        self.synced = Data::default();
    }
}

/// After so long the machine has written to its disk what nobody has asked it to: Linux does so with what is
/// 30 s old. Were there no such bound, a power cut could take all that was ever written there.
const WRITTEN_BACK: u64 = 30_000_000;
