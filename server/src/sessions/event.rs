use std::sync::Arc;

use steadfast_sessions::io::{AuthRefusal, Effect, Input, LinkId, SendRefusal};
use steadfast_sessions::store::{Reply, Request, StoreError};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::application::Credentials;
use crate::ws::outbox::Outbox;

/// What the task that owns the node is told.
pub(super) enum Event {
    Input(Input),
    /// A frame, which holds its room until it has been looked at.
    Frame(Input, OwnedSemaphorePermit),
    Opened {
        link: LinkId,
        outbox: Arc<Outbox>,
        endpoint: Arc<str>,
        request_id: Arc<str>,
        opened: Input,
    },
    /// A link's socket has taken some of what it has to send.
    Drained(LinkId),
    /// The application sends; the message holds its room until it is stored.
    Send {
        effect: Effect,
        reply: oneshot::Sender<Result<(), SendRefusal>>,
        permit: OwnedSemaphorePermit,
    },
    /// Somebody shows credentials without a link.
    Authenticate {
        credentials: Credentials,
        reply: oneshot::Sender<Result<String, AuthRefusal>>,
    },
    /// The store is asked for something that is none of the node's business.
    Ask {
        request: Request,
        reply: oneshot::Sender<Result<Reply, StoreError>>,
        permit: OwnedSemaphorePermit,
    },
    /// It has answered.
    Answered,
    Stop(oneshot::Sender<()>),
}
