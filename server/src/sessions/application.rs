//! What an application does with sessions: it judges credentials and handles messages.

use std::fmt::{self, Display};
use std::sync::Arc;

use steadfast_sessions::Payload;
use steadfast_sessions::io::{AuthRefusal, Delivery, Effect, SessionId, Target};

/// An application behind [`Sessions`](super::Sessions).
pub trait Application: Send + Sync + 'static {
    /// Whose credentials these are: an opaque name of the user, the same each time. A session
    /// belongs to one user. Unless you write it, everybody is the same user, named by nothing.
    ///
    /// # Errors
    /// `Unauthorized` closes the link with 4401, and the client asks its page for fresh ones;
    /// `Unavailable` closes it with 4503, and the client comes back later.
    fn authenticate(
        &self,
        credentials: Credentials,
    ) -> impl Future<Output = Result<String, AuthRefusal>> + Send {
        let _ = credentials;
        async { Ok(String::new()) }
    }

    /// Handles one message. The messages of a session come one at a time and in order, those of
    /// different sessions side by side. What the handler does through `context` is stored in one
    /// write with the fact that it is done, so it happens exactly once, even when the process dies in
    /// between; what it does elsewhere may happen again, and [`Context::redelivered`] says when.
    /// A handler that does not return holds up its own session.
    ///
    /// # Errors
    /// After an error, or a panic, nothing of `context` is kept and the message comes again a little
    /// later, 5 times by default; then it is put aside as a dead letter.
    fn handle(
        &self,
        context: &mut Context,
        message: Payload,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;
}

/// What a client shows of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// What the page gave as `auth`, or sent as a bearer token over HTTP; none if it gave nothing.
    pub token: Option<String>,
    /// The name under which the link was upgraded, or its snapshots are kept.
    pub endpoint: Arc<str>,
    /// The id of the request, as in the log.
    pub request_id: Arc<str>,
}

impl fmt::Debug for Credentials {
    /// Leaves out the token, so that it ends up in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("endpoint", &self.endpoint)
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}

/// A message's circumstances, and what the handler does in answer.
#[derive(Debug)]
pub struct Context {
    session: SessionId,
    user: String,
    endpoint: String,
    memory: Arc<str>,
    lane: u8,
    number: u64,
    redelivered: bool,
    effects: Vec<Effect>,
}

impl Context {
    /// The session that the message came from.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Its user, as [`Application::authenticate`] named it.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The name under which the session's link was upgraded.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The client's memory that numbered the message: together with [`lane`](Self::lane) and
    /// [`number`](Self::number) it names the message for ever, so that an application can store it
    /// beside an effect of its own.
    #[must_use]
    pub fn memory(&self) -> &str {
        &self.memory
    }

    /// The message's lane in that memory: 0 for high priority, 1 for the usual one, 2 for low priority.
    #[must_use]
    pub const fn lane(&self) -> u8 {
        self.lane
    }

    /// The message's number in its lane, from 1. Later messages have higher ones; some may be left out.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Whether a handler may have seen the message before.
    #[must_use]
    pub const fn redelivered(&self) -> bool {
        self.redelivered
    }

    /// Answers: to the message's own session.
    pub fn send(&mut self, payload: Payload) {
        let session = SessionId::clone(&self.session);
        self.effects.push(Effect::Send { session, payload });
    }

    /// Sends to any session. One that is not known, or whose outbox is full, does not get it, and
    /// the log says so.
    pub fn send_to(&mut self, session: &str, payload: Payload) {
        let session = session.into();
        self.effects.push(Effect::Send { session, payload });
    }

    /// Publishes to all subscribers of a room.
    pub fn publish(&mut self, room: &str, payload: Payload) {
        let room = room.to_owned();
        self.effects.push(Effect::Publish { room, payload });
    }

    /// Sends to a session's link of this moment, unstored: without a link it is gone.
    pub fn send_volatile(&mut self, session: &str, payload: Payload) {
        let to = Target::Session(session.into());
        self.effects.push(Effect::Volatile { to, payload });
    }

    /// Publishes to those subscribers of a room who have a link at this moment, unstored.
    pub fn publish_volatile(&mut self, room: &str, payload: Payload) {
        let to = Target::Room(room.to_owned());
        self.effects.push(Effect::Volatile { to, payload });
    }

    /// Subscribes the message's session to a room, from its present end on.
    pub fn subscribe(&mut self, room: &str) {
        let (session, room) = (SessionId::clone(&self.session), room.to_owned());
        self.effects.push(Effect::Subscribe { session, room });
    }

    /// Takes the message's session out of a room.
    pub fn unsubscribe(&mut self, room: &str) {
        let (session, room) = (SessionId::clone(&self.session), room.to_owned());
        self.effects.push(Effect::Unsubscribe { session, room });
    }

    /// The circumstances of a delivery, and its message.
    pub(super) fn of(delivery: Delivery) -> (Self, Payload) {
        let context = Self {
            session: delivery.session,
            user: delivery.user,
            endpoint: delivery.endpoint,
            memory: delivery.memory,
            lane: delivery.lane,
            number: delivery.number,
            redelivered: delivery.redelivered,
            effects: Vec::new(),
        };
        (context, delivery.payload)
    }

    pub(super) fn into_effects(self) -> Vec<Effect> {
        self.effects
    }
}

/// Why a handler failed, for the log and the dead letters. Any error becomes one with `?`.
#[derive(Debug)]
pub struct HandlerError(pub(super) String);

impl HandlerError {
    /// A failure in words.
    pub fn new(why: impl Display) -> Self {
        Self(why.to_string())
    }
}

impl<E: std::error::Error> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}
