//! What a page asks of its browser's databases.

use super::rows::Asked;
use crate::browser::Change;
use crate::world::{Step, World};

/// Which transactions are complete only when the disk has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    None,
    Stored,
    /// Of a storage that has failed: nothing follows that would wait behind it.
    Both,
}

impl World {
    /// Asks both databases. When both are done; `None` if one of the transactions, or both, are aborted.
    pub(super) fn asks(
        &mut self,
        page: usize,
        asked: Asked,
        waits: Waits,
        aborts: bool,
    ) -> Option<u64> {
        let fails = match aborts {
            true => 1 + self.dice.disk.below(3),
            false => 0,
        };
        let (relaxed, synced) = self.plan.weather.disk;
        let relaxed = 50 + self.dice.disk.below(relaxed + 1);
        let strict = relaxed + 50 + self.dice.disk.below(synced + 1);
        let took = |waits: bool| if waits { strict } else { relaxed };
        let fresh = waits == Waits::Both;
        let stored = fresh || waits == Waits::Stored;
        let Asked {
            stored: numbered,
            fresh: sent,
            ..
        } = asked;
        let both = [
            self.asks_one(page, true, sent, (fresh, took(fresh)), fails & 1 > 0),
            self.asks_one(page, false, numbered, (stored, took(stored)), fails & 2 > 0),
        ];
        both[0]
            .zip(both[1])
            .map(|(fresh, stored)| fresh.max(stored))
    }

    /// Asks one database, which takes so many microseconds. When it is done.
    fn asks_one(
        &mut self,
        page: usize,
        fresh: bool,
        changes: Vec<Change>,
        (strict, took): (bool, u64),
        aborts: bool,
    ) -> Option<u64> {
        let (now, storage) = (self.now, self.pages[page].storage);
        let browser = &mut self.storages[storage];
        let database = match fresh {
            true => &mut browser.fresh,
            false => &mut browser.stored,
        };
        if aborts {
            return None;
        }
        if changes.is_empty() {
            return Some(now);
        }
        let transaction = database.commit(changes, page, now)?;
        let at = (now + took).max(database.ready_at);
        database.ready_at = at;
        if fresh {
            // Nothing waits here: what becomes of its page makes no difference.
            database.finish(transaction, false);
        }
        let step = Step::Finished {
            storage,
            fresh,
            transaction,
            strict,
        };
        if strict || !fresh {
            self.queue.put(at, step);
        }
        Some(at)
    }
}
