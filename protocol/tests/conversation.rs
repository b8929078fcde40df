//! The conversation in docs/PROTOCOL.md, played.

use steadfast_protocol::delta;
use steadfast_protocol::fnv1a32;
use steadfast_protocol::frame::{Frame, Incoming, Reader, Side, Welcome, decode_text};

const DOCUMENT: &str = include_str!("../../docs/PROTOCOL.md");

fn lines() -> impl Iterator<Item = &'static str> {
    let (_, block) = DOCUMENT.split_once("```conversation\n").unwrap();
    block.split_once("```").unwrap().0.lines()
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.split(' ')
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

/// The readers of one link: the server's and the client's.
fn readers() -> [Reader; 2] {
    [Side::Client, Side::Server].map(|from| Reader::new(from, 1 << 20))
}

/// Reads one line; its frame's name, or "" for messages.
fn play(reader: &mut Reader, frame: &str) -> &'static str {
    if let Some(hex) = frame
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
    {
        reader
            .binary(&bytes(hex))
            .unwrap_or_else(|error| panic!("{frame}: {error}"));
        return "";
    }
    let wire = frame.replace('␐', "\u{10}");
    match reader
        .text(&wire)
        .unwrap_or_else(|error| panic!("{frame}: {error}"))
    {
        Incoming::App(_) => "",
        Incoming::Control(control) => {
            assert_eq!(control.encode(), wire, "not as our own ends write it");
            control.frame.name()
        }
    }
}

/// [P10] [P11] [P15] [P16] [P47] [P57]
#[test]
fn the_documented_conversation_follows_the_protocol() {
    let mut links = 0;
    let mut names = Vec::new();
    let [mut server, mut client] = readers();
    for line in lines() {
        if line.starts_with("-- link ") {
            links += 1;
            [server, client] = readers();
        } else if let Some(frame) = line.strip_prefix("C ") {
            names.push(play(&mut server, frame));
        } else if let Some(frame) = line.strip_prefix("S ") {
            names.push(play(&mut client, frame));
        } else {
            assert!(line.starts_with("-- "), "{line}");
        }
    }
    assert_eq!(links, 3);
    for name in [
        "hello", "welcome", "lane", "stored", "adopt", "adopted", "done", "handed", "ask", "from",
        "volatile", "texts", "binaries", "ping", "part", "save", "saved", "end",
    ] {
        assert!(names.contains(&name), "no {name} in the conversation");
    }
}

/// [P20] [P162]: what the second welcome says is what the first link had brought.
#[test]
fn the_documented_counts_are_right() {
    let hellos_and_welcomes: Vec<Frame> = lines()
        .filter_map(|line| line.get(2..))
        .map(|frame| frame.replace('␐', "\u{10}"))
        .filter_map(|wire| match decode_text(&wire, 1 << 20) {
            Ok(Incoming::Control(control)) => Some(control.frame),
            _ => None,
        })
        .filter(|frame| matches!(frame, Frame::Hello(_) | Frame::Welcome(_)))
        .collect();
    let [
        _,
        Frame::Welcome(first),
        Frame::Hello(hello),
        Frame::Welcome(second),
        Frame::Hello(last),
        Frame::Welcome(third),
    ] = &hellos_and_welcomes[..]
    else {
        panic!("{hellos_and_welcomes:?}");
    };
    let received = |welcome: &Welcome| {
        let held = welcome.memories.values().next();
        held.map(|memory| memory.received)
    };
    let told = [first, second, third].map(received);
    assert_eq!(told, [Some([0, 0, 0]), Some([0, 4, 0]), Some([0, 0, 0])]);
    assert_eq!(hello.token.as_deref(), Some(&*first.token));
    assert_eq!(last.token.as_deref(), Some(&*second.token));
    assert!(!first.resumed && second.resumed && third.resumed);
    assert!(hello.claim < last.claim);
}

/// [P140] [P141] [P152]: the draft that comes down, and what the delta makes of it.
#[test]
fn the_documented_snapshot_is_right() {
    let mut texts = Vec::new();
    let mut described = Vec::new();
    for wire in lines().filter_map(|line| line.get(2..)) {
        let Ok(Incoming::Control(control)) = decode_text(&wire.replace('␐', "\u{10}"), 1 << 20)
        else {
            continue;
        };
        match control.frame {
            Frame::Part(text) => texts.push(text),
            Frame::Save(save) => described.push((save.bytes as usize, save.check)),
            Frame::Welcome(welcome) => {
                described.extend(welcome.snapshot.map(|it| (it.bytes as usize, it.check)));
            }
            _ => {}
        }
    }
    let [stored, delta] = &texts[..] else {
        panic!("{texts:?}");
    };
    let saved = delta::apply(stored, delta).unwrap();
    let check = |text: &str| (text.len(), fnv1a32(text.as_bytes()));
    assert_eq!(described, [check(stored), check(&saved)]);
    assert_eq!(saved, r#"{"draft":"good evening"}"#);
}
