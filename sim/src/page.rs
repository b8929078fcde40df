//! A page: the client's engine, and a shell around it that does what the JavaScript one does.

mod audit;
mod complete;
mod copies;
mod flush;
mod keep;
mod keeper;
mod life;
mod locks;
mod machine;
mod names;
mod news;
mod outputs;
mod sending;
mod snapshot;
mod state;
mod storage;
mod wire;

use keep::Keep;
use keeper::Keeper;
use snapshot::Snapshots;
pub(crate) use state::{State, weight};
pub(crate) use wire::brief;

use std::collections::{BTreeMap, BTreeSet};

use steadfast_engine::{Config, Engine, Input, Instant, Now, Output};

use crate::browser::Row;
use crate::ledger::Broken;
use crate::network::{NEVER, Owner};
use crate::world::{Away, Deed, PageStep, Step, World};

/// A page, or a worker: one client object and its memory.
pub(crate) struct Page {
    /// Which of the plan's clients it belongs to.
    pub(crate) client: usize,
    /// Its browser.
    pub(crate) storage: usize,
    /// Its tab, which remembers what pages had.
    pub(crate) tab: usize,
    pub(crate) keep: Keep,
    pub(crate) keeper: Keeper,
    /// What its application took back in this task.
    taken: BTreeMap<u32, usize>,
    /// Its application's state is saved,
    pub(crate) saves: bool,
    /// and this is it.
    pub(crate) snapshots: Snapshots,
    /// Tickets of states that are to be saved.
    pub(crate) saving: BTreeSet<u32>,
    pub(crate) alive: bool,
    /// Its application has closed its client.
    pub(crate) closed: bool,
    /// Its user.
    pub(crate) user: String,
    /// The user is another than the one whose session may be stored.
    pub(crate) signed_in: bool,
    pub(crate) engine: Engine<u32>,
    pub(crate) instance: String,
    pub(crate) session: Option<String>,
    /// Whether its last hello asked for a session, and the claim in it.
    pub(crate) asked: bool,
    claim: u64,
    /// What it holds for the engine, by number.
    pub(crate) held: BTreeMap<u32, Held>,
    /// Of these, what its application sent.
    pub(crate) held_up: u32,
    pub(crate) link: Option<usize>,
    /// Messages given to this link.
    pub(crate) given: u64,
    /// A unit that is being made: how many are still to come, and what is there.
    unit: Option<(usize, Vec<u32>)>,
    /// What the server takes unacknowledged.
    window: (u32, u32),
    /// Messages given to this link and not acknowledged, and their bytes.
    in_flight: (u32, u64),
    /// Streams by their numbers.
    pub(crate) streams: Vec<String>,
    /// The hand-over that is under way.
    pub(crate) handing: u64,
    /// Its listener is not done with any message before.
    pub(crate) hangs_until: u64,
    draining: bool,
    has_sent: bool,
    backlog: Vec<PageStep>,
    pub(crate) away: Vec<Away>,
    /// How far its monotonic clock is behind, in microseconds.
    pub(crate) slept: u64,
    /// How far its wall clock is off, in milliseconds.
    pub(crate) wall: i64,
    /// By how much it was set forward, in microseconds.
    pub(crate) jumped: u64,
    /// The engine's deadline, and the queue's name for the ring.
    timer: Option<(u64, (u64, u64))>,
    /// A hidden page's timers ring at multiples of this.
    pub(crate) throttle: u64,
    next_number: u32,
    /// Tickets that are not settled, and the message they are about.
    pub(crate) tickets: BTreeMap<u32, usize>,
    /// It has given up because its credentials were refused.
    pub(crate) unauthorized: bool,
    /// Attempts since the last stable link, as the oracle counts them.
    backoff: news::Backoff,
}

/// A payload that the shell holds.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    Up {
        id: usize,
        /// The present link has it,
        sent: bool,
        /// or one before: until its memory is claimed again it may be stored.
        given: bool,
        message: Row,
    },
    Down(String),
}

impl Page {
    fn new(client: usize, storage: usize, instance: String, config: &Config, seed: u64) -> Self {
        Self {
            client,
            storage,
            tab: 0,
            keep: Keep::new(config.persist),
            keeper: Keeper::default(),
            taken: BTreeMap::new(),
            saves: config.snapshot.is_some(),
            snapshots: Snapshots::default(),
            saving: BTreeSet::new(),
            alive: true,
            closed: false,
            user: format!("user-{client}"),
            signed_in: false,
            engine: Engine::new(config.clone(), seed),
            instance,
            session: None,
            asked: false,
            claim: 0,
            held: BTreeMap::new(),
            held_up: 0,
            link: None,
            given: 0,
            unit: None,
            window: (u32::MAX, u32::MAX),
            in_flight: (0, 0),
            streams: vec![String::new()],
            handing: 0,
            hangs_until: 0,
            draining: false,
            has_sent: false,
            backlog: Vec::new(),
            away: Vec::new(),
            slept: 0,
            wall: 0,
            jumped: 0,
            timer: None,
            throttle: 0,
            next_number: 0,
            tickets: BTreeMap::new(),
            unauthorized: false,
            backoff: news::Backoff::default(),
        }
    }

