//! The id that ties a request, its link and their log lines together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::http::HeaderValue;

/// A request's id: 1 to 64 of `A-Z a-z 0-9 _ -`, the client's own if it sent a good one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

/// The header that carries the id both ways.
pub(crate) const HEADER: &str = "x-request-id";
/// The query parameter for clients that cannot set headers, such as a browser's WebSocket.
const PARAMETER: &str = "requestId";

impl RequestId {
    /// The header's id, or else the query's, or else a new one.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        let header = request
            .headers()
            .get(HEADER)
            .and_then(|value| value.to_str().ok());
        header
            .and_then(Self::parse)
            .or_else(|| Self::from_query(request.uri().query()?))
            .unwrap_or_else(Self::generate)
    }

    /// The id that the outermost layer gave the request.
    pub(crate) fn of_extension<B>(request: &Request<B>) -> Self {
        request
            .extensions()
            .get()
            .cloned()
            .unwrap_or_else(Self::generate)
    }

    /// A new id of 32 hexadecimal digits.
    pub(crate) fn generate() -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let mut bytes = [0; 16];
        if getrandom::fill(&mut bytes).is_err() {
            // Ids are for finding log lines, not secrets: a counter will do.
            bytes[8..].copy_from_slice(&COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        }
        Self(
            bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
                .into(),
        )
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a header's value.
    pub(crate) fn to_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }

    fn parse(text: &str) -> Option<Self> {
        is_token(text).then(|| Self(text.into()))
    }

    fn from_query(query: &str) -> Option<Self> {
        let (_, value) =
            url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == PARAMETER)?;
        Self::parse(&value)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` is 1 to 64 of `A-Z a-z 0-9 _ -`: safe in a header, a log line and a map.
pub(crate) fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}
