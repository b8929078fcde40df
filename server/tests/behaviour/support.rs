//! A server on a free port, and the clients that the tests talk to it with.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use steadfast_server::{Config, Deadlines, Limits, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

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
        let server = Server::bind(config).await.expect("a free port");
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
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let host = if headers
            .iter()
            .any(|line| line.to_lowercase().starts_with("host:"))
        {
            String::new()
        } else {
            format!("Host: {}\r\n", self.address)
        };
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\n{host}{lines}Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        self.exchange(format!("{head}{body}").as_bytes()).await
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
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let host = if headers
            .iter()
            .any(|line| line.to_lowercase().starts_with("host:"))
        {
            String::new()
        } else {
            format!("Host: {}\r\n", self.address)
        };
        format!(
            "GET {target} HTTP/1.1\r\n{host}{lines}Connection: Upgrade\r\nUpgrade: websocket\r\n\
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

/// A client's WebSocket.
pub(crate) struct Link {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Link {
    pub(crate) async fn send(&mut self, text: &str) {
        within(self.socket.send(Message::text(text)))
            .await
            .expect("sent");
    }

    /// The next message, whatever its kind.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        within(self.socket.next()).await.and_then(Result::ok)
    }

    /// The next text; pings are passed over.
    pub(crate) async fn text(&mut self) -> String {
        loop {
            match self.next().await.expect("a message") {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) => {}
                other => panic!("a text was expected, not {other:?}"),
            }
        }
    }

    /// Sends a text and waits for it to come back.
    pub(crate) async fn echo(&mut self, text: &str) {
        self.send(text).await;
        assert_eq!(self.text().await, text);
    }

    /// The server's close frame, answered, and the end of the connection; messages before it are passed over.
    pub(crate) async fn closed(&mut self) -> CloseFrame {
        let mut frame = None;
        while let Some(message) = self.next().await {
            if let Message::Close(close) = message {
                frame = close;
            }
        }
        frame.expect("the link ended with a code")
    }

    /// Closes the link and waits for the end of the connection.
    pub(crate) async fn close(mut self) {
        within(self.socket.close(None)).await.expect("sent");
        while self.next().await.is_some() {}
    }

    /// Waits for the end of a link that breaks without a close frame.
    pub(crate) async fn broken(&mut self) {
        loop {
            match within(self.socket.next()).await {
                Some(Ok(Message::Close(frame))) => panic!("a close frame came: {frame:?}"),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
    }

    /// Proves that the server's answer to this ping comes: everything it read before has been dealt with.
    pub(crate) async fn settled(&mut self) {
        let mark = Bytes::from_static(b"mark");
        within(self.socket.send(Message::Ping(mark.clone())))
            .await
            .expect("sent");
        while self.next().await.expect("a pong") != Message::Pong(mark.clone()) {}
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(tcp: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        within(tcp.read_to_end(&mut bytes))
            .await
            .expect("an answer and an orderly end");
        Self::parse(&bytes)
    }

    pub(crate) async fn read_head(tcp: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(within(tcp.read_u8()).await.expect("a whole head"));
        }
        Self::parse(&bytes)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// Checks the error form and gives its code.
    pub(crate) fn error_code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/json"));
        let form = self.json();
        assert_eq!(form.as_object().expect("an object").len(), 4, "{form}");
        assert_eq!(
            form["requestId"].as_str(),
            self.header("x-request-id"),
            "{form}"
        );
        let timestamp = form["timestamp"].as_str().expect("a timestamp");
        humantime::parse_rfc3339(timestamp).expect("an RFC 3339 timestamp");
        assert!(!form["message"].as_str().expect("a message").is_empty());
        form["errorCode"].as_str().expect("a code").to_owned()
    }

    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in ASCII");
        let status = head
            .split(' ')
            .nth(1)
            .expect("a status line")
            .parse()
            .expect("a status");
        let body = bytes[end + 4..].to_vec();
        Self { status, head, body }
    }
}

/// A masked frame: its first byte and its payload. The mask is zero, so that the payload reads as it is.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        size @ 0..=125 => bytes.push(0x80 | size as u8),
        size @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((size as u16).to_be_bytes());
        }
        size => {
            bytes.push(0x80 | 127);
            bytes.extend((size as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// The code of the close frame that comes next on a connection with frames made by hand, which must then end in order.
pub(crate) async fn close_code(tcp: &mut TcpStream) -> u16 {
    let first = within(tcp.read_u8()).await.expect("a frame");
    assert_eq!(first, 0x88, "a close frame is expected");
    let size = within(tcp.read_u8()).await.expect("a size");
    let mut payload = vec![0; usize::from(size)];
    within(tcp.read_exact(&mut payload))
        .await
        .expect("a payload");
    assert_eq!(within(tcp.read(&mut [0])).await.expect("an orderly end"), 0);
    u16::from_be_bytes([payload[0], payload[1]])
}
