//! What holds of snapshots, whatever the input was.

use std::collections::{BTreeMap, BTreeSet};

use steadfast_engine::{Capture, Captured, Config, Engine, Input, Output, Save, Unsaved};

use super::Payload;

/// Watches what becomes of the application's state.
///
/// 1. It is captured when a link was open once, one question at a time; for the server when there is
///    a link and nothing else is on its way.
/// 2. A checkpoint is never captured while a message is in hand.
/// 3. As long as checkpoints can be stored, nothing else acknowledges: where they are stored
///    elsewhere, what had been handed over at the moment of the capture is, and nothing more.
/// 4. Nothing is acknowledged that was not handed over.
#[derive(Default)]
pub(crate) struct SnapshotAudit {
    checkpoints: bool,
    acknowledges: bool,
    ready: bool,
    pub(crate) open: bool,
    /// The question that is not answered.
    pub(crate) asked: Option<Capture>,
    /// Whether the state that was captured last may be saved.
    savable: bool,
    pub(crate) saving: bool,
    failed: bool,
    /// By stream: epoch, and the number of the last message that was handed over.
    taken: BTreeMap<u32, (u32, u64)>,
    /// The same when the state was captured that is saved.
    noted: BTreeMap<u32, (u32, u64)>,
    /// Streams that the server has spoken of, and their epochs.
    spoken: BTreeSet<u32>,
    epochs: BTreeMap<u32, u32>,
    in_hand: Option<(u32, u32, u64)>,
}

impl SnapshotAudit {
    pub(crate) fn new(config: &Config) -> Self {
        let checkpoint = config.snapshot.filter(|snapshot| snapshot.checkpoint);
        Self {
            checkpoints: config.session && checkpoint.is_some(),
            acknowledges: checkpoint.is_some_and(|snapshot| snapshot.acknowledges),
            ..Self::default()
        }
    }

    pub(crate) fn before(&mut self, input: &Input<Payload>) {
        match input {
            Input::From { from, .. } => drop(self.spoken.insert(from.stream)),
            Input::HandedOver => {
                if let Some((stream, epoch, number)) = self.in_hand.take()
                    && self.epochs.get(&stream) == Some(&epoch)
                {
                    let taken = self.taken.entry(stream).or_default();
                    if taken.0 != epoch || taken.1 < number {
                        *taken = (epoch, number);
                    }
                }
            }
            Input::Captured(captured) if self.asked.take().is_some() => {
                let savable = self.open && !self.saving;
                let fails = matches!(captured, Captured::Failed | Captured::Nothing);
                self.failed |= savable && fails;
                self.savable = savable && !fails;
            }
            Input::Saved if core::mem::take(&mut self.saving) => self.failed = false,
            Input::Unsaved { why, .. } if core::mem::take(&mut self.saving) => {
                self.failed |= *why == Unsaved::Refused;
            }
            _ => {}
        }
    }

    pub(crate) fn opened(&mut self) {
        self.ready = true;
    }

    /// Streams begin anew.
    pub(crate) fn lost(&mut self) {
        self.epochs.clear();
        self.taken.clear();
    }

    pub(crate) fn drained(&mut self, engine: &mut Engine<Payload>) {
        let positions = self
            .spoken
            .iter()
            .map(|stream| (*stream, engine.position(*stream)));
        let epochs = positions.filter_map(|(stream, position)| Some((stream, position?.0)));
        self.epochs = epochs.collect();
    }

    pub(crate) fn came_out(&mut self, output: &Output<Payload>) {
        match output {
            Output::Message {
                stream: Some(stream),
                number,
                ..
            } => {
                let epoch = self.epochs.get(stream).copied().unwrap_or_default();
                self.in_hand = Some((*stream, epoch, *number));
            }
            Output::Capture(why) => self.captures(*why),
            Output::Save(what) => {
                assert!(core::mem::take(&mut self.savable), "{output}: of what?");
                assert!(*what == Save::State || self.checkpoints, "{output}");
                self.saving = true;
            }
            Output::Acknowledge {
                stream,
                epoch,
                number,
            } => {
                let marks = if self.checkpoints && !self.failed {
                    assert!(self.acknowledges, "{output}: beside a checkpoint");
                    &self.noted
                } else {
                    &self.taken
                };
                assert_eq!(marks.get(stream), Some(&(*epoch, *number)), "{output}");
            }
            _ => {}
        }
    }

    fn captures(&mut self, why: Capture) {
        assert!(self.ready && self.asked.is_none(), "{why:?}: not now");
        assert!(
            !self.checkpoints || self.in_hand.is_none(),
            "{why:?}: a message is in hand"
        );
        let savable = self.open && !self.saving;
        assert!(savable || why == Capture::Hiding, "{why:?}: not now");
        if savable {
            self.noted = self.taken.clone();
        }
        self.asked = Some(why);
    }
}
