//! Which faults stand, and which rules follow from them for each connection.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::fault::{Fault, FaultOrder, Scope, Target};
use super::wire::{End, LaneRules, Wire};
use crate::links::{Endpoint, Entry};
use crate::ws::close::Farewell;

/// The standing faults of one server and the wires they act on.
pub(crate) struct Faults {
    state: Mutex<State>,
    /// Counts changes, for handshakes that wait.
    changes: watch::Sender<u64>,
}

/// A standing fault as it is listed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Standing {
    pub(crate) id: String,
    pub(crate) target: Target,
    pub(crate) fault: Fault,
}

/// What happens to a new link.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    pub(crate) refuse: bool,
    pub(crate) accept_close: Option<Farewell>,
    late: Duration,
}

#[derive(Default)]
struct State {
    last: u64,
    standing: BTreeMap<u64, Standing>,
    /// By the link's number. A wire may outlive its link: a black hole hides even the end.
    wires: BTreeMap<u64, (Arc<Entry>, Arc<Wire>)>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }
}

impl Faults {
    /// Carries out a checked order and gives its id.
    pub(crate) fn order(&self, order: &FaultOrder) -> String {
        let mut state = self.lock();
        state.last += 1;
        let number = state.last;
        let id = format!("f{number}");
        if order.fault.scope() == Scope::Once {
            state.strike(&order.target, &order.fault);
        } else {
            let standing = Standing {
                id: id.clone(),
                target: order.target.clone(),
                fault: order.fault.clone(),
            };
            state.standing.insert(number, standing);
            self.refresh(state);
        }
        id
    }

    /// Lifts one standing fault; false if there is none of that id.
    pub(crate) fn lift(&self, id: &str) -> bool {
        let mut state = self.lock();
        let before = state.standing.len();
        state.standing.retain(|_, standing| standing.id != id);
        let lifted = state.standing.len() < before;
        self.refresh(state);
        lifted
    }

    /// Lifts all standing faults.
    pub(crate) fn lift_all(&self) {
        let mut state = self.lock();
        state.standing.clear();
        self.refresh(state);
    }

    /// The standing faults, oldest first.
    pub(crate) fn standing(&self) -> Vec<Standing> {
        self.lock().standing.values().cloned().collect()
    }

    /// Puts a new link's wire under the rules that stand, and under those to come.
    pub(crate) fn attach(&self, entry: Arc<Entry>, wire: Arc<Wire>) {
        let mut state = self.lock();
        state.wires.insert(entry.number, (entry, wire));
        state.apply();
    }

    /// Waits as long as handshakes at `endpoint` are to be late, and says what else happens to the new link.
    pub(crate) async fn gate(&self, endpoint: &Endpoint) -> Gate {
        let asked = Instant::now();
        let mut changes = self.changes.subscribe();
        loop {
            let gate = self.lock().gate(endpoint);
            let due = asked + gate.late;
            if gate.refuse || due <= Instant::now() {
                return gate;
            }
            tokio::select! {
                () = sleep_until(due) => {}
                _ = changes.changed() => {}
            }
        }
    }

    fn refresh(&self, mut state: MutexGuard<'_, State>) {
        state.apply();
        drop(state);
        self.changes.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn apply(&mut self) {
        self.wires.retain(|_, (_, wire)| !wire.is_gone());
        for (entry, wire) in self.wires.values() {
            let (up, down) = self.rules_for(entry);
            wire.set(up, down);
        }
    }

    /// Faults of one kind do not add up: the worst counts.
    fn rules_for(&self, entry: &Entry) -> (LaneRules, LaneRules) {
        let (mut up, mut down) = (LaneRules::default(), LaneRules::default());
        for standing in self
            .standing
            .values()
            .filter(|standing| standing.target.is_hit(entry))
        {
            let direction = match &standing.fault {
                Fault::Blackhole { direction }
                | Fault::Delay { direction, .. }
                | Fault::Bandwidth { direction, .. } => *direction,
                _ => continue,
            };
            if direction.is_up() {
                up.worsen(&standing.fault);
            }
            if direction.is_down() {
                down.worsen(&standing.fault);
            }
        }
        (up, down)
    }

    fn strike(&mut self, target: &Target, fault: &Fault) {
        self.wires.retain(|_, (_, wire)| !wire.is_gone());
        for (entry, wire) in self
            .wires
            .values()
            .filter(|(entry, _)| target.is_hit(entry))
        {
            match fault {
                Fault::Close { code, reason } => {
                    entry.outbox.close(Farewell::ordered(*code, reason))
                }
                Fault::Cut {} => wire.end(End::Cut),
                Fault::Reset {} => wire.end(End::Reset),
                _ => {}
            }
        }
    }

    fn gate(&self, endpoint: &Endpoint) -> Gate {
        let mut gate = Gate::default();
        for standing in self
            .standing
            .values()
            .filter(|standing| standing.target.covers(endpoint))
        {
            match &standing.fault {
                Fault::Refuse {} => gate.refuse = true,
                Fault::AcceptClose { code, reason } => {
                    gate.accept_close = Some(Farewell::ordered(*code, reason))
                }
                Fault::Late { ms } => gate.late = gate.late.max(Duration::from_millis(*ms)),
                _ => {}
            }
        }
        gate
    }
}

impl LaneRules {
    fn worsen(&mut self, fault: &Fault) {
        match fault {
            Fault::Blackhole { .. } => self.hold = true,
            Fault::Delay { ms, .. } => self.delay = self.delay.max(Duration::from_millis(*ms)),
            Fault::Bandwidth {
                bytes_per_second, ..
            } => {
                let slowest = self
                    .bandwidth
                    .map_or(*bytes_per_second, |rate| rate.min(*bytes_per_second));
                self.bandwidth = Some(slowest);
            }
            _ => {}
        }
    }
}
