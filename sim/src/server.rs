//! The server: a process with a node, an application and a store that outlives it.

mod application;
mod disk;
mod links;
mod terms;

use std::collections::BTreeMap;

use steadfast_protocol::Instant;
use steadfast_sessions::io::{AuthRefusal, LinkId, Now, Wire};
use steadfast_sessions::store::Request;
use steadfast_sessions::{Input, Node, Output};

pub(crate) use application::OTHER_ROOM;
pub(crate) use disk::Disk;
use disk::LONGEST_STRAGGLE;

use crate::ledger::Broken;
use crate::network::NEVER;
use crate::page::brief;
use crate::plan::{Class, Cut, Direction};
use crate::world::{Step, World};

/// One process.
pub(crate) struct Process {
    pub(crate) epoch: u64,
    node: Node,
    /// The links that it has accepted, by its names for them.
    pub(crate) links: BTreeMap<LinkId, usize>,
    /// Requests that the store has not answered, and what it will.
    asked: BTreeMap<u64, disk::Asked>,
    /// The node's deadline, and the queue's name for the tick.
    timer: Option<(u64, (u64, u64))>,
    /// It ends after so many steps, and how.
    dies: Option<Death>,
    /// It was told to stop, and ends when the store has answered: how long until the next one.
    stops: Option<u64>,
    /// Unasked messages that have no answer yet.
    sends: BTreeMap<u64, usize>,
}

/// How a process ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Death {
    pub(crate) steps: u64,
    /// Steps that it may wait besides.
    pub(crate) waits: u64,
    pub(crate) down: u64,
    pub(crate) power: bool,
}

impl Process {
    /// Its name for a link.
    pub(crate) fn accept(&mut self, link: usize) -> LinkId {
        let name = LinkId(link as u64 + 1);
        self.links.insert(name, link);
        name
    }
}

impl World {
    pub(crate) fn start_process(&mut self) {
        if self.process.is_some() {
            return;
        }
        self.processes += 1;
        let epoch = self.processes;
        let now = self.now;
        self.trace.add(now, || format!("process {epoch}: starts"));
        self.process = Some(Process {
            epoch,
            node: Node::new(self.plan.tuning.node.clone()),
            links: BTreeMap::new(),
            asked: BTreeMap::new(),
            timer: None,
            dies: None,
            stops: None,
            sends: BTreeMap::new(),
        });
        self.drive(Input::Start);
    }

