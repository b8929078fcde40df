//! What is counted.

use std::collections::BTreeMap;

use crate::ledger::Ledger;

/// What happened in one world, or in many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Faults that took effect, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Things that were done in the queue's order.
    pub steps: u64,
    /// Links that went on with a session.
    pub resumes: u64,
    /// Messages that were sent again over a later link.
    pub replays: u64,
    /// Clients that lost their session to another.
    pub takeovers: u64,
    /// Messages that a handler was given again.
    pub redeliveries: u64,
    /// Gaps that clients were told of.
    pub gaps: u64,
    /// Sessions that were lost, and clients told.
    pub lost_sessions: u64,
    /// Messages that clients were told will not be sent.
    pub dropped: u64,
    /// Frames that held several messages.
    pub units: u64,
    /// Messages given up by the server after too many failures.
    pub dead: u64,
    /// Pages that died.
    pub page_deaths: u64,
    /// Messages that another page found in storage.
    pub rows_restored: u64,
    /// Memories of dead pages that living ones have delivered.
    pub adoptions: u64,
    /// States that pages were told are saved.
    pub snapshots: u64,
    /// States that were not, because another device had saved.
    pub stale_saves: u64,
    /// Pages that went on with a state that was saved.
    pub restores: u64,
    /// Pages whose storage failed.
    pub storage_failures: u64,
    /// Upward messages that were handled.
    pub up: u64,
    /// Downward messages that were handed over.
    pub down: u64,
}

impl Tally {
    /// A fault of this kind took effect.
    pub fn fault(&mut self, kind: &'static str) {
        *self.faults.entry(kind).or_default() += 1;
    }

    pub(crate) fn end(&mut self, ledger: &Ledger) {
        self.up = ledger.handled();
    }

    /// Adds what another world came to.
    pub fn add(&mut self, other: &Self) {
        for (kind, count) in &other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
        self.steps += other.steps;
        self.resumes += other.resumes;
        self.replays += other.replays;
        self.takeovers += other.takeovers;
        self.redeliveries += other.redeliveries;
        self.gaps += other.gaps;
        self.lost_sessions += other.lost_sessions;
        self.dropped += other.dropped;
        self.page_deaths += other.page_deaths;
        self.rows_restored += other.rows_restored;
        self.adoptions += other.adoptions;
        self.snapshots += other.snapshots;
        self.stale_saves += other.stale_saves;
        self.restores += other.restores;
        self.storage_failures += other.storage_failures;
        self.dead += other.dead;
        self.units += other.units;
        self.up += other.up;
        self.down += other.down;
    }
}
