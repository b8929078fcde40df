//! What a page's platform does with it.

use steadfast_engine::{Input, State};

use super::Held;
use crate::browser::Name;
use crate::plan::{Class, Cut, Hint, Kind};
use crate::world::{Away, Deed, PageStep, Step, World};

impl World {
    /// A page is away for a while.
    pub(crate) fn page_leaves(&mut self, page: usize, away: Away, span: u64) {
        let it = &mut self.pages[page];
        let same = |other: &Away| std::mem::discriminant(other) == std::mem::discriminant(&away);
        let still = !matches!(away, Away::Hidden | Away::Offline);
        if !it.alive || it.away.iter().any(same) || (still && it.is_still()) {
            return;
        }
        match away {
            Away::Hidden => {
                let throttle = self.dice.page.pick(&[1_000_000, 1_000_000, 60_000_000]);
                self.pages[page].throttle = throttle;
                self.tally.fault(Class::Hide.name());
                self.feed(page, Input::Hide);
            }
            Away::Offline => {
                self.tally.fault(Class::Offline.name());
                self.feed(page, Input::Offline);
            }
            Away::Cached => {
                self.tally.fault(Class::PutAway.name());
                self.suspends(page);
            }
            Away::Frozen => self.tally.fault(Class::Freeze.name()),
            Away::Asleep { .. } => self.tally.fault(Class::Sleep.name()),
        }
        self.ends_task(page);
        if still && let Some(link) = self.pages[page].link {
            self.links[link].suspect = true;
        }
        self.pages[page].away.push(away);
        self.later(span, Step::PageReturns { page, from: away });
    }

    /// The page goes, perhaps to come back: the last task in which it can do anything.
    fn suspends(&mut self, page: usize) {
        self.feed(page, Input::Hide);
        self.feed(page, Input::Suspend);
        self.pages[page].keep.turn += 1;
        self.ends_task(page);
        self.lets_session_go(page);
    }

    /// The page is told something, or acts as if it was; nothing says that it is over.
    pub(crate) fn is_told(&mut self, client: usize, hint: Hint) {
        let page = self.newest[client];
        if self.pages[page].is_still() || self.pages[page].closed || !self.pages[page].alive {
            return;
        }
        self.tally.fault(Class::Hints.name());
        match hint {
            Hint::Offline => drop(self.feed(page, Input::Offline)),
            Hint::PutAway => self.suspends(page),
            Hint::Look { online } => drop(self.feed(page, Input::Wake { online })),
            Hint::Connect { online } => drop(self.feed(page, Input::Connect { online })),
        }
        self.ends_task(page);
    }

    pub(crate) fn page_returns(&mut self, page: usize, from: Away) {
        let it = &mut self.pages[page];
        let Some(place) = it.away.iter().position(|away| *away == from) else {
            return;
        };
        it.away.remove(place);
        if let Away::Asleep { since } = from {
            it.slept += self.now - since;
        }
        if !it.alive {
            return;
        }
        let backlog = std::mem::take(&mut it.backlog);
        match from {
            Away::Hidden => {
                it.throttle = 0;
                self.feed(page, Input::Wake { online: true });
            }
            Away::Offline => {
                self.feed(page, Input::Online);
            }
            Away::Cached => {
                self.feed(page, Input::Wake { online: true });
            }
            Away::Frozen => {
                self.feed(page, Input::Wake { online: true });
            }
            Away::Asleep { .. } => {}
        }
        self.ends_task(page);
        for step in backlog {
            self.page_step(page, step);
        }
    }

    /// The page goes: by leaving, or because its process died.
    pub(crate) fn page_dies(&mut self, page: usize) {
        let it = &mut self.pages[page];
        if !it.alive {
            return;
        }
        if !it.is_still() && !it.closed && self.dice.page.happens(500) {
            self.suspends(page);
        }
        self.page_is_killed(page);
    }

    /// The page is gone from one moment to the next.
    pub(super) fn page_is_killed(&mut self, page: usize) {
        if !self.pages[page].alive {
            return;
        }
        let now = self.now;
        self.trace.add(now, || format!("page {page}: is gone"));
        let it = &mut self.pages[page];
        it.alive = false;
        if let Some((_, name)) = it.timer.take() {
            self.queue.remove(name);
        }
        if let Some(link) = it.link.take() {
            self.links[link].attached = false;
            self.cut(link, Cut::Known);
        }
        self.loses_transactions(page);
        self.loses_messages(page);
        self.lets_locks_go(page);
    }

    /// What a dead page had, and storage has not, is gone with it.
    fn loses_messages(&mut self, page: usize) {
        let it = &self.pages[page];
        let held = it.held.iter().filter_map(|(payload, held)| match held {
            Held::Up { id, .. } => Some((*id, it.keep.rows.get(payload).cloned())),
            Held::Down(_) => None,
        });
        let messages: Vec<(usize, Option<Name>)> = held.collect();
        for (id, name) in messages {
            self.is_left(page, id, name.as_ref());
        }
        self.tally.page_deaths += 1;
    }

