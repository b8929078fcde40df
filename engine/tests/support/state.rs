//! Storage and snapshots, as a test plays them.

use steadfast_engine::{
    Config, Input, MEMORY_FOUND, Output, Overflow, QueueConfig, Restored, SnapshotConfig, Unsaved,
};

use super::{Ask, Payload, Record, Shell, WAKE, message, ms, session};

/// A client with a durable queue.
pub(crate) fn persistent() -> Config {
    Config {
        persist: true,
        ..session()
    }
}

/// The same with a queue of so many messages, where the oldest make room.
pub(crate) fn queue_of(max_messages: u32, config: Config) -> Config {
    let queue = QueueConfig {
        max_messages,
        overflow: Overflow::DropOldest,
        ..config.queue
    };
    Config { queue, ..config }
}

/// A client whose state is a checkpoint.
pub(crate) fn checkpoint() -> Config {
    Config {
        snapshot: Some(SnapshotConfig::default()),
        ..session()
    }
}

/// The memory of a page that is gone.
pub(crate) const ORPHAN: u32 = MEMORY_FOUND;

/// An ordinary message of [`ORPHAN`] that storage has kept.
pub(crate) const fn restored(payload: Payload, number: u64) -> Restored<Payload> {
    Restored {
        memory: ORPHAN,
        send: message(payload, 10),
        number,
    }
}

impl Shell {
    /// A page that finds these messages, which one of its tab has left, and has a link that is to be welcomed. Its own
    /// payloads begin with 1,000.
    pub(crate) fn begins_with(rows: impl IntoIterator<Item = Restored<Payload>>) -> Self {
        let mut shell = Self::new(persistent());
        shell.next_payload = 1_000;
        shell.left(rows);
        shell.connect();
        shell.wait(ms(40));
        shell.link_opens();
        shell.take();
        shell
    }

    /// A page of this tab and of the first user has left these messages.
    pub(crate) fn left(&mut self, rows: impl IntoIterator<Item = Restored<Payload>>) {
        let mut rows = rows.into_iter().peekable();
        let memory = rows.peek().map_or(0, |row| row.memory);
        let record = Record {
            place: u64::from(memory - MEMORY_FOUND),
            user: 1,
            follows: true,
        };
        self.audit.rows.leave(Some(record), rows);
    }

    /// What was asked of storage is answered, but for the lock of all orphans.
    pub(crate) fn storage_answers(&mut self) {
        while let Some(ask) = self.audit.rows.next_ask() {
            self.answers(ask, false);
        }
    }

    /// This is answered; `no`: another page has the lock.
    pub(crate) fn answers(&mut self, ask: Ask, no: bool) {
        assert!(self.audit.rows.asks.contains(&ask), "{ask:?} was not asked");
        let (own, now) = (self.engine.memory(), self.now);
        let config = self.audit.config.clone();
        let answers = self.audit.rows.answer(ask, no, own, now, &config);
        for input in answers {
            assert_eq!(self.give(input), Ok(()));
        }
    }

    /// Storage tells of this memory, in which a page of this tab, or another, has sent.
    pub(crate) fn finds(&mut self, memory: u32, place: u64, follows: bool) {
        let input = Input::Found {
            memory,
            place,
            follows,
        };
        assert_eq!(self.give(input), Ok(()));
    }

    /// Storage fails, or works again.
    pub(crate) fn storage(&mut self, works: bool) {
        assert_eq!(self.give(Input::Storage { works }), Ok(()));
    }

    /// The next payload of the application.
    pub(crate) const fn next_payload(&mut self, payload: Payload) {
        self.next_payload = payload;
    }

    pub(crate) fn suspends(&mut self) {
        assert_eq!(self.give(Input::Suspend), Ok(()));
    }

    /// The page is back, and its link is there but not welcomed.
    pub(crate) fn resumes(&mut self) {
        assert_eq!(self.give(WAKE), Ok(()));
        self.until_dial();
        self.link_opens();
        self.take();
    }

    pub(crate) fn saved(&mut self) {
        assert_eq!(self.give(Input::Saved), Ok(()));
    }

    pub(crate) fn unsaved(&mut self, why: Unsaved, after_ms: u64) {
        let after = ms(after_ms);
        assert_eq!(self.give(Input::Unsaved { why, after }), Ok(()));
    }

    pub(crate) fn hides(&mut self) {
        assert_eq!(self.give(Input::Hide), Ok(()));
    }

    /// What storage and the link were told since the last look.
    pub(crate) fn take_storage(&mut self) -> Vec<Output<Payload>> {
        let mut outputs = self.take();
        outputs.retain(|output| {
            !matches!(
                output,
                Output::Event(_)
                    | Output::Timeout(_)
                    | Output::Unit(_)
                    | Output::Ask
                    | Output::TransmitPing(_)
            )
        });
        outputs
    }

    /// What became of the state, and of acknowledgements, since the last look.
    pub(crate) fn take_snapshots(&mut self) -> Vec<Output<Payload>> {
        let mut outputs = self.take();
        outputs.retain(|output| {
            matches!(
                output,
                Output::Capture(_) | Output::Save(_) | Output::Acknowledge { .. }
            )
        });
        outputs
    }
}
