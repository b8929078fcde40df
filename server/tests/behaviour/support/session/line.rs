//! One link of a session's client: its frames, cut into what they hold.

use std::collections::VecDeque;

use futures_util::StreamExt;
use steadfast_protocol::frame::{ErrorFrame, Frame, From, Incoming, Reader, Side};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// The longest message that the client takes.
const MAX_MESSAGE: u32 = 64 << 20;

/// What comes over a link.
#[derive(Debug, PartialEq)]
pub(crate) enum Came {
    /// A message of a stream, with its number.
    Message(String, u64, Message),
    /// A message without a number.
    Volatile(String, Message),
    /// Everything sent up to here is stored.
    Stored(u64),
    From(From),
    Error(ErrorFrame),
    /// Any other control frame.
    Control(Frame),
    /// The server closed, with this code.
    Closed(u16),
    /// The connection broke.
    Lost,
}

/// An open link.
pub(super) struct Line {
    pub(super) socket: WebSocketStream<TcpStream>,
    reader: Reader,
    /// Messages given to it.
    pub(super) given: u64,
    /// Whether it was said where its messages belong to.
    pub(super) turned: bool,
    stream: String,
    next: u64,
    volatile: Option<String>,
    pub(super) queue: VecDeque<Came>,
}

impl Line {
    pub(super) fn new(socket: WebSocketStream<TcpStream>) -> Self {
        Self {
            socket,
            reader: Reader::new(Side::Server, MAX_MESSAGE),
            given: 0,
            turned: false,
            stream: String::new(),
            next: 0,
            volatile: None,
            queue: VecDeque::new(),
        }
    }

    /// Reads one frame into the queue, and says what it was and how long.
    pub(super) async fn read(&mut self) -> (&'static str, usize) {
        let read = self.socket.next().await;
        let bytes = read
            .as_ref()
            .map_or(0, |read| read.as_ref().map_or(0, Message::len));
        let name = match read {
            Some(Ok(Message::Text(text))) => self.read_text(&text),
            Some(Ok(Message::Binary(bytes))) => {
                let messages = self.reader.binary(&bytes).expect("a frame in order");
                for message in messages {
                    self.take(Message::binary(message.to_vec()));
                }
                "message"
            }
            Some(Ok(Message::Close(frame))) => {
                let code = frame.map_or(1005, |frame| frame.code.into());
                self.queue.push_back(Came::Closed(code));
                "close"
            }
            Some(Ok(_)) => "websocket",
            Some(Err(_)) | None => {
                self.queue.push_back(Came::Lost);
                "lost"
            }
        };
        (name, bytes)
    }

    fn read_text(&mut self, text: &str) -> &'static str {
        let control = match self.reader.text(text).expect("a frame in order") {
            Incoming::App(text) => {
                self.take(Message::text(text));
                return "message";
            }
            Incoming::Control(control) => control,
        };
        let name = control.frame.name();
        match control.frame {
            Frame::Texts(texts) => texts
                .into_iter()
                .for_each(|text| self.take(Message::text(text))),
            Frame::Binaries(_) => {}
            Frame::Volatile(volatile) => self.volatile = Some(volatile.stream),
            Frame::From(from) => {
                (self.stream, self.next) = (from.stream.clone(), from.next);
                self.queue.push_back(Came::From(from));
            }
            Frame::Stored(stored) => self.queue.push_back(Came::Stored(stored.number)),
            Frame::Error(error) => self.queue.push_back(Came::Error(error)),
            other => self.queue.push_back(Came::Control(other)),
        }
        name
    }

    fn take(&mut self, message: Message) {
        self.queue.push_back(match self.volatile.take() {
            Some(stream) => Came::Volatile(stream, message),
            None => {
                self.next += 1;
                Came::Message(self.stream.clone(), self.next - 1, message)
            }
        });
    }
}
