//! The record of a page's session: its id, its token and its claim, and who may use them, one page at a time.

use std::sync::Arc;

use steadfast_engine::Input;
use steadfast_protocol::frame::Welcome;

use super::instance;
use super::keep::Work;
use crate::browser::{Change, Request, Session};
use crate::world::{PageStep, Step, World};

/// The session of a page, and how far it is with that.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    phase: Phase,
    /// Of the record and its lock.
    pub(super) name: Option<Arc<str>>,
    lock: Option<(Arc<str>, Request)>,
    pub(super) record: Session,
    /// What was asked before it was let go means nothing afterwards.
    turn: u32,
    /// Hellos in a row that no welcome has answered.
    unanswered: u32,
    /// The link that waits for its hello.
    greeting: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    /// It reads which there are.
    Reading,
    /// It waits for its own.
    Waiting,
    Ready,
}

impl World {
    /// A link is on its way: until it is open the page gets a record.
    pub(super) fn acquires_session(&mut self, page: usize) {
        let keeper = &mut self.pages[page].keeper;
        if keeper.phase != Phase::Idle {
            return;
        }
        keeper.phase = Phase::Reading;
        keeper.turn += 1;
        let turn = keeper.turn;
        let delay = 50 + self.dice.disk.below(self.plan.weather.disk.0 + 1);
        let it = &self.pages[page];
        let at = (self.now + delay).max(self.storages[it.storage].database.ready_at);
        let step = PageStep::Chooses { turn };
        self.queue.put(at, Step::Page(page, step));
    }

    /// It is read which records there are, or the page has waited long enough for its own.
    pub(super) fn chooses_session(&mut self, page: usize, turn: u32) {
        let it = &mut self.pages[page];
        if it.keeper.turn != turn || it.closed {
            return;
        }
        let browser = &mut self.storages[it.storage];
        let is_mute = browser.locks.is_mute || browser.is_lockless;
        match it.keeper.phase {
            Phase::Reading => {
                let own = match it.keeper.record.id {
                    Some(_) => it.keeper.name.clone(),
                    None => self.tabs[it.tab].session.clone(),
                };
                let sessions = &browser.database.data().sessions;
                let is_there =
                    |name: &Arc<str>| it.keeper.record.id.is_some() || sessions.contains_key(name);
                if is_mute {
                    it.keeper.phase = Phase::Waiting;
                    let step = PageStep::Chooses { turn };
                    return self.later(PATIENCE, Step::Page(page, step));
                }
                if let Some(own) = own.filter(is_there) {
                    return self.waits_for_session(page, own);
                }
            }
            Phase::Waiting => {
                if it.keeper.record.id.is_some() {
                    // Another page has it now.
                    self.ledger.copies(it.client);
                }
                if let Some((name, request)) = it.keeper.lock.take() {
                    let storage = it.storage;
                    self.lets_lock_go(storage, &name, request);
                }
            }
            Phase::Idle | Phase::Ready => return,
        }
        self.takes_free_session(page);
    }

    fn waits_for_session(&mut self, page: usize, name: Arc<str>) {
        let it = &mut self.pages[page];
        let locks = &mut self.storages[it.storage].locks;
        let (request, held) = locks.ask(&name, page, true);
        it.keeper.lock = Some((name.clone(), request));
        it.keeper.phase = Phase::Waiting;
        if held {
            return self.uses_session(page, &name);
        }
        let turn = it.keeper.turn;
        let step = PageStep::Chooses { turn };
        self.later(PATIENCE, Step::Page(page, step));
    }

    /// The free one that was used last, or a new one.
    fn takes_free_session(&mut self, page: usize) {
        let it = &mut self.pages[page];
        let browser = &mut self.storages[it.storage];
        let sessions = browser.database.data().sessions.iter();
        let free = sessions.filter(|(name, _)| browser.locks.holder(name).is_none());
        let last = free.max_by_key(|(_, session)| session.used);
        let is_guarded = !browser.locks.is_mute && !browser.is_lockless;
        let name = last.map(|(name, _)| name.clone()).filter(|_| is_guarded);
        if !is_guarded && it.keeper.record.id.is_some() {
            // Nobody says whether another page has it by now.
            self.ledger.copies(it.client);
            it.keeper.phase = Phase::Ready;
            return self.greets_late(page);
        }
        it.keeper.record = Session::default();
        let name = name.unwrap_or_else(|| Arc::from(instance(&mut self.dice.page)));
        if is_guarded {
            let (request, _) = browser.locks.ask(&name, page, false);
            it.keeper.lock = Some((name.clone(), request));
        }
        self.uses_session(page, &name);
    }

    /// Whether this was the lock of the page's session.
    pub(super) fn gets_session_lock(
        &mut self,
        page: usize,
        name: &Arc<str>,
        request: Request,
    ) -> bool {
        let it = &self.pages[page];
        let is_this = it.keeper.lock == Some((name.clone(), request));
        let held = self.storages[it.storage].locks.is_held_by(name, request);
        if is_this && held && it.keeper.phase == Phase::Waiting {
            self.uses_session(page, name);
        }
        is_this
    }

