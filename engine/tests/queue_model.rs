//! The queue of a client without a session against a model of it: one plain list.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, prop_oneof};
use steadfast_engine::{
    Config, DropReason, Input, Instant, Overflow, Priority, QueueConfig, Refusal, Span,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Payload, Shell, check, ms, queue};

/// Something done to a queue.
#[derive(Clone, Debug)]
enum Op {
    Push {
        bytes: u32,
        priority: Priority,
        key: Option<Payload>,
        expires_in: u64,
    },
    Take,
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

/// All that waits, oldest first; a message that takes another's place stands behind all of them.
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
        }
        without.0.push(item);
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
    shell: Shell,
    config: QueueConfig,
}

impl Pair {
    fn new(queue: QueueConfig) -> Self {
        let config = Config {
            max_message_bytes: u32::MAX,
            queue: queue.clone(),
            ..Config::default()
        };
        Self {
            model: Model::default(),
            shell: Shell::new(config),
            config: queue,
        }
    }

    fn now(&self) -> u64 {
        self.shell.now.as_micros()
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Push {
                bytes,
                priority,
                key,
                expires_in,
            } => {
                let item = Item {
                    payload: self.shell.peek_payload(),
                    bytes,
                    priority,
                    key: key.map(|key| 1_000_000 + key),
                    expires_at: self.now() + 1_000 * expires_in,
                };
                self.push(item, ms(expires_in));
            }
            Op::Take => {
                let taken = self.shell.take_queue();
                let model = core::iter::from_fn(|| self.model.pop());
                assert_eq!(taken, model.map(|item| item.payload).collect::<Vec<_>>());
            }
            Op::Expire { after } => {
                self.shell.wait(ms(after));
                self.compare_expired();
            }
            Op::Withdraw { ago } => {
                let ticket = self.shell.peek_payload().saturating_sub(ago);
                let place = self.model.0.iter().position(|item| item.payload == ticket);
                let taken = self.shell.give(Input::Withdraw(ticket));
                assert_eq!(taken.is_ok(), place.is_some());
                place.map(|place| self.model.0.remove(place));
            }
        }
        self.shell.take();
        self.compare();
    }

    fn push(&mut self, item: Item, ttl: Span) {
        self.shell.take();
        let result = self.shell.try_send(|send| {
            send.bytes = item.bytes;
            send.priority = item.priority;
            send.key = item.key;
            send.ttl = Some(ttl);
            send.ticket = item.payload;
        });
        let dropped = self.shell.take_dropped();
        // What is overdue goes first.
        let now = self.now();
        let expired = self.model.expire(now);
        let (early, rest) = dropped.split_at(expired.len());
        assert!(early.iter().all(|(payload, _)| expired.contains(payload)));
        let rest = rest.to_vec();
        assert_eq!(result.map(|()| rest), self.model.push(item, &self.config));
    }

    fn compare_expired(&mut self) {
        let mut expired = self.shell.take_dropped();
        expired.sort_unstable_by_key(|(payload, _)| *payload);
        let model = self.model.expire(self.shell.now.as_micros());
        let model: Vec<_> = model.into_iter().map(|it| (it, DropReason::Ttl)).collect();
        assert_eq!(expired, model);
    }

    fn compare(&self) {
        let waiting = &self.model.0;
        let bytes = waiting.iter().map(|item| item.bytes).sum::<u32>();
        let engine = &self.shell.engine;
        assert_eq!(engine.queued(), (waiting.len() as u32, bytes));
        let first = waiting.iter().map(|item| item.expires_at).min();
        let first = first.map_or(Instant::NEVER, Instant::from_micros);
        assert!(self.shell.deadline <= first, "an expiry would be missed");
        assert!(!waiting.is_empty() || self.shell.deadline == Instant::NEVER);
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
        1 => Just(Op::Take),
        1 => (0_u64..500).prop_map(|after| Op::Expire { after }),
        1 => (0_u32..8).prop_map(|ago| Op::Withdraw { ago }),
    ]
}

#[test]
fn it_does_what_the_model_does() {
    check(1_000, &(queue(), vec(op(), 0..60)), |(config, ops)| {
        let mut pair = Pair::new(config);
        for op in &ops {
            pair.apply(op);
        }
        pair.apply(&Op::Take);
    });
}

/// Sizes near the end of the numbers are counted right or refused.
#[test]
fn it_does_not_lose_count_of_huge_messages() {
    let config = QueueConfig {
        max_bytes: u32::MAX,
        ..QueueConfig::default()
    };
    let mut pair = Pair::new(config);
    for bytes in [u32::MAX - 10, 20, 10, 1, 0] {
        let (priority, key, expires_in) = (Priority::Normal, None, 1);
        pair.apply(&Op::Push {
            bytes,
            priority,
            key,
            expires_in,
        });
    }
    assert_eq!(pair.shell.engine.queued(), (3, u32::MAX));
}
