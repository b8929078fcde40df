//! Sessions whose inbox an earlier process has not finished.

use std::collections::BTreeSet;

use steadfast_protocol::Span;

use super::Node;
use super::inbox::Inbox;
use super::session::Session;
use super::store_calls::Purpose;
use super::timers::Timer;
use crate::io::{Level, SessionId};
use crate::store::{Request, StoreError, Work};

/// Sessions that are asked for at once, and taken up at once.
const PAGE: u32 = 64;
const AT_ONCE: usize = 256;
/// When the store is asked again after it and this node disagreed.
const AGAIN: Span = Span::from_ms(5_000);

#[derive(Debug, Default)]
pub(super) struct Recovery {
    /// The store is to be asked for sessions after this one.
    after: Option<SessionId>,
    more: bool,
    asked: bool,
    /// Sessions that came to rest meanwhile.
    kept: BTreeSet<SessionId>,
    /// Sessions that were taken up and are not done.
    active: usize,
}

impl Recovery {
    /// Whether an answer is on its way.
    pub(super) const fn is_asked(&self) -> bool {
        self.asked
    }
}

impl Node {
    pub(super) fn start(&mut self) {
        self.expire();
        self.recover();
    }

    /// Asks for work from the beginning.
    pub(super) fn recover(&mut self) {
        self.recovery.after = None;
        self.recovery.more = true;
        self.ask_work();
    }

    pub(super) fn take_work(&mut self, work: Vec<Work>) {
        self.finish_asking();
        self.recovery.more = work.len() >= PAGE as usize;
        self.recovery.after = work.last().map(|work| work.session.clone());
        for found in work {
            let stopped = |session: &Session| session.handler.is_stopped();
            if self.sessions.get(&found.session).is_none_or(stopped) {
                self.take_up(found);
            }
        }
        self.ask_work();
    }

    /// A session that was taken up is done.
    pub(super) fn note_recovered(&mut self) {
        self.recovery.active -= 1;
        self.ask_work();
    }

    pub(super) fn refuse_work(&mut self, error: &StoreError) {
        self.finish_asking();
        self.log(Level::Warn, "", "", format!("no work is found: {error}"));
        self.recover_later();
    }

    /// The store is asked from the beginning, a little later.
    pub(super) fn recover_later(&mut self) {
        self.timers.set(Timer::Recovery, self.now.at + AGAIN);
    }

    /// Those that were kept because of the question may go.
    fn finish_asking(&mut self) {
        self.recovery.asked = false;
        self.stirred_sessions.append(&mut self.recovery.kept);
    }

    /// Keeps a session at rest until the answer is there.
    pub(super) fn keep_for_answer(&mut self, id: &SessionId) {
        if self.recovery.asked {
            self.recovery.kept.insert(id.clone());
        }
    }

    fn take_up(&mut self, found: Work) {
        let inbox = Inbox::new(found.cursor, found.inbox_last);
        let id = found.session;
        let mut session = Session::new(found.user, found.endpoint, inbox);
        if let Some(before) = self.sessions.remove(&id) {
            session.owner = before.owner;
            session.appends = before.appends;
            session.recovered = before.recovered;
        }
        if !session.recovered {
            session.recovered = true;
            self.recovery.active += 1;
        }
        self.stir(&id);
        self.sessions.insert(id, session);
    }

    fn ask_work(&mut self) {
        let recovery = &mut self.recovery;
        if self.stopping || recovery.asked || !recovery.more || recovery.active >= AT_ONCE {
            return;
        }
        recovery.asked = true;
        let request = Request::Work {
            after: recovery.after.clone(),
            max_sessions: PAGE,
        };
        self.timers.stop(&Timer::Recovery);
        self.ask(Purpose::Work, request);
    }
}