    fn uses_session(&mut self, page: usize, name: &Arc<str>) {
        let it = &mut self.pages[page];
        let sessions = &self.storages[it.storage].database.data().sessions;
        // Who held it until now may have used it, or ended it.
        match sessions.get(name) {
            Some(stored) => it.keeper.record = stored.clone(),
            None if it.keeper.record.id.is_some() => self.ledger.copies(it.client),
            None => {}
        }
        it.keeper.name = Some(name.clone());
        it.keeper.phase = Phase::Ready;
        self.tabs[it.tab].session = Some(name.clone());
        self.greets_late(page);
    }

    fn greets_late(&mut self, page: usize) {
        let it = &mut self.pages[page];
        if it
            .keeper
            .greeting
            .take()
            .is_some_and(|link| it.link == Some(link))
        {
            self.raises_claim(page);
        }
    }

    /// The link is open: hello is said as soon as the claim is stored.
    pub(super) fn greets(&mut self, page: usize) {
        let it = &mut self.pages[page];
        if it.keeper.phase == Phase::Ready {
            self.raises_claim(page);
        } else {
            it.keeper.greeting = it.link;
        }
    }

    /// The claim is raised and stored before the hello leaves. One that storage has forgotten is made up for soon.
    fn raises_claim(&mut self, page: usize) {
        let it = &mut self.pages[page];
        it.asked = it.keeper.record.id.is_some();
        let step = 1 << it.keeper.unanswered.min(16);
        it.keeper.unanswered += 1;
        it.keeper.record.claim += step;
        let link = it.link;
        if it.asked {
            self.stores_session(page, link);
        } else {
            self.says_hello(page);
        }
    }

    fn stores_session(&mut self, page: usize, link: Option<usize>) {
        let it = &mut self.pages[page];
        let used = self.storages[it.storage].next_use();
        it.keeper.record.used = used;
        let name = it.keeper.name.clone().filter(|_| it.keeper.lock.is_some());
        match name {
            Some(name) => {
                let changes = vec![Change::Session(name, it.keeper.record.clone())];
                self.asks(page, changes, Work::Session(link), true, true);
            }
            None => self.session_is_stored(page, link),
        }
    }

    /// The record is on the disk, or the session lives in memory.
    pub(super) fn session_is_stored(&mut self, page: usize, link: Option<usize>) {
        if link.is_some() && self.pages[page].link == link {
            self.says_hello(page);
        }
    }

    /// A welcome has come: the session is this one from here on.
    pub(super) fn renews_session(&mut self, page: usize, welcome: &Welcome, is_anothers: bool) {
        if is_anothers {
            // What is stored stays for the user that it belongs to.
            self.begins_session(page);
        }
        let it = &mut self.pages[page];
        it.session = Some(welcome.session.clone());
        it.keeper.unanswered = 0;
        it.keeper.record.id = Some((welcome.session.clone(), welcome.token.clone()));
        it.keeper.record.claim = it.claim;
        self.stores_session(page, None);
    }

    /// A record that nobody had.
    fn begins_session(&mut self, page: usize) {
        self.lets_session_go(page);
        let it = &mut self.pages[page];
        let name: Arc<str> = Arc::from(instance(&mut self.dice.page));
        let browser = &mut self.storages[it.storage];
        if !browser.is_lockless && !browser.locks.is_mute {
            let (request, _) = browser.locks.ask(&name, page, false);
            it.keeper.lock = Some((name.clone(), request));
        }
        it.keeper.record = Session::default();
        self.uses_session(page, &name);
    }

    /// Somebody else has the session: the next hello begins one.
    pub(super) fn abandons_session(&mut self, page: usize) {
        self.forgets_session(page);
        let it = &mut self.pages[page];
        it.instance = instance(&mut self.dice.page);
        it.session = None;
        self.begins_session(page);
    }

    /// Nobody finds it any more.
    pub(super) fn forgets_session(&mut self, page: usize) {
        let it = &self.pages[page];
        let name = it.keeper.name.clone();
        if let Some(name) =
            name.filter(|_| it.keeper.lock.is_some() && it.keeper.phase == Phase::Ready)
        {
            let changes = vec![Change::EndSession(name)];
            self.asks(page, changes, Work::Session(None), true, true);
        }
    }

    /// Another page may have it, once all that was asked for is complete.
    pub(super) fn lets_session_go(&mut self, page: usize) {
        let it = &mut self.pages[page];
        it.keeper.phase = Phase::Idle;
        it.keeper.turn += 1;
        it.keeper.greeting = None;
        let storage = it.storage;
        if let Some((name, request)) = it.keeper.lock.take() {
            self.will_let_go(storage, name, request);
        }
    }

    /// The client is over.
    pub(super) fn ends_session(&mut self, page: usize) {
        self.forgets_session(page);
        self.lets_session_go(page);
    }

    /// The page closes its client.
    pub(super) fn acts_close(&mut self, page: usize) {
        self.tally.fault("close");
        self.feed(page, Input::Close);
        self.ends_session(page);
    }
}

/// How long a page waits for its own session, which the page before it may still hold.
const PATIENCE: u64 = 2_000_000;
