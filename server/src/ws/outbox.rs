//! What others want a link to send: messages within a bound, and the order to close.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio_tungstenite::tungstenite::Message;

use super::close::Farewell;

/// A link's queue, filled by the hub or by its session, and emptied by the link's own task.
pub(crate) struct Outbox {
    limit: usize,
    state: Mutex<State>,
}

/// What the link is to do next.
#[derive(Debug)]
pub(crate) enum Order {
    Send(Message),
    Close(Farewell),
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    bytes: usize,
    farewell: Option<Farewell>,
    waker: Option<Waker>,
}

/// Bytes that a queued message costs besides its payload.
const OVERHEAD: usize = 64;

impl Outbox {
    /// `limit` is in bytes. One message alone may be longer.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            state: Mutex::default(),
        }
    }

    /// Queues a message. If the peer has let too much pile up, the queue is dropped and the link closed instead.
    pub(crate) fn push(&self, message: Message) {
        let mut state = self.lock();
        if state.farewell.is_some() {
            return;
        }
        let size = message.len() + OVERHEAD;
        if !state.messages.is_empty() && state.bytes + size > self.limit {
            state.messages.clear();
            state.bytes = 0;
            state.farewell = Some(Farewell::TooSlow);
        } else {
            state.bytes += size;
            state.messages.push_back(message);
        }
        state.wake();
    }

    /// Orders the link to close, after what is queued already. The first order counts.
    pub(crate) fn close(&self, farewell: Farewell) {
        let mut state = self.lock();
        state.farewell.get_or_insert(farewell);
        state.wake();
    }

    /// What is queued, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// The next order: messages in turn, then the close.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Order> {
        let mut state = self.lock();
        if let Some(message) = state.messages.pop_front() {
            state.bytes -= message.len() + OVERHEAD;
            return Poll::Ready(Order::Send(message));
        }
        state.poll_farewell(cx).map(Order::Close)
    }

    /// The order to close, ahead of all messages: for a link that cannot send at present.
    pub(crate) fn poll_close(&self, cx: &mut Context<'_>) -> Poll<Farewell> {
        self.lock().poll_farewell(cx)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<Farewell> {
        match &self.farewell {
            Some(farewell) => Poll::Ready(farewell.clone()),
            None => {
                self.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(outbox: &Outbox) -> Poll<Order> {
        outbox.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_full_queue_is_dropped_and_the_link_closed() {
        let outbox = Outbox::new(1000);
        for _ in 0..4 {
            outbox.push(Message::text("x".repeat(200)));
        }
        assert!(matches!(
            next(&outbox),
            Poll::Ready(Order::Close(Farewell::TooSlow))
        ));
    }

    #[test]
    fn room_comes_back_as_messages_leave() {
        let outbox = Outbox::new(1000);
        for _ in 0..100 {
            outbox.push(Message::text("x".repeat(400)));
            assert!(matches!(next(&outbox), Poll::Ready(Order::Send(_))));
        }
        assert!(next(&outbox).is_pending());
    }

    #[test]
    fn one_long_message_passes() {
        let outbox = Outbox::new(10);
        outbox.push(Message::text("longer than the limit"));
        assert!(matches!(next(&outbox), Poll::Ready(Order::Send(_))));
    }

    #[test]
    fn queued_messages_go_before_an_ordered_close_but_not_when_blocked() {
        let outbox = Outbox::new(1000);
        outbox.push(Message::text("a"));
        outbox.close(Farewell::GoingAway);
        assert!(
            outbox
                .poll_close(&mut Context::from_waker(Waker::noop()))
                .is_ready()
        );
        assert!(matches!(next(&outbox), Poll::Ready(Order::Send(_))));
        assert!(matches!(
            next(&outbox),
            Poll::Ready(Order::Close(Farewell::GoingAway))
        ));
    }
}
