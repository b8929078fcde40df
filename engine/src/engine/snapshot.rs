//! The application's state: when it is captured, when it is saved, and, as a checkpoint, what that
//! acknowledges.

use super::{Engine, Phase};
use crate::planted::{self, Bug};
use crate::session::Stream;
use crate::timers::Timer;
use crate::{
    Capture, Captured, Event, Instant, Output, Refusal, STATE, Save, SnapshotConfig, Span, Unsaved,
    Window,
};

impl<P: PartialEq + Clone> Engine<P> {
    const fn snapshots(&self) -> Option<SnapshotConfig> {
        if STATE { self.config.snapshot } else { None }
    }

    /// Whether a snapshot carries how far the streams have come.
    fn checkpoints(&self) -> bool {
        self.config.session && self.snapshots().is_some_and(|config| config.checkpoint)
    }

    /// Whether only a checkpoint that is stored acknowledges.
    pub(super) fn saving_acknowledges(&self) -> bool {
        self.checkpoints() && !self.snapshot.failed
    }

    pub(super) fn ask_snapshot(&mut self, ticket: u32) -> Result<(), Refusal> {
        if self.state.is_final() {
            return Err(Refusal::Closed);
        }
        self.snapshot.tickets.push(ticket);
        (self.snapshot.due, self.snapshot.stale) = (true, false);
        Ok(())
    }

    /// The page is hidden. What it shows may be the last that is ever known of it.
    pub(super) fn hide(&mut self) {
        self.snapshot.hiding = self.snapshot.ready && !self.snapshot.stale;
    }

    /// With a link the state is to be saved. Without one it is kept as that of a hidden page: nobody
    /// knows which comes first, the link or the end.
    pub(super) fn handle_snapshot_due(&mut self, now: Instant) {
        if self.phase == Phase::Open {
            self.snapshot.due |= !self.snapshot.stale;
        } else {
            self.hide();
            self.schedule_snapshot(now);
        }
    }

    /// A link is open, or the state was looked at.
    pub(super) fn schedule_snapshot(&mut self, now: Instant) {
        if let Some(config) = self.snapshots() {
            self.snapshot.ready = true;
            self.timers.set(Timer::Snapshot, now + config.interval);
        }
    }

    /// Checkpoint: captures at once when half of the window is not acknowledged. Without that the
    /// server could send nothing soon.
    pub(super) fn force_snapshot(&mut self) {
        let (mut messages, mut bytes) = (0, 0);
        for stream in &self.session.streams {
            let mark = stream.mark();
            messages += mark.number - stream.saved.number;
            bytes += mark.bytes - stream.saved.bytes;
        }
        let window = Window::default();
        self.snapshot.due |=
            messages >= u64::from(window.messages / 2) || bytes >= u64::from(window.bytes / 2);
        self.timers.stop(Timer::Ack);
    }

    /// Whether a state that is captured now can be saved.
    fn can_save(&self) -> bool {
        self.phase == Phase::Open && !self.snapshot.saving
    }

    /// The question for the state, when it is wanted and nothing is in hand that it may hold in part.
    pub(super) fn poll_capture(&mut self) {
        let can_save = self.can_save();
        let snapshot = &self.snapshot;
        let wanted = snapshot.hiding || (snapshot.due && can_save);
        let ready = snapshot.ready && !snapshot.capturing && !self.state.is_final();
        let in_part = self.session.in_hand.is_some() && self.checkpoints();
        if !wanted || !ready || in_part {
            return;
        }
        let snapshot = &mut self.snapshot;
        snapshot.capturing = true;
        let why = if core::mem::take(&mut snapshot.hiding) {
            Capture::Hiding
        } else if snapshot.covered == snapshot.tickets.len() {
            Capture::Due
        } else {
            Capture::Asked
        };
        if can_save {
            snapshot.due = false;
            snapshot.covered = snapshot.tickets.len();
            self.note_positions();
        }
        self.outputs.push(Output::Capture(why));
    }

    fn note_positions(&mut self) {
        for stream in &mut self.session.streams {
            stream.noted = stream.mark();
        }
    }

    pub(super) fn handle_captured(&mut self, now: Instant, captured: Captured) {
        if !core::mem::take(&mut self.snapshot.capturing) {
            return;
        }
        if !self.can_save() {
            self.snapshot.due |= captured == Captured::Changed;
            return;
        }
        self.schedule_snapshot(now);
        let save = match captured {
            Captured::Changed => Save::State,
            Captured::Unchanged if self.checkpoint_moves() => Save::Positions,
            Captured::Unchanged => return self.settle_captured(true),
            Captured::Failed | Captured::Nothing => {
                self.settle_captured(captured == Captured::Nothing);
                return self.acknowledge_anyway(now);
            }
        };
        self.snapshot.saving = true;
        self.outputs.push(Output::Save(save));
    }

    /// Whether positions alone are worth saving.
    fn checkpoint_moves(&self) -> bool {
        let mut streams = self.session.streams.iter();
        self.checkpoints() && (self.snapshot.failed || streams.any(Stream::is_noted))
    }

    /// What was noted is safe, unless it is stored elsewhere and there is no link to say so: then it
    /// is saved once more.
    pub(super) fn handle_saved(&mut self) {
        if !core::mem::take(&mut self.snapshot.saving) {
            return;
        }
        self.snapshot.failed = false;
        if planted::is(Bug::PositionsAfterCapture) {
            self.note_positions();
        }
        let elsewhere = self.snapshots().is_some_and(|config| config.acknowledges);
        let told = !elsewhere || self.phase == Phase::Open;
        for stream in &mut self.session.streams {
            if told && stream.is_noted() {
                stream.saved = stream.noted;
                if elsewhere {
                    self.outputs.acknowledge(stream, stream.saved.number);
                }
            }
        }
        self.settle_captured(true);
    }

    pub(super) fn handle_unsaved(&mut self, now: Instant, why: Unsaved, after: Span) {
        if !core::mem::take(&mut self.snapshot.saving) {
            return;
        }
        self.snapshot.stale = why == Unsaved::Stale;
        if why != Unsaved::Lost {
            self.settle_captured(false);
        }
        let mut after = after;
        if why == Unsaved::Refused {
            self.acknowledge_anyway(now);
            // It is refused as it is: soon it may be another.
            let interval = self.snapshots().map(|config| config.interval);
            after = after.max(interval.unwrap_or_default());
        }
        let open = self.phase == Phase::Open;
        let snapshot = &mut self.snapshot;
        let asked = snapshot.covered < snapshot.tickets.len();
        snapshot.due = asked || !(open || snapshot.stale);
        if open {
            self.timers.set(Timer::Snapshot, now + after);
        }
    }

    /// Checkpoint: as long as none can be stored, the server is told of what was handed over.
    fn acknowledge_anyway(&mut self, now: Instant) {
        self.snapshot.failed = true;
        if self.phase == Phase::Open && self.checkpoints() {
            self.acknowledge(now, false);
        }
    }

    /// Tells those whose state was captured.
    fn settle_captured(&mut self, done: bool) {
        for _ in 0..core::mem::take(&mut self.snapshot.covered) {
            let ticket = self.snapshot.tickets.remove(0);
            self.tell(Event::Settled { ticket, done });
        }
    }

    /// No snapshot that was asked for is saved any more.
    pub(super) fn give_up_snapshots(&mut self) {
        self.snapshot.covered = self.snapshot.tickets.len();
        self.settle_captured(false);
    }
}
