//! What holds in a session besides, whatever the input was.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use steadfast_engine::{
    Claim, Engine, Form, Input, LANES, MEMORY_FOUND, Output, Priority, Restored, Send,
};

use super::Payload;
use super::rows::Name;

/// Watches one session from outside.
///
/// 1. accepted = acknowledged + queued + in flight + reported: each message is exactly one of these.
/// 2. A message has one name for ever, the next of its lane when it is sent. What a link counts are these names.
/// 3. Nothing is given to a link twice, nor of a memory that this link does not speak for; it is acknowledged by
///    lane, in order, and only when the server said so.
/// 4. No more is in flight than the server takes.
/// 5. A unit is one: at least two messages of one form and stream, nothing between them.
/// 6. A number of a stream is handed over once, and in order.
/// 7. One message is in hand at a time.
#[derive(Default)]
pub(crate) struct SessionAudit {
    names: BTreeMap<Payload, Name>,
    /// The last number of each lane that was sent in, or given to a link, or was said to be stored.
    last: BTreeMap<(u32, usize), u64>,
    sent: BTreeMap<(u32, usize), u64>,
    said: BTreeMap<(u32, usize), u64>,
    /// The message of this input, as long as it may not have a name.
    fresh: Option<Payload>,
    /// Messages given to this link, in order, that are not acknowledged.
    pub(crate) given: BTreeMap<(u32, usize), VecDeque<Payload>>,
    /// Messages given to a link whose memory was not claimed again: nothing takes them back.
    pub(crate) flying: BTreeSet<Payload>,
    /// Memories of which it is not known here what links were given.
    found: BTreeSet<u32>,
    /// The memory of the hello.
    pub(crate) greeted: u32,
    /// The memories that the server was asked for on this link.
    pub(crate) claims: BTreeMap<u32, Asked>,
    /// The next name on the link.
    next: Option<Name>,
    /// Whether a task is under way in which messages were sent.
    pub(crate) corked: bool,
    /// How many the present link was given.
    count: u64,
    window: (u32, u32),
    pub(crate) user: u32,
    forms: BTreeMap<Payload, Form>,
    /// Volatile messages, and whether they were given to a link.
    volatile: BTreeMap<Payload, bool>,
    /// What is still to come of the unit that was begun.
    unit: Option<(u32, Option<Form>)>,
    in_hand: bool,
    /// By stream: epoch, and the number that was handed over last.
    handed: BTreeMap<u32, (Option<u32>, u64)>,
    epochs: BTreeMap<u32, u32>,
}

/// Whether the link speaks for a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Waits,
    /// It was let go meanwhile: the answer says nothing.
    Void,
    Yes,
}

impl SessionAudit {
    /// `present`: the generation of the link, and the page's memory. `open`: whether that link, if there is one, was
    /// welcomed.
    pub(crate) fn before(
        &mut self,
        input: &Input<Payload>,
        (present, own): (u32, u32),
        open: Option<bool>,
    ) {
        self.fresh = None;
        match input {
            Input::Welcomed { generation, .. }
            | Input::Stored { generation, .. }
            | Input::Adopted { generation, .. }
            | Input::From { generation, .. }
                if *generation != present => {}
            Input::Welcomed { welcome, .. } if open == Some(false) => {
                self.window = (welcome.window.messages, welcome.window.bytes);
                self.user = welcome.user;
                self.claim(own, welcome.claim);
            }
            Input::Adopted {
                generation,
                memory,
                claim,
            } if open == Some(true) && *generation == present => match self.claims.get(memory) {
                Some(Asked::Waits) => self.claim(*memory, *claim),
                Some(Asked::Void) => drop(self.claims.remove(memory)),
                _ => {}
            },
            Input::Stored {
                memory,
                lane,
                number,
                ..
            } => self.say((*memory, *lane as usize), *number),
            Input::From { from, .. } => drop(self.epochs.insert(from.stream, from.epoch)),
            Input::HandedOver => self.in_hand = false,
            Input::Send { send, .. } => {
                self.forms.insert(send.payload, send.form);
                if send.volatile {
                    self.volatile.insert(send.payload, false);
                }
            }
            Input::Restored(Restored {
                send,
                memory,
                number,
            }) => {
                self.forms.insert(send.payload, send.form);
                let name = (*memory, send.priority as usize, *number);
                self.names.insert(send.payload, name);
            }
            _ => {}
        }
    }

    /// The server answers for a memory.
    fn claim(&mut self, memory: u32, claim: Claim) {
        match claim {
            Claim::Accepted(received) => {
                let knows = |lane| received[lane] <= self.lane(memory, lane).0;
                if !self.is_found(memory) && !(0..LANES).all(knows) {
                    return;
                }
                for (lane, number) in received.into_iter().enumerate() {
                    self.said.insert((memory, lane), number);
                    // No link before this one can store anything any more.
                    self.sent.insert((memory, lane), number);
                }
            }
            Claim::Forgotten => {
                for lane in 0..LANES {
                    self.said.remove(&(memory, lane));
                }
            }
            Claim::Refused => {
                self.claims.remove(&memory);
                return;
            }
        }
        self.claims.insert(memory, Asked::Yes);
        let names = &self.names;
        self.flying.retain(|flying| names[flying].0 != memory);
    }

    /// The server has stored this much of a lane, if that can be.
    fn say(&mut self, lane: (u32, usize), number: u64) {
        if self.sent.get(&lane) >= Some(&number) {
            let said = self.said.entry(lane).or_default();
            *said = number.max(*said);
        }
    }

