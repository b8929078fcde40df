//! What a page's platform does with it.

use steadfast_engine::{Input, State};

use super::Held;
use super::machine::rows;
use crate::ledger::Broken;
use crate::plan::{Class, Cut, Hint};
use crate::planted::{self, Bug};
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
        for orphan in self.orphans_of(page) {
            self.page_leaves(orphan, away, span);
        }
    }

    /// The page goes, perhaps to come back: the last task in which it can do anything.
    fn suspends(&mut self, page: usize) {
        self.feed(page, Input::Hide);
        self.feed(page, Input::Suspend);
        self.ends_task(page);
        self.lets_go(page);
        self.pages[page].put_away = true;
    }

    /// The page is told something, or acts as if it was; nothing says that it is over.
    pub(crate) fn is_told(&mut self, client: usize, hint: Hint) {
        let page = self.newest[client];
        if self.pages[page].is_still() || self.pages[page].closed || !self.pages[page].alive {
            return;
        }
        self.tally.fault(Class::Hints.name());
        let all = [vec![page], self.orphans_of(page)].concat();
        for page in all {
            match hint {
                Hint::Offline => drop(self.feed(page, Input::Offline)),
                // What a page with a durable queue sends then is in a stash that these pages do not merge; that nothing
                // of it is lost, doubled or reordered is held by tests/browser/cases alone.
                Hint::PutAway if self.pages[page].durable.persists => {}
                Hint::PutAway => self.suspends(page),
                Hint::Look { online } => self.is_used(page, online),
                Hint::Connect { online } => {
                    self.comes_back(page);
                    self.feed(page, Input::Connect { online });
                }
            }
            self.ends_task(page);
        }
    }

    fn is_used(&mut self, page: usize, online: bool) {
        self.comes_back(page);
        self.feed(page, Input::Wake { online });
    }

    /// A page that was put away is in use again, whether anybody says so or not.
    pub(super) fn comes_back(&mut self, page: usize) {
        if !std::mem::take(&mut self.pages[page].put_away) {
            return;
        }
        let it = &self.pages[page];
        let stash = it.durable.stash.as_ref();
        let is_left = stash.is_none_or(|stash| self.storages[it.storage].rows_of(stash).is_empty());
        if is_left && it.durable.persists && !it.durable.failed && it.adopts.is_none() {
            // Another page may have delivered what was in it, and ended it.
            self.gets_stash(page);
        } else {
            self.keeps_stash(page);
        }
    }

    /// The hidden clients of a page.
    fn orphans_of(&self, page: usize) -> Vec<usize> {
        let orphans = 0..self.pages.len();
        let of = |orphan: &usize| self.pages[*orphan].adopts == Some(page);
        orphans
            .filter(|orphan| of(orphan) && self.pages[*orphan].alive)
            .collect()
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
                self.is_used(page, true);
            }
            Away::Offline => {
                self.feed(page, Input::Online);
            }
            Away::Cached => {
                self.is_used(page, true);
            }
            Away::Frozen => {
                self.is_used(page, true);
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
        for orphan in self.orphans_of(page) {
            self.page_is_killed(orphan);
        }
    }

    /// What is not complete when its page is gone may come to nothing, in each database by itself; what a
    /// living page's hidden client has asked for does not.
    fn loses_transactions(&mut self, page: usize) {
        let it = &self.pages[page];
        let storage = it.storage;
        let browser = &self.storages[storage];
        let (stored, fresh) = (
            browser.stored.unfinished(page),
            browser.fresh.unfinished(page),
        );
        if stored + fresh == 0 || it.adopts.is_some_and(|parent| self.pages[parent].alive) {
            return;
        }
        if it.closed && stored > 0 {
            // What it has ended may still be there.
            self.ledger.copies(it.client);
        }
        let before = rows(browser);
        for (is_fresh, unfinished) in [(false, stored), (true, fresh)] {
            let kept = self.dice.disk.below(unfinished as u64 + 1) as usize;
            let now = self.now;
            self.trace.add(now, || {
                let database = if is_fresh { "fresh" } else { "stored" };
                format!("page {page}: {kept} of {unfinished} transactions stay, {database}")
            });
            let torn = is_fresh && planted::is(Bug::TornMove);
            let database = self.storages[storage].database(is_fresh);
            database.loses(page, kept, torn);
        }
        let after = rows(&self.storages[storage]);
        let gone = before.keys().find(|id| !after.contains_key(*id));
        if let Some(id) = gone.filter(|id| !self.ledger.is_doubtful(**id)) {
            let what = format!("message {id} was in storage, and is gone with page {page}");
            self.fail(Broken::new("D1", what));
        }
        self.are_others(storage, &before);
    }

    /// What a dead page had, and storage has not, is gone with it.
    fn loses_messages(&mut self, page: usize) {
        let it = &self.pages[page];
        let browser = &self.storages[it.storage];
        let found = rows(browser);
        let shelf = it.durable.shelf.iter().map(|kept| (kept.row.id, false));
        let held = it.held.iter().filter_map(|(payload, held)| match held {
            Held::Up { id, .. } => {
                let place = it.durable.place(*payload);
                // Where it was, perhaps, before it was moved.
                let kept = place.is_some_and(|place| browser.has(&place) || found.contains_key(id));
                Some((*id, kept && !it.durable.failed))
            }
            Held::Down(_) => None,
        });
        let messages: Vec<(usize, bool)> = shelf.chain(held).collect();
        for (id, kept) in messages {
            if kept {
                self.ledger.is_released(id);
            } else {
                self.ledger.is_orphaned(id);
            }
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

    /// The tab is copied: another page has a copy of what this one's tab remembers. Without locks
    /// both go on with the same session.
    pub(crate) fn copies(&mut self, client: usize) {
        let it = &self.pages[self.newest[client]];
        let (mut storage, hint) = (it.storage, self.tabs[it.tab].clone());
        if it.session.is_none() {
            return;
        }
        let persists = it.durable.persists;
        self.ledger.copies(client);
        if !persists {
            let copy = self.storages[storage].copy();
            storage = self.storages.len();
            self.storages.push(copy);
        }
        self.tally.fault(Class::Tabs.name());
        self.tabs.push(hint);
        self.open_page(client, storage, self.tabs.len() - 1);
    }

    pub(super) fn acts_close(&mut self, page: usize) {
        self.tally.fault(Class::Close.name());
        self.feed(page, Input::Close);
        self.forgets_session(page);
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
