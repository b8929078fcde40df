//! One world: clients, network and server, moved on by one queue of things to come.

use steadfast_sessions::io::{AuthRefusal, Outcome, SessionId};

use crate::browser::Browser;
use crate::dice::Dice;
use crate::ledger::{Broken, Ledger};
use crate::network::Link;
use crate::page::Page;
use crate::plan::{Plan, Weather};
use crate::queue::Queue;
use crate::server::{Disk, Process};
use crate::tally::Tally;
use crate::trace::Trace;

/// All there is.
pub struct World {
    pub(crate) plan: Plan,
    /// Microseconds since the beginning.
    pub(crate) now: u64,
    pub(crate) queue: Queue<Step>,
    pub(crate) dice: Parts,
    pub(crate) links: Vec<Link>,
    pub(crate) refuses_until: u64,
    pub(crate) pages: Vec<Page>,
    /// For each client its newest page.
    pub(crate) newest: Vec<usize>,
    /// What is left when a page is gone.
    pub(crate) storages: Vec<Browser>,
    /// The memory that each tab remembers.
    pub(crate) tabs: Vec<Option<String>>,
    pub(crate) process: Option<Process>,
    /// How many processes there have been.
    pub(crate) processes: u64,
    pub(crate) disk: Disk,
    pub(crate) stalls_until: u64,
    pub(crate) handler_fails_until: u64,
    /// How far the server's wall clock is from the true one, in milliseconds.
    pub(crate) server_wall: i64,
    /// From here on nothing goes wrong any more.
    pub(crate) healed: bool,
    pub(crate) ledger: Ledger,
    pub(crate) tally: Tally,
    pub(crate) trace: Trace,
    pub(crate) broken: Option<Broken>,
}

/// A source of choices for each part.
pub(crate) struct Parts {
    pub(crate) network: Dice,
    pub(crate) page: Dice,
    pub(crate) server: Dice,
    pub(crate) store: Dice,
    pub(crate) app: Dice,
    pub(crate) disk: Dice,
}

/// Something to come.
#[derive(Debug)]
pub(crate) enum Step {
    /// An act of the plan, by its place among those that are played.
    Act(usize),
    /// A handshake's request arrives at the server.
    Accept { link: usize },
    /// Its answer arrives at the client.
    ClientOpens { link: usize },
    /// Something arrives, perhaps.
    Arrive { link: usize, up: bool },
    /// The client's platform says that a link is gone.
    ClientLearns { link: usize, code: u16 },
    /// The server's platform says so.
    ServerLearns { link: usize },
    /// The server's end of a link may have drained.
    Drained { link: usize },
    /// A page's timer rings.
    Ring { page: usize },
    /// A page's listener is done with a message.
    HandedOver { page: usize, task: u64 },
    /// A page adds its listener.
    Listen { page: usize },
    /// A page's state ends: hidden, frozen, put away, offline.
    PageReturns { page: usize, from: Away },
    /// A page's application asks for a new link.
    Relink { page: usize },
    /// A page is loaded again.
    Reload { page: usize },
    /// A client's application makes a new client.
    Open { client: usize },
    /// A page has the lock of a memory.
    Locked { page: usize, memory: String },
    /// It has waited long enough for its own.
    LockWaited { page: usize, era: u32 },
    /// A page looks for what dead ones have left.
    Watch { page: usize },
    /// A page has read what is stored.
    Read { page: usize, era: u32 },
    /// A page's transaction is complete, or aborted.
    Stored { page: usize },
    /// A browser's disk has a transaction.
    Synced { storage: usize, transaction: u64 },
    /// A browser has room again.
    HasRoom { storage: usize },
    /// A browser's disk goes back in time.
    GoesBack { client: usize, storage: usize },
    /// The process's timer rings.
    Tick { epoch: u64 },
    /// The store does what it was asked.
    Execute { epoch: u64, op: u64 },
    /// The store has synced, and answers.
    Answer { epoch: u64, op: u64 },
    /// The credentials of a link have been judged.
    Judged {
        epoch: u64,
        link: u64,
        user: Result<String, AuthRefusal>,
    },
    /// The handler is done.
    Handled {
        epoch: u64,
        session: SessionId,
        seq: u64,
        outcome: Outcome,
    },
    /// A process starts.
    Start,
    /// The process is stopped, and another started.
    Restart,
}

