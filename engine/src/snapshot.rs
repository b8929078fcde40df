//! What is remembered of snapshots: which are wanted, and the one that is under way.

use alloc::vec::Vec;

/// The memory of snapshots. Without them it stays as it is.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own"
)]
pub(crate) struct Snapshot {
    /// A link was open once: what is older has been restored.
    pub(crate) ready: bool,
    /// It is time to look at the state.
    pub(crate) due: bool,
    /// The page is hidden, and its state was not captured since.
    pub(crate) hiding: bool,
    /// The application is asked for its state.
    pub(crate) capturing: bool,
    /// A state is on its way.
    pub(crate) saving: bool,
    /// The last state was refused, or there was none: acknowledgement follows hand-over.
    pub(crate) failed: bool,
    /// Another state was saved in between: only the application can want to save this one.
    pub(crate) stale: bool,
    /// Those who wait for their state to be saved.
    pub(crate) tickets: Vec<u32>,
    /// So many of them have it captured.
    pub(crate) covered: usize,
}

impl Snapshot {
    pub(crate) const fn new() -> Self {
        Self {
            ready: false,
            due: false,
            hiding: false,
            capturing: false,
            saving: false,
            failed: false,
            stale: false,
            tickets: Vec::new(),
            covered: 0,
        }
    }
}
