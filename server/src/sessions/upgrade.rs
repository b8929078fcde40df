//! From an axum request to a link.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tracing::{debug, warn};

use super::{Port, Sessions};
use crate::answer;
use crate::config::Deadlines;
use crate::error::ApiError;
use crate::guarded::Guarded;
use crate::request_id::RequestId;
use crate::ws::handshake::{self, Spoken};
use crate::ws::link::Link;
use crate::ws::outbox::Outbox;

/// A request that can become a link: an extractor. It refuses what is no opening handshake that
/// offers `steadfast.v1`. Whose pages may connect is for the route to judge, by the `Origin` header.
pub struct SessionUpgrade {
    response: Response,
    socket: OnUpgrade,
    request_id: RequestId,
    deadlines: Deadlines,
}

/// Why a request cannot become a link; answers `{errorCode, message, timestamp, requestId}`.
#[derive(Clone, Debug)]
pub struct UpgradeRefused {
    error: ApiError,
    request_id: RequestId,
}

impl SessionUpgrade {
    /// Bounds on how long the link waits for what. `frame`, `idle`, `ping`, `write` and `close` matter.
    #[must_use]
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// The request's id: of its `X-Request-ID` header, or of its query's `requestId`, or a new one.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.request_id.as_str()
    }
}

impl Sessions {
    /// Makes the request a link. `endpoint` is what the application will know it by; a session that
    /// begins on it is subscribed to `rooms`.
    pub fn upgrade(
        &self,
        upgrade: SessionUpgrade,
        endpoint: &str,
        rooms: impl IntoIterator<Item = String>,
    ) -> Response {
        let outbox = Arc::new(Outbox::new(self.outbox_limit()));
        let id = upgrade.request_id;
        let rooms = rooms.into_iter().collect();
        let Some(port) = self.open(id.as_str(), endpoint, rooms, Arc::clone(&outbox)) else {
            let error = ApiError::of_status(StatusCode::SERVICE_UNAVAILABLE);
            let refused = UpgradeRefused {
                error,
                request_id: id,
            };
            return refused.into_response();
        };
        let (socket, deadlines, max_frame) = (upgrade.socket, upgrade.deadlines, self.max_frame());
        tokio::spawn(run(socket, port, outbox, max_frame, deadlines, id));
        upgrade.response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SessionUpgrade {
    type Rejection = UpgradeRefused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, UpgradeRefused> {
        let mut request = Request::new(());
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = parts.uri.clone();
        *request.version_mut() = parts.version;
        *request.headers_mut() = parts.headers.clone();
        let request_id = RequestId::of(&request);
        if let Some(socket) = parts.extensions.remove::<OnUpgrade>() {
            request.extensions_mut().insert(socket);
        }
        let refused = |error| UpgradeRefused {
            error,
            request_id: request_id.clone(),
        };
        let (mut response, socket, spoken) = handshake::accept(&mut request).map_err(refused)?;
        if spoken != Spoken::Steadfast {
            return Err(refused(handshake::unsupported()));
        }
        answer::write_id(response.headers_mut(), &request_id);
        Ok(Self {
            response,
            socket,
            request_id,
            deadlines: Deadlines::default(),
        })
    }
}

impl IntoResponse for UpgradeRefused {
    fn into_response(self) -> Response {
        let mut response = self.error.clone().into_response();
        answer::write_error(&mut response, &self.error, &self.request_id);
        answer::write_id(response.headers_mut(), &self.request_id);
        response
    }
}

async fn run(
    socket: OnUpgrade,
    port: Port,
    outbox: Arc<Outbox>,
    max_frame: usize,
    deadlines: Deadlines,
    id: RequestId,
) {
    let stream = match socket.await {
        Ok(upgraded) => TokioIo::new(upgraded),
        Err(error) => {
            warn!(requestId = id.as_str(), error = %error, "handshake not completed");
            return;
        }
    };
    let stream = Guarded::new(stream, bytes::Bytes::new(), deadlines.write);
    let mut link = Link::new(stream, port, outbox, max_frame, deadlines).await;
    let ended = link.run().await;
    debug!(requestId = id.as_str(), ended = ?ended, "link ended");
    link.leave(&ended).await;
}