/// Where a page can be away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Away {
    Hidden,
    Frozen,
    /// Put away, to be gone back to.
    Cached,
    Offline,
    Asleep {
        since: u64,
    },
}

/// What a day came to.
pub struct Day {
    /// What was broken, if anything was.
    pub broken: Option<Broken>,
    /// What happened.
    pub tally: Tally,
    /// How it happened.
    pub trace: Trace,
}

impl World {
    fn new(plan: Plan, trace: Trace) -> Self {
        let seed = plan.seed;
        Self {
            now: 1_000_000,
            queue: Queue::new(),
            dice: Parts {
                network: Dice::new(seed, 11),
                page: Dice::new(seed, 12),
                server: Dice::new(seed, 13),
                store: Dice::new(seed, 14),
                app: Dice::new(seed, 15),
                disk: Dice::new(seed, 16),
            },
            links: Vec::new(),
            refuses_until: 0,
            pages: Vec::new(),
            newest: Vec::new(),
            storages: Vec::new(),
            tabs: Vec::new(),
            process: None,
            processes: 0,
            disk: Disk::default(),
            stalls_until: 0,
            handler_fails_until: 0,
            server_wall: 0,
            healed: false,
            ledger: Ledger::default(),
            tally: Tally::default(),
            trace,
            broken: None,
            plan,
        }
    }

    /// Plays `plan` to its end, or until something is broken.
    #[must_use]
    pub fn play(plan: Plan, trace: Trace) -> Day {
        let mut world = Self::new(plan, trace);
        world.begin();
        let end = world.now + world.plan.duration;
        world.run_until(end);
        world.heal();
        let patience = world.now + PATIENCE;
        while world.broken.is_none() && world.now < patience && !world.is_settled() {
            let end = world.now + 1_000_000;
            world.run_until(end);
            world.now = world.now.max(end);
        }
        if world.broken.is_none() {
            world.judge_the_end();
        }
        world.tally.end(&world.ledger);
        Day {
            broken: world.broken,
            tally: world.tally,
            trace: world.trace,
        }
    }

    fn begin(&mut self) {
        self.start_process();
        for client in 0..self.plan.clients {
            self.storages.push(Browser::default());
            self.tabs.push(None);
            self.newest.push(usize::MAX);
            self.open_page(client, client, client);
        }
        for (place, act) in self.plan.acts.iter().enumerate() {
            self.queue.put(self.now + act.at, Step::Act(place));
        }
    }

