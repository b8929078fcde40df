//! A page that begins gets its application's state.

use steadfast_protocol::fnv1a32;
use steadfast_protocol::frame::{Frame, Hello, Ping, Reason, Welcome};
use steadfast_sessions::Payload;
use steadfast_sessions::io::{Config, Effect, Input, LinkId, Target};

use crate::support::{
    INSTANCE, OTHER, Server, data, document, ms, new_hello, restoring, resuming, secs, wanting,
};

/// The kinds of what came down, in order.
fn kinds(server: &Server, link: LinkId) -> Vec<&str> {
    let raw = server.peer(link).raw.iter();
    let kind = |text: &'_ String| match text.strip_prefix('\u{10}') {
        Some(control) => control.split(' ').next().map_or(0, str::len),
        None => 0,
    };
    raw.map(|text| &text[usize::from(kind(text) > 0)..][..kind(text)])
        .collect()
}

/// A session with this checkpoint, and three messages behind it.
fn with_checkpoint(server: &mut Server, text: &str) -> (Welcome, u64) {
    let (link, welcome) = server.join(&[]);
    for n in 1..=5 {
        server.send_to(&welcome.session, &n.to_string());
    }
    let mut save = data(1, 0, text);
    let epoch = server.peer(link).epochs[""];
    save.positions = [(String::new(), (epoch, 2))].into();
    let version = server.saved(link, save, text);
    server.lose(link);
    (welcome, version)
}

#[test]
fn a_page_that_begins_gets_state_and_then_messages() {
    // [P150] [P151] [P152] [P153]
    let mut server = Server::new();
    let (before, version) = with_checkpoint(&mut server, "{\"n\":2}");
    let (link, welcome) = server.join_as(&[], restoring(&before, 2));
    let stored = welcome.snapshot.unwrap();
    assert_eq!((stored.version, stored.follows), (version, true));
    assert_eq!(stored.saved_at, server.now().wall_ms);
    assert_eq!((stored.bytes, stored.check), (7, fnv1a32(b"{\"n\":2}")));
    assert_eq!(server.peer(link).state(), "{\"n\":2}");
    assert_eq!(server.peer(link).texts(), ["3", "4", "5"]);
    assert_eq!(kinds(&server, link), ["welcome", "part", "from", "texts"]);
}

#[test]
fn who_has_the_state_goes_on_from_its_own_position() {
    // [P152] [P153]
    let mut server = Server::new();
    let (before, version) = with_checkpoint(&mut server, "{}");
    let link = server.open(&[]);
    let mut hello = wanting(resuming(&before, OTHER, 2), None, version, true);
    let epoch = server
        .peers
        .values()
        .find_map(|it| it.epochs.get("").copied());
    hello.positions = [(String::new(), (epoch.unwrap(), 4))].into();
    server.hello(link, hello);
    let stored = server.welcome(link).snapshot.unwrap();
    assert_eq!((stored.version, stored.follows), (version, false));
    assert_eq!(server.peer(link).state(), "");
    assert_eq!(server.peer(link).texts(), ["5"]);
}

#[test]
fn the_positions_of_an_older_state_are_void() {
    // [P153]
    let mut server = Server::new();
    let (before, version) = with_checkpoint(&mut server, "{}");
    let link = server.open(&[]);
    let mut hello = wanting(resuming(&before, OTHER, 2), None, version - 1, true);
    let epoch = server
        .peers
        .values()
        .find_map(|it| it.epochs.get("").copied());
    hello.positions = [(String::new(), (epoch.unwrap(), 4))].into();
    server.hello(link, hello);
    assert_eq!(server.peer(link).state(), "{}");
    assert_eq!(server.peer(link).texts(), ["3", "4", "5"]);
}

#[test]
fn a_page_that_goes_on_is_told_and_not_given() {
    // [P150] [P152]
    let mut server = Server::new();
    let (before, version) = with_checkpoint(&mut server, "{}");
    let link = server.open(&[]);
    let mut hello = wanting(resuming(&before, INSTANCE, 2), None, 0, false);
    let epoch = server
        .peers
        .values()
        .find_map(|it| it.epochs.get("").copied());
    hello.positions = [(String::new(), (epoch.unwrap(), 5))].into();
    server.hello(link, hello);
    let stored = server.welcome(link).snapshot.unwrap();
    assert_eq!((stored.version, stored.follows), (version, false));
    assert!(server.peer(link).texts().is_empty());
}

#[test]
fn who_keeps_no_snapshot_is_told_of_none() {
    // [P151]
    let mut server = Server::new();
    let (before, _) = with_checkpoint(&mut server, "{}");
    let (link, welcome) = server.join_as(&[], resuming(&before, INSTANCE, 2));
    assert_eq!(welcome.snapshot, None);
    assert_eq!(server.peer(link).state(), "");
}

