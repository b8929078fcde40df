//! What a page asks of its browser's databases.

use super::rows::Asked;
use crate::browser::Change;
use crate::world::{Step, World};

/// Which transactions are complete only when the disk has them. Of what was just sent none is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    None,
    Stored,
    /// Of a storage that has failed: nothing follows that would wait behind it.
    Both,
}

/// What becomes of what was asked.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    /// When all is done; `None` if a transaction is aborted, or several are.
    pub(super) at: Option<u64>,
    /// Whether the disk will have the numbers.
    pub(super) is_numbered: bool,
}

/// One of the transactions that a page asks for.
#[derive(Clone, Copy)]
struct Transaction {
    /// Of the database that never waits.
    fresh: bool,
    /// Its commit is asked for as well: it comes to pass, whatever becomes of its page.
    commits: bool,
    strict: bool,
    /// In microseconds.
    took: u64,
    aborts: bool,
}

impl World {
    /// Asks both databases.
    pub(super) fn asks(&mut self, page: usize, asked: Asked, waits: Waits, aborts: bool) -> Answer {
        let fails = match aborts {
            true => 1 + self.dice.disk.below(7),
            false => 0,
        };
        let (relaxed, synced) = self.plan.weather.disk;
        let relaxed = 50 + self.dice.disk.below(relaxed + 1);
        let strict = relaxed + 50 + self.dice.disk.below(synced + 1);
        let waits_fresh = waits == Waits::Both;
        let waits_stored = waits != Waits::None;
        let one = |place: u64, waits: bool| Transaction {
            fresh: place < 2,
            commits: place == 0,
            strict: waits,
            took: if waits { strict } else { relaxed },
            aborts: fails & (1 << place) > 0,
        };
        let done = [
            self.asks_one(page, asked.sent, one(0, false)),
            self.asks_one(page, asked.fresh, one(1, waits_fresh)),
            self.asks_one(page, asked.stored, one(2, waits_stored)),
        ];
        let at = done.into_iter().collect::<Option<Vec<u64>>>();
        Answer {
            at: at.and_then(|at| at.into_iter().max()),
            is_numbered: done[2].is_some(),
        }
    }

    /// Asks one database. When it is done.
    fn asks_one(&mut self, page: usize, changes: Vec<Change>, asked: Transaction) -> Option<u64> {
        let (now, storage) = (self.now, self.pages[page].storage);
        let Transaction { fresh, strict, .. } = asked;
        if asked.aborts {
            return None;
        }
        if changes.is_empty() {
            return Some(now);
        }
        let database = self.storages[storage].database(fresh);
        let transaction = database.commit(changes, page, now)?;
        let at = (now + asked.took).max(database.ready_at);
        database.ready_at = at;
        if asked.commits {
            database.finish(transaction, false);
            return Some(at);
        }
        let step = Step::Finished {
            storage,
            fresh,
            transaction,
            strict,
        };
        self.queue.put(at, step);
        Some(at)
    }
}
