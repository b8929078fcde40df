//! Mistakes that are planted in engine and server, one at a time, to prove that they are noticed.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use steadfast_engine::planted::Bug as EngineBug;
use steadfast_engine::planted::plant as plant_in_engine;
use steadfast_sessions::planted::Bug as ServerBug;
use steadfast_sessions::planted::plant as plant_in_server;

use crate::planted::Bug as PageBug;
use crate::planted::plant as plant_in_page;
use crate::{Broken, Plan, Trace, World};

/// A planted mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canary {
    /// In the client.
    Client(EngineBug),
    /// In the server.
    Server(ServerBug),
    /// In the page around the client.
    Page(PageBug),
}

/// The first seed that notices a mistake, and what it says of it.
pub type Caught = Option<(u64, Broken)>;

impl Canary {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Server(ServerBug::AckBeforeSync),
        Self::Server(ServerBug::WelcomeBeforeSync),
        Self::Server(ServerBug::StoreWithoutTerm),
        Self::Server(ServerBug::ReadWithoutTerm),
        Self::Server(ServerBug::MemoryWithoutTerm),
        Self::Server(ServerBug::DownwardNumberAtHandover),
        Self::Server(ServerBug::ReceivedOfAnotherMemory),
        Self::Server(ServerBug::StoredNumberAccepted),
        Self::Server(ServerBug::StaleClaimAccepted),
        Self::Server(ServerBug::PositionAsAcknowledgement),
        Self::Server(ServerBug::EchoOutsideCommit),
        Self::Server(ServerBug::WindowIgnored),
        Self::Server(ServerBug::SnapshotBeforePositions),
        Self::Server(ServerBug::SnapshotOverwrittenByOlder),
        Self::Client(EngineBug::StaleGenerationKept),
        Self::Client(EngineBug::BatchCountedInPart),
        Self::Client(EngineBug::BackoffResetEarly),
        Self::Client(EngineBug::WindowIgnored),
        Self::Client(EngineBug::NumberOfReplaced),
        Self::Client(EngineBug::OldMemoryContinued),
        Self::Client(EngineBug::SentBeforeRead),
        Self::Client(EngineBug::DropWithoutMark),
        Self::Client(EngineBug::MemoryKeptAway),
        Self::Client(EngineBug::PositionsAfterCapture),
        Self::Page(PageBug::CommitLeftOut),
        Self::Page(PageBug::RowsOfTwoTabs),
        Self::Page(PageBug::RestoreAfterFirstMessage),
        Self::Page(PageBug::PositionsAfterCapture),
        Self::Page(PageBug::MarkDeletedWithRow),
        Self::Page(PageBug::NoteLeftOut),
        Self::Page(PageBug::ResumeBeforeSync),
        Self::Page(PageBug::RowBeforeSync),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Client(bug) => format!("client {bug:?}"),
            Self::Server(bug) => format!("server {bug:?}"),
            Self::Page(bug) => format!("page {bug:?}"),
        }
    }

    /// Plants it in this thread, and as far as the client is concerned in all.
    fn plant(self) {
        match self {
            Self::Client(bug) => plant_in_engine(Some(bug)),
            Self::Server(bug) => plant_in_server(Some(bug)),
            Self::Page(bug) => plant_in_page(Some(bug)),
        }
    }

    fn uproot() {
        plant_in_engine(None);
        plant_in_server(None);
        plant_in_page(None);
    }

    /// Plays up to `seeds` days with the mistake in them, until one breaks a rule that is not broken
    /// without it.
    #[must_use]
    pub fn find(self, seeds: u64, threads: usize) -> Caught {
        let next = AtomicU64::new(0);
        let end = AtomicU64::new(seeds);
        let found: Mutex<Caught> = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    self.plant();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end.load(Ordering::Relaxed) {
                            break;
                        }
                        let day = World::play(Plan::draw(seed), Trace::Off);
                        let (Some(broken), Ok(mut found)) = (day.broken, found.lock()) else {
                            continue;
                        };
                        end.fetch_min(seed, Ordering::Relaxed);
                        if found.as_ref().is_none_or(|(other, _)| seed < *other) {
                            *found = Some((seed, broken));
                        }
                    }
                });
            }
        });
        Self::uproot();
        let (seed, broken) = found.into_inner().ok().flatten()?;
        let day = World::play(Plan::draw(seed), Trace::Off);
        day.broken.is_none().then_some((seed, broken))
    }

    /// Plays one day with the mistake in it.
    #[must_use]
    pub fn play(self, plan: Plan, trace: Trace) -> crate::Day {
        self.plant();
        let day = World::play(plan, trace);
        Self::uproot();
        day
    }
}
