//! What becomes of a page's transactions.

use std::sync::Arc;

use steadfast_engine::Input;

use super::keep::{Batch, Issued, Op, Pending, Work};
use crate::browser::Name;
use crate::world::{PageStep, Step, World};

impl World {
    /// The oldest transaction of the page is complete, or aborted.
    pub(super) fn completes(&mut self, page: usize) {
        let Some(issued) = self.pages[page].keep.issued.pop_front() else {
            return;
        };
        let Issued {
            number,
            takes_place,
            work,
        } = issued;
        match (work, takes_place) {
            (Work::Put(batch), true) => self.are_put(page, number, &batch),
            (Work::Put(batch), false) => self.are_aborted(page, number, batch),
            (Work::Delete(names), _) => self.are_deleted(page, number, &names, takes_place),
            (Work::End(memory), true) => {
                let storage = self.pages[page].storage;
                self.storages[storage].notes.forget(&memory);
            }
            (Work::Forget { memory, turn }, true) => self.is_forgotten(page, memory, turn),
            (work @ (Work::End(_) | Work::Forget { .. }), false) => {
                self.pages[page].keep.stalled.push(work);
                self.storage_fails(page);
            }
            (Work::Session(link), _) => self.session_is_stored(page, link),
            (Work::Other, true) => {}
            (Work::Other, false) => self.storage_fails(page),
        }
        self.answers_retry(page);
    }

    fn are_put(&mut self, page: usize, number: u64, batch: &Batch) {
        let it = &mut self.pages[page];
        let browser = &mut self.storages[it.storage];
        let stored = &browser.database.data().memories;
        // A later one may be on its way, and noted.
        let mut recorded = batch.records.clone();
        let puts = |work: &Work, memory: &Arc<str>| match work {
            Work::Put(batch) => batch.records.contains(memory),
            _ => false,
        };
        recorded.retain(|memory| !it.keep.issued.iter().any(|later| puts(&later.work, memory)));
        for memory in &batch.records {
            if let Some(kept) = it.keep.records.get_mut(memory)
                && stored.get(memory) == Some(&kept.record)
            {
                kept.is_stored = true;
                if kept.record.ended {
                    it.keep.records.remove(memory);
                    it.keep.ended.push(memory.clone());
                }
            }
        }
        let mut done = Vec::new();
        for name in &batch.names {
            let is_this = |it: &&Pending| it.asked == Some(number);
            let Some(pending) = it.keep.pending.get(name).filter(is_this) else {
                continue;
            };
            done.push(name.clone());
            let is_mark = matches!(pending.op, Op::Mark(_));
            it.keep.pending.remove(name);
            if is_mark && !it.keep.left.contains(&name.0) {
                it.keep.delete(name.clone());
            }
        }
        browser.forget_notes(&done, &recorded);
    }

    /// Each is tried once more by itself: another one may have been the reason.
    fn are_aborted(&mut self, page: usize, number: u64, batch: Batch) {
        let keep = &mut self.pages[page].keep;
        let left = &keep.left;
        let is_asked = |it: &Pending| it.asked == Some(number);
        keep.pending
            .retain(|name, it| !is_asked(it) || !left.contains(&name.0));
        let mut names = batch.names;
        names.retain(|name| keep.pending.get(name).is_some_and(is_asked));
        let mut records = batch.records;
        records.retain(|memory| keep.records.get(memory).is_some_and(|it| !it.is_stored));
        if batch.alone {
            for name in names {
                if let Some(pending) = keep.pending.get_mut(&name) {
                    pending.failed = true;
                }
            }
            return self.storage_fails(page);
        }
        if names.is_empty() && !records.is_empty() {
            return self.puts(page, names, records, true);
        }
        for name in names {
            let names = vec![name];
            let records = self.pages[page].keep.records_of(&names);
            self.puts(page, names, records.into_iter().collect(), true);
        }
    }

    fn are_deleted(&mut self, page: usize, number: u64, names: &[Name], takes_place: bool) {
        let it = &mut self.pages[page];
        let mut done = Vec::new();
        for name in names {
            let is_this = |it: &&mut Pending| it.asked == Some(number);
            if let Some(pending) = it.keep.pending.get_mut(name).filter(is_this) {
                if takes_place {
                    done.push(name.clone());
                    it.keep.pending.remove(name);
                } else {
                    pending.failed = true;
                }
            }
        }
        self.storages[it.storage].forget_notes(&done, &[]);
        if !takes_place {
            self.storage_fails(page);
        }
    }

