//! A client's end of a WebSocket.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::within;

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
