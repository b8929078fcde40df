//! The opening handshake (RFC 6455, 4.2), answered in the error form where it fails.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use steadfast_protocol::SUBPROTOCOL;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use crate::error::ApiError;

/// What is spoken over a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// The application's messages and nothing else.
    Plain,
    /// steadfast.v1.
    Steadfast,
}

/// Subprotocols that are Steadfast's own, in all their versions.
const RESERVED_PREFIX: &str = "steadfast.";

/// Checks the request and makes the answer 101 and the future socket.
pub(crate) fn accept<B>(
    request: &mut Request<B>,
) -> Result<(Response, OnUpgrade, Spoken), ApiError> {
    let mut response = create_response_with_body(request, Body::empty).map_err(refusal)?;
    let (spoken, protocol) = choose_protocol(request.headers())?;
    if let Some(protocol) = protocol {
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
    Ok((response, socket, spoken))
}

/// The refusal of a client that speaks only versions of Steadfast's protocol that are not known here.
pub(crate) fn unsupported() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "UNSUPPORTED_PROTOCOL",
        format!("of Steadfast's subprotocols, only {SUBPROTOCOL} is spoken"),
    )
}

/// steadfast.v1 if it is offered; else the first that is not Steadfast's own: a browser that offers
/// subprotocols fails unless one is chosen.
fn choose_protocol(headers: &HeaderMap) -> Result<(Spoken, Option<HeaderValue>), ApiError> {
    let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let offered: Vec<&str> = offers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    if offered.contains(&SUBPROTOCOL) {
        let chosen = HeaderValue::from_static(SUBPROTOCOL);
        return Ok((Spoken::Steadfast, Some(chosen)));
    }
    let usable = offered
        .iter()
        .find(|name| !name.starts_with(RESERVED_PREFIX));
    match usable {
        Some(name) => Ok((Spoken::Plain, HeaderValue::from_str(name).ok())),
        None if offered.is_empty() => Ok((Spoken::Plain, None)),
        None => Err(unsupported()),
    }
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
