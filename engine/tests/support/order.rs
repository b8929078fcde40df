//! The order across memories, as a client is to keep it.

use steadfast_engine::{Input, Instant, Lock, Output, Span};

use super::rows::Rows;

/// Memories that come before the page's own, the oldest first.
#[derive(Default)]
pub(crate) struct Order {
    old: Vec<Old>,
    recalls: Recalls,
    /// The page was put away: nothing is answered until it asks.
    away: bool,
    /// The lock of the page's own memory was asked for.
    locks: Option<Instant>,
}

/// Whether storage has said what there is.
#[derive(Clone, Copy, Default, PartialEq)]
enum Recalls {
    #[default]
    NotAsked,
    Asked(Instant),
    Done,
}

struct Old {
    memory: u32,
    place: u64,
    /// What is younger waits for it.
    follows: bool,
    /// Since when an answer about it is waited for.
    since: Option<Instant>,
}

/// How long storage may take.
const PATIENCE: Span = Span::from_ms(5_000);

impl Order {
    /// The machine slept, and its monotonic clock with it.
    pub(crate) fn slept(&mut self, span: Span) {
        let back = |at: Instant| Instant::ZERO + at.since(Instant::ZERO + span);
        if let Recalls::Asked(since) = &mut self.recalls {
            *since = back(*since);
        }
        self.locks = self.locks.map(back);
        for old in &mut self.old {
            old.since = old.since.map(back);
        }
    }

    pub(crate) fn before(&mut self, now: Instant, input: &Input<u32>, own: u32) {
        self.look(now);
        match *input {
            Input::Recalled if self.recalls != Recalls::NotAsked => self.recalls = Recalls::Done,
            Input::Found {
                memory,
                place,
                follows,
            } if memory != own && !self.away => self.find(memory, place, follows),
            Input::Locked {
                memory,
                held: false,
            } => self.let_go(memory),
            Input::Read { memory, .. } => self.wait(memory, None),
            Input::Forgotten { memory, empty } if empty => self.remove(memory),
            _ => {}
        }
    }

    pub(crate) fn came_out(&mut self, now: Instant, output: &Output<u32>) {
        self.look(now);
        match *output {
            Output::Recall if self.recalls == Recalls::NotAsked => {
                self.recalls = Recalls::Asked(now);
                self.away = false;
            }
            Output::Lock { how: Lock::Try, .. } => self.locks = Some(now),
            Output::Lock { memory, .. } | Output::Read(memory) => self.wait(memory, Some(now)),
            Output::Unlock(memory) => self.let_go(memory),
            _ => {}
        }
    }

    /// What a page sends from now on comes behind what is in its memory.
    pub(crate) fn put_behind(&mut self, memory: u32) {
        self.find(memory, u64::MAX, true);
    }

    /// The page was put away: it knows nothing any more.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            away: true,
            ..Self::default()
        };
    }

    /// Whether it may have to be known first what is older.
    pub(crate) fn recalls(&self, now: Instant) -> bool {
        match self.recalls {
            Recalls::NotAsked => true,
            Recalls::Asked(since) => now < since + PATIENCE,
            Recalls::Done => false,
        }
    }

    /// Whether the lock of the page's own memory may still have to be waited for.
    pub(crate) fn locks(&self, now: Instant) -> bool {
        self.locks.is_some_and(|since| now < since + PATIENCE)
    }

    /// What must be through before a message of this memory leaves: those of which messages are known here only if
    /// they wait.
    pub(crate) fn before_it(&self, memory: u32) -> impl Iterator<Item = u32> {
        let older = self.old.iter().take_while(move |old| old.memory != memory);
        older.filter(|old| old.follows).map(|old| old.memory)
    }

    /// Whether there may be more of it than is known.
    pub(crate) fn is_open(&self, memory: u32, rows: &Rows) -> bool {
        let old = self.old.iter().find(|old| old.memory == memory);
        old.is_some_and(|old| old.since.is_some()) || !rows.is_read(memory)
    }

    /// What was waited for long enough is not waited for any more.
    fn look(&mut self, now: Instant) {
        for old in &mut self.old {
            old.follows &= old.since.is_none_or(|since| now < since + PATIENCE);
        }
    }

    fn find(&mut self, memory: u32, place: u64, follows: bool) {
        if let Some(old) = self.old.iter_mut().find(|old| old.memory == memory) {
            old.follows &= follows;
            return;
        }
        let older = self.old.iter().take_while(|old| old.place <= place);
        let old = Old {
            memory,
            place,
            follows,
            since: None,
        };
        self.old.insert(older.count(), old);
    }

    fn wait(&mut self, memory: u32, since: Option<Instant>) {
        if let Some(old) = self.old.iter_mut().find(|old| old.memory == memory) {
            old.since = since;
        }
    }

    fn let_go(&mut self, memory: u32) {
        if let Some(old) = self.old.iter_mut().find(|old| old.memory == memory) {
            old.follows = false;
        }
    }

    fn remove(&mut self, memory: u32) {
        self.old.retain(|old| old.memory != memory);
    }
}
