//! The task behind one open WebSocket: reads, answers, pings, keeps the deadlines, and closes in order.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, sink};
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::close::Farewell;
use super::meter::Meter;
use super::outbox::{Order, Outbox};
use crate::config::Deadlines;

/// Bytes read at once. tungstenite's default of 128 KiB is allocated for every link, used or not, and halves the speed.
const READ_BUFFER: usize = 4 << 10;
/// Bytes gathered before they are written without waiting for the end of the batch.
const WRITE_BUFFER: usize = 64 << 10;

/// Whom a link's messages are for.
pub(crate) trait Listener: Unpin {
    /// Whether the link is read while its peer takes nothing. If so, the listener has nothing to
    /// send back from [`hear`](Self::hear).
    const READS_WHILE_BLOCKED: bool;

    /// Takes a text or binary message and gives what to send back.
    fn hear(&mut self, message: Message) -> Option<Message>;

    /// Ready once it can hear another message.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// The socket has taken a message of so many bytes out of the outbox.
    fn sent(&mut self, bytes: usize);

    /// How many messages it has heard.
    fn heard(&self) -> u64;
}

/// One link.
pub(crate) struct Link<S, L> {
    socket: WebSocketStream<Meter<S>>,
    listener: L,
    outbox: Arc<Outbox>,
    deadlines: Deadlines,
    timer: Pin<Box<Sleep>>,
    ping_at: Instant,
    /// The first ping since the peer was last heard.
    asked_at: Option<Instant>,
    /// Accepted for sending, but the socket is still busy with what came before. Nothing is read meanwhile, unless the
    /// listener wants it.
    outgoing: Option<Message>,
    /// Answers have been written that have not left yet.
    unflushed: bool,
    /// An answer of the protocol layer's own is among them.
    ponging: bool,
    /// They are leaving, slower than they came. Nothing that is answered is read meanwhile, or a peer that never reads
    /// could pile the answers up.
    flushing: bool,
    outbox_first: bool,
}

/// How a link ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The peer closed, with this code (1005: none given).
    ByPeer { code: u16 },
    /// The server closed.
    ByServer(Farewell),
    /// The connection broke.
    Lost(Error),
}

enum Event {
    Message(Message),
    Farewell(Farewell),
    /// The socket gives no more messages.
    Ended(Option<Error>),
}

