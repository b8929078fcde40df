//! What is kept, and the only ways to change it.
//!
//! A store executes one [`Request`] at a time, atomically, and answers a write only when it is
//! synced. Every request can be repeated: one that was carried out already says so again.
//!
//! [`apply`](apply::apply) is what every request means, over any ordered table of bytes
//! ([`rows::Rows`]); [`memory`] is such a table without a disk.

use std::future::Future;
use std::pin::Pin;

mod append;
pub mod apply;
mod claim;
mod commit;
#[cfg(feature = "conformance")]
pub mod conformance;
mod forget;
mod key;
mod log;
mod memories;
pub mod memory;
mod read;
mod record;
pub mod reply;
pub mod request;
mod room;
pub mod rows;
mod session;
mod shelf;
mod snapshot;
mod term;

pub use key::{valid_id, valid_room};
pub use reply::{
    Accepted, Appended, Claimed, Committed, Entry, Held, Memory, Refused, Reply, Row, SaveRefusal,
    Snapshot, StoreError, StreamStart, Unsaved, Version, Work,
};
pub use request::{
    Adopt, Append, Claim, Commit, Content, Limits, Load, Request, Save, Slot, SnapshotLimits, Term,
    Upward, Wanted,
};

pub use term::NoTerm;

/// What a store answers, some time.
pub type Answer = Pin<Box<dyn Future<Output = Result<Reply, StoreError>> + Send>>;

/// A store, as a server uses it.
pub trait SessionStore: Send + Sync {
    /// Carries out `request`, atomically. A write is synced when the answer comes. Requests that wait
    /// at the same time may be carried out in any order.
    fn execute(&self, request: Request) -> Answer;
}