    /// The page is loaded again, and finds what it stored, or nothing.
    pub(crate) fn reloads(&mut self, client: usize, forgets: bool) {
        let page = self.newest[client];
        let (storage, tab) = (self.pages[page].storage, self.pages[page].tab);
        self.page_dies(page);
        let class = if forgets {
            self.wipes(storage);
            Class::LoseStorage
        } else {
            Class::Reload
        };
        self.tally.fault(class.name());
        self.open_page(client, storage, tab);
    }

    /// Another user signs in: what is stored belongs to the one before.
    pub(crate) fn signs_in(&mut self, client: usize) {
        let page = self.newest[client];
        let (storage, tab) = (self.pages[page].storage, self.pages[page].tab);
        let user = format!("user-of-page-{page}");
        self.page_dies(page);
        self.tally.fault(Class::OtherUser.name());
        self.open_page_of(client, storage, tab, Some(user));
    }

    /// The application takes back what waits: it is not sent.
    pub(super) fn takes_back(&mut self, page: usize) {
        let it = &mut self.pages[page];
        let mut taken = Vec::new();
        while let Some(payload) = it.engine.take_back() {
            taken.push(payload);
        }
        if !taken.is_empty() {
            self.tally.fault(Class::TakesBack.name());
        }
        for payload in taken {
            self.is_taken_back(page, payload);
        }
        self.drain(page);
    }

    /// The application makes a new client in place of the one that it has closed.
    pub(crate) fn reopens(&mut self, client: usize) {
        let it = &self.pages[self.newest[client]];
        if it.closed && it.alive {
            self.open_page(client, it.storage, it.tab);
        }
    }

    /// The tab is copied, with what it remembers. Now and then the browser is, with all that it has: on two machines
    /// pages go on with the same session.
    pub(crate) fn copies(&mut self, client: usize) {
        let it = &self.pages[self.newest[client]];
        let (mut storage, tab) = (it.storage, self.tabs[it.tab].clone());
        if it.session.is_none() {
            return;
        }
        if !it.keep.persists && self.dice.disk.happens(500) {
            self.ledger.copies(client);
            let copy = self.storages[storage].copy();
            storage = self.storages.len();
            self.storages.push(copy);
        }
        self.tally.fault(Class::Tabs.name());
        self.tabs.push(tab);
        self.open_page(client, storage, self.tabs.len() - 1);
    }

    /// The last task of a page: it sends, then closes its client or takes back what waits, and is gone.
    pub(crate) fn has_last_words(&mut self, client: usize, messages: u64, closes: bool) {
        let page = self.newest[client];
        let it = &self.pages[page];
        if it.is_still() || it.closed || !it.alive {
            return;
        }
        self.tally.fault(Class::LastWords.name());
        for _ in 0..messages {
            self.sends(page, Kind::Echo, 20, None, false);
        }
        if closes {
            self.acts_close(page);
        } else {
            self.takes_back(page);
        }
        self.ends_task(page);
        let (storage, tab) = (self.pages[page].storage, self.pages[page].tab);
        self.page_is_killed(page);
        self.open_page(client, storage, tab);
    }

    /// Something that the client's application does, in its newest page.
    pub(crate) fn deed(&mut self, client: usize, deed: Deed) {
        let page = self.newest[client];
        if self.pages[page].is_still() || self.pages[page].closed {
            return;
        }
        if matches!(deed, Deed::Reconnect) {
            self.tally.fault(Class::Reconnect.name());
            self.starts_over(page);
        }
        self.page_step(page, PageStep::Do(deed));
    }

    /// All pages are there, and awake.
    pub(crate) fn heal_pages(&mut self) {
        for page in 0..self.pages.len() {
            let it = &mut self.pages[page];
            it.jumped += it.wall.min(0).unsigned_abs() * 1_000;
            it.wall = 0;
            self.pages[page].hangs_until = 0;
            for away in self.pages[page].away.clone() {
                self.page_returns(page, away);
            }
            let task = self.pages[page].handing;
            if self.pages[page].unauthorized {
                self.starts_over(page);
                self.page_step(page, PageStep::Do(Deed::Reconnect));
            }
            self.page_step(page, PageStep::HandedOver { task });
        }
    }

    /// Whether nothing is left to come right for a page.
    pub(crate) fn page_is_settled(&self, page: usize) -> bool {
        let it = &self.pages[page];
        if !it.alive || it.closed || it.engine.state() == State::Failed {
            return true;
        }
        let link = it
            .link
            .is_some_and(|link| self.links[link].is_whole(self.now));
        it.engine.state() == State::Open
            && link
            && it.engine.queued().0 == 0
            && it.engine.unacknowledged() == 0
            && self.ledger.page_is_complete(page, it.session.as_deref())
    }
}
