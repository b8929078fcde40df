//! What may come over a link, and when.

use steadfast_protocol::frame::{Frame, FrameError, Incoming, Reader, Side};

const MAX: u32 = 1 << 20;
const HELLO: &str = "\u{10}hello 0 {\"instance\":\"00000000000000000000000000000000\",\"claim\":1}";
const WELCOME: &str = concat!(
    "\u{10}welcome 0 {\"session\":\"s\",\"token\":\"t\",\"term\":\"1\",\"resumed\":false,",
    "\"reason\":\"new\",\"maxMessage\":9,\"window\":[1,1],\"ttl\":1,\"user\":\"u\"}"
);
const ERROR: &str = "\u{10}error 0 {\"errorCode\":\"STALE\",\"message\":\"\",\"requestId\":\"\"}";
const FROM: &str = "\u{10}from 0 {\"stream\":\"\",\"epoch\":1,\"next\":1}";

const LANE: &str =
    "\u{10}lane 0 {\"memory\":\"00000000000000000000000000000000\",\"lane\":1,\"next\":1}";
const STORED: &str =
    "\u{10}stored 0 {\"memory\":\"00000000000000000000000000000000\",\"lane\":1,\"number\":0}";

/// A reader of what a client sends, after its hello and the first `lane`.
fn server() -> Reader {
    let mut reader = Reader::new(Side::Client, MAX);
    reader.text(HELLO).unwrap();
    reader.text(LANE).unwrap();
    reader
}

/// A reader of what a server sends, after its welcome and the first `from`.
fn client() -> Reader {
    let mut reader = Reader::new(Side::Server, MAX);
    reader.text(WELCOME).unwrap();
    reader.text(FROM).unwrap();
    reader
}

/// [P15]
#[test]
fn a_client_begins_with_one_hello() {
    for early in [
        "hi",
        "\u{10}ping 0 {\"id\":1}",
        "\u{10}end 0",
        "\u{10}texts 0 1,1\u{10}a\u{10}b\u{10}",
    ] {
        let mut reader = Reader::new(Side::Client, MAX);
        assert_eq!(reader.text(early), Err(FrameError::Order), "{early}");
        assert_eq!(reader.messages(), 0);
    }
    let mut reader = Reader::new(Side::Client, MAX);
    assert_eq!(reader.binary(&[1]), Err(FrameError::Order));
    assert_eq!(server().text(HELLO), Err(FrameError::Order));
}

/// [P166]
#[test]
fn a_client_says_where_its_messages_belong_to() {
    for early in [
        "hi",
        "\u{10}texts 0 1,1\u{10}a\u{10}b\u{10}",
        "\u{10}binaries 0 1,1",
    ] {
        let mut reader = Reader::new(Side::Client, MAX);
        reader.text(HELLO).unwrap();
        assert_eq!(reader.text(early), Err(FrameError::Order), "{early}");
    }
}

/// [P15]
#[test]
fn a_hello_counts_nothing() {
    let mut reader = Reader::new(Side::Client, MAX);
    let wire = HELLO.replace("hello 0", "hello 1");
    let (said, counted) = (1, 0);
    assert_eq!(
        reader.text(&wire),
        Err(FrameError::Miscount { said, counted })
    );
}

/// [P16]
#[test]
fn a_server_begins_with_one_welcome_or_an_error() {
    for early in ["hi", "\u{10}ping 0 {\"id\":1}", FROM] {
        let mut reader = Reader::new(Side::Server, MAX);
        assert_eq!(reader.text(early), Err(FrameError::Order), "{early}");
    }
    let mut reader = Reader::new(Side::Server, MAX);
    assert!(matches!(reader.text(ERROR), Ok(Incoming::Control(_))));
    assert!(matches!(client().text(ERROR), Ok(Incoming::Control(_))));
    assert_eq!(client().text(WELCOME), Err(FrameError::Order));
}

/// [P108]
#[test]
fn each_side_sends_its_own_frames() {
    for wire in [WELCOME, ERROR, FROM, STORED, "\u{10}authenticated 0"] {
        assert_eq!(server().text(wire), Err(FrameError::Direction), "{wire}");
    }
    for wire in [
        HELLO,
        "\u{10}ask 0",
        "\u{10}end 0",
        "\u{10}auth 0 {\"token\":\"\"}",
    ] {
        assert_eq!(client().text(wire), Err(FrameError::Direction), "{wire}");
    }
}