    /// A message was sent, and gets its name, unless it is dropped at once.
    pub(crate) fn accepted(&mut self, send: &Send<Payload>, own: u32) {
        let lane = send.priority as usize;
        let last = self.last.entry((own, lane)).or_default();
        *last += 1;
        self.names.insert(send.payload, (own, lane, *last));
        self.fresh = Some(send.payload);
    }

    pub(crate) fn name(&self, payload: Payload) -> Name {
        self.names[&payload]
    }

    /// What was sent of a lane to any link, and what is said to be stored of it.
    pub(crate) fn lane(&self, memory: u32, lane: usize) -> (u64, u64) {
        let number = |of: &BTreeMap<_, u64>| of.get(&(memory, lane)).copied().unwrap_or(0);
        (number(&self.sent), number(&self.said))
    }

    /// There is a new link.
    pub(crate) fn dialed(&mut self) {
        self.given.clear();
        self.claims.clear();
        (self.count, self.next, self.greeted) = (0, None, 0);
    }

    /// The memories that the server has still to answer for.
    pub(crate) fn asked(&self) -> Vec<u32> {
        let asked = self.claims.iter().filter(|claim| *claim.1 != Asked::Yes);
        asked.map(|claim| *claim.0).collect()
    }

    /// Whether it is not known of a memory what links were given.
    pub(crate) fn is_found(&self, memory: u32) -> bool {
        memory >= MEMORY_FOUND || self.found.contains(&memory)
    }

    /// Anything came out: in the middle of a unit only a message may.
    pub(crate) fn came_out(&mut self, output: &Output<Payload>) {
        if let Some((left, _)) = self.unit {
            assert!(
                matches!(output, Output::Transmit(_)),
                "{output}: {left} of the unit are still to come"
            );
        }
        match *output {
            Output::Unit(messages) => {
                assert!((2..=1_024).contains(&messages), "{output}");
                self.unit = Some((messages, None));
            }
            Output::Lane { memory, lane, next } => {
                let name = (memory, lane as usize, next);
                assert_ne!(
                    self.next.replace(name),
                    Some(name),
                    "{output}: says nothing"
                );
            }
            Output::Adopt(memory) => {
                let before = self.claims.insert(memory, Asked::Waits);
                assert_eq!(before, None, "{output}: it was asked for");
            }
            Output::Done(memory) => {
                assert_eq!(
                    self.claims.get(&memory),
                    Some(&Asked::Yes),
                    "{output}: whose is it?"
                );
            }
            Output::Unlock(memory) => {
                self.found.insert(memory);
                match self.claims.get_mut(&memory) {
                    Some(asked @ Asked::Waits) => *asked = Asked::Void,
                    Some(Asked::Yes) => drop(self.claims.remove(&memory)),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    pub(crate) fn transmitted(&mut self, payload: Payload, size_of: impl Fn(Payload) -> u32) {
        let name = self.name(payload);
        let (memory, lane, number) = name;
        assert_eq!(
            self.next,
            Some(name),
            "{payload} has another name on the link"
        );
        self.next = Some((memory, lane, number + 1));
        assert_eq!(
            self.claims.get(&memory),
            Some(&Asked::Yes),
            "{name:?}: whose is it?"
        );
        let given = self.given.entry((memory, lane)).or_default();
        let last = given.back().map_or(0, |last| self.names[last].2);
        assert!(last < number, "{name:?} after {last} on a link");
        given.push_back(payload);
        let sent = self.sent.entry((memory, lane)).or_default();
        *sent = number.max(*sent);
        if let Some(given) = self.volatile.get_mut(&payload) {
            assert!(!core::mem::replace(given, true), "volatile {payload} again");
        }
        self.flying.insert(payload);
        self.count += 1;
        let given = self.given.values().flatten();
        let (messages, bytes) = given.fold((0, 0), |(messages, bytes), it| {
            (messages + 1, bytes + size_of(*it))
        });
        assert!(
            messages <= self.window.0 && (messages == 1 || bytes <= self.window.1),
            "{payload} is past the window"
        );
        let form = self.forms[&payload];
        if let Some((left, first)) = self.unit {
            assert!(form != Form::Alone && first.unwrap_or(form) == form);
            self.unit = (left > 1).then_some((left - 1, Some(form)));
        }
    }

    /// The server has stored this one.
    pub(crate) fn acknowledged(&mut self, payload: Payload) {
        let (memory, lane, number) = self.name(payload);
        let said = self.lane(memory, lane).1;
        assert!(number <= said, "{payload} is {number}: stored are {said}");
        if let Some(first) = self.given.get(&(memory, lane)).and_then(|it| it.front()) {
            assert_eq!(*first, payload, "acknowledged out of order");
        }
    }

    /// Nobody has this one any more, or it is left to storage.
    pub(crate) fn forget(&mut self, payload: Payload) {
        let (memory, lane, number) = self.name(payload);
        if self.fresh == Some(payload) && memory < MEMORY_FOUND {
            self.last.insert((memory, lane), number - 1);
        }
        self.flying.remove(&payload);
        for given in self.given.values_mut() {
            given.retain(|given| *given != payload);
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

    pub(crate) fn drained(&mut self, engine: &Engine<Payload>, held: usize, open: bool) {
        self.fresh = None;
        assert!(self.unit.is_none(), "a unit in part");
        let (queued, unacknowledged) = (engine.queued().0, engine.unacknowledged());
        assert_eq!(
            (queued + unacknowledged) as usize,
            held,
            "messages lost or doubled: {queued} queued, {unacknowledged} in flight"
        );
        assert_eq!(unacknowledged as usize, self.flying.len());
        if open {
            assert_eq!(engine.given_messages(), self.count);
        }
    }
}

/// By lane.
pub(crate) const PRIORITIES: [Priority; LANES] = [Priority::High, Priority::Normal, Priority::Low];
