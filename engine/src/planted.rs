//! Bugs that can be planted, so that whatever looks for bugs can prove that it finds them.

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// What an older link says is taken for the present one's.
    StaleGenerationKept = 1,
    /// A unit counts as one message.
    BatchCountedInPart,
    /// A link counts as stable as soon as it opens.
    BackoffResetEarly,
    /// More is sent than the server's window takes.
    WindowIgnored,
    /// A message gets the number of the one that it takes the place of.
    NumberOfReplaced,
    /// What a page sends gets the numbers of a memory that it has found.
    OldMemoryContinued,
    /// What a page sends leaves before what is older was read.
    SentBeforeRead,
    /// What is dropped is not marked in storage.
    DropWithoutMark,
    /// A page that is put away goes on with what it has left to storage.
    MemoryKeptAway,
    /// A checkpoint that was stored acknowledges what was handed over since it was taken, too.
    PositionsAfterCapture,
}

#[cfg(feature = "planted")]
mod planting {
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::Bug;

    static PLANTED: AtomicU8 = AtomicU8::new(0);

    /// Plants `bug` in every engine of this process, in place of the one before.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.store(bug.map_or(0, |bug| bug as u8), Ordering::Relaxed);
    }

    /// Whether `bug` is planted.
    #[must_use]
    pub fn is(bug: Bug) -> bool {
        PLANTED.load(Ordering::Relaxed) == bug as u8
    }
}

#[cfg(feature = "planted")]
pub use planting::{is, plant};

/// Whether `bug` is planted: without the feature `planted` none ever is.
#[cfg(not(feature = "planted"))]
#[must_use]
pub const fn is(_: Bug) -> bool {
    false
}