    /// Whether nothing reaches it now.
    pub(crate) fn is_still(&self) -> bool {
        let still = |away: &Away| !matches!(away, Away::Hidden | Away::Offline);
        self.away.iter().any(still)
    }

    pub(crate) const fn clock(&self, now: u64) -> Instant {
        Instant::from_micros(now - self.slept)
    }

    /// The time in which its engine counts what has an age: sleep, and a clock that was set forward, included.
    pub(crate) const fn lived(&self, now: u64) -> u64 {
        now + self.jumped
    }

    fn keep(&mut self, held: Held) -> u32 {
        self.next_number += 1;
        self.held_up += u32::from(matches!(held, Held::Up { .. }));
        self.held.insert(self.next_number, held);
        self.next_number
    }

    fn release(&mut self, number: u32) -> Option<Held> {
        let held = self.held.remove(&number)?;
        self.held_up -= u32::from(matches!(held, Held::Up { .. }));
        Some(held)
    }
}

impl World {
    /// A page of `client` over `storage`, with a client that connects at once.
    pub(crate) fn open_page(&mut self, client: usize, storage: usize, tab: usize) {
        let user = self
            .newest
            .get(client)
            .and_then(|page| self.pages.get(*page));
        let user = user.map(|page| page.user.clone());
        self.open_page_of(client, storage, tab, user);
    }

    /// The same, of a certain user.
    pub(crate) fn open_page_of(
        &mut self,
        client: usize,
        storage: usize,
        tab: usize,
        user: Option<String>,
    ) {
        let name = self.pages.len();
        let dice = &mut self.dice.page;
        let (seed, instance) = (dice.bits(), instance(dice));
        let late = dice.happens(self.plan.weather.listens_late);
        let listens_after = if late { dice.below(5_000_000) } else { 0 };
        let now = self.now;
        self.trace
            .add(now, || format!("page {name}: opens, instance {instance}"));
        let mut page = Page::new(client, storage, instance, &self.plan.tuning.client, seed);
        if self.plan.tuning.document.is_some() {
            // All devices are one user's.
            page.user = "user-0".to_owned();
        }
        let own = page.user.clone();
        page.user = user.unwrap_or(page.user);
        page.tab = tab;
        page.signed_in = page.user != own;
        let clock = self.wall_ms(page.wall);
        page.keep.correction = self.storages[storage].notes.correction(clock);
        self.ledger.page_opens(name, &page.user);
        self.pages.push(page);
        if let Some(newest) = self.newest.get_mut(client) {
            *newest = name;
        }
        self.feed(name, Input::Connect { online: true });
        self.ends_task(name);
        if late {
            self.tally.fault("listens-late");
            self.later(listens_after, Step::Page(name, PageStep::Listens));
        } else {
            self.page_step(name, PageStep::Listens);
        }
    }

    /// Something happens to the page that a link belongs to.
    pub(crate) fn on_page(&mut self, link: usize, step: PageStep) {
        match self.links[link].owner {
            Owner::Page(page) => self.page_step(page, step),
            Owner::Stranger => self.on_stranger(link, &step),
        }
    }

    /// Something happens to a page: one task, and the microtask that it has asked for.
    pub(crate) fn page_step(&mut self, page: usize, step: PageStep) {
        if !self.pages[page].alive {
            return;
        }
        if self.pages[page].is_still() {
            self.pages[page].backlog.push(step);
            return;
        }
        self.perform(page, step);
        self.ends_task(page);
    }

    /// The microtask at the end of a task: what was sent in it leaves, and what is to be kept is
    /// committed.
    pub(super) fn ends_task(&mut self, page: usize) {
        if std::mem::take(&mut self.pages[page].has_sent) {
            self.feed(page, Input::TaskOver);
        }
        self.flushes(page);
        self.pages[page].taken.clear();
        if self.pages[page].closed {
            self.lets_locks_go(page);
        }
    }

