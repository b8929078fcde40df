use std::collections::{BTreeMap, VecDeque};

/// Who uses which memory, and who waits for it.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    held: BTreeMap<String, Lock>,
}

#[derive(Debug)]
struct Lock {
    holder: usize,
    /// Pages, in the order in which they have asked.
    queue: VecDeque<usize>,
}

impl Locks {
    /// Whether `page` has the lock of `memory` now: it was free, or is the page's already.
    pub(crate) fn take(&mut self, memory: &str, page: usize) -> bool {
        let lock = self.held.entry(memory.to_owned()).or_insert(Lock {
            holder: page,
            queue: VecDeque::new(),
        });
        lock.holder == page
    }

    pub(crate) fn is_free(&self, memory: &str) -> bool {
        !self.held.contains_key(memory)
    }

    pub(crate) fn is_held_by(&self, memory: &str, page: usize) -> bool {
        let held = self.held.get(memory);
        held.is_some_and(|lock| lock.holder == page)
    }

    /// `page` gets the lock when it is its turn. Nothing, when it waits already.
    pub(crate) fn wait(&mut self, memory: &str, page: usize) {
        if let Some(lock) = self.held.get_mut(memory)
            && lock.holder != page
            && !lock.queue.contains(&page)
        {
            lock.queue.push_back(page);
        }
    }

    /// `page` lets go of `memory`. Who has it now.
    pub(crate) fn let_go(&mut self, memory: &str, page: usize) -> Option<usize> {
        let lock = self.held.get_mut(memory)?;
        lock.queue.retain(|other| *other != page);
        if lock.holder != page {
            return None;
        }
        let Some(next) = lock.queue.pop_front() else {
            self.held.remove(memory);
            return None;
        };
        lock.holder = next;
        Some(next)
    }

    /// What `page` holds or waits for.
    pub(crate) fn of(&self, page: usize) -> Vec<String> {
        let of = |(_, lock): &(&String, &Lock)| lock.holder == page || lock.queue.contains(&page);
        let held = self.held.iter().filter(of);
        held.map(|(memory, _)| memory.clone()).collect()
    }

    /// `from` gives its lock to `to`.
    pub(crate) fn pass(&mut self, memory: &str, from: usize, to: usize) {
        if let Some(lock) = self.held.get_mut(memory)
            && lock.holder == from
        {
            lock.holder = to;
        }
    }
}
