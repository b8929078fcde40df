//! The outbox against a model of it: one plain list.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, prop_oneof};
use steadfast_engine::outbox::{Outbox, Waiting};
use steadfast_engine::{DropReason, Form, Instant, Overflow, Priority, QueueConfig, Refusal};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, check, queue};

/// Something done to a queue.
#[derive(Clone, Debug)]
enum Op {
    Push {
        bytes: u32,
        priority: Priority,
        key: Option<Payload>,
        expires_in: u64,
    },
    Pop,
    Expire {
        after: u64,
    },
    Withdraw {
        ago: u32,
    },
}

/// A message, as the model sees it.
#[derive(Clone, Debug, PartialEq)]
struct Item {
    payload: Payload,
    bytes: u32,
    priority: Priority,
    key: Option<Payload>,
    expires_at: u64,
}

/// All that waits, oldest first; a message that takes another's place stands where that stood.
#[derive(Default)]
struct Model(Vec<Item>);

impl Model {
    fn fits(&self, item: &Item, config: &QueueConfig) -> bool {
        let bytes: u64 = self.0.iter().map(|other| u64::from(other.bytes)).sum();
        self.0.len() < config.max_messages as usize
            && bytes + u64::from(item.bytes) <= u64::from(config.max_bytes)
    }

    fn push(
        &mut self,
        item: Item,
        config: &QueueConfig,
    ) -> Result<Vec<(Payload, DropReason)>, Refusal> {
        let mut without = Model(self.0.clone());
        let same_key = |other: &Item| item.key.is_some() && other.key == item.key;
        let place = without.0.iter().position(same_key);
        let replaced = place.map(|place| without.0.remove(place));
        let mut dropped: Vec<_> = replaced
            .iter()
            .map(|old| (old.payload, DropReason::Replaced))
            .collect();
        // Among messages of another priority the place means nothing: it is the newest of its own.
        let mut place = match &replaced {
            Some(old) if old.priority == item.priority => place.unwrap_or(0),
            _ => without.0.len(),
        };
        if !without.fits(&item, config) {
            match config.overflow {
                Overflow::Reject => return Err(Refusal::QueueFull),
                Overflow::DropNewest => return Ok(vec![(item.payload, DropReason::Overflow)]),
                Overflow::DropOldest => {}
            }
        }
        while !without.fits(&item, config) {
            let droppable = without
                .0
                .iter()
                .filter(|other| other.priority >= item.priority);
            let Some(lowest) = droppable.map(|other| other.priority).max() else {
                return Ok(vec![(item.payload, DropReason::Overflow)]);
            };
            let oldest = without.0.iter().position(|other| other.priority == lowest);
            let oldest = oldest.unwrap_or(0);
            dropped.push((without.0.remove(oldest).payload, DropReason::Overflow));
            place -= usize::from(oldest < place);
        }
        without.0.insert(place, item);
        *self = without;
        Ok(dropped)
    }

    fn pop(&mut self) -> Option<Item> {
        let first = self.0.iter().map(|item| item.priority).min()?;
        let place = self.0.iter().position(|item| item.priority == first)?;
        Some(self.0.remove(place))
    }

    fn expire(&mut self, now: u64) -> Vec<Payload> {
        let (gone, stay) = self
            .0
            .drain(..)
            .partition(|item: &Item| item.expires_at <= now);
        self.0 = stay;
        let mut gone: Vec<Payload> = gone.iter().map(|item: &Item| item.payload).collect();
        gone.sort_unstable();
        gone
    }
}

/// Both, side by side.
struct Pair {
    model: Model,
    outbox: Outbox<Payload>,
    config: QueueConfig,
    now: u64,
    next: Payload,
}