#[test]
fn a_document_comes_to_any_session_and_moves_no_position() {
    // [P150] [P153]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    for n in 1..=3 {
        server.send_to(&welcome.session, &n.to_string());
    }
    server.saved(link, document(1, "notes", 0, "[1]"), "[1]");
    let epoch = server.peer(link).epochs[""];
    server.lose(link);
    let mut hello = wanting(resuming(&welcome, OTHER, 2), Some("notes"), 0, true);
    hello.positions = [(String::new(), (epoch, 2))].into();
    let (link, _) = server.join_as(&[], hello);
    assert_eq!(server.peer(link).state(), "[1]");
    assert_eq!(server.peer(link).texts(), ["3"], "its own position holds");
    let hello = wanting(new_hello(OTHER), Some("notes"), 0, true);
    let (link, told) = server.join_as(&[], hello);
    assert_eq!(told.reason, Reason::New);
    assert_eq!(server.peer(link).state(), "[1]");
}

#[test]
fn a_new_session_has_no_checkpoint() {
    // [P130] [P151]
    let mut server = Server::new();
    let (before, _) = with_checkpoint(&mut server, "{}");
    let stranger = Hello {
        token: Some("wrong".into()),
        ..restoring(&before, 2)
    };
    let (link, welcome) = server.join_as(&[], stranger);
    assert_eq!((welcome.reason, welcome.snapshot), (Reason::Token, None));
    assert_eq!(server.peer(link).state(), "");
}

#[test]
fn a_long_state_goes_as_the_link_takes_it_and_nothing_overtakes_it() {
    // [P152] [P86]
    let mut server = Server::with(Config {
        link_buffer: 1_000,
        ..Config::default()
    });
    let text = "ä".repeat(100_000);
    let (before, _) = with_checkpoint(&mut server, &text);
    let (link, _) = server.join_as(&["lobby"], restoring(&before, 2));
    server.publish("lobby", "news");
    let to = Target::Room("lobby".into());
    let payload = Payload::text("typing");
    server.send(0, Effect::Volatile { to, payload });
    server.text(link, "up");
    server.control(link, Frame::Ask);
    server.control(link, Frame::Ping(Ping { id: 7 }));
    server.save(link, data(1, 0, "{}"), "{}");
    assert_eq!(kinds(&server, link), ["welcome", "part"], "it has not left");
    while server.peer(link).unsent > 0 {
        server.flush(link);
    }
    assert_eq!(server.peer(link).state(), text);
    let kinds = kinds(&server, link);
    assert!(kinds[1..8].iter().all(|kind| *kind == "part"), "{kinds:?}");
    assert_eq!(kinds[8..11], ["stored", "pong", "unsaved"]);
    let mut texts = server.peer(link).texts();
    texts.sort_unstable();
    assert_eq!(texts, ["3", "4", "5", "news", "up"]);
}

/// A session whose state of 200,000 bytes is on its way, 1,000 bytes at a time.
fn restoring_over_a_slow_line() -> (Server, LinkId, Welcome) {
    let mut server = Server::with(Config {
        link_buffer: 1_000,
        ..Config::default()
    });
    let (before, _) = with_checkpoint(&mut server, &"x".repeat(200_000));
    let (link, welcome) = server.join_as(&[], restoring(&before, 2));
    (server, link, welcome)
}

#[test]
fn a_link_that_closes_before_the_state_has_left_says_why() {
    // [P106] [P152]
    let (mut server, link, welcome) = restoring_over_a_slow_line();
    assert!(server.peer(link).state().len() < 200_000);
    server.join_as(&[], resuming(&welcome, INSTANCE, 3));
    assert_eq!(server.peer(link).end(), ("TAKEN_OVER", 4409));
}

#[test]
fn a_slow_line_may_take_its_time_with_the_state() {
    // [P87] [P152]
    let (mut server, link, _) = restoring_over_a_slow_line();
    while server.peer(link).state().len() < 200_000 {
        server.pass(secs(9));
        let half = server.peer(link).unsent / 2;
        server.input(Input::Buffered { link, bytes: half });
        server.pass(secs(9));
        server.flush(link);
    }
    assert_eq!(server.peer(link).closed, None);
    server.flush(link);
    server.pass(secs(60));
    assert_eq!(server.peer(link).end(), ("", 4001), "now it is silent");
}

#[test]
fn who_asks_on_while_it_does_not_read_is_closed() {
    let (mut server, link, _) = restoring_over_a_slow_line();
    let mut pings = 0;
    while server.peer(link).closed.is_none() {
        server.control(link, Frame::Ping(Ping { id: pings }));
        pings += 1;
        assert!(pings < 100_000, "it may fill the memory");
    }
    assert_eq!(server.peer(link).end(), ("TOO_MANY", 4429));
}

#[test]
fn a_state_that_cannot_be_read_is_told_as_none() {
    // [P155]
    for tag in [b'c', b'x'] {
        let mut server = Server::new();
        let (before, _) = with_checkpoint(&mut server, "{}");
        server.spoil_all(tag);
        let (link, welcome) = server.join_as(&[], restoring(&before, 2));
        assert_eq!(welcome.reason, Reason::Resumed);
        assert_eq!(
            (welcome.snapshot, server.peer(link).state()),
            (None, String::new())
        );
        assert!(server.told("the snapshot cannot be read"));
        assert_eq!(
            server.peer(link).texts(),
            ["3", "4", "5"],
            "from the last acknowledgement"
        );
        server.text(link, "up");
        server.saved(link, data(1, 0, "[]"), "[]");
        server.pass(ms(100));
        server.lose(link);
        let (link, _) = server.join_as(&[], restoring(&welcome, 3));
        assert_eq!(server.peer(link).state(), "[]");
    }
}
