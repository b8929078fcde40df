//! What all handlers share, and the routes and layers around them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::admission::Permit;
use crate::chaos;
use crate::chaos::faults::Faults;
use crate::chaos::wire::Wire;
use crate::config::Config;
use crate::endpoints;
use crate::error::ApiError;
use crate::files;
use crate::links::Links;
use crate::origin::OriginPolicy;
use crate::request_id::{self, RequestId};
use crate::sessions::Sessions;

/// The state behind all routes.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) origins: OriginPolicy,
    /// The folder of static files, with every link in its path resolved.
    pub(crate) root: Option<PathBuf>,
    pub(crate) links: Arc<Links>,
    pub(crate) sessions: Sessions,
    pub(crate) faults: Faults,
    /// Every connection and link, so that a stopping server can wait for them.
    pub(crate) tasks: TaskTracker,
    /// Done when the server is to stop.
    pub(crate) stop: CancellationToken,
}

/// Who is at the other end of a connection; travels as an extension of its requests.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) _permit: Arc<Permit>,
    /// With faults on offer, the handle of the connection's wire.
    pub(crate) wire: Option<Arc<Wire>>,
}

/// Sent with every answer. Scripts come from this server alone, WebAssembly may be compiled, sockets may go anywhere.
const SECURITY_HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws: wss:; img-src 'self' data:; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// All routes of the server.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/ws", any(endpoints::echo))
        .route("/hub/{room}", any(endpoints::hub))
        .route("/healthz", get(health))
        .merge(chaos::api::routes(&app))
        .fallback(files::serve)
        .layer(from_fn(finish))
        .with_state(app)
}

/// Whether the server is well, and whether it takes orders for faults.
async fn health(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "connections": app.links.count(),
        "chaos": app.config.chaos,
    }))
}

/// Gives each request its id, each answer its headers, each refusal the error form, and writes the log line.
async fn finish(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(&request);
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    if refused {
        let error = response.extensions_mut().remove::<ApiError>();
        let error = error.unwrap_or_else(|| ApiError::of_status(status));
        write_error(&mut response, &error, &id);
        let (id, method, code) = (id.as_str(), method.as_str(), error.code);
        warn!(
            requestId = id,
            method,
            path,
            status = status.as_u16(),
            errorCode = code,
            reason = error.message,
            "request refused"
        );
    } else {
        let (id, method) = (id.as_str(), method.as_str());
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        debug!(
            requestId = id,
            method,
            path,
            status = status.as_u16(),
            micros,
            "request answered"
        );
    }
    add_headers(response.headers_mut(), &id);
    response
}

fn write_error(response: &mut Response, error: &ApiError, id: &RequestId) {
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_ENCODING);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(error.body(id));
}

/// The headers that every answer carries.
pub(crate) fn add_headers(headers: &mut HeaderMap, id: &RequestId) {
    for (name, value) in SECURITY_HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if let Some(value) = id.to_header() {
        headers.insert(HeaderName::from_static(request_id::HEADER), value);
    }
}
