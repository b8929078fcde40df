//! The states of a client and the transitions between them.

/// Where a client stands. The names are those of the JavaScript `state` property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Made, and not asked to connect yet.
    Idle,
    /// The first attempt is under way.
    Connecting,
    /// Messages flow.
    Open,
    /// Lost; waiting for, or making, another attempt.
    Reconnecting,
    /// Lost, and the platform says that there is no network: attempts are seldom.
    Offline,
    /// `close` was called and is being carried out.
    Closing,
    /// `close` has been carried out. Final.
    Closed,
    /// Given up. Only `reconnect` or `connect` lead out of it.
    Failed,
}

impl State {
    /// Every state, in the order of the numbers that cross to JavaScript.
    pub const ALL: [Self; 8] = [
        Self::Idle,
        Self::Connecting,
        Self::Open,
        Self::Reconnecting,
        Self::Offline,
        Self::Closing,
        Self::Closed,
        Self::Failed,
    ];

    /// Whether the transition from this state to `to` is one that the documentation knows.
    #[must_use]
    pub const fn may_become(self, to: Self) -> bool {
        use State::{Closed, Closing, Connecting, Failed, Idle, Offline, Open, Reconnecting};
        matches!(
            (self, to),
            (Idle, Connecting | Closing)
                | (Connecting, Open | Reconnecting | Offline | Failed | Closing)
                | (Open, Reconnecting | Offline | Failed | Closing)
                | (Reconnecting, Open | Offline | Failed | Closing)
                | (Offline, Open | Reconnecting | Failed | Closing)
                | (Failed, Reconnecting | Closing)
                | (Closing, Closed)
        )
    }

    /// Whether nothing is under way: no link, no attempt, no timer.
    #[must_use]
    pub const fn is_at_rest(self) -> bool {
        matches!(self, Self::Idle | Self::Closed | Self::Failed)
    }

    /// Whether `close` was called.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Closing | Self::Closed)
    }
}
