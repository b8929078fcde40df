//! A server on a free port, and the clients that the tests talk to it with.

mod answer;
mod faults;
mod frames;
mod gate;
mod link;
mod session;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use steadfast_server::{Config, Deadlines, Limits, Server};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

pub(crate) use answer::Answer;
pub(crate) use frames::{close_code, frame};
pub(crate) use gate::Gate;
pub(crate) use link::Link;
pub(crate) use session::{Came, Client, instance};

/// Nothing in these tests takes this long: what does is stuck.
const STUCK: Duration = Duration::from_secs(20);

/// Ends a test that waits for something which never comes.
pub(crate) async fn within<T>(wait: impl Future<Output = T>) -> T {
    timeout(STUCK, wait).await.expect("stuck")
}

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        Self::run(Server::bind(config).await.expect("a free port"))
    }

    /// A server whose store can be made to stall and fail.
    pub(crate) async fn with_gate(config: Config) -> (Self, Gate) {
        let gate = Gate::default();
        (Self::with_store(config, &gate).await, gate)
    }

    /// A server on a store that others may have used before.
    pub(crate) async fn with_store(config: Config, gate: &Gate) -> Self {
        let store = Arc::new(gate.clone());
        let server = Server::bind_with(config, store).await;
        Self::run(server.expect("a free port"))
    }

    fn run(server: Server) -> Self {
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop: Some(stop),
            running,
        }
    }

    /// A server whose deadlines are changed by `change`.
    pub(crate) async fn with_deadlines(change: impl FnOnce(&mut Deadlines)) -> Self {
        let mut config = config();
        change(&mut config.deadlines);
        Self::with(config).await
    }

    /// A server whose limits are changed by `change`.
    pub(crate) async fn with_limits(change: impl FnOnce(&mut Limits)) -> Self {
        let mut config = config();
        change(&mut config.limits);
        Self::with(config).await
    }

    /// A server that takes orders for faults.
    pub(crate) async fn with_chaos() -> Self {
        let chaos = true;
        Self::with(Config { chaos, ..config() }).await
    }

    /// Tells the server to stop, without waiting for it.
    pub(crate) fn begin_stop(&mut self) {
        self.stop
            .take()
            .expect("stopped once")
            .send(())
            .expect("the server runs");
    }

    /// Waits until the server has stopped.
    pub(crate) async fn stopped(self) {
        within(self.running).await.expect("no panic");
    }

    pub(crate) async fn tcp(&self) -> TcpStream {
        within(TcpStream::connect(self.address))
            .await
            .expect("the server listens")
    }

    /// Sends bytes on a new connection and reads the answer to its end.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> Answer {
        let mut tcp = self.tcp().await;
        tcp.write_all(bytes).await.expect("sent");
        Answer::read(&mut tcp).await
    }

    /// A GET with extra header lines.
    pub(crate) async fn get(&self, target: &str, headers: &[&str]) -> Answer {
        self.request("GET", target, headers, "").await
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        target: &str,
        headers: &[&str],
        body: &str,
    ) -> Answer {
        let lines = self.header_lines(headers);
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\n{lines}Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        self.exchange(format!("{head}{body}").as_bytes()).await
    }

    /// With a `Host`, if there is none among them.
    fn header_lines(&self, headers: &[&str]) -> String {
        let mut lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        if !lines
            .to_lowercase()
            .split("\r\n")
            .any(|line| line.starts_with("host:"))
        {
            lines.insert_str(0, &format!("Host: {}\r\n", self.address));
        }
        lines
    }

    /// An opening handshake with extra header lines; the answer's head only.
    pub(crate) async fn handshake(&self, target: &str, headers: &[&str]) -> Answer {
        let mut tcp = self.tcp().await;
        tcp.write_all(&self.handshake_bytes(target, headers))
            .await
            .expect("sent");
        Answer::read_head(&mut tcp).await
    }

    pub(crate) fn handshake_bytes(&self, target: &str, headers: &[&str]) -> Vec<u8> {
        let lines = self.header_lines(headers);
        format!(
            "GET {target} HTTP/1.1\r\n{lines}Connection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        .into_bytes()
    }

    /// A connection whose opening handshake is done, for frames made by hand.
    pub(crate) async fn raw_link(&self, target: &str) -> TcpStream {
        let mut tcp = self.tcp().await;
        tcp.write_all(&self.handshake_bytes(target, &[]))
            .await
            .expect("sent");
        assert_eq!(Answer::read_head(&mut tcp).await.status, 101);
        tcp
    }

    /// An open WebSocket.
    pub(crate) async fn link(&self, target: &str) -> Link {
        let request = format!("ws://{}{target}", self.address)
            .into_client_request()
            .expect("a URL");
        let (socket, _) = within(client_async(request, self.tcp().await))
            .await
            .expect("a handshake");
        Link { socket }
    }

    /// A client that never had a session.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(&self.address.to_string(), "/ws")
    }

    /// A client with a session of its own on the echo.
    pub(crate) async fn session(&self) -> Client {
        Client::connect(&self.address.to_string(), "/ws").await
    }

    /// A client with a session of its own on the hub.
    pub(crate) async fn session_in(&self, room: &str) -> Client {
        Client::connect(&self.address.to_string(), &format!("/hub/{room}")).await
    }

    /// What the server says of itself.
    pub(crate) async fn open_links(&self) -> u64 {
        self.get("/healthz", &[]).await.json()["connections"]
            .as_u64()
            .expect("a number")
    }
}

/// Defaults, on a free port.
pub(crate) fn config() -> Config {
    Config {
        port: 0,
        ..Config::default()
    }
}