    /// Hands the node an input and does what it answers, unless the process ends in the middle.
    pub(crate) fn drive(&mut self, input: Input) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        let now = self.now;
        self.trace
            .add(now, || format!("server <- {}", told(&input)));
        let clocks = Now {
            at: Instant::from_micros(now),
            wall_ms: self.wall_ms(self.server_wall),
        };
        process.node.handle_input(clocks, input);
        let mut outputs = 0;
        loop {
            let output = process.node.poll_output();
            if let Output::Timeout(at) = output {
                self.arm_process(&mut process, at);
                break;
            }
            if let Some(death) = &mut process.dies {
                // A power cut is of interest while something is not synced.
                let waits = death.power && death.waits > 0 && self.disk.is_synced();
                if death.steps == 0 && waits {
                    death.waits -= 1;
                } else if death.steps == 0 {
                    let death = *death;
                    return self.end_process(process, death);
                }
                death.steps = death.steps.saturating_sub(1);
            }
            self.trace
                .add(now, || format!("server -> {}", answered(&output)));
            self.do_output(&mut process, output);
            outputs += 1;
            if outputs > OUTPUTS {
                self.fail(Broken::new("S3", "the server: no end of outputs"));
                break;
            }
        }
        self.process = Some(process);
    }

    fn arm_process(&mut self, process: &mut Process, at: Instant) {
        let at = at.as_micros();
        if process.timer.is_some_and(|(armed, _)| armed <= at) {
            return;
        }
        if let Some((_, name)) = process.timer.take() {
            self.queue.remove(name);
        }
        if at != NEVER {
            let epoch = process.epoch;
            let name = self.queue.put(at.max(self.now), Step::Tick { epoch });
            process.timer = Some((at, name));
        }
    }

    pub(crate) fn server_ticks(&mut self, epoch: u64) {
        let now = self.now;
        let Some(process) = self.process_of(epoch) else {
            return;
        };
        process.timer = None;
        self.drive(Input::Timeout);
        let late = |process: &&Process| process.timer.is_some_and(|(at, _)| at < now);
        if self.process.as_ref().is_some_and(|process| late(&process)) {
            self.fail(Broken::new(
                "S3",
                "the server: a deadline in the past after a timeout",
            ));
        }
    }

    fn process_of(&mut self, epoch: u64) -> Option<&mut Process> {
        self.process
            .as_mut()
            .filter(|process| process.epoch == epoch)
    }

    fn do_output(&mut self, process: &mut Process, output: Output) {
        match output {
            Output::Transmit { link, wire } => self.server_says(process, link, wire),
            Output::Close { link, code, .. } => self.server_closes(process, link, code),
            Output::Authenticate { link, auth } => {
                let delay = self.dice.server.below(3_000);
                let step = Step::Judged {
                    epoch: process.epoch,
                    link: link.0,
                    user: self.judge(auth),
                };
                self.later(delay, step);
            }
            Output::Store { op, request } => self.asks_store(process, op.0, request),
            Output::Handle(delivery) => self.handles(process.epoch, delivery),
            Output::Sent { request, result } => {
                let Some(id) = process.sends.remove(&request) else {
                    let what = format!(
                        "the server answers send {request}, which was not asked or is answered"
                    );
                    return self.fail(Broken::new("D1", what));
                };
                let checked = self.ledger.send_answered(id, result);
                self.check(checked);
            }
            Output::Log(_) | Output::Timeout(_) => {}
        }
    }

    fn judge(&mut self, auth: Option<String>) -> Result<String, AuthRefusal> {
        if !self.dice.server.happens(self.plan.weather.credentials) {
            return Ok(auth.unwrap_or_default());
        }
        self.tally.fault(Class::Credentials.name());
        Err(if self.dice.server.happens(800) {
            AuthRefusal::Unavailable
        } else {
            AuthRefusal::Unauthorized
        })
    }

    pub(crate) fn judged(&mut self, epoch: u64, link: u64, user: Result<String, AuthRefusal>) {
        if self.process_of(epoch).is_some() {
            let link = LinkId(link);
            self.drive(Input::Authenticated { link, user });
        }
    }

    /// The process ends after so many steps more.
    pub(crate) fn kill(&mut self, death: Death) {
        if let Some(process) = &mut self.process {
            process.dies = Some(death);
        }
    }

    fn end_process(&mut self, process: Process, death: Death) {
        let now = self.now;
        self.trace.add(now, || {
            format!("process {}: ends, {death:?}", process.epoch)
        });
        if process.stops.is_none() {
            let class = if death.power {
                Class::PowerCut
            } else {
                Class::Kill
            };
            self.tally.fault(class.name());
        }
        for link in process.links.values().copied() {
            if death.power {
                self.silence(link, Direction::Both, NEVER);
            } else {
                self.cut(link, Cut::Known);
            }
        }
        if let Some((_, name)) = process.timer {
            self.queue.remove(name);
        }
        if death.power {
            self.cut_power();
        } else {
            self.leave_stragglers(process.epoch, process.asked);
        }
        self.later(death.down, Step::Start);
    }

    /// The process is told to stop; it ends as soon as the store has answered everything.
    pub(crate) fn stop(&mut self, down: u64) {
        let Some(process) = &mut self.process else {
            return;
        };
        process.stops.get_or_insert(down);
        self.tally.fault(Class::Stop.name());
        self.drive(Input::Stop);
        self.ends_when_idle();
    }

    /// A process that was told to stop ends once it waits for nothing.
    pub(crate) fn ends_when_idle(&mut self) {
        let idle = |process: &&mut Process| process.stops.is_some() && process.asked.is_empty();
        if let Some(process) = self.process.as_mut().filter(idle)
            && let Some(down) = process.stops
        {
            let death = Death {
                steps: 0,
                waits: 0,
                down,
                power: false,
            };
            if let Some(process) = self.process.take() {
                self.end_process(process, death);
            }
        }
    }

    pub(crate) fn heal_server(&mut self) {
        self.server_wall = 0;
        if self.tally.faults.contains_key(Class::Stragglers.name()) {
            // What came into an inbox behind the back of the process is found by the next one.
            self.later(LONGEST_STRAGGLE, Step::Restart);
        }
        if let Some(process) = &mut self.process {
            process.dies = None;
        }
    }
}

fn told(input: &Input) -> String {
    match input {
        Input::Frame { link, wire } => format!("link {} {}", link.0 - 1, words(wire)),
        input => format!("{input:?}"),
    }
}

fn answered(output: &Output) -> String {
    match output {
        Output::Transmit { link, wire } => format!("link {} {}", link.0 - 1, words(wire)),
        Output::Store {
            op,
            request: Request::Append(append),
        } => {
            let first = append.messages.first().map_or(0, |first| first.number);
            let (session, more) = (&append.session, append.messages.len());
            format!("Store {}: Append {session} {more} from {first}", op.0)
        }
        output => {
            let mut line = format!("{output:?}");
            if let Some((end, _)) = line.char_indices().nth(400) {
                line.truncate(end);
            }
            line
        }
    }
}

fn words(wire: &Wire) -> String {
    match wire {
        Wire::Text(text) if text.starts_with('\u{10}') => {
            let mut words: String = text.chars().take(300).collect();
            words = words.escape_debug().to_string();
            words
        }
        Wire::Text(text) => brief(text),
        Wire::Binary(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// The room that everybody is subscribed to.
pub(crate) const ROOM: &str = "lobby";
/// Outputs between two inputs: far more than full windows of all.
const OUTPUTS: u32 = 200_000;