/// Polls one place that events come from.
type Source<S, L> = fn(&mut Link<S, L>, &mut Context<'_>) -> Poll<Option<Event>>;

impl<S: AsyncRead + AsyncWrite + Unpin, L: Listener> Link<S, L> {
    /// Takes over a stream whose handshake is done.
    pub(crate) async fn new(
        stream: S,
        listener: L,
        outbox: Arc<Outbox>,
        max_message: usize,
        deadlines: Deadlines,
    ) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(max_message))
            .max_frame_size(Some(max_message));
        let ping_at = Instant::now() + deadlines.ping;
        Self {
            socket: WebSocketStream::from_raw_socket(
                Meter::new(stream),
                Role::Server,
                Some(config),
            )
            .await,
            listener,
            outbox,
            timer: Box::pin(sleep_until(ping_at)),
            ping_at,
            asked_at: None,
            deadlines,
            outgoing: None,
            unflushed: false,
            ponging: false,
            flushing: false,
            outbox_first: false,
        }
    }

    /// Runs until one side closes or the connection breaks; [`leave`](Self::leave) does the rest.
    pub(crate) async fn run(&mut self) -> Ended {
        loop {
            match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Message(Message::Close(frame)) => {
                    let code = frame.map_or(1005, |frame| frame.code.into());
                    return Ended::ByPeer { code };
                }
                Event::Message(message @ (Message::Text(_) | Message::Binary(_))) => {
                    if let Some(answer) = self.listener.hear(message) {
                        self.outgoing = Some(answer);
                    }
                }
                // The protocol layer has written the pong, and it has to leave before much more is read.
                Event::Message(Message::Ping(_)) => (self.unflushed, self.ponging) = (true, true),
                // A pong has done its work by arriving.
                Event::Message(_) => {}
                Event::Farewell(farewell) => return Ended::ByServer(farewell),
                Event::Ended(error) => {
                    let error = error.unwrap_or(Error::ConnectionClosed);
                    return Farewell::for_error(&error).map_or(Ended::Lost(error), Ended::ByServer);
                }
            }
        }
    }

    /// How many messages its listener has heard.
    pub(crate) fn heard(&self) -> u64 {
        self.listener.heard()
    }

    /// Finishes the closing handshake, then ends the connection so that the peer still reads our last frame:
    /// a socket dropped with unread bytes in it sends a reset, which can overtake what was written before.
    pub(crate) async fn leave(self, ended: &Ended) {
        let Self {
            mut socket,
            listener,
            deadlines,
            ..
        } = self;
        // For whoever listened, the link is over now, and not when the peer has taken note.
        drop(listener);
        let farewell = match ended {
            Ended::ByPeer { .. } => None,
            Ended::ByServer(farewell) => Some(farewell.frame()),
            Ended::Lost(_) => return,
        };
        let goodbye = async {
            if farewell.is_some() {
                socket.send(Message::Close(farewell)).await?;
            }
            while socket.next().await.is_some() {}
            let stream = socket.get_mut();
            stream.shutdown().await?;
            copy(stream, &mut sink()).await?;
            Ok::<(), Error>(())
        };
        // Whether the peer took part no longer matters: the link is over either way.
        let _ = timeout(deadlines.close, goodbye).await;
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            match self.poll_outgoing(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Event::Ended(Some(error))),
                Poll::Pending => return self.poll_blocked(cx),
            }
            match self.poll_sources(cx) {
                Poll::Ready(Some(event)) => return Poll::Ready(event),
                Poll::Ready(None) => continue,
                Poll::Pending => {}
            }
            // Everything at hand has been answered: now the answers leave, in one write.
            if self.unflushed {
                self.flushing = true;
                continue;
            }
            match ready!(self.poll_deadlines(cx)) {
                Some(farewell) => return Poll::Ready(Event::Farewell(farewell)),
                None => self.outgoing = Some(Message::Ping(Bytes::new())),
            }
        }
    }

    /// Ready once nothing stands in the way of reading on.
    fn poll_outgoing(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.flushing {
            ready!(self.socket.poll_flush_unpin(cx))?;
            (self.flushing, self.unflushed, self.ponging) = (false, false, false);
        }
        if self.outgoing.is_some() {
            ready!(self.socket.poll_ready_unpin(cx))?;
        }
        if let Some(message) = self.outgoing.take() {
            self.unflushed = true;
            self.socket.start_send_unpin(message)?;
        }
        Poll::Ready(Ok(()))
    }

    /// The next message or order; `None` if there is something to send now. The two sources take turns at being first.
    fn poll_sources(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.outbox_first = !self.outbox_first;
        let (first, second): (Source<S, L>, Source<S, L>) = if self.outbox_first {
            (Self::poll_outbox, Self::poll_socket)
        } else {
            (Self::poll_socket, Self::poll_outbox)
        };
        match first(self, cx) {
            Poll::Pending => second(self, cx),
            ready => ready,
        }
    }

    fn poll_socket(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        ready!(self.listener.poll_ready(cx));
        self.socket.poll_next_unpin(cx).map(|read| {
            Some(match read {
                Some(Ok(message)) => Event::Message(message),
                Some(Err(error)) => Event::Ended(Some(error)),
                None => Event::Ended(None),
            })
        })
    }

    fn poll_outbox(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        Poll::Ready(match ready!(self.outbox.poll(cx)) {
            Order::Send(message) => {
                self.listener.sent(message.len());
                self.outgoing = Some(message);
                None
            }
            Order::Close(farewell) => Some(Event::Farewell(farewell)),
        })
    }

    /// While the peer takes nothing, it may be ordered to close, or heard; the stream below ends a stall that lasts.
    fn poll_blocked(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(farewell) = self.outbox.poll_close(cx) {
            return Poll::Ready(Event::Farewell(farewell));
        }
        // Each ping read would add a pong to what the peer does not take.
        if !L::READS_WHILE_BLOCKED || self.ponging {
            return Poll::Pending;
        }
        match ready!(self.poll_socket(cx)) {
            Some(event) => Poll::Ready(event),
            None => Poll::Pending,
        }
    }

    /// Ready with a reason to close, or with nothing when a ping is due.
    fn poll_deadlines(&mut self, cx: &mut Context<'_>) -> Poll<Option<Farewell>> {
        loop {
            let idle_at = self.idle_at();
            let frame_since = self.socket.get_ref().frame_since();
            let frame_at = frame_since.map(|since| since + self.deadlines.frame);
            let due = self.ping_at.min(idle_at).min(frame_at.unwrap_or(idle_at));
            if self.timer.deadline() != due {
                self.timer.as_mut().reset(due);
            }
            ready!(self.timer.as_mut().poll(cx));
            let now = Instant::now();
            if frame_at.is_some_and(|at| at <= now) {
                return Poll::Ready(Some(Farewell::FrameLate));
            }
            // First the ping: if both are overdue, the peer has not been asked yet.
            if self.ping_at <= now {
                self.note_ping(now);
                return Poll::Ready(None);
            }
            if idle_at <= now {
                return Poll::Ready(Some(Farewell::Idle));
            }
        }
    }

    /// When silence has lasted too long. A ping must have had its time to be answered:
    /// after a pause of this process the peer is asked, not closed.
    fn idle_at(&self) -> Instant {
        let Deadlines { idle, ping, .. } = self.deadlines;
        let last_read = self.socket.get_ref().last_read();
        if ping >= idle {
            return last_read + idle;
        }
        let asked = self.asked_at.filter(|&at| at > last_read);
        (last_read + idle).max(asked.unwrap_or(self.ping_at) + (idle - ping))
    }

    fn note_ping(&mut self, now: Instant) {
        let last_read = self.socket.get_ref().last_read();
        if self.asked_at.is_none_or(|at| at <= last_read) {
            self.asked_at = Some(now);
        }
        self.ping_at = now + self.deadlines.ping;
    }
}
