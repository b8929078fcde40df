//! What the model remembers.

use std::collections::BTreeMap;

use crate::store::Term;

/// A session, as the model knows it.
pub(super) struct Session {
    pub(super) term: Term,
    pub(super) old_term: Term,
    pub(super) tokens: Vec<String>,
    pub(super) instance: String,
    pub(super) claim: u64,
    /// The memory that its owner speaks for, and on whose behalf.
    pub(super) memory: (String, Term),
    /// Whatever came, in order; its place is its index + 1.
    pub(super) inbox: Vec<(String, u64, String)>,
    pub(super) cursor: usize,
    pub(super) outbox: Log,
    pub(super) acknowledged: u64,
    pub(super) rooms: BTreeMap<&'static str, u64>,
    pub(super) seen_ms: u64,
    pub(super) checkpoint: Option<Kept>,
}

/// A snapshot, as the model knows it.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) version: u64,
    pub(super) base: u64,
    /// None when it grew too old.
    pub(super) text: Option<String>,
    pub(super) positions: BTreeMap<String, (u32, u64)>,
    pub(super) saved_ms: u64,
}

/// A log, as the model knows it.
#[derive(Default)]
pub(super) struct Log {
    pub(super) epoch: Option<u32>,
    /// What it keeps: number, text, time.
    pub(super) rows: Vec<(u64, String, u64)>,
    pub(super) last: u64,
    pub(super) gone: &'static str,
    /// Nobody needed it when something was forgotten.
    pub(super) idle: bool,
}

impl Log {
    pub(super) fn first(&self) -> u64 {
        self.rows.first().map_or(self.last + 1, |row| row.0)
    }

    pub(super) fn push(&mut self, text: &str, at_ms: u64) -> u64 {
        self.last += 1;
        self.rows.push((self.last, text.to_owned(), at_ms));
        self.last
    }

    pub(super) fn drop_first(&mut self, count: usize, why: &'static str) {
        if count > 0 {
            self.rows.drain(..count);
            self.gone = why;
        }
    }

    pub(super) fn after(&self, number: u64) -> Vec<(u64, String)> {
        let rows = self.rows.iter().filter(|row| row.0 > number);
        rows.map(|row| (row.0, row.1.clone())).collect()
    }

    /// Where it goes on: after which number, and why not after the position.
    pub(super) fn goes_on(
        &self,
        acknowledged: u64,
        position: Option<(u32, u64)>,
    ) -> (u64, Option<&str>) {
        let floor = acknowledged.max(self.first() - 1);
        match position {
            Some((epoch, number)) if Some(epoch) != self.epoch || number > self.last => {
                (floor, Some("epoch"))
            }
            Some((_, number)) if number >= floor => (number, None),
            None if floor == acknowledged => (floor, None),
            _ if floor > acknowledged => (floor, Some(self.gone)),
            _ => (floor, Some("acknowledged")),
        }
    }
}

impl Session {
    /// Everything up to `number` was handed over.
    pub(super) fn acknowledge(&mut self, number: u64) {
        if number > self.acknowledged {
            self.acknowledged = number;
            let rows = self.outbox.rows.iter();
            let count = rows.filter(|row| row.0 <= number).count();
            self.outbox.drop_first(count, "acknowledged");
        }
    }
}
