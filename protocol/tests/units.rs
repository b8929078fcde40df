//! How messages are packed, and what a unit costs.

use steadfast_protocol::frame::{Encoded, FrameError, Message, decode_text, pack};
use steadfast_protocol::limits::{UNIT_BYTES, UNIT_MESSAGES};

/// How many messages each frame holds: of texts, by its lengths.
fn sizes(frames: &[Encoded]) -> Vec<usize> {
    let size = |frame: &Encoded| match frame {
        Encoded::Text(text) => match text.strip_prefix("\u{10}texts ") {
            Some(rest) => rest
                .split('\u{10}')
                .next()
                .unwrap_or_default()
                .split(',')
                .count(),
            None => 1,
        },
        Encoded::Binary(_) => 1,
    };
    frames.iter().map(size).collect()
}

/// [P60]
#[test]
fn a_unit_has_1_024_messages_at_most() {
    let texts = vec![Message::Text("x"); 2 * UNIT_MESSAGES + 1];
    let frames = pack(5, &texts);
    assert_eq!(sizes(&frames), [UNIT_MESSAGES, UNIT_MESSAGES, 1]);
    let Encoded::Text(second) = &frames[1] else {
        panic!("no text");
    };
    assert!(
        second.starts_with("\u{10}texts 1029 1,1,"),
        "it counts the first"
    );
    assert_eq!(frames[2], Encoded::Text("x".into()));
}

/// [P60]
#[test]
fn a_unit_has_64_kib_at_most() {
    let half = "é".repeat(UNIT_BYTES as usize / 4);
    let fitting = [Message::Text(&half), Message::Text(&half)];
    assert_eq!(sizes(&pack(0, &fitting)), [2]);
    let above = [
        Message::Text(&half),
        Message::Text(&half),
        Message::Text("x"),
    ];
    assert_eq!(sizes(&pack(0, &above)), [2, 1]);
    let long = format!("{half}{half}x");
    let mixed = [
        Message::Text("a"),
        Message::Text("b"),
        Message::Text(&long),
        Message::Text("c"),
    ];
    assert_eq!(
        sizes(&pack(0, &mixed)),
        [2, 1, 1],
        "a long one travels alone"
    );
}

/// [P60]
#[test]
fn a_unit_has_one_kind_of_messages() {
    let messages = [
        Message::Text("a"),
        Message::Binary(&[1]),
        Message::Binary(&[2, 3]),
        Message::Text("b"),
        Message::Text("c"),
    ];
    let expected = [
        Encoded::Text("a".into()),
        Encoded::Text("\u{10}binaries 1 1,2".into()),
        Encoded::Binary(vec![1, 2, 3]),
        Encoded::Text("\u{10}texts 3 1,1\u{10}b\u{10}c\u{10}".into()),
    ];
    assert_eq!(pack(0, &messages), expected);
    assert_eq!(pack(0, &[]), []);
}

/// [P2]: a message alone costs nothing, one of 32 bytes in a batch at most 5.
#[test]
fn what_a_message_costs() {
    let message = "m".repeat(32);
    let alone = pack(1_000_000, &[Message::Text(&message)]);
    assert_eq!(alone, [Encoded::Text(message.clone())]);
    for many in [10, 100, UNIT_MESSAGES] {
        let frames = pack(1_000_000, &vec![Message::Text(&message); many]);
        let [Encoded::Text(unit)] = &frames[..] else {
            panic!("not one frame");
        };
        let added = (unit.len() - 32 * many) as f64 / many as f64;
        assert!(
            added < if many == 10 { 7.0 } else { 5.0 },
            "{added} bytes each of {many}"
        );
    }
}

/// [P66]
#[test]
fn a_unit_may_be_as_long_as_a_message_or_64_kib() {
    let unit = |first: usize, second: usize| {
        let texts = [first, second].map(|length| "x".repeat(length));
        format!(
            "\u{10}texts 0 {first},{second}\u{10}{}\u{10}{}\u{10}",
            texts[0], texts[1]
        )
    };
    let small = 40_000;
    assert!(decode_text(&unit(40_000, 25_536), small).is_ok());
    assert_eq!(
        decode_text(&unit(40_000, 25_537), small),
        Err(FrameError::TooLong)
    );
    assert_eq!(
        decode_text(&unit(40_001, 1), small),
        Err(FrameError::TooLong)
    );
    let large = 100_000;
    assert!(decode_text(&unit(50_000, 50_000), large).is_ok());
    assert_eq!(
        decode_text(&unit(50_000, 50_001), large),
        Err(FrameError::TooLong)
    );

    assert!(decode_text("\u{10}binaries 0 40000,25536", small).is_ok());
    let above = decode_text("\u{10}binaries 0 40000,25537", small);
    assert_eq!(above, Err(FrameError::TooLong));
    let most = decode_text("\u{10}binaries 0 4294967295,4294967295", u32::MAX);
    assert_eq!(most, Err(FrameError::TooLong));
}
