//! What holds in a session besides, whatever the input was.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use steadfast_engine::{Engine, Form, Input, Output, Restored};

use super::Payload;

/// Watches one session from outside.
///
/// 1. accepted = acknowledged + queued + in flight + reported: each message is exactly one of these.
/// 2. Nothing is given to a link twice; it is acknowledged in the order in which it was given.
/// 3. No more is in flight than the server takes.
/// 4. A unit is one: at least two messages of one form, nothing between them.
/// 5. A number of a stream is handed over once, and in order.
/// 6. One message is in hand at a time.
#[derive(Default)]
pub(crate) struct SessionAudit {
    /// Messages given to this link, in order, that are not acknowledged.
    pub(crate) given: VecDeque<Payload>,
    /// Messages given to a link that was not replaced yet: nothing takes them back.
    pub(crate) flying: BTreeSet<Payload>,
    /// The number of the last acknowledged message.
    pub(crate) acknowledged: u64,
    /// Whether a task is under way in which messages were sent.
    pub(crate) corked: bool,
    /// How many the present link was given.
    count: u64,
    window: (u32, u32),
    /// What the welcome that was handed in last says is stored.
    received: u64,
    forms: BTreeMap<Payload, Form>,
    /// What is still to come of the unit that was begun.
    unit: Option<(u32, Option<Form>)>,
    in_hand: bool,
    /// By stream: epoch, and the number that was handed over last.
    handed: BTreeMap<u32, (Option<u32>, u64)>,
    epochs: BTreeMap<u32, u32>,
}

impl SessionAudit {
    /// `present`: the generation of the link, `greeted`: whether it was welcomed.
    pub(crate) fn before(&mut self, input: &Input<Payload>, present: u32, greeted: bool) {
        match input {
            Input::Welcomed { generation, .. }
            | Input::Stored { generation, .. }
            | Input::From { generation, .. }
                if *generation != present => {}
            Input::Welcomed { welcome, .. } if !greeted => {
                self.received = welcome.received.unwrap_or(0);
                self.window = (welcome.window.messages, welcome.window.bytes);
            }
            Input::Stored { number, .. } => self.received = self.received.max(*number),
            Input::From { from, .. } => drop(self.epochs.insert(from.stream, from.epoch)),
            Input::HandedOver => self.in_hand = false,
            Input::Send { send, .. } | Input::Restored(Restored { send, .. }) => {
                self.forms.insert(send.payload, send.form);
            }
            _ => {}
        }
    }

    pub(crate) fn greeted(&mut self) {
        self.given.clear();
        self.count = 0;
    }

    pub(crate) fn opened(&mut self) {
        self.acknowledged = self.received;
        self.flying.clear();
    }

    /// Anything came out: in the middle of a unit only a message may.
    pub(crate) fn came_out(&mut self, output: &Output<Payload>) {
        if let Some((left, _)) = self.unit {
            assert!(
                matches!(output, Output::Transmit(_)),
                "{output}: {left} of the unit are still to come"
            );
        }
        if let Output::Unit(messages) = output {
            assert!((2..=1_024).contains(messages), "{output}");
            self.unit = Some((*messages, None));
        }
    }

    pub(crate) fn transmitted(&mut self, payload: Payload, size_of: impl Fn(Payload) -> u32) {
        assert!(!self.given.contains(&payload), "{payload} twice on a link");
        self.given.push_back(payload);
        self.flying.insert(payload);
        self.count += 1;
        let bytes: u32 = self.given.iter().map(|payload| size_of(*payload)).sum();
        let alone = self.given.len() == 1;
        assert!(
            self.given.len() as u32 <= self.window.0 && (alone || bytes <= self.window.1),
            "{payload} is past the window"
        );
        let form = self.forms[&payload];
        if let Some((left, first)) = self.unit {
            assert!(form != Form::Alone && first.unwrap_or(form) == form);
            self.unit = (left > 1).then_some((left - 1, Some(form)));
        }
    }

    /// The link will not hear of this one again.
    pub(crate) fn acknowledged(&mut self, payload: Payload) {
        if let Some(first) = self.given.pop_front() {
            assert_eq!(first, payload, "acknowledged out of order");
            self.acknowledged += 1;
        }
    }

    pub(crate) fn handed(&mut self, stream: Option<u32>, number: u64) {
        assert!(!core::mem::replace(&mut self.in_hand, true), "two in hand");
        let Some(stream) = stream else {
            panic!("a message of a session has a stream");
        };
        if number > 0 {
            let epoch = self.epochs.get(&stream).copied();
            let last = self.handed.insert(stream, (epoch, number));
            assert!(
                last.is_none_or(|(before, last)| before != epoch || last < number),
                "{number} of stream {stream} after {last:?}"
            );
        }
    }

    /// Streams begin anew.
    pub(crate) fn lost(&mut self) {
        self.handed.clear();
    }

    /// The number that the next message on this link has.
    pub(crate) fn next_number(&self) -> u64 {
        self.acknowledged + self.given.len() as u64 + 1
    }

    /// `aside`: on an open link, messages that have a number and were not given to it.
    pub(crate) fn drained(&self, engine: &Engine<Payload>, held: usize, aside: Option<usize>) {
        assert!(self.unit.is_none(), "a unit in part");
        let (queued, unacknowledged) = (engine.queued().0, engine.unacknowledged());
        assert_eq!(
            (queued + unacknowledged) as usize,
            held,
            "messages lost or doubled: {queued} queued, {unacknowledged} in flight"
        );
        if let Some(aside) = aside {
            assert_eq!(unacknowledged as usize, self.given.len() + aside);
            assert_eq!(engine.given_messages(), self.count);
        }
    }
}
