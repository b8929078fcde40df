//! Whether everything has come right.

use std::collections::BTreeSet;

use steadfast_engine::State;

use crate::ledger::Broken;
use crate::page::Page;
use crate::world::World;

impl World {
    /// Whether there is nothing left to come right.
    pub(crate) fn is_settled(&self) -> bool {
        self.process.is_some()
            && (0..self.pages.len()).all(|page| self.page_is_settled(page))
            && self.is_left_behind().is_none()
            && self.ledger.unhandled(None).is_none()
    }

    /// All faults have ended long ago.
    pub(crate) fn judge_the_end(&mut self) {
        if let Some(page) = (0..self.pages.len()).find(|page| !self.page_is_settled(*page)) {
            let it = &self.pages[page];
            let lacks = it
                .session
                .as_deref()
                .and_then(|session| self.ledger.page_lacks(page, session));
            let what = format!(
                "page {page} has not come right: {:?}, {} queued, {} unacknowledged, {lacks:?}",
                it.engine.state(),
                it.engine.queued().0,
                it.engine.unacknowledged(),
            );
            return self.fail(Broken::new("L1", what));
        }
        let unhandled = self.ledger.unhandled(Some(&self.living_sessions()));
        if let Some(what) = unhandled.or_else(|| self.is_left_behind()) {
            return self.fail(Broken::new("L1", what));
        }
        let kept = self
            .storages
            .iter()
            .flat_map(|browser| browser.rows())
            .collect();
        let checked = self.ledger.judge_kept(&kept);
        self.check(checked);
        let living: Vec<(usize, String)> = self
            .pages
            .iter()
            .enumerate()
            .filter(|(_, page)| page.alive && page.engine.state() == State::Open)
            .filter_map(|(name, page)| Some((name, page.session.clone()?)))
            .collect();
        let checked = self.ledger.judge(&living);
        self.check(checked);
        let open = self.pages.iter().position(|page| {
            page.alive
                && !page.closed
                && !page.tickets.is_empty()
                && page.engine.state() == State::Open
        });
        if let Some(page) = open {
            let what = format!(
                "page {page}: {:?} are not settled",
                self.pages[page].tickets
            );
            self.fail(Broken::new("D1", what));
        }
    }

    /// The sessions that pages have.
    fn living_sessions(&self) -> BTreeSet<String> {
        let living = self.pages.iter().filter(|page| page.alive && !page.closed);
        living.filter_map(|page| page.session.clone()).collect()
    }

    /// A message that storage has although there is a page that could deliver it.
    fn is_left_behind(&self) -> Option<String> {
        let could = |page: &&Page| {
            page.alive
                && !page.closed
                && page.keep.persists
                && page.keep.works
                && !page.keep.is_off
                && page.engine.state() == State::Open
        };
        self.pages.iter().filter(could).find_map(|page| {
            let browser = &self.storages[page.storage];
            // One page delivers for all, and leaves to the next one what is another user's (U11).
            let leader = browser.locks.holder("orphans");
            if leader.is_some_and(|leader| self.pages[leader].user != page.user) {
                return None;
            }
            let (id, name) = browser.rows().into_iter().find(|(id, (memory, ..))| {
                let record = browser.record(memory).unwrap_or_default();
                let other = record.user.is_some_and(|user| user != page.user);
                !other && self.ledger.is_owed_to(*id, &page.user)
            })?;
            Some(format!("message {id} is left in storage at {name:?}"))
        })
    }
}
