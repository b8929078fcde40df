//! The handle by which routes and tasks of an application reach its sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use steadfast_protocol::limits;
use steadfast_sessions::io::{AuthRefusal, Config, Effect, Input, LinkId, SendRefusal, Target};
use steadfast_sessions::store::{Reply, Request, SessionStore, SnapshotLimits, StoreError};
use steadfast_sessions::{Node, Payload};
use thiserror::Error;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, oneshot};

use super::actor::Actor;
use super::application::{Application, Credentials};
use super::event::Event;
use super::pace::Pace;
use super::port::Port;
use crate::ws::close::Farewell;
use crate::ws::outbox::Outbox;

/// All sessions of one process. A clone is another handle to the same.
#[derive(Clone)]
pub struct Sessions {
    shared: Arc<Shared>,
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// No such session: it never was, has ended, or is long gone.
    #[error("no such session")]
    Unknown,
    /// The session's outbox is full, because its client is away or slow.
    #[error("the session's outbox is full")]
    Full,
    /// The message is longer than [`SessionConfig::max_message`](super::SessionConfig::max_message).
    #[error("the message is longer than the limit")]
    TooLarge,
    /// The store failed. Whether the message is stored, and so will be sent, is not known.
    #[error("the store failed; the message may have been stored or not")]
    Unavailable,
    /// The sessions have been stopped.
    #[error("the sessions have been stopped")]
    Stopped,
}

struct Shared {
    events: UnboundedSender<Event>,
    last_link: AtomicU64,
    /// Room for frames that came in and were not looked at yet.
    arriving: Arc<Semaphore>,
    /// Room for messages of the application that are not stored yet.
    sending: Arc<Semaphore>,
    max_message: u32,
    link_buffer: usize,
    saving: Saving,
}

/// The bounds of snapshots that come over HTTP.
pub(super) struct Saving {
    pub(super) limits: SnapshotLimits,
    pub(super) pace: Pace,
}

/// Payload bytes that one permit stands for.
const PERMIT_BYTES: usize = 1 << 10;
/// Room for frames, and again for messages of the application: 16 MiB.
const PERMITS: usize = 16 << 10;

