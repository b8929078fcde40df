//! A WebSocket's end of the sessions: its frames go in here, in order and within a bound.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use steadfast_sessions::io::{Input, LinkId, Wire};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::PollSemaphore;

use super::event::Event;
use super::handle::permits_for;
use crate::ws::link::Listener;

/// One link's end. Dropping it says that the link is gone.
pub(crate) struct Port {
    link: LinkId,
    events: UnboundedSender<Event>,
    arriving: PollSemaphore,
    /// A frame for which there was no room. Nothing is read meanwhile.
    held: Option<(Wire, u32)>,
    frames: u64,
    /// Bytes that the socket has taken since the sessions were told, and when that was.
    taken: usize,
    told: Instant,
    tell_after: usize,
}

/// On a slow line, how often the sessions are told that it moves at all.
const TELL_EVERY: Duration = Duration::from_secs(1);

impl Port {
    pub(super) fn new(
        link: LinkId,
        events: UnboundedSender<Event>,
        arriving: Arc<Semaphore>,
        link_buffer: usize,
    ) -> Self {
        Self {
            link,
            events,
            arriving: PollSemaphore::new(arriving),
            held: None,
            frames: 0,
            taken: 0,
            told: Instant::now(),
            tell_after: link_buffer / 4,
        }
    }
}

impl Listener for Port {
    /// A client may send its acknowledgements only while it is read, and takes more only then.
    const READS_WHILE_BLOCKED: bool = true;

    fn hear(&mut self, message: Message) -> Option<Message> {
        let bytes = message.len();
        let wire = match message {
            Message::Text(text) => Wire::Text(text.as_str().to_owned()),
            Message::Binary(bytes) => Wire::Binary(bytes.into()),
            _ => return None,
        };
        self.frames += 1;
        self.held = Some((wire, permits_for(bytes)));
        None
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((_, permits)) = &self.held else {
            return Poll::Ready(());
        };
        let Poll::Ready(permit) = self.arriving.poll_acquire_many(cx, *permits) else {
            return Poll::Pending;
        };
        if let (Some(permit), Some((wire, _))) = (permit, self.held.take()) {
            let link = self.link;
            // Once the sessions are gone, so is whoever would care.
            let _ = self
                .events
                .send(Event::Frame(Input::Frame { link, wire }, permit));
        }
        Poll::Ready(())
    }

    fn sent(&mut self, bytes: usize) {
        self.taken += bytes;
        if self.taken >= self.tell_after || self.told.elapsed() >= TELL_EVERY {
            (self.taken, self.told) = (0, Instant::now());
            let _ = self.events.send(Event::Drained(self.link));
        }
    }

    fn heard(&self) -> u64 {
        self.frames
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        let link = self.link;
        let _ = self.events.send(Event::Input(Input::LinkClosed { link }));
    }
}
