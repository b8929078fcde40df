//! Kinds of fault, each of them on or off for a whole day.

use crate::dice::Dice;

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// A kind of fault, or of use that makes faults matter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Class {
            $($(#[$doc])* $variant,)*
        }

        impl Class {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name on the command line and in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

classes! {
    /// Frames take long, and not always equally long.
    Latency "latency",
    /// Connections are refused.
    Refused "refused",
    /// Connections are accepted and closed at once.
    AcceptedThenClosed "accepted-then-closed",
    /// The answer to a handshake comes late.
    LateHandshake "late-handshake",
    /// Links are cut at any time.
    Cut "cut",
    /// Links are cut just before or after a frame.
    CutAtFrame "cut-at-frame",
    /// Links stay open and fall silent, both ways.
    BlackHole "black-hole",
    /// Links fall silent in one direction.
    HalfOpen "half-open",
    /// Links take few bytes a second.
    SlowLine "slow-line",
    /// A link that was given up still speaks.
    LateEvents "late-events",
    /// Pages are hidden: their timers are throttled.
    Hide "hide",
    /// Pages are frozen: nothing reaches them until they thaw.
    Freeze "freeze",
    /// Pages are put away and come back.
    PutAway "put-away",
    /// Pages are loaded again.
    Reload "reload",
    /// Pages lose what they stored.
    LoseStorage "lose-storage",
    /// A tab is copied, with all that it stored.
    Tabs "tabs",
    /// The platform says that there is no network.
    Offline "offline",
    /// Pages are told things, and never told that they are over.
    Hints "hints",
    /// Something on the way ends links that carry a large frame.
    Narrow "narrow",
    /// Wall clocks are set.
    WallClock "wall-clock",
    /// Machines sleep: their clocks stand still.
    Sleep "sleep",
    /// The server is killed.
    Kill "kill",
    /// The server's power is cut: what was not synced is gone.
    PowerCut "power-cut",
    /// The server is stopped in good order.
    Stop "stop",
    /// The store answers slowly and in any order.
    SlowStore "slow-store",
    /// The store does not answer for a while.
    StalledStore "stalled-store",
    /// The store fails, before or after it did what it was asked.
    FailingStore "failing-store",
    /// Claims wait in the store.
    SlowClaims "slow-claims",
    /// Requests of a dead process are carried out after all.
    Stragglers "stragglers",
    /// Credentials cannot be judged, or are refused.
    Credentials "credentials",
    /// Another user signs in.
    OtherUser "other-user",
    /// The server's handler fails.
    HandlerFails "handler-fails",
    /// A listener sends.
    Reentry "re-entry",
    /// A listener takes its time.
    SlowListener "slow-listener",
    /// Listeners are added late.
    ListensLate "listens-late",
    /// Somebody sends what the protocol does not allow.
    Malformed "malformed",
    /// The application asks for a new link.
    Reconnect "reconnect",
    /// The application closes the client.
    Close "close",
    /// Many messages at once, or large ones.
    Floods "floods",
    /// The application takes back what waits.
    TakesBack "takes-back",
    /// Limits and windows are tiny.
    TinyLimits "tiny-limits",
    /// Messages have lanes.
    Priorities "priorities",
    /// Messages take the place of older ones.
    Keys "keys",
    /// Messages expire.
    Expiry "expiry",
    /// Messages are volatile.
    Volatile "volatile",
    /// Messages are kept in storage.
    Persist "persist",
    /// The application's state is saved with the session.
    Checkpoint "checkpoint",
    /// The application's state is a document of its user, on all devices.
    Document "document",
    /// The application fails to give its state.
    CaptureFails "capture-fails",
    /// Pages die without a word.
    Crash "crash",
    /// Clients' machines lose their power.
    PowerOff "power-off",
    /// Clients' disks go back in time.
    Rollback "rollback",
    /// Storage is cleared while pages are open.
    Wipe "wipe",
    /// There is no room in storage.
    FullStorage "full-storage",
    /// Transactions are aborted.
    StorageAborts "storage-aborts",
    /// Storage is slow.
    SlowStorage "slow-storage",
    /// Long messages do not fit in storage.
    NarrowStorage "narrow-storage",
    /// Storage cannot be opened for a while.
    FailingStorage "failing-storage",
    /// Connections to storage are lost.
    Disconnected "disconnected",
    /// What a page has just committed can be lost with it.
    TornStorage "torn-storage",
    /// There is no localStorage.
    NoNotes "no-notes",
    /// There are no locks.
    NoLocks "no-locks",
    /// Who asks for a lock is not answered.
    MuteLocks "mute-locks",
    /// The application sends, closes or takes back, and leaves, in one task.
    LastWords "last-words",
}

/// A set of [`Class`]es.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u64);

impl Classes {
    /// A day in eight has no fault at all, one in eight most of them; otherwise each kind is on
    /// with a chance that is drawn for the day.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let per_mille = match dice.below(8) {
            0 => 0,
            1 => 900,
            _ => dice.between(50, 500) as u32,
        };
        let mut on = Self::default();
        for &class in Class::ALL {
            if dice.happens(per_mille) {
                on.add(class);
            }
        }
        if dice.happens(USED) {
            on.add(Class::Persist);
        }
        let kept = dice.below(10);
        if kept < 3 {
            on.add(Class::Checkpoint);
        } else if kept < 5 {
            on.add(Class::Document);
        }
        // What outlives pages is of interest where they die.
        if per_mille > 0 && (on.has(Class::Persist) || kept < 5) {
            on.add(Class::Crash);
        }
        on
    }

    /// Puts `class` in.
    pub const fn add(&mut self, class: Class) {
        self.0 |= 1 << class as u32;
    }

    /// Whether `class` is in.
    #[must_use]
    pub const fn has(self, class: Class) -> bool {
        self.0 & 1 << class as u32 != 0
    }

    /// This set without `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// The classes in it.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL
            .iter()
            .copied()
            .filter(move |class| self.has(*class))
    }
}

/// In so many of a thousand days a part of the client is used that not every client uses.
const USED: u32 = 400;
