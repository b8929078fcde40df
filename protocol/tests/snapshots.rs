//! The frames that carry snapshots: what may come over a link, when, and how much.

use std::collections::BTreeMap;

use steadfast_protocol::delta::{self, DeltaError};
use steadfast_protocol::frame::{
    Control, Form, Frame, FrameError, Hello, Incoming, Lane, Reader, Save, Side, StoredSnapshot,
    WantedSnapshot, Welcome, decode_text, is_key, parts,
};
use steadfast_protocol::limits::{PART_UNITS, PARTS_BYTES, SNAPSHOT_BYTES};

const MAX: u32 = 1 << 20;

fn wire(frame: Frame) -> String {
    Control { count: 0, frame }.encode()
}

fn part(text: &str) -> String {
    wire(Frame::Part(text.into()))
}

fn save(form: Form) -> Save {
    Save {
        id: 1,
        key: None,
        base: 7,
        form,
        bytes: 2,
        check: 3,
        positions: BTreeMap::new(),
    }
}

/// A reader of what a client sends, after its hello.
fn server() -> Reader {
    let mut reader = Reader::new(Side::Client, MAX);
    let hello = Hello {
        instance: "0".repeat(32),
        ..Hello::default()
    };
    reader.text(&wire(Frame::Hello(hello))).unwrap();
    let lane = Lane {
        memory: "0".repeat(32),
        lane: 1,
        next: 1,
    };
    reader.text(&wire(Frame::Lane(lane))).unwrap();
    reader
}

/// A reader of what a server sends, after a welcome behind which so many bytes follow.
fn client(bytes: u32, follows: bool) -> Reader {
    let mut reader = Reader::new(Side::Server, MAX);
    let welcome = Welcome {
        session: "s".into(),
        token: "t".into(),
        term: "1".into(),
        resumed: true,
        max_message: MAX,
        window: (1, 1),
        snapshot: Some(StoredSnapshot {
            version: 7,
            saved_at: 1,
            bytes,
            check: 3,
            follows,
        }),
        ..Welcome::default()
    };
    reader.text(&wire(Frame::Welcome(welcome))).unwrap();
    reader
}

/// [P138] [P10]: other frames and messages may stand between them, and they count nothing.
#[test]
fn the_parts_of_a_client_come_whenever_it_likes() {
    let mut reader = server();
    reader.text(&part("[0,")).unwrap();
    reader.text("a message").unwrap();
    reader.text("\u{10}ask 1").unwrap();
    reader.text("\u{10}part 1 1]").unwrap();
    let save = wire(Frame::Save(save(Form::Delta))).replace("save 0", "save 1");
    assert!(matches!(reader.text(&save), Ok(Incoming::Control(_))));
    assert_eq!(reader.messages(), 1);
}

/// [P139]
#[test]
fn a_save_has_a_text_unless_it_is_the_same() {
    for form in [Form::Data, Form::Delta] {
        let wire = wire(Frame::Save(save(form)));
        assert_eq!(server().text(&wire), Err(FrameError::Part), "{form:?}");
        let mut reader = server();
        reader.text(&part("[]")).unwrap();
        reader.text(&wire).unwrap();
        let again = reader.text(&wire);
        assert_eq!(again, Err(FrameError::Part), "the parts are used up");
    }
    let wire = wire(Frame::Save(save(Form::Same)));
    server().text(&wire).unwrap();
    let mut reader = server();
    reader.text(&part("[]")).unwrap();
    assert_eq!(reader.text(&wire), Err(FrameError::Part));
}

/// [P139] [P130]
#[test]
fn only_a_checkpoint_has_positions_and_can_be_the_same() {
    let good = |save: Save| decode_text(&wire(Frame::Save(save)), MAX).map(drop);
    let key = Some("draft".into());
    let positions = BTreeMap::from([(String::new(), (1, 1))]);
    let with_both = Save {
        positions: positions.clone(),
        ..save(Form::Same)
    };
    assert_eq!(good(with_both), Ok(()));
    let document = Save {
        key: key.clone(),
        ..save(Form::Delta)
    };
    assert_eq!(good(document.clone()), Ok(()));
    let same = Save {
        key,
        ..save(Form::Same)
    };
    assert_eq!(good(same), Err(FrameError::Field("form")));
    let positioned = Save {
        positions,
        ..document
    };
    assert_eq!(good(positioned), Err(FrameError::Field("positions")));
    let first = |form| Save {
        base: 0,
        ..save(form)
    };
    assert_eq!(good(first(Form::Data)), Ok(()));
    for form in [Form::Delta, Form::Same] {
        assert_eq!(good(first(form)), Err(FrameError::Field("base")));
    }
}

