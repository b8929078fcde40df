//! Mistakes that the simulator plants, one at a time, to prove that it would notice them. Without the
//! feature `planted` none can be: [`is`] is `false` at compile time.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bug {
    /// Upward messages are acknowledged before they are synced.
    AckBeforeSync,
    /// A welcome tells of a claim that is not synced.
    WelcomeBeforeSync,
    /// The session's rows are read and written whoever owns it.
    StoreWithoutTerm,
    /// Sending goes on one message too late after a resume.
    ResumeOffByOne,
    /// Events of an old link are taken for the new one's.
    StaleGenerationKept,
    /// An upward message gets its number at `send`, and keeps it.
    UpwardNumberAtSend,
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
    /// A unit of which a part was used counts for that part.
    BatchCountedInPart,
    /// A handler's effects and its cursor are two writes.
    EchoOutsideCommit,
    /// An attempt that was accepted and closed at once counts as a success.
    BackoffResetEarly,
    /// More is sent than the other side takes.
    WindowIgnored,
    /// A checkpoint is stored, and its positions are not.
    SnapshotBeforePositions,
    /// A snapshot is stored whatever it follows.
    SnapshotOverwrittenByOlder,
}

impl Bug {
    /// Every mistake there is.
    pub const ALL: [Self; 17] = [
        Self::AckBeforeSync,
        Self::WelcomeBeforeSync,
        Self::StoreWithoutTerm,
        Self::ResumeOffByOne,
        Self::StaleGenerationKept,
        Self::UpwardNumberAtSend,
        Self::DownwardNumberAtHandover,
        Self::ReceivedOfAnotherMemory,
        Self::StoredNumberAccepted,
        Self::StaleClaimAccepted,
        Self::PositionAsAcknowledgement,
        Self::BatchCountedInPart,
        Self::EchoOutsideCommit,
        Self::BackoffResetEarly,
        Self::WindowIgnored,
        Self::SnapshotBeforePositions,
        Self::SnapshotOverwrittenByOlder,
    ];
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
