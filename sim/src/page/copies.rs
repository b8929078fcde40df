//! The application's state on this machine, for a page that is hidden may never be seen again.

use steadfast_protocol::frame::WantedSnapshot;

use super::keep::Work;
use crate::browser::{Change, LocalCopy};
use crate::ledger::Positions;
use crate::world::World;

impl World {
    /// The state goes to local storage, in the task in which the page is hidden.
    pub(super) fn copies_state(&mut self, page: usize) {
        let name = self.copy_name(page);
        if name.is_empty() {
            return;
        }
        let it = &self.pages[page];
        let copy = LocalCopy {
            user: it.user.clone(),
            base: it.snapshots.base,
            text: it.snapshots.text.clone(),
            positions: it.snapshots.positions.clone(),
        };
        let change = Change::Copy(name, copy);
        self.asks(page, vec![change], Work::Other, true, false);
    }

    fn copy_name(&self, page: usize) -> String {
        let it = &self.pages[page];
        match &self.plan.tuning.document {
            Some(key) => format!("document {key}"),
            None => it.keeper.name.as_deref().unwrap_or_default().to_owned(),
        }
    }

    fn local_copy(&self, page: usize) -> Option<LocalCopy> {
        let it = &self.pages[page];
        let copies = &self.storages[it.storage].database.data().copies;
        copies.get(&self.copy_name(page)).cloned()
    }

    /// What the hello says of the state, and the positions that go with it. The copy stays in memory until the
    /// welcome, whatever becomes of storage.
    pub(super) fn wants(&mut self, page: usize) -> Option<(WantedSnapshot, Option<Positions>)> {
        let restore = !self.pages[page].snapshots.restored;
        let copy = self.local_copy(page).filter(|_| restore);
        let it = &mut self.pages[page];
        if !it.saves {
            return None;
        }
        it.snapshots.copy.clone_from(&copy);
        let base = copy.as_ref().map_or(it.snapshots.base, |copy| copy.base);
        let wanted = WantedSnapshot {
            key: self.plan.tuning.document.clone(),
            version: (base > 0).then_some(base),
            restore,
        };
        let positions = copy.map(|copy| copy.positions);
        Some((wanted, positions.filter(|_| !self.is_document())))
    }
}