impl Pair {
    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Push {
                bytes,
                priority,
                key,
                expires_in,
            } => {
                let (payload, expires_at) = (self.next, self.now + expires_in);
                self.push(Item {
                    payload,
                    bytes,
                    priority,
                    key,
                    expires_at,
                });
                self.next += 1;
            }
            Op::Pop => {
                let popped = self.outbox.pop().map(|message| message.payload);
                assert_eq!(popped, self.model.pop().map(|item| item.payload));
            }
            Op::Expire { after } => {
                self.now += after;
                let now = Instant::from_micros(self.now);
                let expired = std::iter::from_fn(|| self.outbox.expire(now, u32::MAX, true, false));
                let mut expired: Vec<_> = expired.map(|message| message.payload).collect();
                expired.sort_unstable();
                assert_eq!(expired, self.model.expire(self.now));
                assert!(self.outbox.next_expiry() > now);
            }
            Op::Withdraw { ago } => {
                let ticket = self.next.saturating_sub(ago);
                let taken = self.outbox.withdraw(ticket).map(|message| message.payload);
                let place = self.model.0.iter().position(|item| item.payload == ticket);
                assert_eq!(taken, place.map(|place| self.model.0.remove(place).payload));
            }
        }
        self.compare();
    }

    fn push(&mut self, item: Item) {
        let message = Waiting {
            payload: item.payload,
            bytes: item.bytes,
            priority: item.priority,
            key: item.key,
            expires_at: Instant::from_micros(item.expires_at),
            ticket: item.payload,
            volatile: false,
            form: Form::Text,
            restored: false,
            number: 0,
        };
        let mut dropped = Vec::new();
        let drop = |message: Waiting<u32>, reason| dropped.push((message.payload, reason));
        let result = self.outbox.push(message, &self.config, true, drop);
        assert_eq!(
            result.map(|()| dropped),
            self.model.push(item, &self.config)
        );
    }

    fn compare(&self) {
        let waiting = &self.model.0;
        assert_eq!(self.outbox.len() as usize, waiting.len());
        assert_eq!(
            self.outbox.bytes(),
            waiting.iter().map(|item| item.bytes).sum::<u32>()
        );
        assert_eq!(self.outbox.is_empty(), waiting.is_empty());
        let first = waiting.iter().map(|item| item.expires_at).min();
        let first = first.map_or(Instant::NEVER, Instant::from_micros);
        assert!(
            self.outbox.next_expiry() <= first,
            "an expiry would be missed"
        );
        assert!(!waiting.is_empty() || self.outbox.next_expiry() == Instant::NEVER);
    }
}

fn op() -> impl Strategy<Value = Op> {
    let priority = prop_oneof![
        Just(Priority::High),
        Just(Priority::Normal),
        Just(Priority::Low)
    ];
    let push = (0_u32..400, priority, option::of(0_u32..3), 0_u64..1_000);
    prop_oneof![
        10 => push.prop_map(|(bytes, priority, key, expires_in)| {
            Op::Push { bytes, priority, key, expires_in }
        }),
        2 => Just(Op::Pop),
        1 => (0_u64..500).prop_map(|after| Op::Expire { after }),
        1 => (0_u32..8).prop_map(|ago| Op::Withdraw { ago }),
    ]
}

#[test]
fn it_does_what_the_model_does() {
    check(4_000, &(queue(), vec(op(), 0..60)), |(config, ops)| {
        let (model, outbox) = (Model::default(), Outbox::new());
        let mut pair = Pair {
            model,
            outbox,
            config,
            now: 0,
            next: 1,
        };
        for op in &ops {
            pair.apply(op);
        }
        while !pair.model.0.is_empty() {
            pair.apply(&Op::Pop);
        }
    });
}

/// Sizes near the end of the numbers are counted right or refused.
#[test]
fn it_does_not_lose_count_of_huge_messages() {
    let config = QueueConfig {
        max_bytes: u32::MAX,
        ..QueueConfig::default()
    };
    let (model, outbox) = (Model::default(), Outbox::new());
    let mut pair = Pair {
        model,
        outbox,
        config,
        now: 0,
        next: 1,
    };
    for bytes in [u32::MAX - 10, 20, 10, 1, 0] {
        let (priority, key, expires_in) = (Priority::Normal, None, 1);
        pair.apply(&Op::Push {
            bytes,
            priority,
            key,
            expires_in,
        });
    }
    assert_eq!(pair.outbox.bytes(), u32::MAX);
    assert_eq!(pair.outbox.len(), 3);
}
