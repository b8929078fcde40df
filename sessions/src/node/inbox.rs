//! What is stored and not committed: the part of the inbox that the handler has before it.

use std::collections::VecDeque;

use steadfast_protocol::window::Window;

use super::Node;
use super::store_calls::Purpose;
use crate::io::{Level, SessionId};
use crate::planted::{self, Bug};
use crate::store::{Entry, Refused, Request, StoreError};

/// Entries read at once.
const READ: u32 = 256;

#[derive(Debug)]
pub(super) struct Inbox {
    /// The last entry that is committed.
    pub(super) cursor: u64,
    /// The last entry that was in memory.
    loaded: u64,
    /// The last entry of all.
    last: u64,
    /// Entries that the handler is not done with, up to `loaded`.
    entries: VecDeque<Entry>,
    /// Bytes of the entries after `cursor` up to `loaded`.
    bytes: u64,
    /// Entries up to this one may have been handled before, by an earlier process.
    suspect: u64,
    reading: bool,
    /// There may be entries that are not known of.
    dirty: bool,
    /// The next read is of one entry, to find the one that cannot be read.
    singly: bool,
}

impl Inbox {
    /// The inbox as the store has it.
    pub(super) const fn new(cursor: u64, last: u64) -> Self {
        Self {
            cursor,
            loaded: cursor,
            last,
            entries: VecDeque::new(),
            bytes: 0,
            suspect: last,
            reading: false,
            dirty: false,
            singly: false,
        }
    }

    /// What the handler gets next, and whether it may have had it before.
    pub(super) fn next(&self) -> Option<(&Entry, bool)> {
        let entry = self.entries.front()?;
        Some((entry, entry.seq <= self.suspect))
    }

    /// The handler is done with the next entry: its bytes.
    pub(super) fn finish(&mut self) -> u64 {
        let Some(entry) = self.entries.pop_front() else {
            return 0;
        };
        entry.payload.len() as u64
    }

    /// Entries up to `cursor`, of so many bytes, are committed.
    pub(super) const fn commit(&mut self, cursor: u64, bytes: u64) {
        self.cursor = cursor;
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Whether nothing is to be read, handled or committed.
    pub(super) const fn is_done(&self) -> bool {
        self.cursor == self.last && !self.reading && !self.dirty
    }

    /// How many messages of these `lengths` may be stored now: at most a window past the cursor.
    pub(super) fn room_for(&self, lengths: impl Iterator<Item = u64>, window: Window) -> usize {
        let (mut messages, mut bytes) = (0, 0);
        for (unhandled, length) in (self.last - self.cursor..).zip(lengths) {
            let more = bytes + length;
            let fits = unhandled == 0
                || (unhandled < u64::from(window.messages)
                    && self.bytes + more <= u64::from(window.bytes));
            if !fits && !planted::is(Bug::WindowIgnored) {
                break;
            }
            messages += 1;
            bytes = more;
        }
        messages
    }

    /// These entries are stored now.
    pub(super) fn take_stored(&mut self, entries: impl Iterator<Item = Entry>) {
        for entry in entries {
            self.last = self.last.max(entry.seq);
            if entry.seq == self.loaded + 1 {
                self.load(entry);
            }
        }
    }

    /// Something may have been stored.
    pub(super) const fn soil(&mut self) {
        self.dirty = true;
    }

    /// The inbox is known to reach so far.
    pub(super) fn reach(&mut self, last: u64) {
        self.last = self.last.max(last);
    }

    fn load(&mut self, entry: Entry) {
        self.loaded = entry.seq;
        self.last = self.last.max(entry.seq);
        self.bytes += entry.payload.len() as u64;
        self.entries.push_back(entry);
    }
}

impl Node {
    /// Reads entries that are not in memory: what an earlier process has left, or another node.
    pub(super) fn load_inbox(&mut self, id: &SessionId) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        let inbox = &mut session.inbox;
        let wanted = inbox.entries.is_empty() && (inbox.loaded < inbox.last || inbox.dirty);
        if !wanted || inbox.reading || session.handler.is_stopped() {
            return;
        }
        inbox.reading = true;
        inbox.dirty = false;
        let request = Request::Inbox {
            session: id.clone(),
            after: inbox.loaded,
            max_messages: if inbox.singly { 1 } else { READ },
        };
        self.ask(Purpose::Inbox(id.clone()), request);
    }

    pub(super) fn take_inbox(&mut self, id: &SessionId, after: u64, entries: Vec<Entry>) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        self.stirred_sessions.insert(id.clone());
        let inbox = &mut session.inbox;
        if !inbox.reading || after > inbox.loaded {
            return;
        }
        inbox.reading = false;
        inbox.singly = false;
        let mut missing = 0;
        let found = !entries.is_empty();
        for entry in entries {
            if entry.seq > inbox.loaded {
                missing += entry.seq - inbox.loaded - 1;
                inbox.load(entry);
            }
        }
        if !found && inbox.loaded < inbox.last {
            return self.stop_handler(id, &StoreError::Refused(Refused::Expected));
        }
        if missing > 0 {
            let line = format!("{missing} messages of the inbox are missing");
            self.log(Level::Warn, "", id, line);
        }
    }

    /// An entry that cannot be read goes to the dead letters, once it stands alone.
    pub(super) fn refuse_inbox(&mut self, id: &SessionId, error: &StoreError) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        self.stirred_sessions.insert(id.clone());
        let inbox = &mut session.inbox;
        inbox.reading = false;
        let unreadable = matches!(error, StoreError::Corrupt(_)) && inbox.loaded < inbox.last;
        if !unreadable || !inbox.entries.is_empty() {
            return self.stop_handler(id, error);
        }
        if !inbox.singly {
            inbox.singly = true;
            return;
        }
        inbox.singly = false;
        inbox.loaded += 1;
        let seq = inbox.loaded;
        session.handler.bury(seq, 0, error.to_string());
        let line = format!("message {seq} is dead: {error}");
        self.log(Level::Warn, "", id, line);
    }
}
