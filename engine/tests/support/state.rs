//! Storage and snapshots, as a test plays them.

use steadfast_engine::{Config, Input, Output, Restored, SnapshotConfig, Unsaved};

use super::{Payload, Shell, WAKE, message, ms, session};

/// A client with a durable queue.
pub(crate) fn persistent() -> Config {
    Config {
        persist: true,
        ..session()
    }
}

/// A client whose state is a checkpoint.
pub(crate) fn checkpoint() -> Config {
    Config {
        snapshot: Some(SnapshotConfig::default()),
        ..session()
    }
}

/// An ordinary message that storage has kept; `number` 0: without one.
pub(crate) const fn restored(payload: Payload, number: u64) -> Restored<Payload> {
    Restored {
        send: message(payload, 10),
        number,
    }
}

impl Shell {
    /// Hands in what storage has kept of this page, if it is to be read.
    pub(crate) fn reads_storage(&mut self) {
        let persists = self.audit.config.persist && !self.engine.state().is_final();
        if persists && !self.audit.rows.recalled {
            let (mut rows, last) = self.audit.rows.read(self.now, &self.audit.config);
            rows.retain(|row| !self.audit.holds(row.send.payload));
            self.recalls(rows, last);
        }
    }

    /// Hands in these messages and this number, as read from storage.
    pub(crate) fn recalls(&mut self, rows: impl IntoIterator<Item = Restored<Payload>>, last: u64) {
        for restored in rows {
            assert_eq!(self.give(Input::Restored(restored)), Ok(()));
        }
        assert_eq!(self.give(Input::Recalled { last }), Ok(()));
    }

    /// A page that begins with these messages and this number in its storage, and has a link that is
    /// to be welcomed. Its own payloads begin with 1,000.
    pub(crate) fn begins_with(
        rows: impl IntoIterator<Item = Restored<Payload>>,
        last: u64,
    ) -> Self {
        let mut shell = Self::new(persistent());
        shell.next_payload = 1_000;
        shell.recalls(rows, last);
        shell.connect();
        shell.wait(ms(40));
        shell.link_opens();
        shell.take();
        shell
    }

    /// The next payload of the application.
    pub(crate) const fn next_payload(&mut self, payload: Payload) {
        self.next_payload = payload;
    }

    pub(crate) fn written(&mut self) {
        assert_eq!(self.give(Input::Written), Ok(()));
    }

    pub(crate) fn suspends(&mut self) {
        assert_eq!(self.give(Input::Suspend), Ok(()));
    }

    /// The page is back, its storage is read, and its link is there but not welcomed.
    pub(crate) fn resumes(&mut self) {
        assert_eq!(self.give(WAKE), Ok(()));
        self.reads_storage();
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

    /// What storage was told since the last look.
    pub(crate) fn take_storage(&mut self) -> Vec<Output<Payload>> {
        let mut outputs = self.take();
        outputs.retain(|output| {
            matches!(
                output,
                Output::Write { .. } | Output::Commit | Output::Release(_) | Output::Transmit(_)
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
