//! Messages that storage has while no page has them.

use super::{Broken, End, Ledger};

impl Ledger {
    /// A page's message is gone with it.
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
    pub(crate) fn is_restored(&mut self, id: usize, page: usize) -> Result<(), Broken> {
        let up = &mut self.ups[id];
        let before = up.holder.replace(page);
        if up.doubtful {
            // As if its first end had not been told.
            up.end = None;
            return Ok(());
        }
        if let Some(before) = before.filter(|before| *before != page) {
            let what = format!("message {id} is restored in page {page}, but page {before} has it");
            return Err(Broken::new("D2", what));
        }
        if let Some(end) = up.end {
            let what = format!("message {id} is restored in page {page}, after its end: {end:?}");
            return Err(Broken::new("D2", what));
        }
        Ok(())
    }

    /// Storage has failed these messages, or what is there is not what was put last.
    pub(crate) fn are_doubtful(&mut self, ids: &[usize]) {
        for id in ids {
            self.ups[*id].doubtful = true;
        }
    }

    /// A disk has lost what it had written for good, perhaps their numbers too.
    pub(crate) fn are_set_back(&mut self, ids: &[usize]) {
        for id in ids {
            self.ups[*id].set_back = true;
        }
    }

    /// Storage has a message again that it was asked to delete: what was told of its end is not known there.
    pub(crate) fn comes_back(&mut self, id: usize) {
        let up = &mut self.ups[id];
        (up.holder, up.end, up.lane) = (None, None, None);
    }

    pub(crate) fn is_doubtful(&self, id: usize) -> bool {
        self.ups[id].doubtful
    }

    /// A message may come after later ones.
    pub(crate) fn is_out_of_order(&mut self, id: usize) {
        self.ups[id].lane = None;
    }

    /// Nobody knows whose session these messages were to be sent in.
    pub(crate) fn are_anybodys(&mut self, ids: &[usize]) {
        for id in ids {
            self.ups[*id].anybodys = true;
        }
    }

    /// What was accepted is stored, was reported, or is kept. `kept` are the messages that storage
    /// has in the end.
    pub(crate) fn judge_kept(
        &self,
        kept: &std::collections::BTreeSet<usize>,
    ) -> Result<(), Broken> {
        let lost = self.ups.iter().enumerate().find(|(id, up)| {
            up.end.is_none()
                && up.stored.is_none()
                && up.holder.is_none()
                && !up.doubtful
                && !kept.contains(id)
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
