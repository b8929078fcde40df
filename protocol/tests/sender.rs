//! Messages on their way: windows, acknowledgements, and what is sent again.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use steadfast_protocol::sender::{Sender, Window};

/// What is handed out by an acknowledgement of `number`.
fn acknowledge(sender: &mut Sender<u32>, number: u64) -> Vec<u32> {
    std::iter::from_fn(|| sender.acknowledge_one(number)).collect()
}

/// A new link, after which the other side has everything up to `received`: the messages whose numbers
/// are free again, and how many acknowledged ones were lost.
fn restart(sender: &mut Sender<u32>, received: u64) -> (VecDeque<u32>, u64) {
    acknowledge(sender, received);
    let mut freed = VecDeque::new();
    while let Some(message) = sender.take_last() {
        freed.push_front(message);
    }
    (freed, sender.go_on_after(received))
}

fn three(acknowledged: u64) -> Sender<u32> {
    let mut sender = Sender::new(acknowledged);
    for message in 1..=3 {
        sender.push(message, 10 * message);
    }
    sender
}

/// [P160] [P126]
#[test]
fn numbers_follow_what_was_received() {
    let mut sender = Sender::new(0);
    assert_eq!(sender.push('a', 1), 1);
    let mut sender = Sender::new(7);
    assert_eq!(
        (sender.last(), sender.push('a', 1), sender.push('b', 1)),
        (7, 8, 9)
    );
}

/// [P70] [P74]
#[test]
fn an_acknowledgement_is_cumulative_and_does_not_go_back() {
    let mut sender = three(5);
    assert_eq!(acknowledge(&mut sender, 7), vec![1, 2]);
    assert_eq!(
        (sender.acknowledged(), sender.len(), sender.bytes()),
        (7, 1, 30)
    );
    for old in [7, 6, 0] {
        assert!(acknowledge(&mut sender, old).is_empty());
        assert_eq!((sender.acknowledged(), sender.last()), (7, 8));
    }
}

/// [P170]
#[test]
fn after_a_new_link_every_higher_number_is_free() {
    let mut sender = three(5);
    assert_eq!(acknowledge(&mut sender, 6), vec![1]);
    let (freed, lost) = restart(&mut sender, 6);
    assert_eq!((freed, lost), (VecDeque::from([2, 3]), 0));
    assert_eq!((sender.last(), sender.len(), sender.bytes()), (6, 0, 0));
    assert_eq!(sender.push(9, 1), 7, "another message may take the number");
}

/// [P170]: what the other side has is never sent again.
#[test]
fn what_was_received_is_not_freed() {
    let mut sender = three(5);
    let (freed, lost) = restart(&mut sender, 7);
    assert_eq!((freed, lost), (VecDeque::from([3]), 0));
    assert_eq!(sender.acknowledged(), 7);
}

/// [P173]
#[test]
fn lost_acknowledged_messages_are_counted() {
    let mut sender = three(5);
    assert_eq!(acknowledge(&mut sender, 7), vec![1, 2]);
    let (freed, lost) = restart(&mut sender, 4);
    assert_eq!((freed, lost), (VecDeque::from([3]), 3));
    assert_eq!(sender.push(3, 30), 5);
}

/// [P81]
#[test]
fn the_window_bounds_messages_and_bytes() {
    let window = |messages, bytes| Window { messages, bytes };
    let sender = three(0);
    assert!(sender.takes(40, window(4, 100)));
    assert!(!sender.takes(41, window(4, 100)));
    assert!(!sender.takes(0, window(3, 100)));
    assert!(!sender.takes(u32::MAX, window(4, u32::MAX)));
    let alone = Sender::<u32>::new(0);
    assert!(
        alone.takes(u32::MAX, window(1, 1)),
        "a message that is alone may pass the bytes"
    );
}

/// [P83]
#[test]
fn a_window_without_messages_takes_none() {
    let nothing = Window {
        messages: 0,
        bytes: 0,
    };
    assert!(!Sender::<u32>::new(0).takes(0, nothing));
}

/// [P80]
#[test]
fn the_window_unless_said_otherwise() {
    let Window { messages, bytes } = Window::default();
    assert_eq!((messages, bytes), (4_096, 1 << 20));
}

