//! What all handlers share, and the routes and layers around them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::Permit;
use crate::answer;
use crate::chaos;
use crate::chaos::faults::Faults;
use crate::chaos::wire::Wire;
use crate::config::Config;
use crate::cors;
use crate::endpoints;
use crate::files;
use crate::links::Links;
use crate::origin::OriginPolicy;
use crate::sessions::{Sessions, snapshots};

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

/// Sent with every answer. Scripts come from this server alone, WebAssembly may be compiled, sockets and requests may
/// go anywhere.
const SECURITY_HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ws: wss: http: https:; img-src 'self' data:; \
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
        .merge(snapshot_routes(&app))
        .fallback(files::serve)
        .layer(from_fn(answer::complete))
        .layer(from_fn(secure))
        .with_state(app)
}

/// Snapshots over HTTP, for the pages that may open WebSockets as well.
fn snapshot_routes(app: &Arc<App>) -> Router<Arc<App>> {
    const PATH: &str = "/api/session";
    let routes = snapshots::routes(&app.sessions, PATH, app.config.deadlines.body);
    Router::new()
        .nest(PATH, routes)
        .layer(from_fn_with_state(Arc::clone(app), cors::only_allowed))
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

/// Gives each answer its headers.
async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    add_security(response.headers_mut());
    response
}

/// The headers that every answer carries beside its id.
pub(crate) fn add_security(headers: &mut HeaderMap) {
    for (name, value) in SECURITY_HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
}
