//! Whether everything has come right.

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
            && self.ledger.unhandled().is_none()
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
        if let Some(what) = self.ledger.unhandled().or_else(|| self.is_left_behind()) {
            return self.fail(Broken::new("L1", what));
        }
        let rows = self.storages.iter().flat_map(crate::browser::Browser::rows);
        let kept = rows.map(|(_, row)| row.id).collect();
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

    /// A message that storage has although there is a page that could deliver it.
    fn is_left_behind(&self) -> Option<String> {
        let could = |page: &&Page| {
            page.alive
                && !page.closed
                && page.durable.persists
                && !page.durable.failed
                && page.engine.state() == State::Open
        };
        self.pages.iter().filter(could).find_map(|page| {
            let browser = &self.storages[page.storage];
            let (place, row) = browser.rows().into_iter().find(|((memory, _), row)| {
                let record = browser.records().get(memory);
                let other = record.is_some_and(|record| {
                    let user = record.user.as_ref();
                    user.is_some_and(|user| *user != page.user)
                });
                !other && !self.ledger.is_doubtful(row.id)
            })?;
            Some(format!(
                "message {} is left in storage at {place:?}",
                row.id
            ))
        })
    }
}
