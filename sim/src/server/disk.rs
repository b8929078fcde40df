//! The store: it carries out one request after another, and answers when it has synced.

use std::collections::BTreeMap;

use steadfast_sessions::Input;
use steadfast_sessions::io::OpId;
use steadfast_sessions::store::memory::Table;
use steadfast_sessions::store::{
    Append, Claimed, Commit, Committed, Refused, Reply, Request, Save, StoreError, Version,
};

use super::Process;
use super::terms::Terms;
use crate::ledger::Broken;
use crate::plan::Class;
use crate::planted::{self, Bug};
use crate::world::{Step, World};

/// After a process has died, the store carries out nothing of it any more when so much time has passed.
pub(super) const LONGEST_STRAGGLE: u64 = 20_000_000;

/// What outlives processes.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    table: Table,
    /// What was carried out, but not synced, and how much of the table's tail it is.
    tail: Vec<(usize, Fact)>,
    terms: Terms,
    /// The last request has changed something.
    has_written: bool,
    /// What dead processes have asked.
    stragglers: BTreeMap<(u64, u64), Request>,
}

/// A request on its way.
#[derive(Debug)]
pub(super) struct Asked {
    request: Request,
    reply: Option<Result<Reply, StoreError>>,
}

/// What a write made true, once it is synced.
#[derive(Debug)]
enum Fact {
    Claimed(String, Claimed),
    Appended(Append),
    Committed(Commit, Committed),
    Sent(Vec<steadfast_sessions::io::Effect>, Committed),
    Saved(Save, Version),
    Expired(u64),
}

impl World {
    pub(super) fn asks_store(&mut self, process: &mut Process, op: u64, request: Request) {
        let (least, spread) = self.plan.weather.store;
        let mut delay = least / 4 + self.dice.store.below(spread / 4 + 1);
        if matches!(request, Request::Claim(_))
            && self.dice.store.happens(self.plan.weather.slow_claims)
        {
            self.tally.fault(Class::SlowClaims.name());
            delay += self.dice.store.below(12_000_000);
        }
        if self.dice.store.happens(self.plan.weather.store_overtakes) {
            delay += self.dice.store.below(5_000_000);
        }
        let at = (self.now + delay).max(self.stalls_until);
        let asked = Asked {
            request,
            reply: None,
        };
        process.asked.insert(op, asked);
        let epoch = process.epoch;
        self.queue.put(at, Step::Execute { epoch, op });
    }

    /// A process is dead; the store may carry out what it was asked all the same.
    pub(super) fn leave_stragglers(&mut self, epoch: u64, asked: BTreeMap<u64, Asked>) {
        for (op, asked) in asked {
            let straggles = self.dice.store.happens(self.plan.weather.stragglers);
            if straggles && asked.reply.is_none() {
                self.tally.fault(Class::Stragglers.name());
                let delay = self.dice.store.skewed(LONGEST_STRAGGLE);
                self.disk.stragglers.insert((epoch, op), asked.request);
                self.later(delay, Step::Execute { epoch, op });
            }
        }
    }

    pub(crate) fn execute(&mut self, epoch: u64, op: u64) {
        if self.now < self.stalls_until {
            self.queue
                .put(self.stalls_until, Step::Execute { epoch, op });
            return;
        }
        if self.now_straggles(epoch, op) {
            return;
        }
        let fails = self.dice.store.happens(self.plan.weather.store_fails);
        let (least, spread) = self.plan.weather.store;
        let delay = least + self.dice.store.below(spread + 1);
        let executes = !fails || self.dice.store.happens(500);
        let Some(process) = self
            .process
            .as_mut()
            .filter(|process| process.epoch == epoch)
        else {
            return;
        };
        let Some(asked) = process.asked.get_mut(&op) else {
            return;
        };
        let mut broken = Ok(());
        let mut reply = Err(StoreError::Unavailable("simulated".to_owned()));
        if executes {
            let done = self.disk.execute(&asked.request);
            broken = self.disk.judge(&asked.request, &done);
            if let Request::Commit(commit) = &asked.request {
                let is_full = matches!(done, Err(StoreError::Refused(Refused::Full)));
                self.ledger.has_room(&commit.session, !is_full);
            }
            if !fails {
                reply = done;
            }
        }
        asked.reply = Some(reply);
        if fails {
            self.tally.fault(Class::FailingStore.name());
        }
        self.check(broken);
        self.later(delay, Step::Answer { epoch, op });
    }

