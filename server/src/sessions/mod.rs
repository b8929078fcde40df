//! Reliable sessions for an axum application: steadfast.v1 between a browser and a handler.
//!
//! An [`Application`] says who a client is and what becomes of its messages. [`Sessions`] keeps the
//! rest: what was stored, acknowledged, handed over and sent. A route upgrades its requests with
//! [`Sessions::upgrade`].
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use axum::extract::State;
//! use axum::response::Response;
//! use axum::routing::any;
//! use steadfast_server::sessions::{
//!     Application, Context, EmbeddedStore, HandlerError, Payload, SessionConfig, SessionUpgrade,
//!     Sessions,
//! };
//!
//! struct Echo;
//!
//! impl Application for Echo {
//!     async fn handle(&self, context: &mut Context, message: Payload) -> Result<(), HandlerError> {
//!         context.send(message);
//!         Ok(())
//!     }
//! }
//!
//! async fn ws(State(sessions): State<Sessions>, upgrade: SessionUpgrade) -> Response {
//!     sessions.upgrade(upgrade, "/ws", [])
//! }
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Arc::new(EmbeddedStore::open("sessions.redb")?);
//! let sessions = Sessions::start(SessionConfig::default(), store, Echo);
//! let router: axum::Router = axum::Router::new().route("/ws", any(ws)).with_state(sessions);
//! # Ok(())
//! # }
//! ```

mod actor;
mod application;
mod event;
mod handle;
mod order;
mod pace;
mod port;
pub(crate) mod snapshots;
mod upgrade;

pub use application::{Application, Context, Credentials, HandlerError};
pub use handle::{SendError, Sessions};
pub use steadfast_sessions::Payload;
pub use steadfast_sessions::io::{AuthRefusal, Config as SessionConfig, OutboxOverflow};
pub use steadfast_sessions::store::SessionStore;
pub use steadfast_sessions::store::memory::MemoryStore;
pub use upgrade::{SessionUpgrade, UpgradeRefused};

pub use crate::store::{EmbeddedStore, StoreOpenError};
pub(crate) use port::Port;
