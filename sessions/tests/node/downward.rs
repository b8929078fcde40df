//! Messages to the client.

use steadfast_protocol::frame::{Frame, Hello, Position};
use steadfast_sessions::io::{Config, Effect, LinkId, OutboxOverflow, Target};
use steadfast_sessions::payload::Payload;
use steadfast_sessions::store::Request;

use crate::support::{INSTANCE, OTHER, Server, new_hello, resuming, secs};

fn with_window(messages: u32, bytes: u32) -> Hello {
    Hello {
        window: Some((messages, bytes)),
        ..new_hello(INSTANCE)
    }
}

fn fill(server: &mut Server, session: &str, range: std::ops::RangeInclusive<u32>) {
    for n in range {
        server.send_to(session, &n.to_string());
    }
}

/// The client's position on its outbox.
fn at(server: &Server, link: LinkId, number: u64) -> (String, (u32, u64)) {
    (String::new(), (server.peer(link).epochs[""], number))
}

#[test]
fn from_opens_a_stream_once() {
    // [P47] [P54]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    assert!(server.peer(link).froms().is_empty());
    fill(&mut server, &welcome.session, 1..=3);
    assert_eq!(server.peer(link).froms(), [("", 1, None)]);
    assert_eq!(server.peer(link).numbers(""), [1, 2, 3]);
}

#[test]
fn what_was_not_acknowledged_comes_again_and_keeps_its_number() {
    // [P45] [P49]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    fill(&mut server, &welcome.session, 1..=5);
    server.handed(link, "", 2);
    server.lose(link);
    let (link, _) = server.join_as(&[], resuming(&welcome, OTHER, 2));
    assert_eq!(server.peer(link).froms(), [("", 3, None)]);
    assert_eq!(server.peer(link).texts(), ["3", "4", "5"]);
}

#[test]
fn a_position_says_where_to_go_on_and_forgets_nothing() {
    // [P49] [P50]
    let mut server = Server::new();
    let (first, welcome) = server.join(&[]);
    fill(&mut server, &welcome.session, 1..=5);
    let hello = Hello {
        positions: [at(&server, first, 4)].into(),
        ..resuming(&welcome, INSTANCE, 2)
    };
    let (link, second) = server.join_as(&[], hello);
    assert_eq!(server.peer(link).texts(), ["5"]);
    server.lose(link);
    let (link, _) = server.join_as(&[], resuming(&second, OTHER, 3));
    assert_eq!(server.peer(link).texts(), ["1", "2", "3", "4", "5"]);
}

#[test]
fn a_position_that_cannot_be_is_not_trusted() {
    // [P51]
    let mut server = Server::new();
    let (first, welcome) = server.join(&[]);
    fill(&mut server, &welcome.session, 1..=3);
    server.handed(first, "", 1);
    let epoch = server.peer(first).epochs[""];
    for (claim, position) in [(2, (epoch ^ 1, 2)), (3, (epoch, 9))] {
        let hello = Hello {
            positions: [(String::new(), position)].into(),
            ..resuming(&welcome, INSTANCE, claim)
        };
        let link = server.open(&[]);
        server.hello(link, hello);
        assert_eq!(server.peer(link).froms(), [("", 2, Some("epoch"))]);
        assert_eq!(server.peer(link).texts(), ["2", "3"]);
        let renewed = server.peer(link).epochs[""] != epoch;
        assert_eq!(
            renewed,
            position.0 == epoch,
            "numbers that were lost do not come again"
        );
        server.lose(link);
    }
}

#[test]
fn a_position_behind_the_acknowledged_one_is_a_gap() {
    // [P52] [P55]
    let mut server = Server::new();
    let (first, welcome) = server.join(&[]);
    fill(&mut server, &welcome.session, 1..=3);
    server.handed(first, "", 3);
    let hello = Hello {
        positions: [at(&server, first, 1)].into(),
        ..resuming(&welcome, INSTANCE, 2)
    };
    let (link, _) = server.join_as(&[], hello);
    assert_eq!(server.peer(link).froms(), [("", 4, Some("acknowledged"))]);
    assert!(server.peer(link).messages.is_empty());
}

