//! The register of open WebSockets: who is connected, who is in which room, and how to reach them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio_tungstenite::tungstenite::Message;

use crate::request_id::RequestId;
use crate::ws::close::Farewell;
use crate::ws::outbox::Outbox;

/// Where a link is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/ws`
    Echo,
    /// `/hub/{room}`
    Hub(Arc<str>),
}

impl Endpoint {
    pub(crate) fn room(&self) -> Option<&str> {
        match self {
            Self::Echo => None,
            Self::Hub(room) => Some(room),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Echo => f.write_str("/ws"),
            Self::Hub(room) => write!(f, "/hub/{room}"),
        }
    }
}

/// What is known of one open link.
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) request_id: RequestId,
    pub(crate) endpoint: Endpoint,
    pub(crate) opened_at: SystemTime,
    pub(crate) outbox: Arc<Outbox>,
}

impl Entry {
    /// The link's public name, such as `c7`.
    pub(crate) fn id(&self) -> String {
        format!("c{}", self.number)
    }
}

/// All open links of one server, in the order they came.
#[derive(Default)]
pub(crate) struct Links {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    closing: bool,
    open: BTreeMap<u64, Arc<Entry>>,
    rooms: BTreeMap<Arc<str>, BTreeMap<u64, Arc<Outbox>>>,
}

/// A link's line in the register; dropping it strikes the line out.
pub(crate) struct Registration {
    links: Arc<Links>,
    entry: Arc<Entry>,
}

impl Links {
    /// Enters a link; none once the server stops. If it is `plain` it gets what is broadcast in its
    /// room; what is published to a session comes from the session.
    pub(crate) fn register(
        self: &Arc<Self>,
        request_id: RequestId,
        endpoint: Endpoint,
        outbox: Arc<Outbox>,
        plain: bool,
    ) -> Option<Registration> {
        let mut state = self.lock();
        if state.closing {
            return None;
        }
        state.last += 1;
        let number = state.last;
        if let (Endpoint::Hub(room), true) = (&endpoint, plain) {
            let members = state.rooms.entry(Arc::clone(room)).or_default();
            members.insert(number, Arc::clone(&outbox));
        }
        let entry = Arc::new(Entry {
            number,
            request_id,
            endpoint,
            opened_at: SystemTime::now(),
            outbox,
        });
        state.open.insert(number, Arc::clone(&entry));
        Some(Registration {
            links: Arc::clone(self),
            entry,
        })
    }

    /// Queues a message for everybody in a room, in the same order for all.
    pub(crate) fn broadcast(&self, room: &str, message: &Message) {
        if let Some(members) = self.lock().rooms.get(room) {
            for outbox in members.values() {
                outbox.push(message.clone());
            }
        }
    }

    /// All open links.
    pub(crate) fn open(&self) -> Vec<Arc<Entry>> {
        self.lock().open.values().cloned().collect()
    }

    /// How many links are open.
    pub(crate) fn count(&self) -> usize {
        self.lock().open.len()
    }

    /// Closes every link with 1001 and lets no new one in.
    pub(crate) fn go_away(&self) {
        let mut state = self.lock();
        state.closing = true;
        for entry in state.open.values() {
            entry.outbox.close(Farewell::GoingAway);
        }
    }

    fn strike(&self, entry: &Entry) {
        let mut state = self.lock();
        state.open.remove(&entry.number);
        let Some(room) = entry.endpoint.room() else {
            return;
        };
        if let Some(members) = state.rooms.get_mut(room) {
            members.remove(&entry.number);
            if members.is_empty() {
                state.rooms.remove(room);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registration {
    pub(crate) fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.links.strike(&self.entry);
    }
}
