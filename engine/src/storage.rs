//! How far the durable queue is with its storage.

/// What is known of storage.
#[derive(Debug)]
pub(crate) struct Storage {
    /// The page was put away: nothing is asked until it is in use again.
    pub(crate) away: bool,
    /// It was asked which memories there are, since the page is in use.
    pub(crate) begun: bool,
    /// It is asked.
    pub(crate) recalling: bool,
    /// It has answered, or has had its time.
    pub(crate) recalled: bool,
    /// The lock of the page's own memory is its.
    pub(crate) locked: bool,
    /// This page delivers what others leave.
    pub(crate) leads: bool,
    /// Messages are kept.
    pub(crate) works: bool,
    /// How often it was tried again in vain.
    pub(crate) retries: u32,
}

impl Storage {
    pub(crate) const fn new() -> Self {
        Self {
            away: false,
            begun: false,
            recalling: false,
            recalled: false,
            locked: false,
            leads: false,
            works: true,
            retries: 0,
        }
    }
}