/// [P147]: as much as a text that is too large to be stored and not too large to be told so.
#[test]
fn the_parts_of_a_save_have_320_kib_at_most() {
    let mut reader = server();
    for part in parts(&"x".repeat(PARTS_BYTES)) {
        reader.text(&wire(Frame::Part(part.into()))).unwrap();
    }
    let one_more = reader.clone().text(&part("x")).map(drop);
    assert_eq!(one_more, Err(FrameError::Part));
    reader
        .text(&wire(Frame::Save(save(Form::Data))))
        .expect("as much as there may be");
    reader.text(&part("x")).expect("those of the next one");
}

/// [P138]
#[test]
fn a_part_has_16_384_units_at_most() {
    for character in ["x", "é", "🚀"] {
        let units = character.encode_utf16().count();
        let most = character.repeat(PART_UNITS / units);
        let read = decode_text(&part(&most), MAX).map(drop);
        assert_eq!(read, Ok(()), "{character}");
        let more = format!("{most}x");
        assert_eq!(decode_text(&part(&more), MAX), Err(FrameError::Part));
    }
    assert_eq!(decode_text("\u{10}part 0 ", MAX), Err(FrameError::Part));
}

/// [P138]
#[test]
fn no_character_is_cut() {
    let text = format!("x{}", "🚀".repeat(PART_UNITS));
    let units: Vec<usize> = parts(&text)
        .map(|part| part.encode_utf16().count())
        .collect();
    assert_eq!(units, [PART_UNITS - 1, PART_UNITS, 2]);
    assert_eq!(parts("").count(), 0);
}

/// [P152]
#[test]
fn the_text_follows_the_welcome() {
    let mut reader = client(7, true);
    for early in [
        "a message",
        "\u{10}ping 0 {\"id\":1}",
        "\u{10}from 0 {\"stream\":\"\",\"epoch\":1,\"next\":1}",
        "\u{10}saved 0 {\"id\":1,\"version\":1,\"expiresAt\":1}",
    ] {
        let read = reader.clone().text(early).map(drop);
        assert_eq!(read, Err(FrameError::Announced), "{early}");
    }
    assert_eq!(reader.clone().binary(&[1]), Err(FrameError::Announced));
    let error = "\u{10}error 0 {\"errorCode\":\"STALE\",\"message\":\"\",\"requestId\":\"\"}";
    reader.clone().text(error).unwrap();

    reader.text(&part("{\"ü\"")).unwrap();
    let too_much = reader.clone().text(&part("123")).map(drop);
    assert_eq!(too_much, Err(FrameError::Part));
    reader.text(&part("12")).unwrap();
    reader.text("\u{10}ping 0 {\"id\":1}").unwrap();
    assert_eq!(reader.text(&part("x")).map(drop), Err(FrameError::Order));
}

/// [P151] [P152]
#[test]
fn a_welcome_may_tell_of_a_text_that_does_not_follow() {
    let mut reader = client(7, false);
    reader.text("\u{10}ping 0 {\"id\":1}").unwrap();
    assert_eq!(reader.text(&part("x")).map(drop), Err(FrameError::Order));
}

/// [P147]
#[test]
fn keys_have_128_bytes_at_most() {
    for (key, good) in [
        ("k".repeat(128), true),
        ("k".repeat(129), false),
        (String::new(), false),
        ("draft 1/ü🚀".into(), true),
        ("a\u{9f}".into(), false),
    ] {
        assert_eq!(is_key(&key), good, "{key:?}");
        let snapshot = Some(WantedSnapshot {
            key: Some(key),
            version: Some(1),
            restore: true,
        });
        let hello = Hello {
            instance: "0".repeat(32),
            snapshot,
            ..Hello::default()
        };
        let read = decode_text(&wire(Frame::Hello(hello)), MAX).map(drop);
        let expected = if good {
            Ok(())
        } else {
            Err(FrameError::Field("snapshot"))
        };
        assert_eq!(read, expected);
    }
}

/// [P140] [P147]: a short delta can copy its base many times.
#[test]
fn a_delta_makes_256_kib_at_most() {
    let base = "x".repeat(SNAPSHOT_BYTES / 2);
    let half = base.len();
    let twice = format!("[0,{half},0,{half}]");
    let made = delta::apply(&base, &twice).map(|text| text.len());
    assert_eq!(made, Ok(SNAPSHOT_BYTES));
    let more = format!("[0,{half},0,{half},\"y\"]");
    assert_eq!(delta::apply(&base, &more), Err(DeltaError::TooLong));
    let bomb = format!("[{}0,1]", format!("0,{half},").repeat(50_000));
    assert_eq!(delta::apply(&base, &bomb), Err(DeltaError::TooLong));
}

/// [P140]: serde alone would go down until the stack ends.
#[test]
fn a_deep_delta_is_refused() {
    let deep = "[".repeat(200_000);
    assert_eq!(delta::apply("", &deep), Err(DeltaError::Malformed));
}