    /// Storage refuses: what it does not have lives in memory.
    pub(super) fn storage_fails(&mut self, page: usize) {
        let keep = &mut self.pages[page].keep;
        if !keep.persists || keep.retries || !std::mem::replace(&mut keep.works, false) {
            return;
        }
        self.tally.storage_failures += 1;
        let storage = self.pages[page].storage;
        self.ledger.is_troubled(storage);
        self.feed(page, Input::Storage { works: false });
    }

    /// The engine wants everything tried again.
    pub(super) fn retries_storage(&mut self, page: usize) {
        let it = &mut self.pages[page];
        let is_down = self.storages[it.storage].database.is_down || it.keep.is_off;
        let keep = &mut it.keep;
        keep.retries = true;
        for pending in keep.pending.values_mut().filter(|it| it.failed) {
            (pending.failed, pending.asked) = (false, None);
        }
        let lacking = keep.records.iter().filter(|(_, kept)| !kept.is_stored);
        keep.touched
            .extend(lacking.map(|(memory, _)| memory.clone()));
        for work in std::mem::take(&mut keep.stalled) {
            match work {
                Work::End(memory) => keep.ended.push(memory),
                Work::Forget { memory, turn } if turn == keep.turn => keep.forgetting.push(memory),
                _ => {}
            }
        }
        for memory in std::mem::take(&mut keep.reading) {
            self.will_read(page, memory);
        }
        let keep = &mut self.pages[page].keep;
        keep.issues(0, !is_down, Work::Other);
        let at = (self.now + 100).max(keep.ready_at);
        keep.ready_at = at;
        self.queue.put(at, Step::Page(page, PageStep::Stored));
    }

    fn answers_retry(&mut self, page: usize) {
        let it = &mut self.pages[page];
        let keep = &mut it.keep;
        // What was asked to be forgotten is asked again when the task is over.
        if !keep.retries || !keep.issued.is_empty() || !keep.unasked(false).is_empty() {
            return;
        }
        let is_down = self.storages[it.storage].database.is_down || keep.is_off;
        keep.retries = false;
        let fails = keep.pending.values().any(|it| it.failed) || !keep.stalled.is_empty();
        keep.works = !is_down && !fails;
        let works = keep.works;
        self.feed(page, Input::Storage { works });
    }

    /// The connections of all pages are gone, and what was not complete with them; what is stored is not.
    pub(crate) fn loses_connections(&mut self, storage: usize) {
        for (page, number) in self.storages[storage].database.loses_connections() {
            self.are_lost(page, &[number]);
        }
        for page in self.pages.iter_mut().filter(|page| page.storage == storage) {
            // Nobody knows what is there now.
            let records = page.keep.records.values_mut();
            records.for_each(|kept| kept.is_stored = false);
        }
    }

    /// These transactions of a page have come to nothing.
    fn are_lost(&mut self, page: usize, lost: &[u64]) {
        let issued = self.pages[page].keep.issued.iter_mut();
        let mut works = Vec::new();
        for issued in issued.filter(|issued| lost.contains(&issued.number)) {
            issued.takes_place = false;
            works.push(issued.work.clone());
        }
        for work in works {
            match work {
                Work::Put(batch) => self.is_kept(page, &batch),
                Work::Session(_) => self.ledger.copies(self.pages[page].client),
                _ => {}
            }
        }
    }

    /// A page is gone: what was not complete may come to nothing. A commit that was asked for comes to pass all the
    /// same, but not in every browser.
    pub(super) fn loses_transactions(&mut self, page: usize) {
        let it = &mut self.pages[page];
        let browser = &mut self.storages[it.storage];
        let unfinished = browser.database.unfinished(page);
        if unfinished.is_empty() {
            return;
        }
        let can = unfinished
            .iter()
            .filter(|(_, commits)| browser.tears || !commits);
        let can: Vec<u64> = can.map(|(number, _)| *number).collect();
        let kept = self.dice.disk.below(can.len() as u64 + 1) as usize;
        let lost = &can[kept..];
        browser.database.loses(Some(page), lost);
        let now = self.now;
        self.trace.add(now, || {
            format!("page {page}: transactions {lost:?} of {unfinished:?} are lost")
        });
        let lost = lost.to_vec();
        self.are_lost(page, &lost);
    }
}
