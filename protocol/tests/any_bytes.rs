//! Any bytes are read, or refused with a reason; what is written is read again.

use proptest::collection::vec;
use proptest::prelude::{
    ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use serde_json::Value;
use steadfast_protocol::delta;
use steadfast_protocol::frame::{
    Control, Encoded, Frame, Hello, Incoming, Lane, Message, Reader, Side, cut, decode_text,
    escape, pack, parts,
};
use steadfast_protocol::limits::PART_UNITS;

use crate::any_frame::{control, damaged};

const MAX: u32 = 1 << 20;

/// Bytes of a WebSocket, read by both sides in any order: no panic, and after an error no count moves.
fn read_all(side: Side, frames: &[Result<String, Vec<u8>>]) {
    let mut reader = Reader::new(side, 1_000);
    for frame in frames {
        let before = reader.messages();
        let failed = match frame {
            Ok(text) => reader.text(text).is_err(),
            Err(bytes) => reader.binary(bytes).is_err(),
        };
        assert!(
            !failed || reader.messages() == before,
            "a refused frame counted"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// [P5]
    #[test]
    fn any_text_is_read_or_refused(text in "\u{10}?[\\PC\u{10}]{0,200}") {
        let _ = decode_text(&text, MAX);
    }

    /// [P5]: what is taken for a frame is one that is written the same way, or reads the same.
    #[test]
    fn a_damaged_frame_is_refused_or_another_frame(text in damaged()) {
        if let Ok(Incoming::Control(control)) = decode_text(&text, MAX) {
            let written = control.encode();
            prop_assert_eq!(decode_text(&written, MAX), Ok(Incoming::Control(control)));
        }
    }

    /// [P5] [P65]
    #[test]
    fn any_frames_in_any_order_are_read_or_refused(
        frames in vec(
            prop_oneof![
                control().prop_map(|control| Ok(control.encode())),
                damaged().prop_map(Ok),
                ".{0,20}".prop_map(Ok),
                vec(any::<u8>(), 0..20).prop_map(Err),
            ],
            0..10,
        ),
    ) {
        read_all(Side::Client, &frames);
        read_all(Side::Server, &frames);
    }

    /// [P6]
    #[test]
    fn a_control_frame_is_read_as_it_was_written(control in control()) {
        let wire = control.encode();
        let read = decode_text(&wire, MAX);
        prop_assert_eq!(&read, &Ok(Incoming::Control(control)));
        // And it is written in one way only.
        if let Ok(Incoming::Control(read)) = read {
            prop_assert_eq!(read.encode(), wire);
        }
    }

    /// [P3]
    #[test]
    fn a_text_is_read_as_it_was_written(text in "\u{10}{0,3}.{0,20}") {
        let wire = escape(&text);
        prop_assert_eq!(decode_text(&wire, MAX), Ok(Incoming::App(&text)));
        prop_assert!(wire.len() <= text.len() + 1);
    }

    /// [P60] [P61] [P62] [P64]
    #[test]
    fn packed_messages_are_read_as_they_were(
        messages in vec(prop_oneof!["\u{10}?.{0,30}".prop_map(Ok), vec(any::<u8>(), 0..30).prop_map(Err)], 0..60),
    ) {
        let ready: Vec<Message<'_>> = messages
            .iter()
            .map(|message| match message {
                Ok(text) => Message::Text(text),
                Err(bytes) => Message::Binary(bytes),
            })
            .collect();
        let mut reader = Reader::new(Side::Client, MAX);
        reader.text(&Control { count: 0, frame: Frame::Hello(Hello { instance: "0".repeat(32), ..Hello::default() }) }.encode())?;
        reader.text(&Control { count: 0, frame: Frame::Lane(Lane { memory: "0".repeat(32), lane: 0, next: 1 }) }.encode())?;
        let mut read: Vec<Result<String, Vec<u8>>> = Vec::new();
        for frame in pack(0, &ready) {
            match frame {
                Encoded::Binary(bytes) => read.extend(reader.binary(&bytes)?.into_iter().map(|part| Err(part.to_vec()))),
                Encoded::Text(text) => match reader.text(&text)? {
                    Incoming::App(text) => read.push(Ok(text.into())),
                    Incoming::Control(Control { frame: Frame::Texts(texts), .. }) => read.extend(texts.into_iter().map(Ok)),
                    Incoming::Control(_) => {}
                },
            }
        }
        prop_assert_eq!(reader.messages(), messages.len() as u64);
        prop_assert_eq!(read, messages);
    }

    /// [P65]
    #[test]
    fn cutting_takes_all_or_nothing(bytes in vec(any::<u8>(), 0..40), lengths in vec(0..20_u32, 2..6)) {
        let sum: u32 = lengths.iter().sum();
        match cut(&bytes, &lengths) {
            Ok(parts) => {
                prop_assert_eq!(&parts.concat(), &bytes);
                prop_assert!(parts.iter().zip(&lengths).all(|(part, length)| part.len() == *length as usize));
            }
            Err(_) => prop_assert!(sum as usize != bytes.len()),
        }
    }

    /// [P138]
    #[test]
    fn parts_are_the_text_again(text in "[a🚀é]{0,6}", times in 0..9_000_usize) {
        let text = text.repeat(times);
        let cut: Vec<&str> = parts(&text).collect();
        prop_assert_eq!(cut.concat(), &*text);
        for part in cut {
            let units = part.encode_utf16().count();
            prop_assert!((1..=PART_UNITS).contains(&units));
            let frame = Frame::Part(part.into());
            let wire = Control { count: 0, frame }.encode();
            prop_assert!(decode_text(&wire, MAX).is_ok());
        }
    }

    /// [P140]: a delta that copies all but one piece, and any other array.
    #[test]
    fn any_delta_makes_a_text_or_none(
        base in ".{0,30}",
        piece in ".{0,9}",
        steps in vec(prop_oneof![(0..40_u64).prop_map(Value::from), ".{0,5}".prop_map(Value::from)], 0..8),
    ) {
        let half = base.chars().count() / 2;
        let half = base.char_indices().nth(half).map_or(0, |(at, _)| at);
        let steps_of_one = serde_json::json!([0, half, piece, half, base.len() - half]);
        let expected = format!("{}{piece}{}", &base[..half], &base[half..]);
        prop_assert_eq!(delta::apply(&base, &steps_of_one.to_string()), Ok(expected));
        let _ = delta::apply(&base, &Value::from(steps).to_string());
        let _ = delta::apply(&base, &piece);
    }
}
