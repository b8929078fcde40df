//! Messages that storage has while no page has them, their names, and what is not promised of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Broken, End, Ledger};
use crate::browser::Name;

/// Where a memory was begun.
#[derive(Debug)]
pub(super) struct Origin {
    tab: usize,
    storage: usize,
    /// A page of another tab has had it: how far that has come, its own tab cannot wait for.
    strayed: bool,
}

impl Ledger {
    // Names.

    /// A page gives a memory its name.
    pub(crate) fn begins_memory(&mut self, memory: &Arc<str>, tab: usize, storage: usize) {
        let origin = Origin {
            tab,
            storage,
            strayed: false,
        };
        self.origins.insert(memory.clone(), origin);
    }

    /// A page has the lock of a memory.
    pub(crate) fn has_memory(&mut self, memory: &Arc<str>, tab: usize) {
        if let Some(origin) = self.origins.get_mut(memory) {
            origin.strayed |= origin.tab != tab;
        }
    }

    /// Order across the memories of this browser's tabs is not promised: pages wait for storage and locks so long, and
    /// no longer (U11), and what a disk has lost cannot come first.
    pub(crate) fn is_troubled(&mut self, storage: usize) {
        self.troubled.insert(storage);
    }

    /// A message has a name, for ever, and nothing else has it (U2).
    pub(crate) fn is_named(&mut self, id: usize, name: &Name) -> Result<(), Broken> {
        let other = *self.names.entry(name.clone()).or_insert(id);
        if other != id {
            let what = format!("{name:?} is message {other}, and message {id}");
            return Err(Broken::new("D2", what));
        }
        let before = self.ups[id].name.get_or_insert_with(|| name.clone());
        if before != name {
            let what = format!("message {id} is {before:?}, and {name:?}");
            return Err(Broken::new("D2", what));
        }
        Ok(())
    }

    /// A link is given a message by a page of this tab.
    pub(crate) fn leaves(&mut self, id: usize, name: &Name, tab: usize) -> Result<(), Broken> {
        self.ups[id].carrier = tab;
        self.is_named(id, name)
    }

    /// What a page and its predecessors in the tab have sent is stored in that order.
    pub(super) fn follows_in_tab(
        &mut self,
        id: usize,
        lane: u8,
        memory: &str,
    ) -> Result<(), Broken> {
        let Some(origin) = self.origins.get(memory) else {
            return Ok(());
        };
        let up = &self.ups[id];
        // What was reported may still arrive, behind what was sent since.
        let is_reported = matches!(up.end, Some(End::Dropped { .. }));
        // Another user's pages leave it to the next one of its own.
        let is_other = is_reported || up.anybodys;
        let carried_on = up.carrier == origin.tab && !origin.strayed && !is_other;
        if !carried_on || self.troubled.contains(&origin.storage) {
            return Ok(());
        }
        let user = self.pages[up.page].user.clone();
        match self.tabs.insert((origin.tab, user, lane), id) {
            Some(last) if last > id => {
                let what =
                    format!("message {id} is stored after message {last} of its tab and lane");
                Err(Broken::new("D3", what))
            }
            _ => Ok(()),
        }
    }

    // Pages and storage.

    /// A page's message is gone with it. It may be stored all the same.
    pub(crate) fn is_orphaned(&mut self, id: usize) {
        let up = &mut self.ups[id];
        up.holder = None;
        up.end.get_or_insert(End::Orphaned);
    }

    /// A page has let go of a message that is in storage.
    pub(crate) fn is_released(&mut self, id: usize) {
        self.ups[id].holder = None;
    }

    /// A page has found a message in storage.
    pub(crate) fn is_restored(
        &mut self,
        id: usize,
        page: usize,
        name: &Name,
    ) -> Result<(), Broken> {
        self.is_named(id, name)?;
        let up = &mut self.ups[id];
        let before = up.holder.replace(page);
        if up.set_back {
            up.end = None;
            return Ok(());
        }
        if let Some(before) = before {
            let what = format!("message {id} is restored in page {page}, but page {before} has it");
            return Err(Broken::new("D2", what));
        }
        match up.end {
            // Its deletion may be lost (U8): the server has it, and nothing more is said.
            None | Some(End::Acknowledged | End::Orphaned) => Ok(()),
            Some(End::Dropped { .. }) if up.back => {
                up.end = None;
                Ok(())
            }
            Some(end) => {
                let what =
                    format!("message {id} is restored in page {page}, after its end: {end:?}");
                Err(Broken::new("D2", what))
            }
        }
    }

    /// The drop of a message is known to whoever finds its row, or is not: where storage refuses the mark and there is
    /// no note, U8 and U12 promise nothing.
    pub(crate) fn is_dropped_for_good(&mut self, id: usize, known: bool) {
        self.ups[id].back = !known;
    }

    /// A power cut has brought a row back: the report of its drop is void (U8).
    pub(crate) fn comes_back(&mut self, id: usize) {
        self.ups[id].back = true;
    }

    /// A disk was set back in time, which no rule speaks of: rows of memories that the server was told to forget can be
    /// there again.
    pub(crate) fn are_set_back(&mut self, ids: &[usize]) {
        for id in ids {
            self.ups[*id].set_back = true;
        }
    }

    /// Storage does not have a message: it was cleared, or has refused it (U13), or lost what was torn where there are no
    /// notes (U12).
    pub(crate) fn is_nowhere(&mut self, id: usize) {
        if self.ups[id].holder.is_none() {
            self.is_orphaned(id);
        }
    }

    /// A memory whose user is not known yet is that user's who claims it first (U9).
    pub(crate) fn are_anybodys(&mut self, ids: impl Iterator<Item = usize>) {
        for id in ids {
            self.ups[id].anybodys = true;
        }
    }

    /// Whether this user's pages are to deliver it.
    pub(crate) fn is_owed_to(&self, id: usize, user: &str) -> bool {
        let up = &self.ups[id];
        !up.set_back && !up.anybodys && self.pages[up.page].user == user
    }

    /// What was accepted is stored, was reported, or is kept. `kept` are the messages that storage
    /// has in the end.
    pub(crate) fn judge_kept(&self, kept: &BTreeMap<usize, Name>) -> Result<(), Broken> {
        let lost = self.ups.iter().enumerate().find(|(id, up)| {
            up.end.is_none() && up.stored.is_none() && up.holder.is_none() && !kept.contains_key(id)
        });
        match lost {
            Some((id, _)) => {
                let what = format!("message {id} is nowhere, and nobody was told");
                Err(Broken::new("D1", what))
            }
            None => Ok(()),
        }
    }
}
