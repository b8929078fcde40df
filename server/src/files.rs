//! Static files, from one folder and nowhere else.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use tower::ServiceExt;
use tower_http::services::ServeDir;

use crate::app::App;
use crate::error::ApiError;

/// Digits of a content hash in a file's name that let a browser keep the file for good.
const HASH_DIGITS: usize = 8;

pub(crate) async fn serve(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ApiError> {
    let root = app.root.as_ref().ok_or_else(ApiError::not_found)?;
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(ApiError::of_status(StatusCode::METHOD_NOT_ALLOWED));
    }
    let path = local_path(request.uri().path()).ok_or_else(ApiError::not_found)?;
    let file = resolve(root, &path).await.ok_or_else(ApiError::not_found)?;
    let Ok(answer) = ServeDir::new(root).oneshot(request).await;
    let mut response = answer.map(Body::new);
    if response.status().is_success() {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_rule(&file)));
        if file.extension().is_some_and(|extension| extension == "mjs") {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/javascript"));
        }
    }
    Ok(response)
}

/// A URL's path as a path below the root; none if any part of it could mean something else to the file system.
fn local_path(path: &str) -> Option<PathBuf> {
    let decoded = percent_decode_str(path.strip_prefix('/')?)
        .decode_utf8()
        .ok()?;
    let parts = || decoded.strip_suffix('/').unwrap_or(&decoded).split('/');
    let harmless = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0'])
    };
    let is_root = decoded.is_empty();
    (is_root || parts().all(harmless)).then(|| PathBuf::from(&*decoded))
}

/// The real file behind a path, if it lies below the root once every symbolic link is followed.
async fn resolve(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut file = tokio::fs::canonicalize(root.join(path)).await.ok()?;
    if tokio::fs::metadata(&file).await.ok()?.is_dir() {
        file = tokio::fs::canonicalize(file.join("index.html"))
            .await
            .ok()?;
    }
    file.starts_with(root).then_some(file)
}

/// Files named after their content never change; all others are asked for again, which costs a 304.
fn cache_rule(file: &Path) -> &'static str {
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let is_hash =
        |part: &str| part.len() >= HASH_DIGITS && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if name.split('.').any(is_hash) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}
