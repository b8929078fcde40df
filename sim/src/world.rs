//! One world: clients, network and server, moved on by one queue of things to come.

use crate::browser::{Browser, Tab};
use crate::dice::Dice;
use crate::ledger::{Broken, Ledger};
use crate::network::Link;
use crate::page::Page;
use crate::plan::{Plan, Weather};
use crate::queue::Queue;
use crate::server::{Disk, Process};
pub(crate) use crate::steps::{Away, Deed, PageStep, Said, Step};
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
    /// What each tab remembers.
    pub(crate) tabs: Vec<Tab>,
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
            let browser = self.draws_browser();
            self.storages.push(browser);
            if self.plan.weather.disk.1 > QUICK || !self.plan.tuning.client.persist {
                self.ledger.is_troubled(client);
            }
            self.tabs.push(Tab::default());
            self.newest.push(usize::MAX);
            self.open_page(client, client, client);
        }
        for (place, act) in self.plan.acts.iter().enumerate() {
            self.queue.put(self.now + act.at, Step::Act(place));
        }
    }

    /// A browser as the day's weather has it.
    fn draws_browser(&mut self) -> Browser {
        let weather = &self.plan.weather;
        let dice = &mut self.dice.disk;
        let mut browser = Browser::default();
        browser.notes.is_absent = dice.happens(weather.noteless);
        browser.tears = dice.happens(weather.tears);
        browser.is_lockless = dice.happens(weather.lockless);
        browser.database.most_bytes = weather.most_bytes;
        browser
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
            Step::Page(page, step) => self.page_step(page, step),
            Step::PageReturns { page, from } => self.page_returns(page, from),
            Step::Relink { page } => self.relinks(page),
            Step::Reload { page } => self.reloads_page(page),
            Step::Open { client } => self.reopens(client),
            Step::LetGo {
                storage,
                name,
                request,
            } => self.lets_lock_go(storage, &name, request),
            Step::Finished {
                storage,
                number,
                strict,
            } => self.storages[storage].database.finish(number, strict),
            Step::Load {
                client,
                messages,
                tries,
            } => self.loads_when_busy(client, messages, tries),
            Step::Crash { page, new_tab } => self.crashes_beginning(page, new_tab),
            Step::PowerOff { client } if !self.healed => self.loses_power(client),
            Step::PowerOff { .. } => {}
            Step::HasRoom { storage } => self.heals(storage),
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

    /// A browser has all that it should have.
    fn heals(&mut self, storage: usize) {
        for (name, request) in self.storages[storage].heal() {
            self.answers_lock(&name, request);
        }
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
        for storage in 0..self.storages.len() {
            self.heals(storage);
        }
        self.heal_network();
        self.heal_pages();
        self.heal_server();
    }
}

/// How long everything may take to come right once no fault is left: three missed pings, the
/// longest backoff of a server that wants quiet, and the timeouts of one attempt.
const PATIENCE: u64 = 400_000_000;
/// Steps of one moment.
const STEPS_AT_ONCE: u32 = 20_000;
/// A disk that takes longer can keep a page waiting for longer than it waits for what comes first.
const QUICK: u64 = 50_000;
const BEGINNING_MS: u64 = 1_750_000_000_000;
