//! Mistakes that are planted in what the simulator plays around engine and node: a host, and a store.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A row is put, and its transaction neither committed in the same task nor noted.
    CommitLeftOut,
    /// A page reads and sends the rows of a memory that another page has.
    RowsOfTwoTabs,
    /// The application's state is restored after the first message.
    RestoreAfterFirstMessage,
    /// The positions of a checkpoint are taken later than its state.
    PositionsAfterCapture,
    /// A message that is dropped is deleted with its mark, in one transaction that nothing waits for.
    MarkDeletedWithRow,
    /// What is put in a page's last task is not noted.
    NoteLeftOut,
    /// The store answers the claim of a session that goes on before it has synced it.
    ResumeBeforeSync,
    /// The store tells of rows that it has not synced.
    RowBeforeSync,
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