#[test]
fn what_expired_is_a_gap() {
    // [P53] [P97]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.lose(link);
    fill(&mut server, &welcome.session, 1..=3);
    server.pass(secs(140));
    fill(&mut server, &welcome.session, 4..=4);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(server.peer(link).froms(), [("", 4, Some("expired"))]);
    assert_eq!(server.peer(link).texts(), ["4"]);
}

#[test]
fn what_overflows_is_a_gap_even_in_the_midst_of_a_link() {
    // [P47] [P53]
    let mut server = Server::with(Config {
        outbox_messages: 4,
        outbox_overflow: OutboxOverflow::DropOldest,
        ..Config::default()
    });
    let (link, welcome) = server.join_as(&[], with_window(2, 1_000));
    // The first 1,024 are in memory, the others have to be read when their turn comes.
    fill(&mut server, &welcome.session, 1..=1_100);
    for number in (2..=1_026).step_by(2) {
        server.handed(link, "", number);
    }
    assert_eq!(
        server.peer(link).froms(),
        [("", 1, None), ("", 1_097, Some("overflow"))]
    );
    let texts: Vec<String> = (1..=1_026)
        .chain(1_097..=1_098)
        .map(|n| n.to_string())
        .collect();
    assert_eq!(server.peer(link).texts(), texts);
}

#[test]
fn an_acknowledgement_forgets() {
    // [P70]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    fill(&mut server, &welcome.session, 1..=3);
    assert_eq!(server.rows(b'o'), 3);
    server.handed(link, "", 2);
    assert_eq!(server.rows(b'o'), 1);
}

