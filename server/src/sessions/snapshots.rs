//! Snapshots over HTTP: for pages without a session, and for those that are about to die.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::from_fn;
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use steadfast_protocol::limits::{AUTH_BYTES, PARTS_BYTES, SNAPSHOT_BYTES};
use steadfast_sessions::io::AuthRefusal;
use steadfast_sessions::store::{
    Content, Refused, Reply, Request as StoreRequest, SaveRefusal, Snapshot, StoreError, Unsaved,
};
use tokio::time::timeout;
use tracing::warn;

use super::actor::wall_ms;
use super::order::{InvalidOrder, Place, RestoreOrder, SaveOrder};
use super::{Credentials, Sessions};
use crate::answer;
use crate::config::Deadlines;
use crate::error::ApiError;
use crate::request_id::RequestId;

/// Bytes of a body: a text that is told to be too large, positions, and names.
const MAX_BODY: usize = PARTS_BYTES + (32 << 10);

impl Sessions {
    /// The routes `/save` and `/restore`, by which pages keep and find their state over HTTP: the
    /// client's option `snapshot.endpoint` is the place where they are nested. `endpoint` is what
    /// [`Application::authenticate`](super::Application::authenticate) will know them by.
    ///
    /// Browsers let only pages of the same origin use them, unless a layer of yours allows more
    /// (CORS: `POST`, and the headers `Authorization` and `Content-Type`).
    pub fn snapshot_routes<S: Clone + Send + Sync + 'static>(&self, endpoint: &str) -> Router<S> {
        routes(self, endpoint, Deadlines::default().body).layer(from_fn(answer::complete))
    }
}

/// The routes without what every answer gets. A body has to come within `patience`.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(
    sessions: &Sessions,
    endpoint: &str,
    patience: Duration,
) -> Router<S> {
    let desk = Desk {
        sessions: sessions.clone(),
        endpoint: endpoint.into(),
        patience,
    };
    Router::new()
        .route("/save", post(save))
        .route("/restore", post(restore))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::new(desk))
}

struct Desk {
    sessions: Sessions,
    endpoint: Arc<str>,
    patience: Duration,
}

/// What a save is answered with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SavedAnswer {
    #[serde(flatten)]
    place: Place,
    version: u64,
    expires_at: u64,
}

/// What a restore is answered with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RestoredAnswer {
    #[serde(flatten)]
    place: Place,
    data: Box<RawValue>,
    version: u64,
    saved_at: u64,
    expires_at: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    positions: BTreeMap<String, (u32, u64)>,
}

async fn save(
    State(desk): State<Arc<Desk>>,
    request: Request,
) -> Result<Json<SavedAnswer>, ApiError> {
    let request_id = RequestId::of_extension(&request);
    let user = desk.user(desk.credentials(&request)?).await?;
    let order: SaveOrder = desk.read(request).await?;
    let saving = desk.sessions.saving();
    let (place, save) = order.for_user(&user, saving.limits, wall_ms())?;
    if matches!(place, Place::Session { .. }) {
        desk.load(&place, &user, &request_id).await?;
    }
    if save.content != Content::Same {
        let pace = saving.pace.step((&user, &place));
        pace.map_err(too_early)?;
    }
    let bytes = save.bytes as usize;
    match desk.ask(StoreRequest::Save(save), bytes).await? {
        Ok(Reply::Saved(Ok(version))) => Ok(Json(SavedAnswer {
            place,
            version: version.version,
            expires_at: version.expires_ms,
        })),
        Ok(Reply::Saved(Err(refusal))) => Err(refused(refusal)),
        Ok(_) => Err(unavailable()),
        Err(error) => Err(failed(&error)),
    }
}

async fn restore(
    State(desk): State<Arc<Desk>>,
    request: Request,
) -> Result<Json<RestoredAnswer>, ApiError> {
    let request_id = RequestId::of_extension(&request);
    let user = desk.user(desk.credentials(&request)?).await?;
    let order: RestoreOrder = desk.read(request).await?;
    let place = order.place()?;
    let snapshot = desk
        .load(&place, &user, &request_id)
        .await?
        .ok_or_else(none_stored)?;
    let Ok(data) = RawValue::from_string(snapshot.data) else {
        warn!(requestId = request_id.as_str(), "a snapshot is no JSON");
        return Err(none_stored());
    };
    let positions = snapshot.positions.into_iter();
    Ok(Json(RestoredAnswer {
        place,
        data,
        version: snapshot.held.version,
        saved_at: snapshot.held.saved_ms,
        expires_at: snapshot.held.expires_ms,
        positions: positions
            .map(|(stream, epoch, number)| (stream, (epoch, number)))
            .collect(),
    }))
}

