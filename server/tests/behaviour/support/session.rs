//! A client of steadfast.v1 for tests: it keeps what a client has to keep and does nothing by itself
//! but answer pings.

mod line;

use std::collections::{BTreeMap, VecDeque};

use futures_util::SinkExt;
use steadfast_protocol::SUBPROTOCOL;
use steadfast_protocol::frame::{
    self, Control, Encoded, Frame, Hello, Lane, Position, Welcome, pack,
};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::within;
pub(crate) use line::Came;
use line::Line;

/// A client: what it remembers, and its link if it has one.
pub(crate) struct Client {
    address: String,
    target: String,
    /// Its next hello, but for the claim, which is raised.
    pub(crate) hello: Hello,
    /// The last welcome.
    pub(crate) welcome: Welcome,
    /// Texts that were sent and are not acknowledged.
    pub(crate) unacknowledged: VecDeque<String>,
    /// The number of the last one that is.
    pub(crate) acknowledged: u64,
    line: Option<Line>,
    /// Messages that came while something else was waited for.
    aside: VecDeque<Came>,
    epochs: BTreeMap<String, u32>,
    /// Frames that came, by name; `message` for messages that came alone.
    pub(crate) came: BTreeMap<&'static str, u64>,
    /// Bytes of the frames that brought messages.
    pub(crate) message_bytes: u64,
}

impl Client {
    /// A client that is not connected and was never.
    pub(crate) fn new(address: &str, target: &str) -> Self {
        Self {
            address: address.to_owned(),
            target: target.to_owned(),
            hello: hello(),
            welcome: Welcome::default(),
            unacknowledged: VecDeque::new(),
            acknowledged: 0,
            line: None,
            aside: VecDeque::new(),
            epochs: BTreeMap::new(),
            came: BTreeMap::new(),
            message_bytes: 0,
        }
    }

    /// A client with a session of its own.
    pub(crate) async fn connect(address: &str, target: &str) -> Self {
        let mut client = Self::new(address, target);
        client.resume().await;
        client
    }

    /// Opens a link, says hello, is welcomed, and sends again what is unacknowledged.
    pub(crate) async fn resume(&mut self) {
        let came = self.try_resume().await;
        assert_eq!(came, None, "a welcome");
    }

    /// As [`resume`](Self::resume), but gives what came instead of a welcome.
    pub(crate) async fn try_resume(&mut self) -> Option<Came> {
        self.open().await;
        self.greet().await;
        match self.next().await {
            Came::Control(Frame::Welcome(welcome)) => self.take_welcome(welcome).await,
            other => return Some(other),
        }
        None
    }

    /// Opens a link and says nothing.
    pub(crate) async fn open(&mut self) {
        let tcp = within(TcpStream::connect(&self.address))
            .await
            .expect("the server listens");
        let opened = within(self.shake_hands(tcp)).await;
        self.line = Some(Line::new(opened.expect("a handshake")));
    }

