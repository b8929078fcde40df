//! `/api/chaos`: who is connected, what stands, and orders for more.

use std::sync::{Arc, Weak};

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::fault::{FaultOrder, Scope, Target};
use crate::app::App;
use crate::error::ApiError;
use crate::links::Entry;
use crate::origin::Refusal;
use crate::request_id::RequestId;

/// Bytes of an order's body.
const MAX_BODY: usize = 16 << 10;

/// The routes, or a hint at the option that brings them.
pub(crate) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    if !app.config.chaos {
        return Router::new()
            .route("/api/chaos", get(off))
            .route("/api/chaos/{*rest}", axum::routing::any(off));
    }
    Router::new()
        .route("/api/chaos", get(list))
        .route("/api/chaos/faults", post(order).delete(lift_all))
        .route("/api/chaos/faults/{id}", delete(lift))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(Arc::clone(app), only_local))
}

async fn off() -> ApiError {
    let message = "start the server with --chaos to order faults";
    ApiError::new(StatusCode::NOT_FOUND, "CHAOS_OFF", message)
}

/// Faults are ordered from this machine and by this server's own pages: another page that a browser here has open,
/// or a foreign name that points here, must not be able to.
async fn only_local(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    match app.origins.check_local(request.headers()) {
        Ok(()) => Ok(next.run(request).await),
        Err(refusal) => Err(ApiError::from(refusal)),
    }
}

async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    let connections: Vec<Value> = app
        .links
        .open()
        .iter()
        .map(|entry| describe(entry))
        .collect();
    Json(json!({ "connections": connections, "faults": app.faults.standing() }))
}

fn describe(entry: &Entry) -> Value {
    json!({
        "id": entry.id(),
        "requestId": entry.request_id.as_str(),
        "endpoint": entry.endpoint.to_string(),
        "room": entry.endpoint.room(),
        "openedAt": humantime::format_rfc3339_millis(entry.opened_at).to_string(),
    })
}

async fn order(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let request_id = RequestId::of_extension(&request);
    let body = timeout(
        app.config.deadlines.body,
        Json::<FaultOrder>::from_request(request, &()),
    )
    .await;
    let Json(order) = body.map_err(|_| ApiError::of_status(StatusCode::REQUEST_TIMEOUT))??;
    order.check().map_err(|error| {
        ApiError::new(StatusCode::BAD_REQUEST, "INVALID_FAULT", error.to_string())
    })?;
    let hit = app
        .links
        .open()
        .iter()
        .filter(|entry| order.target.is_hit(entry))
        .count();
    if let (Target::Connection(id), 0) = (&order.target, hit) {
        let message = format!("no open connection has the id or request id {id:?}");
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "NO_SUCH_CONNECTION",
            message,
        ));
    }
    let affected = if order.fault.scope() == Scope::NewLinks {
        0
    } else {
        hit
    };
    let id = app.faults.order(&order);
    if let (Some(duration), faults, id) = (order.duration(), Arc::downgrade(&app), id.clone()) {
        tokio::spawn(async move {
            sleep(duration).await;
            if let Some(app) = Weak::upgrade(&faults) {
                app.faults.lift(&id);
            }
        });
    }
    warn!(
        requestId = request_id.as_str(),
        fault = as_json(&order.fault),
        target = as_json(&order.target),
        id,
        affected,
        "fault ordered"
    );
    Ok((
        StatusCode::CREATED,
        Json(json!({ "id": id, "affected": affected })),
    ))
}

/// As the order said it.
fn as_json(part: &impl Serialize) -> String {
    serde_json::to_string(part).unwrap_or_default()
}

async fn lift(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<StatusCode, ApiError> {
    if !app.faults.lift(&id) {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "NO_SUCH_FAULT",
            "no fault of that id stands",
        ));
    }
    info!(id, "fault lifted");
    Ok(StatusCode::NO_CONTENT)
}

async fn lift_all(State(app): State<Arc<App>>) -> StatusCode {
    app.faults.lift_all();
    info!("all faults lifted");
    StatusCode::NO_CONTENT
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::of_status(StatusCode::PAYLOAD_TOO_LARGE),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            _ => Self::new(
                StatusCode::BAD_REQUEST,
                "INVALID_FAULT",
                rejection.body_text(),
            ),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::ForeignHost => "HOST_REFUSED",
            _ => "ORIGIN_REFUSED",
        };
        Self::new(StatusCode::FORBIDDEN, code, refusal.to_string())
    }
}