    fn run_until(&mut self, end: u64) {
        let mut at_once = (0, 0_u32);
        while self.broken.is_none() {
            let Some((at, step)) = self.queue.next_until(end) else {
                break;
            };
            self.now = self.now.max(at);
            at_once = if at_once.0 == self.now {
                (self.now, at_once.1 + 1)
            } else {
                (self.now, 0)
            };
            if at_once.1 > STEPS_AT_ONCE {
                self.fail(Broken::new(
                    "S3",
                    format!("no end of steps without time passing: {step:?}"),
                ));
                return;
            }
            self.tally.steps += 1;
            self.take(step);
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Act(place) => self.act(place),
            Step::Accept { link } => self.accept(link),
            Step::Arrive { link, up } => self.arrive(link, up),
            Step::ServerLearns { link } => self.server_learns(link),
            Step::Drained { link } => self.server_drained(link),
            Step::ClientOpens { link } => self.on_page(link, PageStep::Opens { link }),
            Step::ClientLearns { link, code } => {
                self.on_page(
                    link,
                    PageStep::Closed {
                        link,
                        code,
                        was_clean: false,
                    },
                );
            }
            Step::Ring { page } => self.page_step(page, PageStep::Rings),
            Step::HandedOver { page, task } => self.page_step(page, PageStep::HandedOver { task }),
            Step::Listen { page } => self.page_step(page, PageStep::Listens),
            Step::PageReturns { page, from } => self.page_returns(page, from),
            Step::Relink { page } => self.relinks(page),
            Step::Reload { page } => self.reloads_page(page),
            Step::Open { client } => self.reopens(client),
            Step::Locked { page, memory } => self.page_step(page, PageStep::Locked { memory }),
            Step::LockWaited { page, era } => self.page_step(page, PageStep::LockWaited { era }),
            Step::Watch { page } => self.page_step(page, PageStep::Watch),
            Step::Read { page, era } => self.page_step(page, PageStep::Read { era }),
            Step::Stored { page } => self.page_step(page, PageStep::Stored),
            Step::Synced {
                storage,
                transaction,
            } => self.storages[storage].sync(transaction),
            Step::HasRoom { storage } => self.storages[storage].is_full = false,
            Step::GoesBack { client, storage } => self.goes_back(client, storage),
            Step::Tick { epoch } => self.server_ticks(epoch),
            Step::Execute { epoch, op } => self.execute(epoch, op),
            Step::Answer { epoch, op } => self.answer(epoch, op),
            Step::Judged { epoch, link, user } => self.judged(epoch, link, user),
            Step::Handled {
                epoch,
                session,
                seq,
                outcome,
            } => self.handled(epoch, session, seq, outcome),
            Step::Start => self.start_process(),
            Step::Restart => self.stop(1_000),
        }
    }

    /// Puts a step in that comes so many microseconds from now.
    pub(crate) fn later(&mut self, delay: u64, step: Step) {
        self.queue.put(self.now.saturating_add(delay), step);
    }

    /// The first thing that is broken ends the day.
    pub(crate) fn fail(&mut self, broken: Broken) {
        let now = self.now;
        self.trace.add(now, || format!("BROKEN {broken}"));
        if self.broken.is_none() {
            self.broken = Some(broken);
        }
    }

    /// As [`Self::fail`], when there is anything.
    pub(crate) fn check(&mut self, result: Result<(), Broken>) {
        if let Err(broken) = result {
            self.fail(broken);
        }
    }

    /// Unix time in milliseconds, as a clock that is `off` by so much shows it.
    pub(crate) const fn wall_ms(&self, off: i64) -> u64 {
        (BEGINNING_MS + self.now / 1_000).saturating_add_signed(off)
    }

    /// No fault from here on.
    fn heal(&mut self) {
        let now = self.now;
        self.trace.add(now, || "-- all faults end".to_owned());
        self.healed = true;
        self.plan.weather = Weather {
            latency: 500,
            jitter: 500,
            store: (100, 1_000),
            disk: (500, 5_000),
            ..Weather::default()
        };
        self.stalls_until = 0;
        self.handler_fails_until = 0;
        for browser in &mut self.storages {
            browser.is_full = false;
        }
        self.heal_network();
        self.heal_pages();
        self.heal_server();
    }
}

/// What happens to a page.
#[derive(Clone, Debug)]
pub(crate) enum PageStep {
    Opens {
        link: usize,
    },
    Frame {
        link: usize,
        wire: steadfast_sessions::io::Wire,
    },
    Closed {
        link: usize,
        code: u16,
        was_clean: bool,
    },
    Rings,
    HandedOver {
        task: u64,
    },
    Listens,
    Locked {
        memory: String,
    },
    LockWaited {
        era: u32,
    },
    Read {
        era: u32,
    },
    Stored,
    Watch,
    Do(Deed),
}

/// What a page's application, or its platform, does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    Send(usize),
    Reconnect,
    Close,
    TakeBack,
    Type(usize),
    Snapshot,
}

/// How long everything may take to come right once no fault is left: three missed pings, the
/// longest backoff of a server that wants quiet, and the timeouts of one attempt.
const PATIENCE: u64 = 400_000_000;
/// Steps of one moment.
const STEPS_AT_ONCE: u32 = 20_000;
const BEGINNING_MS: u64 = 1_750_000_000_000;
