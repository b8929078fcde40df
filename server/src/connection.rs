//! One TCP connection, from the first byte to the last.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::ServiceExt;
use tracing::{debug, warn};

use crate::admission::{Denial, Permit};
use crate::answer;
use crate::app::{App, Peer, add_security};
use crate::chaos::wire::splice;
use crate::error::ApiError;
use crate::guarded::Guarded;
use crate::head;
use crate::request_id::RequestId;

/// What every connection needs.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
}

impl Service {
    /// Serves a connection that was let in.
    pub(crate) async fn serve(self, tcp: TcpStream, address: SocketAddr, permit: Permit) {
        let mut peer = Peer {
            address,
            _permit: Arc::new(permit),
            wire: None,
        };
        if self.app.config.chaos {
            let (stream, wire, pump) = splice(tcp);
            peer.wire = Some(wire);
            self.app.tasks.spawn(pump);
            self.serve_stream(stream, peer).await;
        } else {
            self.serve_stream(tcp, peer).await;
        }
    }

    /// Answers a connection that was not let in, once it has asked something.
    pub(crate) async fn deny(self, mut tcp: TcpStream, address: SocketAddr, denial: Denial) {
        let config = &self.app.config;
        match head::read(&mut tcp, &config.limits, &config.deadlines).await {
            Ok(_) => self.refuse(tcp, address, &denial.into()).await,
            Err(error) => self.refuse_head(tcp, address, error).await,
        }
    }

    async fn serve_stream<S>(self, mut stream: S, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let config = &self.app.config;
        let head = tokio::select! {
            head = head::read(&mut stream, &config.limits, &config.deadlines) => head,
            () = self.app.stop.cancelled() => return,
        };
        match head {
            Ok(head) => {
                self.serve_http(Guarded::new(stream, head, config.deadlines.write), peer)
                    .await
            }
            Err(error) => self.refuse_head(stream, peer.address, error).await,
        }
    }

    async fn serve_http<S>(&self, stream: Guarded<S>, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let address = peer.address;
        let router = self.router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer.clone());
            router.clone().oneshot(request)
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(self.app.config.deadlines.head)
            .max_buf_size(self.app.config.limits.head.max(MIN_HTTP_BUFFER));
        let mut connection = std::pin::pin!(
            http.serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.app.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(peer = %address, error = %error, "connection ended early");
        }
    }

    async fn refuse_head<S>(&self, stream: S, address: SocketAddr, error: head::HeadError)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match error.answer() {
            Some(answer) => self.refuse(stream, address, &answer).await,
            None => debug!(peer = %address, reason = %error, "connection without a request"),
        }
    }

    async fn refuse<S>(&self, mut stream: S, address: SocketAddr, error: &ApiError)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let id = RequestId::generate();
        let (status, code, reason) = (error.status.as_u16(), error.code, error.message.as_str());
        warn!(requestId = id.as_str(), peer = %address, status, errorCode = code, reason, "connection refused");
        let answer = raw_answer(error, &id);
        let exchange = async {
            stream.write_all(&answer).await?;
            stream.shutdown().await?;
            // Unread bytes would turn the close into a reset, which can overtake the answer.
            copy(&mut stream, &mut sink()).await?;
            Ok::<(), std::io::Error>(())
        };
        // The answer is a courtesy: a peer that does not take it is dropped all the same.
        let _ = timeout(self.app.config.deadlines.close, exchange).await;
    }
}

/// The least that hyper accepts as its buffer's size.
const MIN_HTTP_BUFFER: usize = 8 << 10;

/// An answer in bytes, for connections that never reach HTTP proper.
fn raw_answer(error: &ApiError, id: &RequestId) -> Bytes {
    let body = error.body(id);
    let mut headers = error.headers();
    add_security(&mut headers);
    answer::write_id(&mut headers, id);
    let mut answer = format!("HTTP/1.1 {}\r\n", error.status).into_bytes();
    for (name, value) in &headers {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    let length = body.len();
    answer.extend_from_slice(
        format!("content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n").as_bytes(),
    );
    answer.extend(body);
    answer.into()
}