    fn perform(&mut self, page: usize, step: PageStep) {
        match step {
            PageStep::Opens { link } => self.opens(page, link),
            PageStep::Frame { link, wire } => self.reads(page, link, wire),
            PageStep::Closed {
                link,
                code,
                was_clean,
            } => self.closes(page, link, code, was_clean),
            PageStep::Rings => self.rings(page),
            PageStep::HandedOver { task } => {
                if self.pages[page].handing == task {
                    self.ledger.page_has_handed_over(page);
                    self.feed(page, Input::HandedOver);
                }
            }
            PageStep::Listens => {
                self.feed(page, Input::Listen(true));
            }
            PageStep::Locked { name, request } => self.gets_lock(page, &name, request),
            PageStep::Unguarded { memory } => self.is_unguarded(page, memory),
            PageStep::Hears(said) => self.hears_other(page, said),
            PageStep::Chooses { turn } => self.chooses_session(page, turn),
            PageStep::Recalls { turn } if self.pages[page].keep.turn == turn => self.recalls(page),
            PageStep::Reads { memory, turn } if self.pages[page].keep.turn == turn => {
                self.reads_rows(page, memory);
            }
            PageStep::Recalls { .. } | PageStep::Reads { .. } => {}
            PageStep::Stored => self.completes(page),
            PageStep::Do(Deed::Send(act)) => self.acts_send(page, act),
            PageStep::Do(Deed::Reconnect) => {
                self.feed(page, Input::Reconnect { online: true });
            }
            PageStep::Do(Deed::Close) => self.acts_close(page),
            PageStep::Do(Deed::Type(bytes)) => self.types(page, bytes),
            PageStep::Do(Deed::Snapshot) => self.asks_snapshot(page),
            PageStep::Do(Deed::TakeBack) => self.takes_back(page),
        }
    }

    /// Hands the engine an input, and does what it answers; from inside a listener the loop that
    /// is running does.
    pub(crate) fn feed(&mut self, page: usize, input: Input<u32>) -> bool {
        let now = self.now;
        self.trace.add(now, || format!("page {page} {input}"));
        let clocks = self.clocks(page);
        let it = &mut self.pages[page];
        let result = it.engine.handle_input(clocks, input);
        self.drain(page);
        if let Err(refusal) = result {
            self.trace
                .add(now, || format!("page {page} refused: {refusal:?}"));
        }
        result.is_ok()
    }

    /// Both clocks of a page.
    pub(super) fn clocks(&self, page: usize) -> Now {
        let it = &self.pages[page];
        Now {
            at: it.clock(self.now),
            wall_ms: self.wall_ms(it.wall),
        }
    }

    pub(super) fn drain(&mut self, page: usize) {
        if std::mem::replace(&mut self.pages[page].draining, true) {
            return;
        }
        let mut outputs = 0;
        loop {
            let output = self.pages[page].engine.poll_output();
            if let Output::Timeout(at) = output {
                self.arm(page, at);
                break;
            }
            let now = self.now;
            self.trace.add(now, || format!("page {page} {output}"));
            self.carry_out(page, output);
            outputs += 1;
            if outputs > OUTPUTS {
                self.fail(Broken::new("S3", format!("page {page}: no end of outputs")));
                break;
            }
        }
        self.pages[page].draining = false;
        self.audit(page);
    }

    /// One timer for all deadlines; it may ring too early.
    fn arm(&mut self, page: usize, at: Instant) {
        let now = self.now;
        let it = &mut self.pages[page];
        let at = at.as_micros();
        if at == NEVER || it.timer.is_some_and(|(armed, _)| armed <= at) {
            return;
        }
        if let Some((_, name)) = it.timer.take() {
            self.queue.remove(name);
        }
        let mut rings = (at + it.slept).max(now);
        if it.throttle > 0 {
            rings = rings.div_ceil(it.throttle) * it.throttle;
        }
        let name = self.queue.put(rings, Step::Page(page, PageStep::Rings));
        it.timer = Some((at, name));
    }

    fn rings(&mut self, page: usize) {
        let now = self.now;
        let it = &mut self.pages[page];
        it.timer = None;
        let buffered_bytes = self.buffered(page);
        self.feed(page, Input::Timeout { buffered_bytes });
        let it = &self.pages[page];
        if let Some((at, _)) = it.timer
            && at < it.clock(now).as_micros()
        {
            let late = it.clock(now).as_micros() - at;
            self.fail(Broken::new(
                "S3",
                format!("page {page}: a deadline {late} us ago after a timeout"),
            ));
        }
    }

    /// What the page's link has still to send.
    pub(crate) fn buffered(&mut self, page: usize) -> u32 {
        let now = self.now;
        self.pages[page]
            .link
            .map_or(0, |link| self.links[link].up.buffered(now) as u32)
    }
}

/// A name that nobody else has.
fn instance(dice: &mut crate::dice::Dice) -> String {
    format!("{:016x}{:016x}", dice.bits(), dice.bits())
}

/// Outputs between two inputs: far more than a full window.
const OUTPUTS: u32 = 100_000;
