//! The opening handshake (RFC 6455, 4.2), answered in the error form where it fails.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use crate::error::ApiError;

/// Subprotocols that promise more than an echo can keep.
const RESERVED_PREFIX: &str = "steadfast.";

/// Checks the request and makes the answer 101 and the future socket.
pub(crate) fn accept(request: &mut Request) -> Result<(Response, OnUpgrade), ApiError> {
    let mut response = create_response_with_body(request, Body::empty).map_err(refusal)?;
    if let Some(protocol) = choose_protocol(request.headers()) {
        response
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let socket = request.extensions_mut().remove::<OnUpgrade>();
    let socket = socket.ok_or_else(|| {
        refusal(Error::Protocol(
            ProtocolError::MissingConnectionUpgradeHeader,
        ))
    })?;
    Ok((response, socket))
}

/// A browser that offers subprotocols fails unless one is chosen: the first that is not reserved.
fn choose_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let offered = offers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','));
    let mut usable = offered
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.starts_with(RESERVED_PREFIX));
    HeaderValue::from_str(usable.next()?).ok()
}

fn refusal(error: Error) -> ApiError {
    let Error::Protocol(error) = error else {
        return ApiError::of_status(StatusCode::BAD_REQUEST);
    };
    match error {
        ProtocolError::WrongHttpMethod => ApiError::of_status(StatusCode::METHOD_NOT_ALLOWED),
        ProtocolError::MissingConnectionUpgradeHeader
        | ProtocolError::MissingUpgradeWebSocketHeader => ApiError::new(
            StatusCode::UPGRADE_REQUIRED,
            "UPGRADE_REQUIRED",
            "this path speaks WebSocket only",
        )
        .with_header(UPGRADE, HeaderValue::from_static("websocket"))
        .with_header(CONNECTION, HeaderValue::from_static("upgrade")),
        ProtocolError::MissingSecWebSocketVersionHeader => ApiError::new(
            StatusCode::UPGRADE_REQUIRED,
            "UNSUPPORTED_VERSION",
            "only WebSocket version 13 is spoken",
        )
        .with_header(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
        other => ApiError::new(StatusCode::BAD_REQUEST, "BAD_HANDSHAKE", other.to_string()),
    }
}
