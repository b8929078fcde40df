//! Reads a connection's first request head under limits and deadlines of its own,
//! so that a slow, huge or malformed one gets a status and the error form, not silence.

use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use crate::config::{Deadlines, Limits};
use crate::error::ApiError;

/// Most header lines in one request.
const MAX_HEADERS: usize = 100;

/// Why there is no request to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum HeadError {
    #[error("the connection ended before its first request")]
    Gone,
    #[error("no byte arrived in time")]
    Silent,
    #[error("the request's head did not arrive in time")]
    Late,
    #[error("the request's first line is too long")]
    TargetTooLong,
    #[error("the request's head is too large")]
    TooLarge,
    #[error("the request's head is malformed")]
    Malformed,
}

impl HeadError {
    /// The answer it deserves; none where nobody has asked anything yet.
    pub(crate) fn answer(self) -> Option<ApiError> {
        let (status, code) = match self {
            Self::Gone | Self::Silent => return None,
            Self::Late => (StatusCode::REQUEST_TIMEOUT, "TIMEOUT"),
            Self::TargetTooLong => (StatusCode::URI_TOO_LONG, "URI_TOO_LONG"),
            Self::TooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "HEAD_TOO_LARGE",
            ),
            Self::Malformed => (StatusCode::BAD_REQUEST, "BAD_REQUEST"),
        };
        Some(ApiError::new(status, code, self.to_string()))
    }
}

/// Reads until a whole head is there and returns all bytes read, which may be more than the head.
pub(crate) async fn read<S>(
    stream: &mut S,
    limits: &Limits,
    deadlines: &Deadlines,
) -> Result<Bytes, HeadError>
where
    S: AsyncRead + Unpin,
{
    let mut head = Head::default();
    let first = timeout(deadlines.first_byte, head.fill(stream)).await;
    first.map_err(|_| HeadError::Silent)??;
    let rest = async {
        while !head.is_complete(limits)? {
            head.fill(stream).await?;
        }
        Ok(())
    };
    timeout(deadlines.head, rest)
        .await
        .map_err(|_| HeadError::Late)??;
    Ok(head.bytes.freeze())
}

#[derive(Default)]
struct Head {
    bytes: BytesMut,
    scanned: usize,
    line_start: usize,
}

impl Head {
    async fn fill<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<(), HeadError> {
        match stream.read_buf(&mut self.bytes).await {
            Ok(0) | Err(_) => Err(HeadError::Gone),
            Ok(_) => Ok(()),
        }
    }

    fn is_complete(&mut self, limits: &Limits) -> Result<bool, HeadError> {
        let mut line_ended = false;
        for at in self.scanned..self.bytes.len() {
            if self.bytes[at] == b'\n' {
                self.line_start = at + 1;
                line_ended = true;
            } else if at - self.line_start >= limits.head_line {
                let first = self.line_start == 0;
                return Err(if first {
                    HeadError::TargetTooLong
                } else {
                    HeadError::TooLarge
                });
            }
            if line_ended && self.parses(at + 1)? {
                return Ok(true);
            }
            line_ended = false;
        }
        self.scanned = self.bytes.len();
        if self.scanned > limits.head {
            Err(HeadError::TooLarge)
        } else {
            Ok(false)
        }
    }

    fn parses(&self, end: usize) -> Result<bool, HeadError> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        match httparse::Request::new(&mut headers).parse(&self.bytes[..end]) {
            Ok(status) => Ok(status.is_complete()),
            Err(httparse::Error::TooManyHeaders) => Err(HeadError::TooLarge),
            Err(_) => Err(HeadError::Malformed),
        }
    }
}
