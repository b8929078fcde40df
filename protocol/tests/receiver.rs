//! When an acknowledgement is due.

use proptest::collection::vec;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use steadfast_protocol::receiver::Receiver;
use steadfast_protocol::window::Window;
use steadfast_protocol::{Instant, Span};

const WINDOW: Window = Window {
    messages: 4_096,
    bytes: 1 << 20,
};

fn at(ms: u64) -> Instant {
    Instant::ZERO + Span::from_ms(ms)
}

/// [P71]
#[test]
fn the_first_message_waits_100_ms_at_most() {
    let mut receiver = Receiver::new(5);
    assert_eq!(receiver.due(WINDOW), Instant::NEVER);
    receiver.take(at(10), 1, 20);
    receiver.take(at(60), 1, 20);
    assert_eq!(receiver.due(WINDOW), at(110));
    assert_eq!((receiver.taken(), receiver.owed()), (7, 2));
    assert_eq!(receiver.acknowledge(), 7);
    assert_eq!((receiver.owed(), receiver.due(WINDOW)), (0, Instant::NEVER));
    receiver.take(at(200), 1, 20);
    assert_eq!(receiver.due(WINDOW), at(300));
}

/// [P71]
#[test]
fn it_is_due_at_once_after_256_messages() {
    let mut receiver = Receiver::new(0);
    receiver.take(at(10), 255, 0);
    assert_eq!(receiver.due(WINDOW), at(110));
    receiver.take(at(20), 1, 0);
    assert_eq!(receiver.due(WINDOW), at(10));
}

/// [P71]
#[test]
fn it_is_due_at_once_after_half_of_the_window() {
    let small = Window {
        messages: 10,
        bytes: 1_000,
    };
    let mut receiver = Receiver::new(0);
    receiver.take(at(10), 4, 499);
    assert_eq!(receiver.due(small), at(110));
    let mut many = receiver.clone();
    many.take(at(10), 1, 0);
    assert_eq!(many.due(small), at(10));
    receiver.take(at(10), 0, 1);
    assert_eq!(receiver.due(small), at(10));
}

/// [P71] [P84]: a window of one message would never open again otherwise.
#[test]
fn the_smallest_window_is_acknowledged_at_once() {
    for window in [
        Window {
            messages: 1,
            bytes: 1,
        },
        Window {
            messages: 0,
            bytes: 0,
        },
    ] {
        let mut receiver = Receiver::new(0);
        assert_eq!(receiver.due(window), Instant::NEVER);
        receiver.take(at(10), 1, 0);
        assert_eq!(receiver.due(window), at(10));
    }
}

/// [P71]: at 1,000 messages a second and more, acknowledgements are 1 % at most.
#[test]
fn acknowledgements_are_few() {
    for every_us in [1_000, 500, 100, 10] {
        let mut receiver = Receiver::new(0);
        let mut acknowledgements = 0;
        let messages = 100_000;
        for message in 0..messages {
            let now = Instant::from_micros(message * every_us);
            receiver.take(now, 1, 32);
            if receiver.due(WINDOW) <= now {
                receiver.acknowledge();
                acknowledgements += 1;
            }
        }
        assert!(
            acknowledgements * 100 <= messages,
            "{acknowledgements} at {every_us} µs"
        );
    }
}

proptest! {
    /// Against the list of what is not acknowledged. [P71]
    #[test]
    fn it_is_due_by_the_oldest_or_the_sum(
        steps in vec((0..90_u64, 0..40_u64, 0..400_u64, 0..6_u8), 0..40),
        messages in 0..200_u32,
        bytes in 0..3_000_u32,
    ) {
        let window = Window { messages, bytes };
        let mut receiver = Receiver::new(0);
        let mut open: Vec<(u64, u64, u64)> = Vec::new();
        let (mut now, mut taken) = (0, 0);
        for (passed, messages, bytes, what) in steps {
            now += passed;
            if what == 0 {
                prop_assert_eq!(receiver.acknowledge(), taken);
                open.clear();
            } else if messages > 0 {
                receiver.take(at(now), messages, bytes);
                taken += messages;
                open.push((now, messages, bytes));
            }
            let owed: u64 = open.iter().map(|entry| entry.1).sum();
            let held: u64 = open.iter().map(|entry| entry.2).sum();
            prop_assert_eq!((receiver.taken(), receiver.owed()), (taken, owed));
            let due = receiver.due(window);
            let Some((oldest, ..)) = open.first() else {
                prop_assert_eq!(due, Instant::NEVER);
                continue;
            };
            prop_assert!(due <= at(*oldest + 100));
            let at_once = owed >= 256
                || owed >= u64::from(window.messages / 2).max(1)
                || held >= u64::from(window.bytes / 2).max(1);
            prop_assert_eq!(due == at(*oldest), at_once);
        }
    }
}