    async fn shake_hands(&self, tcp: TcpStream) -> Option<WebSocketStream<TcpStream>> {
        let url = format!("ws://{}{}", self.address, self.target);
        let mut request = url.into_client_request().expect("a URL");
        let offer = HeaderValue::from_static(SUBPROTOCOL);
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offer);
        let (socket, answer) = client_async(request, tcp).await.ok()?;
        assert_eq!(answer.headers()["sec-websocket-protocol"], SUBPROTOCOL);
        Some(socket)
    }

    /// Says hello, with the next claim.
    pub(crate) async fn greet(&mut self) {
        self.hello.claim += 1;
        let hello = Frame::Hello(self.hello.clone());
        self.control(hello).await;
    }

    async fn take_welcome(&mut self, welcome: Welcome) {
        if self.hello.session.as_deref() != Some(&*welcome.session) {
            self.hello.positions.clear();
            self.unacknowledged.clear();
            self.acknowledged = welcome_of(&welcome, &self.hello);
        }
        self.hello.session = Some(welcome.session.clone());
        self.hello.token = Some(welcome.token.clone());
        let have = welcome_of(&welcome, &self.hello);
        assert!(have >= self.acknowledged, "acknowledged messages are gone");
        self.acknowledge(have);
        self.acknowledged = have;
        self.welcome = welcome;
        let again: Vec<String> = self.unacknowledged.iter().cloned().collect();
        self.give(&again).await;
    }

    /// Sends a text by itself.
    pub(crate) async fn send(&mut self, text: &str) {
        self.unacknowledged.push_back(text.to_owned());
        self.give(&[text.to_owned()]).await;
    }

    /// Sends texts as units, as far as they fit into one.
    pub(crate) async fn send_all(&mut self, texts: &[String]) {
        self.unacknowledged.extend(texts.iter().cloned());
        self.give(texts).await;
    }

    /// How many of its memory's messages the last welcome says are stored.
    pub(crate) fn received(&self) -> u64 {
        welcome_of(&self.welcome, &self.hello)
    }

    /// Goes on with another memory.
    pub(crate) fn remember(&mut self, memory: &str) {
        self.hello.memories = vec![memory.to_owned()];
    }

    async fn give(&mut self, texts: &[String]) {
        let messages: Vec<frame::Message<'_>> = texts
            .iter()
            .map(|text| frame::Message::Text(text))
            .collect();
        self.give_packed(&messages).await;
    }

    /// Gives messages to the link without remembering them.
    pub(crate) async fn give_packed(&mut self, messages: &[frame::Message<'_>]) {
        self.turn().await;
        let line = self.line.as_mut().expect("a link");
        let frames = pack(line.given, messages);
        line.given += messages.len() as u64;
        for frame in frames {
            let frame = match frame {
                Encoded::Text(text) => Message::text(text),
                Encoded::Binary(bytes) => Message::binary(bytes),
            };
            // A link that breaks is noticed by whoever reads.
            let _ = within(line.socket.feed(frame)).await;
        }
        let _ = within(line.socket.flush()).await;
    }

    /// Says where the first message over a link belongs to.
    async fn turn(&mut self) {
        let line = self.line.as_mut().expect("a link");
        if !std::mem::replace(&mut line.turned, true) {
            let memory = self.hello.memories[0].clone();
            let next = self.acknowledged + 1;
            self.control(Frame::Lane(Lane {
                memory,
                lane: 1,
                next,
            }))
            .await;
        }
    }

    /// Sends a control frame.
    pub(crate) async fn control(&mut self, frame: Frame) {
        let count = self.line.as_ref().expect("a link").given;
        self.raw(Message::text(Control { count, frame }.encode()))
            .await;
    }

    /// Sends whatever it is told to.
    pub(crate) async fn raw(&mut self, message: Message) {
        let line = self.line.as_mut().expect("a link");
        let _ = within(line.socket.send(message)).await;
    }

    /// Says that everything that came on `stream` is handed over.
    pub(crate) async fn hand(&mut self, stream: &str) {
        let (epoch, number) = self.hello.positions[stream];
        let stream = stream.to_owned();
        self.control(Frame::Handed(Position {
            stream,
            epoch,
            number,
        }))
        .await;
    }

    /// What comes next. Acknowledgements and positions are taken note of; pings are answered.
    pub(crate) async fn next(&mut self) -> Came {
        let came = match self.aside.pop_front() {
            Some(came) => came,
            None => within(self.arrival()).await,
        };
        match &came {
            Came::Message(stream, number, _) => self.hand_over(stream, *number),
            Came::From(from) => {
                self.epochs.insert(from.stream.clone(), from.epoch);
            }
            _ => {}
        }
        came
    }

    fn hand_over(&mut self, stream: &str, number: u64) {
        let epoch = self.epochs[stream];
        let position = (epoch, number);
        let before = self.hello.positions.insert(stream.to_owned(), position);
        assert!(
            before.is_none_or(|(e, n)| e != epoch || n < number),
            "{stream} {number} comes after {before:?}"
        );
    }

    /// What comes next that is no `from`.
    pub(crate) async fn next_but_from(&mut self) -> Came {
        loop {
            match self.next().await {
                Came::From(_) => {}
                came => return came,
            }
        }
    }

    async fn arrival(&mut self) -> Came {
        loop {
            let line = self.line.as_mut().expect("a link");
            let came = match line.queue.pop_front() {
                Some(came) => came,
                None => {
                    let (name, bytes) = line.read().await;
                    if matches!(name, "message" | "texts" | "binaries") {
                        self.message_bytes += bytes as u64;
                    }
                    *self.came.entry(name).or_default() += 1;
                    continue;
                }
            };
            match &came {
                Came::Control(Frame::Ping(ping)) => {
                    let pong = Frame::Pong(*ping);
                    self.control(pong).await;
                    continue;
                }
                Came::Stored(number) => self.acknowledge(*number),
                _ => {}
            }
            return came;
        }
    }

    /// The next message: its stream, number and text. Acknowledgements and `from` are passed over.
    pub(crate) async fn message(&mut self) -> (String, u64, String) {
        loop {
            match self.next().await {
                Came::Message(stream, number, Message::Text(text)) => {
                    return (stream, number, text.to_string());
                }
                Came::Stored(_) | Came::From(_) => {}
                other => panic!("a message was expected, not {other:?}"),
            }
        }
    }

    /// Whether a message comes next, or an acknowledgement or `from`.
    pub(crate) async fn next_is_message(&mut self) -> bool {
        match self.next().await {
            Came::Message(..) => true,
            Came::Stored(_) | Came::From(_) => false,
            other => panic!("{other:?}"),
        }
    }

    /// From now on it connects to another address.
    pub(crate) fn move_to(&mut self, address: &str) {
        address.clone_into(&mut self.address);
    }

    /// Waits until everything sent is acknowledged; messages that come meanwhile are kept.
    pub(crate) async fn settled(&mut self) {
        while !self.unacknowledged.is_empty() {
            match within(self.arrival()).await {
                came @ (Came::Message(..) | Came::From(_)) => self.aside.push_back(came),
                Came::Stored(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The error code of the error frame, and the code of the close behind it; what comes before is
    /// passed over.
    pub(crate) async fn refused(&mut self) -> (String, u16) {
        let mut error = String::new();
        loop {
            match self.next().await {
                Came::Error(frame) => error = frame.error_code,
                Came::Closed(code) => return (error, code),
                Came::Lost => panic!("the link broke after {error:?}"),
                _ => {}
            }
        }
    }

    /// Reads, and answers, until the server has pinged so often; nothing else may come.
    pub(crate) async fn pinged(&mut self, count: u64) {
        let mut pings = 0;
        while pings < count {
            let line = self.line.as_mut().expect("a link");
            within(line.read()).await;
            while let Some(came) = line.queue.pop_front() {
                let Came::Control(Frame::Ping(ping)) = came else {
                    panic!("{came:?}");
                };
                pings += 1;
                let count = line.given;
                let frame = Frame::Pong(ping);
                let pong = Message::text(Control { count, frame }.encode());
                within(line.socket.send(pong)).await.expect("sent");
            }
        }
    }

    /// Leaves everything unanswered until the server closes; the code.
    pub(crate) async fn unanswering(&mut self) -> u16 {
        let line = self.line.as_mut().expect("a link");
        loop {
            within(line.read()).await;
            if let Some(Came::Closed(code)) = line.queue.pop_back() {
                return code;
            }
        }
    }

    /// Sends the same again and again without reading, until the connection breaks.
    pub(crate) async fn flood(&mut self, text: &str) {
        let line = self.line.as_mut().expect("a link");
        within(async { while line.socket.send(Message::text(text)).await.is_ok() {} }).await;
    }

    /// Drops the link without a word, and what came over it and was not looked at.
    pub(crate) fn cut(&mut self) {
        self.aside.clear();
        self.line = None;
    }

    fn acknowledge(&mut self, number: u64) {
        let count = usize::try_from(number.saturating_sub(self.acknowledged)).expect("a count");
        assert!(count <= self.unacknowledged.len(), "{number} was not sent");
        self.unacknowledged.drain(..count);
        self.acknowledged = self.acknowledged.max(number);
    }
}

/// A hello of a page that speaks for itself.
fn hello() -> Hello {
    let instance = instance();
    Hello {
        memories: vec![instance.clone()],
        instance,
        ..Hello::default()
    }
}

/// How many of the hello's memory's messages are stored.
fn welcome_of(welcome: &Welcome, hello: &Hello) -> u64 {
    let memory = welcome.memories.get(&hello.memories[0]);
    memory.map_or(0, |memory| memory.received[1])
}

/// 128 random bits in hex.
pub(crate) fn instance() -> String {
    let [high, low] = [(); 2].map(|()| getrandom::u64().expect("randomness"));
    format!("{high:016x}{low:016x}")
}