impl Desk {
    fn credentials(&self, request: &Request) -> Result<Credentials, ApiError> {
        Ok(Credentials {
            token: bearer(request.headers())?,
            endpoint: Arc::clone(&self.endpoint),
            request_id: RequestId::of_extension(request).as_str().into(),
        })
    }

    /// Whose they are.
    async fn user(&self, credentials: Credentials) -> Result<String, ApiError> {
        match self.sessions.judge(credentials).await {
            Some(Ok(user)) => Ok(user),
            Some(Err(AuthRefusal::Unauthorized)) => Err(unauthorized()),
            Some(Err(AuthRefusal::Unavailable)) => Err(unavailable()),
            None => Err(ApiError::stopping()),
        }
    }

    /// The request's body.
    async fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let body = timeout(self.patience, Bytes::from_request(request, &())).await;
        let body = body.map_err(|_| ApiError::of_status(StatusCode::REQUEST_TIMEOUT))?;
        let body = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            status => ApiError::of_status(status),
        })?;
        serde_json::from_slice(&body).map_err(|error| invalid(error.to_string()))
    }

    /// What is stored there. What cannot be read is as good as none.
    async fn load(
        &self,
        place: &Place,
        user: &str,
        request_id: &RequestId,
    ) -> Result<Option<Snapshot>, ApiError> {
        let load = StoreRequest::Load(place.load(user));
        match self.ask(load, SNAPSHOT_BYTES).await? {
            Ok(Reply::Loaded(snapshot)) => Ok(snapshot),
            Err(StoreError::Corrupt(record)) => {
                warn!(
                    requestId = request_id.as_str(),
                    record, "a snapshot cannot be read"
                );
                Ok(None)
            }
            // Whose token is none of its learns no more than a stranger.
            Err(StoreError::Refused(_)) => Err(no_such_session()),
            _ => Err(unavailable()),
        }
    }

    async fn ask(
        &self,
        request: StoreRequest,
        bytes: usize,
    ) -> Result<Result<Reply, StoreError>, ApiError> {
        let answer = self.sessions.ask(request, bytes).await;
        answer.ok_or_else(ApiError::stopping)
    }
}

/// The token of `Authorization: Bearer`; none without that header.
fn bearer(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| unauthorized())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(unauthorized)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.len() > AUTH_BYTES {
        return Err(unauthorized());
    }
    Ok(Some(token.to_owned()))
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn refused(refusal: SaveRefusal) -> ApiError {
    let error = match refusal.reason {
        Unsaved::Stale => ApiError::new(
            StatusCode::CONFLICT,
            "STALE",
            "another version than the base is stored",
        ),
        Unsaved::TooLarge => too_large(),
        Unsaved::Quota => ApiError::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "QUOTA",
            "there is no room for the snapshot",
        ),
        Unsaved::Mismatch => ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "MISMATCH",
            "the text is not what bytes, check and base say",
        ),
    };
    error.with_version(refusal.version)
}

/// What the store does not do for this request.
fn failed(error: &StoreError) -> ApiError {
    match error {
        StoreError::Refused(Refused::Unknown) => no_such_session(),
        StoreError::Refused(_) => ApiError::new(
            StatusCode::CONFLICT,
            "TAKEN_OVER",
            "the session has another owner by now",
        ),
        StoreError::Corrupt(_) | StoreError::Unavailable(_) => unavailable(),
    }
}

fn no_such_session() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "there is no such session",
    )
}

fn none_stored() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "NOT_FOUND", "no snapshot is stored")
}

fn unauthorized() -> ApiError {
    ApiError::new(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
        "the credentials are wrong or have expired",
    )
}

fn unavailable() -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "UNAVAILABLE",
        "the store cannot be reached",
    )
}

fn too_large() -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "TOO_LARGE",
        "the snapshot is too large",
    )
}

fn too_early(wait: Duration) -> ApiError {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    let error = ApiError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "TOO_MANY",
        "too many snapshots are saved",
    );
    match HeaderValue::try_from(seconds.to_string()) {
        Ok(value) => error.with_header(RETRY_AFTER, value),
        Err(_) => error,
    }
}

fn invalid(why: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "INVALID_SNAPSHOT", why)
}

impl From<InvalidOrder> for ApiError {
    fn from(error: InvalidOrder) -> Self {
        invalid(error.to_string())
    }
}
