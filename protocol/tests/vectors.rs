//! `vectors.json`, which tests in other languages read, too.

use serde_json::Value;
use steadfast_protocol::delta;
use steadfast_protocol::fnv1a32;
use steadfast_protocol::frame::{
    Control, Encoded, Frame, Incoming, Message, Reader, Side, cut, decode_text, escape, pack,
};

const MAX: u32 = 1 << 20;

fn entries(list: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("../vectors.json")).unwrap();
    let entries = vectors[list].as_array().unwrap().clone();
    assert!(!entries.is_empty(), "no {list}");
    entries
}

fn text<'a>(entry: &'a Value, field: &str) -> &'a str {
    entry[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {entry}"))
}

fn control(wire: &str) -> Control {
    match decode_text(wire, MAX) {
        Ok(Incoming::Control(control)) => control,
        other => panic!("{wire:?} gave {other:?}"),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

/// [P6] [P7] [P8] [P108] [P138] [P142]
#[test]
fn control_frames_are_read_and_written() {
    for entry in entries("controls") {
        let name = text(&entry, "name");
        let wire = text(&entry, "wire");
        let control = control(wire);
        assert_eq!(control.count, entry["count"].as_u64().unwrap(), "{name}");
        assert_eq!(control.frame.name(), text(&entry, "frame"), "{name}");
        let sides = [Side::Client, Side::Server].map(|side| control.frame.is_from(side));
        let from = match sides {
            [true, true] => "both",
            [true, false] => "client",
            _ => "server",
        };
        assert_eq!(from, text(&entry, "from"), "{name}");

        let written = control.encode();
        assert_eq!(written == wire, entry["canonical"] == true, "{name}");
        let body = written.splitn(3, ' ').nth(2).map_or(Value::Null, |body| {
            if let Frame::Part(text) = &control.frame {
                assert_eq!(body, text, "{name}");
                return Value::from(body);
            }
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{name}: {error}"))
        });
        assert_eq!(body, entry["body"], "{name}");
    }
}

/// [P2] [P3] [P4]
#[test]
fn application_texts_pass_as_they_are_but_for_one_character() {
    for entry in entries("applications") {
        let (wire, message) = (text(&entry, "wire"), text(&entry, "text"));
        assert_eq!(decode_text(wire, MAX), Ok(Incoming::App(message)));
        assert_eq!(escape(message), wire);
        let packed = pack(9, &[Message::Text(message)]);
        assert_eq!(packed, [Encoded::Text(wire.into())]);
    }
}

/// [P60] [P61] [P62] [P63]
#[test]
fn units_of_texts_are_read_and_written() {
    for entry in entries("units") {
        let Some(texts) = entry["texts"].as_array() else {
            continue;
        };
        let wire = text(&entry, "wire");
        let texts: Vec<String> = texts
            .iter()
            .map(|text| text.as_str().unwrap().into())
            .collect();
        let count = entry["count"].as_u64().unwrap();
        let frame = Frame::Texts(texts.clone());
        assert_eq!(control(wire), Control { count, frame });
        let messages: Vec<Message<'_>> = texts.iter().map(|text| Message::Text(text)).collect();
        assert_eq!(pack(count, &messages), [Encoded::Text(wire.into())]);
    }
}

/// [P60] [P64]
#[test]
fn units_of_binaries_are_read_and_written() {
    for entry in entries("units") {
        let Some(messages) = entry["messages"].as_array() else {
            continue;
        };
        let wire = text(&entry, "wire");
        let messages: Vec<Vec<u8>> = messages
            .iter()
            .map(|hex| bytes(hex.as_str().unwrap()))
            .collect();
        let lengths: Vec<u32> = messages
            .iter()
            .map(|message| message.len() as u32)
            .collect();
        let count = entry["count"].as_u64().unwrap();
        let frame = Frame::Binaries(lengths.clone());
        assert_eq!(control(wire), Control { count, frame });
        let whole = bytes(text(&entry, "binary"));
        assert_eq!(cut(&whole, &lengths).unwrap(), messages);
        let packed: Vec<Message<'_>> = messages.iter().map(|part| Message::Binary(part)).collect();
        let frames = [Encoded::Text(wire.into()), Encoded::Binary(whole)];
        assert_eq!(pack(count, &packed), frames);
    }
}

/// [P5] [P9] [P65] [P123] [P126] [P138] [P139] [P147]
#[test]
fn invalid_frames_are_refused_for_their_reason() {
    for entry in entries("invalid") {
        let error = decode_text(text(&entry, "wire"), MAX).expect_err(text(&entry, "name"));
        assert_eq!(error.name(), text(&entry, "error"), "{}", entry["name"]);
    }
}

/// [P140]
#[test]
fn deltas_make_texts() {
    for entry in entries("deltas") {
        let made = delta::apply(text(&entry, "base"), text(&entry, "delta"));
        let made = made.as_deref().map_err(|error| error.name());
        let expected = entry["text"].as_str().ok_or_else(|| text(&entry, "error"));
        assert_eq!(made, expected, "{}", entry["name"]);
    }
}

/// [P141]
#[test]
fn texts_have_a_length_and_a_check() {
    for entry in entries("checks") {
        let text = text(&entry, "text");
        assert_eq!(entry["bytes"], text.len(), "{text:?}");
        assert_eq!(entry["check"], fnv1a32(text.as_bytes()), "{text:?}");
    }
}

/// [P65]
#[test]
fn a_binary_frame_that_does_not_fit_its_announcement_is_refused() {
    for entry in entries("cuts") {
        let name = text(&entry, "name");
        let mut reader = Reader::new(Side::Server, MAX);
        let welcome = entries("controls")
            .iter()
            .find(|entry| entry["frame"] == "welcome")
            .map(|entry| text(entry, "wire").to_owned());
        reader.text(&welcome.unwrap()).unwrap();
        let opening = "\u{10}from 0 {\"stream\":\"\",\"epoch\":1,\"next\":1}";
        reader.text(opening).unwrap();
        reader.text(text(&entry, "wire")).unwrap();
        let binary = bytes(text(&entry, "binary"));
        assert_eq!(reader.binary(&binary).unwrap_err().name(), "cut", "{name}");
        assert_eq!(reader.messages(), 0, "{name}");
    }
}
