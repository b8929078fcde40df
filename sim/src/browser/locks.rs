use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Who uses what, and who waits for it.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    held: BTreeMap<Arc<str>, Lock>,
    asked: u64,
    /// Nobody who asks now is answered before it is over.
    pub(crate) is_mute: bool,
    unheard: Vec<(Arc<str>, Request, bool)>,
}

#[derive(Debug)]
struct Lock {
    holder: Request,
    /// In the order in which they have asked.
    queue: VecDeque<Request>,
}

/// Somebody's wish for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) page: usize,
    number: u64,
}

impl Locks {
    /// A wish, and whether it is fulfilled at once. If not it waits, or with `waits` false is none.
    pub(crate) fn ask(&mut self, name: &Arc<str>, page: usize, waits: bool) -> (Request, bool) {
        self.asked += 1;
        let number = self.asked;
        let request = Request { page, number };
        if self.is_mute {
            self.unheard.push((name.clone(), request, waits));
            return (request, false);
        }
        (request, self.gives(name, request, waits))
    }

    fn gives(&mut self, name: &Arc<str>, request: Request, waits: bool) -> bool {
        match self.held.get_mut(name) {
            Some(lock) if waits => lock.queue.push_back(request),
            Some(_) => {}
            None => {
                let queue = VecDeque::new();
                let holder = request;
                self.held.insert(name.clone(), Lock { holder, queue });
                return true;
            }
        }
        false
    }

    /// It is heard again who asks: those who have an answer now.
    pub(crate) fn hears(&mut self) -> Vec<(Arc<str>, Request)> {
        self.is_mute = false;
        let mut unheard = std::mem::take(&mut self.unheard);
        unheard.retain(|(name, request, waits)| self.gives(name, *request, *waits) || !waits);
        let answered = unheard.into_iter();
        answered.map(|(name, request, _)| (name, request)).collect()
    }

    pub(crate) fn is_held_by(&self, name: &str, request: Request) -> bool {
        let lock = self.held.get(name);
        lock.is_some_and(|lock| lock.holder == request)
    }

    /// The page that has this lock.
    pub(crate) fn holder(&self, name: &str) -> Option<usize> {
        self.held.get(name).map(|lock| lock.holder.page)
    }

    /// A wish is withdrawn, or its lock let go. Who has it now, if that is news.
    pub(crate) fn let_go(&mut self, name: &Arc<str>, request: Request) -> Option<Request> {
        self.unheard.retain(|(_, other, _)| *other != request);
        let lock = self.held.get_mut(name)?;
        lock.queue.retain(|other| *other != request);
        if lock.holder != request {
            return None;
        }
        let Some(next) = lock.queue.pop_front() else {
            self.held.remove(name);
            return None;
        };
        lock.holder = next;
        Some(next)
    }

    /// All that `page` holds or waits for.
    pub(crate) fn of(&self, page: usize) -> Vec<(Arc<str>, Request)> {
        let unheard = self
            .unheard
            .iter()
            .filter(|(_, request, _)| request.page == page);
        let mut all: Vec<_> = unheard
            .map(|(name, request, _)| (name.clone(), *request))
            .collect();
        for (name, lock) in &self.held {
            let requests = lock.queue.iter().chain([&lock.holder]);
            let of_page = requests.filter(|request| request.page == page);
            all.extend(of_page.map(|request| (name.clone(), *request)));
        }
        all
    }
}
