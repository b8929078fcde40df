use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use steadfast_protocol::{Instant, Span};
use steadfast_sessions::pace::Paces;
use tokio::time;

/// After so many steps those that have rested are forgotten.
const TIDY_AFTER: u32 = 1_024;

/// How often something may be done under each name, whichever task does it.
pub(super) struct Pace {
    started: time::Instant,
    names: RandomState,
    /// By the digest of a name, and the steps since it was tidied.
    paces: Mutex<(Paces<u64>, u32)>,
}

impl Pace {
    /// Once in `every` on average, and `burst` times at once.
    pub(super) fn new(every: Duration, burst: u32) -> Self {
        let every = Span::from_micros(micros(every));
        Self {
            started: time::Instant::now(),
            names: RandomState::new(),
            paces: Mutex::new((Paces::new(every, burst), 0)),
        }
    }

    /// Takes note that it is done now, unless it is too early.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn step(&self, name: impl Hash) -> Result<(), Duration> {
        let now = Instant::from_micros(micros(self.started.elapsed()));
        // Whatever panicked, times are whole.
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let (paces, steps) = &mut *paces;
        *steps += 1;
        if *steps >= TIDY_AFTER {
            *steps = 0;
            paces.forget_rested(now);
        }
        let taken = paces.take(now, self.names.hash_one(name));
        taken.map_err(|at| Duration::from_micros(at.since(now).as_micros()))
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
