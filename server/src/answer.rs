//! What every HTTP answer gets: the request's id, the error form where it refuses, and a line in the log.

use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{debug, warn};

use crate::error::ApiError;
use crate::request_id::{self, RequestId};

/// A layer: the outermost one, but for what adds headers.
pub(crate) async fn complete(mut request: Request, next: Next) -> Response {
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
    write_id(response.headers_mut(), &id);
    response
}

/// Puts the error form into an answer.
pub(crate) fn write_error(response: &mut Response, error: &ApiError, id: &RequestId) {
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.remove(CONTENT_ENCODING);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(error.body(id));
}

/// Puts the request's id into an answer.
pub(crate) fn write_id(headers: &mut HeaderMap, id: &RequestId) {
    if let Some(value) = id.to_header() {
        let name = HeaderName::from_static(request_id::HEADER);
        headers.insert(name, value);
    }
}
