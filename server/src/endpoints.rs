//! The WebSocket endpoints: `/ws` echoes, `/hub/{room}` passes on to everybody in the room. Either speaks
//! steadfast.v1 to whoever offers it.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::Message;
use tracing::{info, warn};

use crate::app::{App, Peer};
use crate::chaos::faults::Gate;
use crate::chaos::wire::End;
use crate::error::ApiError;
use crate::links::{Endpoint, Entry, Registration};
use crate::request_id::{RequestId, is_token};
use crate::ws::close::Farewell;
use crate::ws::handshake::{self, Spoken};
use crate::ws::link::{Ended, Link, Listener};
use crate::ws::outbox::Outbox;

/// The text that asks for a sign of life, and its answer.
const PING: &str = "PING";
const PONG: &str = "PONG";

pub(crate) async fn echo(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ApiError> {
    open(app, request, Endpoint::Echo).await
}

pub(crate) async fn hub(
    State(app): State<Arc<App>>,
    Path(room): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    if !is_token(&room) {
        let message = "a room's name is 1 to 64 of A-Z a-z 0-9 _ -";
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "INVALID_ROOM",
            message,
        ));
    }
    open(app, request, Endpoint::Hub(room.into())).await
}

async fn open(
    app: Arc<App>,
    mut request: Request,
    endpoint: Endpoint,
) -> Result<Response, ApiError> {
    app.origins.check(request.headers())?;
    let (response, socket, spoken) = handshake::accept(&mut request)?;
    let request_id = RequestId::of_extension(&request);
    let peer = request.extensions().get::<Peer>().cloned();
    let peer = peer.ok_or_else(|| ApiError::of_status(StatusCode::INTERNAL_SERVER_ERROR))?;
    let gate = pass_gate(&app, &endpoint, &peer).await?;
    let outbox = Arc::new(Outbox::new(match spoken {
        Spoken::Plain => app.config.limits.send_buffer,
        Spoken::Steadfast => app.sessions.outbox_limit(),
    }));
    if let Some(farewell) = gate.accept_close {
        outbox.close(farewell);
    }
    let registration = app
        .links
        .register(request_id, endpoint, outbox, spoken == Spoken::Plain)
        .ok_or_else(ApiError::stopping)?;
    if let Some(wire) = &peer.wire {
        app.faults
            .attach(Arc::clone(registration.entry()), Arc::clone(wire));
    }
    let opening = Opening {
        app,
        peer,
        registration,
        socket,
    };
    match spoken {
        Spoken::Plain => opening.run_plain(),
        Spoken::Steadfast => opening.run_session()?,
    }
    Ok(response)
}

/// Lets the faults have their say before the answer: late, or a reset instead of it.
async fn pass_gate(app: &App, endpoint: &Endpoint, peer: &Peer) -> Result<Gate, ApiError> {
    let gate = tokio::select! {
        gate = app.faults.gate(endpoint) => gate,
        () = app.stop.cancelled() => return Err(ApiError::stopping()),
    };
    match &peer.wire {
        Some(wire) if gate.refuse => {
            wire.end(End::Reset);
            // The reset goes out without an answer; this request ends with its connection.
            std::future::pending().await
        }
        _ => Ok(gate),
    }
}

/// A link whose handshake is about to be answered.
struct Opening {
    app: Arc<App>,
    /// Held to the end, because the connection's place is counted until the link is gone.
    peer: Peer,
    registration: Registration,
    socket: OnUpgrade,
}

impl Opening {
    fn run_plain(self) {
        let endpoint = self.registration.entry().endpoint.clone();
        let listener = Plain::new(Arc::clone(&self.app), endpoint);
        let limit = self.app.config.max_message;
        self.spawn(listener, limit);
    }

    fn run_session(self) -> Result<(), ApiError> {
        let (entry, sessions) = (self.registration.entry(), &self.app.sessions);
        let rooms = entry.endpoint.room().map(str::to_owned);
        let port = sessions.open(
            entry.request_id.as_str(),
            &entry.endpoint.to_string(),
            rooms.into_iter().collect(),
            Arc::clone(&entry.outbox),
        );
        let port = port.ok_or_else(|| ApiError::of_status(StatusCode::SERVICE_UNAVAILABLE))?;
        let limit = sessions.max_frame();
        self.spawn(port, limit);
        Ok(())
    }

    fn spawn(self, listener: impl Listener + Send + 'static, limit: usize) {
        let tasks = self.app.tasks.clone();
        tasks.spawn(self.run(listener, limit));
    }

    async fn run(self, listener: impl Listener, limit: usize) {
        let Self {
            app,
            peer,
            registration,
            socket,
        } = self;
        let entry = Arc::clone(registration.entry());
        let id = entry.request_id.clone();
        let stream = match socket.await {
            Ok(upgraded) => TokioIo::new(upgraded),
            Err(error) => {
                warn!(requestId = id.as_str(), error = %error, "handshake not completed");
                return;
            }
        };
        info!(requestId = id.as_str(), connection = entry.id(), endpoint = %entry.endpoint, peer = %peer.address, "link opened");
        let opened = Instant::now();
        let outbox = Arc::clone(&entry.outbox);
        let deadlines = app.config.deadlines.clone();
        let mut link = Link::new(stream, listener, outbox, limit, deadlines).await;
        let ended = link.run().await;
        // A link that says goodbye is no longer open to anybody else, nor to a reader of the log.
        drop(registration);
        log_end(&entry, &ended, link.heard(), opened);
        link.leave(&ended).await;
        drop(peer);
    }
}

/// The other side of a link without a session.
struct Plain {
    app: Arc<App>,
    endpoint: Endpoint,
    heard: u64,
}

impl Plain {
    fn new(app: Arc<App>, endpoint: Endpoint) -> Self {
        let heard = 0;
        Self {
            app,
            endpoint,
            heard,
        }
    }
}

impl Listener for Plain {
    const READS_WHILE_BLOCKED: bool = false;

    fn hear(&mut self, message: Message) -> Option<Message> {
        self.heard += 1;
        if matches!(&message, Message::Text(text) if text.as_str() == PING) {
            return Some(Message::text(PONG));
        }
        match &self.endpoint {
            Endpoint::Echo => Some(message),
            Endpoint::Hub(room) => {
                self.app.links.broadcast(room, &message);
                None
            }
        }
    }

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn sent(&mut self, _: usize) {}

    fn heard(&self) -> u64 {
        self.heard
    }
}

fn log_end(entry: &Entry, ended: &Ended, messages: u64, opened: Instant) {
    let id = entry.request_id.as_str();
    let connection = entry.id();
    let seconds = opened.elapsed().as_secs();
    match ended {
        Ended::ByPeer { code } => {
            info!(
                requestId = id,
                connection, code, messages, seconds, "link closed by the client"
            );
        }
        Ended::ByServer(
            farewell @ (Farewell::GoingAway | Farewell::Session { .. } | Farewell::Ordered { .. }),
        ) => {
            let (code, reason) = (farewell.code(), farewell.reason());
            info!(
                requestId = id,
                connection, code, reason, messages, seconds, "link closed on request"
            );
        }
        Ended::ByServer(farewell) => {
            let (code, reason) = (farewell.code(), farewell.reason());
            warn!(
                requestId = id,
                connection, code, reason, messages, seconds, "link closed for cause"
            );
        }
        Ended::Lost(error) => {
            info!(requestId = id, connection, error = %error, messages, seconds, "link lost");
        }
    }
}
