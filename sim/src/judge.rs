//! Whether everything has come right.

use steadfast_engine::State;

use crate::ledger::Broken;
use crate::world::World;

impl World {
    /// Whether there is nothing left to come right.
    pub(crate) fn is_settled(&self) -> bool {
        self.process.is_some()
            && (0..self.pages.len()).all(|page| self.page_is_settled(page))
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
        if let Some(what) = self.ledger.unhandled() {
            return self.fail(Broken::new("L1", what));
        }
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
}
