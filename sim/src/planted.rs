//! Mistakes that are planted in the simulator's own page, where it does what a host has to.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A row is put, but its transaction not committed in the same task.
    CommitLeftOut,
    /// A page reads and sends the rows of a memory that another page has.
    RowsOfTwoTabs,
    /// The application's state is restored after the first message.
    RestoreAfterFirstMessage,
    /// The positions of a checkpoint are taken later than its state.
    PositionsAfterCapture,
    /// Nothing says which rows are done with.
    SettledLeftOut,
    /// A row that was moved, and has got its number, is not done with where it stood before.
    MovedForgotten,
    /// When a page dies while a row is moved, it is deleted where it stood, and put nowhere.
    TornMove,
}

#[cfg(feature = "canaries")]
std::thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// From here on the pages of this thread make this mistake.
#[cfg(feature = "canaries")]
pub(crate) fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

#[cfg(feature = "canaries")]
pub(crate) fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

#[cfg(not(feature = "canaries"))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}