/// [P10]
#[test]
fn every_message_counts_once() {
    let mut reader = server();
    reader.text("one").unwrap();
    reader.text("\u{10}\u{10} two").unwrap();
    reader.binary(&[]).unwrap();
    assert_eq!(reader.messages(), 3);
    reader.text("\u{10}texts 3 0,1\u{10}\u{10}b\u{10}").unwrap();
    assert_eq!(reader.messages(), 5);
    reader.text("\u{10}binaries 5 1,0,1").unwrap();
    assert_eq!(reader.messages(), 5, "announced, and not here yet");
    assert_eq!(reader.binary(&[1, 2]).unwrap(), [&[1_u8][..], &[], &[2]]);
    reader.text("\u{10}ping 8 {\"id\":1}").unwrap();
}

/// [P11]
#[test]
fn another_count_is_a_violation() {
    for said in [0, 2] {
        let mut reader = server();
        reader.text("one").unwrap();
        let counted = 1;
        let expected = Err(FrameError::Miscount { said, counted });
        assert_eq!(reader.text(&format!("\u{10}ask {said}")), expected);
        let unit = format!("\u{10}texts {said} 1,1\u{10}a\u{10}b\u{10}");
        assert_eq!(reader.text(&unit), expected);
        assert_eq!(reader.messages(), 1, "nothing of the unit counts");
    }
}

/// [P57]
#[test]
fn a_downward_message_needs_a_stream() {
    let mut reader = Reader::new(Side::Server, MAX);
    reader.text(WELCOME).unwrap();
    let unit = "\u{10}texts 0 1,1\u{10}a\u{10}b\u{10}";
    for early in ["hi", unit, "\u{10}binaries 0 1,1"] {
        assert_eq!(
            reader.clone().text(early),
            Err(FrameError::Order),
            "{early}"
        );
    }
    assert_eq!(reader.clone().binary(&[1]), Err(FrameError::Order));
    reader.text(FROM).unwrap();
    assert_eq!(reader.text("hi"), Ok(Incoming::App("hi")));
}

/// [P57] [P58] [P10]
#[test]
fn a_volatile_message_brings_its_stream_and_comes_alone() {
    let announce = "\u{10}volatile 0 {\"stream\":\"lobby\"}";
    let mut reader = Reader::new(Side::Server, MAX);
    reader.text(WELCOME).unwrap();
    reader.text(announce).unwrap();
    for other in [
        announce,
        "\u{10}ping 0 {\"id\":1}",
        "\u{10}texts 0 1,1\u{10}a\u{10}b\u{10}",
        "\u{10}binaries 0 1,1",
    ] {
        assert_eq!(
            reader.clone().text(other),
            Err(FrameError::Announced),
            "{other}"
        );
    }
    let mut other = reader.clone();
    other.binary(&[1]).unwrap();
    reader.text("typing").unwrap();
    assert_eq!((reader.messages(), other.messages()), (1, 1));
    assert_eq!(
        reader.text("hi"),
        Err(FrameError::Order),
        "no stream is open yet"
    );
}

/// [P64] [P65]
#[test]
fn an_announced_binary_comes_next() {
    let mut reader = client();
    let Ok(Incoming::Control(control)) = reader.text("\u{10}binaries 0 1,1") else {
        panic!("no control frame");
    };
    assert_eq!(control.frame, Frame::Binaries(vec![1, 1]));
    for other in ["hi", "\u{10}ping 0 {\"id\":1}", "\u{10}binaries 0 1,1"] {
        assert_eq!(
            reader.clone().text(other),
            Err(FrameError::Announced),
            "{other}"
        );
    }
    for bytes in [&[][..], &[1], &[1, 2, 3]] {
        assert_eq!(reader.clone().binary(bytes), Err(FrameError::Cut));
    }
    assert_eq!(reader.binary(&[1, 2]).unwrap().len(), 2);
}

#[test]
fn a_binary_message_may_be_as_long_as_the_limit() {
    let mut reader = Reader::new(Side::Client, 3);
    reader.text(HELLO).unwrap();
    reader.text(LANE).unwrap();
    assert_eq!(reader.binary(&[1, 2, 3]).unwrap(), [&[1_u8, 2, 3]]);
    assert_eq!(reader.binary(&[1, 2, 3, 4]), Err(FrameError::TooLong));
}