impl Sessions {
    /// Takes up the sessions in `store`, on the Tokio runtime of the caller. One store serves one
    /// process.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start(
        config: Config,
        store: Arc<dyn SessionStore>,
        application: impl Application,
    ) -> Self {
        let (events, received) = unbounded_channel();
        let shared = Shared {
            last_link: AtomicU64::new(0),
            arriving: Arc::new(Semaphore::new(PERMITS)),
            sending: Arc::new(Semaphore::new(PERMITS)),
            max_message: config.max_message,
            link_buffer: config.link_buffer,
            saving: Saving {
                limits: config.snapshot_limits(),
                pace: Pace::new(config.snapshot_every, config.snapshot_burst),
            },
            events: events.clone(),
        };
        let actor = Actor::new(Node::new(config), store, application, events.downgrade());
        tokio::spawn(actor.run(received));
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Sends to a session. When this returns, the message is stored and will reach the client once,
    /// after everything sent before it.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, session: &str, payload: Payload) -> Result<(), SendError> {
        let session = session.into();
        self.effect(Effect::Send { session, payload }).await
    }

    /// Publishes to all subscribers of a room. When this returns, the message is stored.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn publish(&self, room: &str, payload: Payload) -> Result<(), SendError> {
        let room = room.to_owned();
        self.effect(Effect::Publish { room, payload }).await
    }

    /// Sends to a session's link of this moment, unstored: without a link it is gone.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send_volatile(&self, session: &str, payload: Payload) -> Result<(), SendError> {
        let to = Target::Session(session.into());
        self.effect(Effect::Volatile { to, payload }).await
    }

    /// Publishes to those subscribers of a room who have a link at this moment, unstored.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn publish_volatile(&self, room: &str, payload: Payload) -> Result<(), SendError> {
        let to = Target::Room(room.to_owned());
        self.effect(Effect::Volatile { to, payload }).await
    }

    /// Subscribes a session to a room, from its present end on.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn subscribe(&self, session: &str, room: &str) -> Result<(), SendError> {
        let (session, room) = (session.into(), room.to_owned());
        self.effect(Effect::Subscribe { session, room }).await
    }

    /// Takes a session out of a room.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn unsubscribe(&self, session: &str, room: &str) -> Result<(), SendError> {
        let (session, room) = (session.into(), room.to_owned());
        self.effect(Effect::Unsubscribe { session, room }).await
    }

    /// Closes every link with 1001 and returns when all are gone, everything under way in handlers
    /// and store is done, and the store is let go of. The sessions themselves stay in it. A handler
    /// that does not return holds this up: bound it with a timeout.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.shared.events.send(Event::Stop(done)).is_ok() {
            // An error means that somebody else's stop is complete.
            let _ = stopped.await;
        }
    }

    /// A new link: its end here. `None` when no randomness is to be had.
    pub(crate) fn open(
        &self,
        request_id: &str,
        endpoint: &str,
        rooms: Vec<String>,
        outbox: Arc<Outbox>,
    ) -> Option<Port> {
        let shared = &self.shared;
        let link = LinkId(shared.last_link.fetch_add(1, Ordering::Relaxed) + 1);
        let opened = Input::LinkOpened {
            link,
            request_id: request_id.to_owned(),
            rooms,
            endpoint: endpoint.to_owned(),
            entropy: entropy()?,
        };
        let opened = Event::Opened {
            link,
            outbox: Arc::clone(&outbox),
            endpoint: endpoint.into(),
            request_id: request_id.into(),
            opened,
        };
        if shared.events.send(opened).is_err() {
            outbox.close(Farewell::GoingAway);
        }
        let arriving = Arc::clone(&shared.arriving);
        Some(Port::new(
            link,
            shared.events.clone(),
            arriving,
            shared.link_buffer,
        ))
    }

    /// The longest frame that a link takes.
    pub(crate) fn max_frame(&self) -> usize {
        limits::frame_bytes(self.shared.max_message)
    }

    /// What a link may have still to send before it is closed. The sessions stop far below; only
    /// answers to a flood can pass it.
    pub(crate) fn outbox_limit(&self) -> usize {
        2 * (self.shared.link_buffer + self.max_frame())
    }

    /// Whose credentials these are. `None` when the sessions have been stopped.
    pub(super) async fn judge(
        &self,
        credentials: Credentials,
    ) -> Option<Result<String, AuthRefusal>> {
        let (reply, judged) = oneshot::channel();
        let event = Event::Authenticate { credentials, reply };
        self.shared.events.send(event).ok()?;
        judged.await.ok()
    }

    /// What the store says; `bytes` are those that it is given. `None` when the sessions have been
    /// stopped: then nobody knows whether it was carried out.
    pub(super) async fn ask(
        &self,
        request: Request,
        bytes: usize,
    ) -> Option<Result<Reply, StoreError>> {
        let sending = Arc::clone(&self.shared.sending);
        let permit = sending.acquire_many_owned(permits_for(bytes)).await.ok()?;
        let (reply, answered) = oneshot::channel();
        let event = Event::Ask {
            request,
            reply,
            permit,
        };
        self.shared.events.send(event).ok()?;
        answered.await.ok()
    }

    pub(super) fn saving(&self) -> &Saving {
        &self.shared.saving
    }

    async fn effect(&self, effect: Effect) -> Result<(), SendError> {
        let permits = permits_for(size_of(&effect));
        let sending = Arc::clone(&self.shared.sending);
        let permit = sending.acquire_many_owned(permits).await;
        let permit = permit.map_err(|_| SendError::Stopped)?;
        let (reply, sent) = oneshot::channel();
        let event = Event::Send {
            effect,
            reply,
            permit,
        };
        self.shared
            .events
            .send(event)
            .map_err(|_| SendError::Stopped)?;
        sent.await
            .map_err(|_| SendError::Stopped)?
            .map_err(SendError::from)
    }
}

impl From<SendRefusal> for SendError {
    fn from(refusal: SendRefusal) -> Self {
        match refusal {
            SendRefusal::Unknown => Self::Unknown,
            SendRefusal::Full => Self::Full,
            SendRefusal::TooLarge => Self::TooLarge,
            SendRefusal::Unavailable => Self::Unavailable,
        }
    }
}

/// The permits that a payload of so many bytes needs; never more than there are.
pub(super) fn permits_for(bytes: usize) -> u32 {
    let permits = (bytes / PERMIT_BYTES + 1).min(PERMITS);
    u32::try_from(permits).unwrap_or(u32::MAX)
}

fn size_of(effect: &Effect) -> usize {
    match effect {
        Effect::Send { payload, .. }
        | Effect::Publish { payload, .. }
        | Effect::Volatile { payload, .. } => payload.len(),
        _ => 0,
    }
}

fn entropy() -> Option<[u64; 4]> {
    let mut numbers = [0; 4];
    for number in &mut numbers {
        *number = getrandom::u64().ok()?;
    }
    Some(numbers)
}
