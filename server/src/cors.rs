//! Which pages may ask over HTTP: those that may open WebSockets, and their browsers are told so.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::ApiError;

/// A layer around routes that take POST alone.
pub(crate) async fn only_allowed(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    app.origins.check(request.headers())?;
    let origin = request.headers().get(ORIGIN).cloned();
    let preflight = is_preflight(&request);
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        allow(headers, preflight);
    }
    Ok(response)
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn allow(headers: &mut HeaderMap, preflight: bool) {
    let mut put = |name, value| headers.insert(name, HeaderValue::from_static(value));
    if preflight {
        put(ACCESS_CONTROL_ALLOW_METHODS, "POST");
        put(
            ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, x-request-id",
        );
        put(ACCESS_CONTROL_MAX_AGE, "600");
    } else {
        put(ACCESS_CONTROL_EXPOSE_HEADERS, "retry-after, x-request-id");
    }
}