    /// Carries out what a dead process has asked, with the next sync of another's request.
    fn now_straggles(&mut self, epoch: u64, op: u64) -> bool {
        let alive = self.process.as_ref().map(|process| process.epoch) == Some(epoch);
        if alive {
            return false;
        }
        if let Some(request) = self.disk.stragglers.remove(&(epoch, op)) {
            let now = self.now;
            self.trace.add(now, || {
                format!("store: request {op} of process {epoch} straggles")
            });
            if let Request::Commit(commit) = &request {
                self.ledger.straggles(&commit.session, commit.up_to);
            }
            // Nobody waits for the answer.
            let done = self.disk.execute(&request);
            let judged = self.disk.judge(&request, &done);
            self.check(judged);
        }
        true
    }

    /// The store syncs everything up to here, and answers.
    pub(crate) fn answer(&mut self, epoch: u64, op: u64) {
        if self.now < self.stalls_until {
            self.queue
                .put(self.stalls_until, Step::Answer { epoch, op });
            return;
        }
        let Some(process) = self
            .process
            .as_mut()
            .filter(|process| process.epoch == epoch)
        else {
            return;
        };
        let Some(asked) = process.asked.remove(&op) else {
            return;
        };
        let early = is_early(&asked.request);
        let Some(reply) = asked.reply else {
            return;
        };
        if !early {
            self.disk.table.sync();
            self.learn(usize::MAX);
        }
        self.drive(Input::Stored {
            op: OpId(op),
            reply,
        });
        self.ends_when_idle();
    }

    /// The power is cut: a part of what was not synced is there all the same.
    pub(super) fn cut_power(&mut self) {
        let unsynced = self.disk.table.unsynced();
        let kept = self.dice.store.below(unsynced as u64 + 1) as usize;
        let kept = if self.dice.store.happens(500) {
            0
        } else {
            kept
        };
        if kept < unsynced {
            self.tally.fault("lost-tail");
        }
        self.disk.terms.forget();
        self.disk.table.cut(kept);
        self.learn(kept);
        self.disk.tail.clear();
    }

    /// What the first so many requests of the tail did is true from here on.
    fn learn(&mut self, kept: usize) {
        for (place, fact) in std::mem::take(&mut self.disk.tail) {
            if place > kept {
                break;
            }
            let checked = match fact {
                Fact::Claimed(token, Claimed::Accepted(accepted)) => {
                    self.ledger.claimed(&token, &accepted);
                    Ok(())
                }
                Fact::Claimed(..) => Ok(()),
                Fact::Appended(append) => self.ledger.appended(&append),
                Fact::Committed(commit, reply) => {
                    self.tally.dead += commit.dead.len() as u64;
                    self.ledger.committed(&commit, &reply)
                }
                Fact::Sent(effects, reply) => self.ledger.sent(&effects, &reply),
                Fact::Saved(save, version) => self.ledger.saved(&save, version),
                Fact::Expired(wall_ms) => {
                    self.ledger.expired(wall_ms);
                    Ok(())
                }
            };
            self.check(checked);
        }
    }
}

/// The planted mistakes of a store that answers before it has synced.
fn is_early(request: &Request) -> bool {
    match request {
        Request::Claim(claim) => claim.resume.is_some() && planted::is(Bug::ResumeBeforeSync),
        Request::Read { .. } => planted::is(Bug::RowBeforeSync),
        _ => false,
    }
}

impl Disk {
    /// Whether what was carried out was to be.
    fn judge(&mut self, request: &Request, done: &Result<Reply, StoreError>) -> Result<(), Broken> {
        done.as_ref().map_or(Ok(()), |reply| {
            self.terms.learn(request, reply, self.has_written)
        })
    }

    /// Whether a power cut would change nothing.
    pub(super) const fn is_synced(&self) -> bool {
        self.table.unsynced() == 0
    }

    fn execute(&mut self, request: &Request) -> Result<Reply, StoreError> {
        let before = self.table.unsynced();
        let reply = self.table.execute(request)?;
        let after = self.table.unsynced();
        self.has_written = after > before;
        let fact = match (request, &reply) {
            (Request::Claim(claim), Reply::Claimed(claimed)) => {
                Fact::Claimed(claim.new_token.clone(), claimed.clone())
            }
            (Request::Append(append), Reply::Appended(_)) => Fact::Appended(append.clone()),
            (Request::Commit(commit), Reply::Committed(committed)) => {
                Fact::Committed(commit.clone(), committed.clone())
            }
            (Request::Send { effects, .. }, Reply::Committed(committed)) => {
                Fact::Sent(effects.clone(), committed.clone())
            }
            (Request::Save(save), Reply::Saved(Ok(version))) => Fact::Saved(save.clone(), *version),
            (Request::Expire { wall_ms, .. }, Reply::Expired { snapshots: 1.., .. }) => {
                Fact::Expired(*wall_ms)
            }
            _ => return Ok(reply),
        };
        if after > before {
            self.tail.push((after, fact));
        }
        Ok(reply)
    }
}