#[derive(Clone, Debug)]
enum Step {
    Push(u32),
    Acknowledge(u64),
    Restart(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..50_u32).prop_map(Step::Push),
        2 => (0..30_u64).prop_map(Step::Acknowledge),
        1 => (0..30_u64).prop_map(Step::Restart),
    ]
}

proptest! {
    /// Against a list of (number, message, bytes). [P170] [P70] [P81]
    #[test]
    fn a_sender_is_a_list(start in 0..10_u64, steps in vec(step(), 0..60), window in (0..9_u32, 0..300_u32)) {
        let window = Window { messages: window.0, bytes: window.1 };
        let mut sender = Sender::new(start);
        let mut list: Vec<(u64, u32, u32)> = Vec::new();
        let mut acknowledged = start;
        for (message, step) in steps.into_iter().enumerate() {
            let message = message as u32;
            let last = list.last().map_or(acknowledged, |entry| entry.0);
            match step {
                Step::Push(bytes) => {
                    prop_assert_eq!(sender.push(message, bytes), last + 1);
                    list.push((last + 1, message, bytes));
                }
                Step::Acknowledge(number) => {
                    let number = number.min(last);
                    let (gone, kept): (Vec<_>, Vec<_>) = list.into_iter().partition(|entry| entry.0 <= number);
                    let gone: Vec<u32> = gone.iter().map(|entry| entry.1).collect();
                    prop_assert_eq!(acknowledge(&mut sender, number), gone);
                    list = kept;
                    acknowledged = acknowledged.max(number);
                }
                Step::Restart(number) => {
                    let number = number.min(last);
                    let freed: VecDeque<_> =
                        list.drain(..).filter(|entry| entry.0 > number).map(|entry| entry.1).collect();
                    prop_assert_eq!(restart(&mut sender, number), (freed, acknowledged.saturating_sub(number)));
                    acknowledged = number;
                }
            }
            let bytes: u64 = list.iter().map(|entry| u64::from(entry.2)).sum();
            prop_assert_eq!((sender.len(), sender.bytes()), (list.len(), bytes));
            prop_assert_eq!(sender.acknowledged(), acknowledged);
            prop_assert_eq!(sender.is_empty(), list.is_empty());
            let room = list.len() < window.messages as usize;
            let fits = list.is_empty() || bytes + 20 <= u64::from(window.bytes);
            prop_assert_eq!(sender.takes(20, window), room && fits);
        }
    }

    /// A link that breaks anywhere, with what was on it and the acknowledgements that were on their way
    /// back: the other side has every message once and in order. [P12] [P160] [P170] [P167]
    #[test]
    fn nothing_is_lost_doubled_or_reordered(
        cuts in vec((1..8_usize, any::<proptest::sample::Index>(), any::<proptest::sample::Index>()), 1..30),
    ) {
        let mut sender = Sender::new(0);
        let mut waiting = VecDeque::new();
        let mut stored: Vec<u32> = Vec::new();
        let mut next = 0;
        let last_link = (0, true);
        let links = cuts.into_iter().map(|(fresh, arrives, told)| (fresh, false, Some((arrives, told))));
        for (fresh, whole, cut) in links.chain([(last_link.0, last_link.1, None)]) {
            waiting.extend(next..next + fresh as u32);
            next += fresh as u32;
            let sent: Vec<u32> = waiting.drain(..).collect();
            let before = stored.len() as u64;
            for message in &sent {
                sender.push(*message, 1);
            }
            let arrived = cut.as_ref().map_or(sent.len(), |(arrives, _)| arrives.index(sent.len() + 1));
            stored.extend(&sent[..arrived]);
            let told = cut.map_or(arrived, |(_, told)| told.index(arrived + 1));
            acknowledge(&mut sender, before + told as u64);
            if !whole {
                let received = stored.len() as u64;
                acknowledge(&mut sender, received);
                let (freed, lost) = restart(&mut sender, received);
                prop_assert_eq!(lost, 0);
                waiting = freed;
            }
        }
        prop_assert!(sender.is_empty());
        prop_assert_eq!(stored, (0..next).collect::<Vec<_>>());
    }
}
