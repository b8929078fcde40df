//! What goes wrong: for the person who starts the server, and for the client of a request.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::SystemTime;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use thiserror::Error;

use crate::request_id::RequestId;
use crate::store::StoreOpenError;

/// Why a server could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("port {} is already in use on {}; choose another with --port or PORT", .0.port(), .0.ip())]
    PortTaken(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The folder of static files cannot be read.
    #[error("cannot serve the folder {}: {source}", .path.display())]
    StaticDir {
        /// The folder asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file of sessions cannot be used.
    #[error(transparent)]
    Store(#[from] StoreOpenError),
    /// The folder for the file of sessions cannot be made.
    #[error("cannot make the folder {} for the store: {source}", .path.display())]
    StoreFolder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Faults were asked for on an address that other machines can reach.
    #[error("--chaos works on a loopback address only, not on {0}; leave out --host or --chaos")]
    ChaosNotLocal(std::net::IpAddr),
}

/// A refusal that a client gets as `{errorCode, message, timestamp, requestId}`.
///
/// Handlers return it; the outermost layer writes the body, because it knows the request's id.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// The version of a snapshot that is stored.
    version: Option<u64>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorForm<'a> {
    error_code: &'a str,
    message: &'a str,
    timestamp: String,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            version: None,
            headers: Vec::new(),
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::of_status(StatusCode::NOT_FOUND)
    }

    pub(crate) fn stopping() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "STOPPING",
            "the server is stopping",
        )
    }

    /// The form for a status that some library answered without a body of ours.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::BAD_REQUEST => ("BAD_REQUEST", "the request is malformed"),
            StatusCode::NOT_FOUND => ("NOT_FOUND", "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => {
                ("METHOD_NOT_ALLOWED", "this path does not take that method")
            }
            StatusCode::REQUEST_TIMEOUT => ("TIMEOUT", "the request did not arrive in time"),
            StatusCode::PAYLOAD_TOO_LARGE => ("BODY_TOO_LARGE", "the request's body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                "UNSUPPORTED_MEDIA_TYPE",
                "send Content-Type: application/json",
            ),
            StatusCode::RANGE_NOT_SATISFIABLE => {
                ("RANGE_NOT_SATISFIABLE", "the file does not have that range")
            }
            status if status.is_server_error() => ("INTERNAL", "the server could not answer"),
            _ => ("REFUSED", "the request was refused"),
        };
        Self::new(status, code, message)
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn with_version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// The headers that belong to this refusal.
    pub(crate) fn headers(&self) -> HeaderMap {
        self.headers.iter().cloned().collect()
    }

    /// The JSON body.
    pub(crate) fn body(&self, id: &RequestId) -> Vec<u8> {
        let form = ErrorForm {
            error_code: self.code,
            message: &self.message,
            timestamp: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            request_id: id.as_str(),
            version: self.version,
        };
        serde_json::to_vec(&form).unwrap_or_default()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers();
        response.extensions_mut().insert(self);
        response
    }
}