#[test]
fn acknowledgements_gather_while_the_store_writes() {
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    fill(&mut server, &welcome.session, 1..=9);
    server.stall_store();
    for number in 1..=9 {
        server.handed(link, "", number);
    }
    assert_eq!(server.waiting(), 1);
    server.resume_store();
    let told = server.requests.iter().filter_map(|request| match request {
        Request::Acknowledge { positions, .. } => Some(positions[0].2),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [1, 9]);
}

#[test]
fn an_acknowledgement_ahead_of_what_was_sent_is_a_violation() {
    // [P75]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    fill(&mut server, &welcome.session, 1..=2);
    server.handed(link, "", 3);
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    assert_eq!(server.rows(b'o'), 2);
}

#[test]
fn acknowledgements_of_nothing_are_ignored() {
    // [P74]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    fill(&mut server, &welcome.session, 1..=2);
    server.handed(link, "", 2);
    let before = server.requests.len();
    server.handed(link, "", 1);
    let epoch = server.peer(link).epochs[""];
    for (stream, epoch, number) in [("", epoch ^ 1, 2), ("nowhere", epoch, 7)] {
        let stream = stream.to_owned();
        let position = Position {
            stream,
            epoch,
            number,
        };
        server.control(link, Frame::Handed(position));
    }
    assert_eq!(server.peer(link).closed, None);
    assert_eq!(server.requests.len(), before);
}

#[test]
fn no_more_is_in_flight_than_the_client_takes() {
    // [P80] [P81]
    let mut server = Server::new();
    let (link, welcome) = server.join_as(&[], with_window(3, 10));
    fill(&mut server, &welcome.session, 1..=9);
    assert_eq!(server.peer(link).texts(), ["1", "2", "3"]);
    server.handed(link, "", 1);
    assert_eq!(server.peer(link).texts().len(), 4);
    server.handed(link, "", 4);
    assert_eq!(server.peer(link).texts().len(), 7);
    server.send_to(&welcome.session, &"x".repeat(50));
    server.send_to(&welcome.session, "after");
    server.handed(link, "", 7);
    assert_eq!(
        server.peer(link).texts().len(),
        9,
        "the long one does not fit"
    );
    server.handed(link, "", 9);
    assert_eq!(server.peer(link).texts().len(), 10, "alone it does");
    server.handed(link, "", 10);
    assert_eq!(server.peer(link).texts().last(), Some(&"after"));
}

#[test]
fn all_streams_share_the_window() {
    // [P80]
    let mut server = Server::new();
    let (link, welcome) = server.join_as(&["lobby"], with_window(3, 1_000));
    fill(&mut server, &welcome.session, 1..=2);
    for text in ["a", "b", "c"] {
        server.publish("lobby", text);
    }
    assert_eq!(server.peer(link).texts(), ["1", "2", "a"]);
    server.handed(link, "", 2);
    assert_eq!(server.peer(link).texts(), ["1", "2", "a", "b", "c"]);
}

#[test]
fn a_window_of_nothing_lets_only_volatile_messages_down() {
    // [P83]
    let mut server = Server::new();
    let (link, welcome) = server.join_as(&[], with_window(0, 0));
    fill(&mut server, &welcome.session, 1..=2);
    server.send(
        1,
        Effect::Volatile {
            to: Target::Session(welcome.session.as_str().into()),
            payload: Payload::text("now"),
        },
    );
    assert_eq!(server.peer(link).texts(), ["now"]);
    server.text(link, "up");
    assert_eq!(server.deliveries.len(), 1);
}

#[test]
fn a_volatile_message_moves_nothing() {
    // [P57] [P58] [P76]
    let mut server = Server::new();
    let (link, welcome) = server.join(&["lobby"]);
    let volatile = |to| Effect::Volatile {
        to,
        payload: Payload::text("!"),
    };
    server.send(
        1,
        volatile(Target::Session(welcome.session.as_str().into())),
    );
    fill(&mut server, &welcome.session, 1..=1);
    server.send(2, volatile(Target::Room("lobby".into())));
    fill(&mut server, &welcome.session, 2..=2);
    let got: Vec<_> = server
        .peer(link)
        .messages
        .iter()
        .map(|got| (got.stream.as_str(), got.number))
        .collect();
    assert_eq!(
        got,
        [("", None), ("", Some(1)), ("lobby", None), ("", Some(2))]
    );
    assert_eq!(
        server.peer(link).froms().len(),
        2,
        "of the room, and of the outbox"
    );
    assert_eq!(server.rows(b'o'), 2);
}

#[test]
fn a_link_that_does_not_empty_is_given_no_more() {
    // [P84]
    let mut server = Server::with(Config {
        link_buffer: 10_000,
        ..Config::default()
    });
    let (link, welcome) = server.join(&[]);
    let large = "x".repeat(1_000);
    for _ in 0..100 {
        server.send_to(&welcome.session, &large);
    }
    assert!(
        server.peer(link).unsent <= 12_000,
        "{}",
        server.peer(link).unsent
    );
    assert_eq!(server.rows(b'o'), 100);
    for _ in 0..20 {
        server.flush(link);
        assert!(server.peer(link).unsent <= 12_000);
    }
    assert_eq!(server.peer(link).numbers(""), (1..=100).collect::<Vec<_>>());
}

#[test]
fn a_long_backlog_is_read_in_parts_and_packed() {
    // [P60]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.lose(link);
    fill(&mut server, &welcome.session, 1..=3_000);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(
        server.peer(link).numbers(""),
        (1..=3_000).collect::<Vec<_>>()
    );
    assert!(server.peer(link).raw.len() < 10);
}

#[test]
fn kinds_are_not_mixed_in_one_unit() {
    // [P60] [P64]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.lose(link);
    let session: steadfast_sessions::io::SessionId = welcome.session.as_str().into();
    let payloads = [
        Payload::text("a"),
        Payload::text("\u{10}b"),
        Payload::binary([1]),
        Payload::binary([]),
        Payload::text("c"),
    ];
    for payload in payloads.clone() {
        let session = session.clone();
        server.send(0, Effect::Send { session, payload });
    }
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    let got: Vec<_> = server
        .peer(link)
        .messages
        .iter()
        .map(|it| it.payload.clone())
        .collect();
    assert_eq!(got, payloads);
}

#[test]
fn a_row_that_cannot_be_read_is_a_gap() {
    // [P53]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.lose(link);
    fill(&mut server, &welcome.session, 1..=3);
    server.spoil(b'o', 2);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(
        server.peer(link).froms(),
        [("", 1, None), ("", 3, Some("corrupt"))]
    );
    assert_eq!(server.peer(link).texts(), ["1", "3"]);
}
