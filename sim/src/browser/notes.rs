use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Memory, Name, Row};

/// What is in localStorage, which has all that was written there when the task is over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// There is none: workers have none, and it can be forbidden.
    pub(crate) is_absent: bool,
    /// Nothing more can be written.
    pub(crate) is_full: bool,
    /// What the database does not have for certain; `None`: a mark.
    pub(crate) messages: BTreeMap<Name, Option<Row>>,
    pub(crate) memories: BTreeMap<Arc<str>, Memory>,
    /// The highest place that a memory was given.
    place: u64,
    clock: Clock,
}

/// What is known of the time, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    /// As the last page that was believed had it,
    seen: u64,
    /// and as a later one had it that was not.
    doubt: Option<u64>,
}

impl Notes {
    /// Whether anything can be written.
    pub(crate) const fn are_kept(&self) -> bool {
        !self.is_absent && !self.is_full
    }

    /// What was noted of a memory is in the database, or is forgotten with it.
    pub(crate) fn forget(&mut self, memory: &Arc<str>) {
        self.memories.remove(memory);
        self.messages.retain(|name, _| name.0 != *memory);
    }

    /// What is left of a memory is about to be forgotten: its marks may not be in the database yet.
    pub(crate) fn settle(&mut self, memory: &Arc<str>) {
        self.memories.remove(memory);
        self.messages
            .retain(|name, row| name.0 != *memory || row.is_none());
    }

    pub(super) fn wipe(&mut self) {
        let (is_absent, is_full) = (self.is_absent, self.is_full);
        *self = Self {
            is_absent,
            is_full,
            ..Self::default()
        };
    }

    /// The place of a new memory; `now` where there is no counter.
    pub(crate) fn next_place(&mut self, now: u64) -> u64 {
        if self.is_absent {
            return now;
        }
        self.place += 1;
        self.place
    }

    /// How much later than `now` it is, as far as can be trusted: a time that no page confirms changes nothing.
    pub(crate) fn correction(&mut self, now: u64) -> i64 {
        let Clock { seen, doubt } = self.clock;
        let is_near = |before: u64| now >= before && now - before <= MONTH;
        let is_far = seen > 0 && now > seen + MONTH;
        if self.is_absent || (is_far && !doubt.is_some_and(is_near)) {
            self.clock.doubt = Some(now);
            return if self.is_absent {
                0
            } else {
                seen as i64 - now as i64
            };
        }
        self.clock = Clock {
            seen: now,
            doubt: None,
        };
        0
    }
}

/// Thirty days.
const MONTH: u64 = 30 * 86_400_000;
