//! Messages from the client, into the inbox.

use std::iter::repeat_n;

use steadfast_protocol::frame::{Control, Frame};
use steadfast_protocol::window::Window;
use steadfast_sessions::io::{Config, Wire};
use steadfast_sessions::payload::Payload;
use steadfast_sessions::store::Request;

use crate::support::{Handler, INSTANCE, Server, received, resuming};

fn small_window() -> Config {
    Config {
        window: Window {
            messages: 4,
            bytes: 100,
        },
        ..Config::default()
    }
}

#[test]
fn a_message_is_stored_handled_and_echoed() {
    // [P2] [P167] [P45]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.text(link, "hello");
    server.binary(link, &[0, 255]);
    server.text(link, "\u{10}escaped");
    let peer = server.peer(link);
    let payloads: Vec<_> = peer
        .messages
        .iter()
        .map(|got| got.payload.clone())
        .collect();
    assert_eq!(
        payloads,
        [
            Payload::text("hello"),
            Payload::binary([0, 255]),
            Payload::text("\u{10}escaped")
        ]
    );
    assert_eq!(peer.numbers(""), [1, 2, 3]);
    let numbers: Vec<_> = server.deliveries.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(server.deliveries.iter().all(|it| !it.redelivered));
}

#[test]
fn what_comes_while_the_store_writes_goes_into_the_next_write() {
    // [P167]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.stall_store();
    for text in ["a", "b", "c", "d"] {
        server.text(link, text);
    }
    assert_eq!(server.waiting(), 1);
    server.resume_store();
    let appends = server.requests.iter().filter_map(|request| match request {
        Request::Append(append) => Some((append.messages[0].number, append.messages.len())),
        _ => None,
    });
    assert_eq!(appends.collect::<Vec<_>>(), [(1, 1), (2, 3)]);
    assert_eq!(server.peer(link).texts(), ["a", "b", "c", "d"]);
}

#[test]
fn a_unit_counts_whole_or_not_at_all() {
    // [P60] [P65]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.turn(link);
    for wire in server.peer_mut(link).unit(&["one", "two"]) {
        server.wire(link, wire);
    }
    assert_eq!(server.deliveries.len(), 2);
    server.wire(
        link,
        Wire::Text("\u{10}texts 2 1,2\u{10}a\u{10}b\u{10}".into()),
    );
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    let (_, again) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(received(&again), 2);
    assert_eq!(server.deliveries.len(), 2);
}

#[test]
fn a_count_that_differs_is_a_violation() {
    // [P10] [P11]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.text(link, "one");
    let frame = Frame::Ask;
    let wire = Wire::Text(Control { count: 2, frame }.encode());
    server.wire(link, wire);
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    assert_eq!(server.deliveries.len(), 1, "what came before it counts");
}

#[test]
fn a_message_above_the_limit_is_a_violation() {
    // [P112]
    let mut server = Server::with(Config {
        max_message: 10,
        ..Config::default()
    });
    let (link, _) = server.join(&[]);
    server.text(link, "0123456789");
    assert_eq!(server.peer(link).closed, None);
    server.text(link, "0123456789a");
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
}

#[test]
fn more_messages_than_the_window_are_too_many() {
    // [P82]
    let mut server = Server::with(small_window());
    let (link, welcome) = server.join(&[]);
    assert_eq!(welcome.window, (4, 100));
    server.stall_store();
    for text in ["a", "b", "c", "d"] {
        server.text(link, text);
    }
    assert_eq!(server.peer(link).closed, None);
    server.text(link, "e");
    assert_eq!(server.peer(link).end(), ("TOO_MANY", 4429));
}

#[test]
fn more_bytes_than_the_window_are_too_many_unless_alone() {
    // [P81] [P82]
    let mut server = Server::with(small_window());
    let (link, _) = server.join(&[]);
    server.stall_store();
    server.text(link, &"x".repeat(1_000));
    assert_eq!(server.peer(link).closed, None, "one may always go");
    server.text(link, "y");
    assert_eq!(server.peer(link).end(), ("TOO_MANY", 4429));
}

#[test]
fn the_store_holds_at_most_a_window_that_is_not_handled() {
    // [P84]
    let mut server = Server::with(small_window());
    server.handler = Handler::Keep;
    let (link, _) = server.join(&[]);
    for text in ["1", "2", "3", "4"] {
        server.text(link, text);
    }
    server.control(link, Frame::Ask);
    assert_eq!(server.peer(link).stored(), Some(4));
    server.text(link, "5");
    server.control(link, Frame::Ask);
    assert_eq!(
        server.peer(link).stored(),
        Some(4),
        "the fifth is not stored"
    );
    server.finish(Vec::new());
    assert_eq!(server.peer(link).stored(), Some(5));
    for seq in 2..=5 {
        assert_eq!(server.deliveries.last().unwrap().seq, seq);
        server.finish(Vec::new());
    }
}

#[test]
fn what_waits_for_the_handler_of_a_lost_link_is_the_clients_to_send_again() {
    // [P170]
    let mut server = Server::with(small_window());
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    for text in ["1", "2", "3", "4"] {
        server.text(link, text);
    }
    server.control(link, Frame::Ask);
    server.text(link, "5");
    server.lose(link);
    let (link, again) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(received(&again), 4);
    server.text(link, "5");
    for _ in 0..5 {
        server.finish(Vec::new());
    }
    let numbers: Vec<_> = server.deliveries.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
}

#[test]
fn a_thousand_messages_keep_their_order() {
    // [P12] [P167]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    let texts: Vec<String> = (0..1_000).map(|n| format!("message {n}")).collect();
    server.stall_store();
    for text in &texts {
        server.text(link, text);
    }
    server.catch_up();
    assert_eq!(server.peer(link).texts(), texts);
    assert_eq!(
        server.peer(link).numbers(""),
        (1..=1_000).collect::<Vec<_>>()
    );
    let frames = server.peer(link).raw.len();
    assert!(frames < 50, "{frames} frames: the echoes are packed");
}

#[test]
fn empty_messages_are_messages() {
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.stall_store();
    for payload in repeat_n("", 3) {
        server.text(link, payload);
    }
    server.binary(link, &[]);
    server.resume_store();
    assert_eq!(server.peer(link).messages.len(), 4);
    assert_eq!(server.peer(link).messages[3].payload, Payload::binary([]));
}
