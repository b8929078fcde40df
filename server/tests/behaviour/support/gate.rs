//! A store in memory with a gate in front.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use steadfast_server::sessions::{MemoryStore, SessionStore};
use steadfast_sessions::store::{Reply, Request, StoreError};
use tokio::sync::watch;

use super::within;

/// The handle by which a test makes the store misbehave.
#[derive(Clone)]
pub(crate) struct Gate {
    state: Arc<State>,
}

struct State {
    store: MemoryStore,
    shut: watch::Sender<bool>,
    /// How long every request takes, in microseconds.
    delay: AtomicU64,
    /// How many of the next requests fail without being carried out.
    failures: AtomicU64,
    /// How many of the next requests are carried out and say that they failed.
    lost_answers: AtomicU64,
    /// How many of the next requests find a record that cannot be read.
    spoiled: AtomicU64,
    waiting: watch::Sender<u64>,
}

impl Gate {
    /// Requests wait from here on.
    pub(crate) fn shut(&self) {
        self.state.shut.send_replace(true);
    }

    pub(crate) fn open(&self) {
        self.state.shut.send_replace(false);
    }

    /// Every request takes so long from here on.
    pub(crate) fn delay(&self, delay: Duration) {
        let micros = u64::try_from(delay.as_micros()).expect("a short time");
        self.state.delay.store(micros, Ordering::SeqCst);
    }

    /// Fails the next `count` requests.
    pub(crate) fn fail(&self, count: u64) {
        self.state.failures.store(count, Ordering::SeqCst);
    }

    /// Carries out the next `count` requests and says that they failed.
    pub(crate) fn lose_answers(&self, count: u64) {
        self.state.lost_answers.store(count, Ordering::SeqCst);
    }

    /// The next `count` requests find a record that cannot be read.
    pub(crate) fn spoil(&self, count: u64) {
        self.state.spoiled.store(count, Ordering::SeqCst);
    }

    /// How many requests wait.
    pub(crate) fn waiting(&self) -> u64 {
        *self.state.waiting.borrow()
    }

    /// Waits until a request waits.
    pub(crate) async fn entered(&self) {
        let mut waiting = self.state.waiting.subscribe();
        within(waiting.wait_for(|count| *count > 0))
            .await
            .expect("the gate is there");
    }
}

impl Default for Gate {
    fn default() -> Self {
        let state = Arc::new(State {
            store: MemoryStore::default(),
            shut: watch::Sender::new(false),
            delay: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            lost_answers: AtomicU64::new(0),
            spoiled: AtomicU64::new(0),
            waiting: watch::Sender::new(0),
        });
        Self { state }
    }
}

impl SessionStore for Gate {
    fn execute(
        &self,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, StoreError>> + Send>> {
        let state = Arc::clone(&self.state);
        Box::pin(async move {
            state.waiting.send_modify(|count| *count += 1);
            let mut shut = state.shut.subscribe();
            let micros = state.delay.load(Ordering::SeqCst);
            if micros > 0 {
                tokio::time::sleep(Duration::from_micros(micros)).await;
            }
            let opened = shut.wait_for(|shut| !shut).await.is_ok();
            state.waiting.send_modify(|count| *count -= 1);
            if !opened || counted_down(&state.failures) {
                return Err(StoreError::Unavailable("the gate is shut".to_owned()));
            }
            if counted_down(&state.spoiled) {
                return Err(StoreError::Corrupt("c/somewhere".to_owned()));
            }
            let reply = state.store.execute(request).await;
            if counted_down(&state.lost_answers) {
                return Err(StoreError::Unavailable("the answer is lost".to_owned()));
            }
            reply
        })
    }
}

/// Whether there was something left to count down.
fn counted_down(counter: &AtomicU64) -> bool {
    counter
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        })
        .is_ok()
}
