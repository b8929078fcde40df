//! Mistakes that the simulator plants, one at a time, to prove that it would notice them. Without the
//! feature `planted` none can be: [`is`] is `false` at compile time.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bug {
    /// Upward messages are acknowledged before they are synced.
    AckBeforeSync,
    /// A welcome tells of a claim that is not synced.
    WelcomeBeforeSync,
    /// The session's rows are written whoever owns it.
    StoreWithoutTerm,
    /// They are read whoever owns it.
    ReadWithoutTerm,
    /// A memory is counted in whoever has claimed it.
    MemoryWithoutTerm,
    /// A downward message gets its number when it is handed to the link.
    DownwardNumberAtHandover,
    /// A welcome tells the count of another memory.
    ReceivedOfAnotherMemory,
    /// A message is stored although its number is not above the last one.
    StoredNumberAccepted,
    /// A hello takes the session although a later one has it.
    StaleClaimAccepted,
    /// The position in a hello lets the server forget.
    PositionAsAcknowledgement,
    /// A handler's effects and its cursor are two writes.
    EchoOutsideCommit,
    /// More is sent than the other side takes.
    WindowIgnored,
    /// A checkpoint is stored, and its positions are not.
    SnapshotBeforePositions,
    /// A snapshot is stored whatever it follows.
    SnapshotOverwrittenByOlder,
}

#[cfg(feature = "planted")]
std::thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// From here on this thread makes `bug`, and no other mistake.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether this thread makes `bug`.
#[cfg(feature = "planted")]
#[must_use]
pub fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Whether this thread makes `bug`: never.
#[cfg(not(feature = "planted"))]
#[must_use]
pub const fn is(_bug: Bug) -> bool {
    false
}
