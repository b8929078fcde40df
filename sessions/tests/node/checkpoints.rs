//! State and position are one.

use steadfast_protocol::frame::{Frame, Hello, Position, Save, SaveRefusal};
use steadfast_protocol::window::Window;
use steadfast_sessions::io::{Config, LinkId};

use crate::support::{INSTANCE, Server, data, ms, new_hello, restoring, same};

/// The position of the outbox in a `save`.
fn handed(server: &Server, link: LinkId, number: u64, save: Save) -> Save {
    let epoch = server.peer(link).epochs[""];
    Save {
        positions: [(String::new(), (epoch, number))].into(),
        ..save
    }
}

#[test]
fn a_checkpoint_acknowledges_what_its_state_has_seen() {
    // [P134]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    for n in 0..5 {
        server.send_to(&welcome.session, &n.to_string());
    }
    assert_eq!(server.rows(b'o'), 5);
    let save = handed(&server, link, 3, data(1, 0, "3"));
    server.saved(link, save, "3");
    assert_eq!(server.rows(b'o'), 2, "the others are forgotten");
    server.lose(link);
    let (link, _) = server.join_as(&[], restoring(&welcome, 2));
    assert_eq!(server.peer(link).state(), "3");
    assert_eq!(server.peer(link).texts(), ["3", "4"]);
}

#[test]
fn a_checkpoint_moves_without_its_text() {
    // [P134] [P139]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.send_to(&welcome.session, "one");
    server.send_to(&welcome.session, "two");
    let version = server.saved(link, data(1, 0, "{}"), "{}");
    assert_eq!(server.rows(b'o'), 2);
    let save = handed(&server, link, 2, same(2, version, "{}"));
    let moved = server.saved(link, save, "");
    assert!(moved > version);
    assert_eq!(server.rows(b'o'), 0);
    server.lose(link);
    let (link, welcome) = server.join_as(&[], restoring(&welcome, 2));
    assert_eq!(welcome.snapshot.unwrap().version, moved);
    assert_eq!(server.peer(link).state(), "{}");
}

#[test]
fn what_is_refused_acknowledges_nothing() {
    // [P134] [P135]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.send_to(&welcome.session, "one");
    let version = server.saved(link, data(1, 0, "{}"), "{}");
    let wrong = Save {
        check: 0,
        ..data(2, version, "[]")
    };
    let save = handed(&server, link, 1, wrong);
    server.save(link, save, "[]");
    assert_eq!(
        server.peer(link).unsaved().unwrap().reason,
        SaveRefusal::Mismatch
    );
    assert_eq!(server.rows(b'o'), 1);
    server.lose(link);
    let (link, _) = server.join_as(&[], restoring(&welcome, 2));
    assert_eq!(server.peer(link).state(), "{}", "the last good one");
    assert_eq!(server.peer(link).texts(), ["one"]);
}

#[test]
fn a_checkpoint_makes_room_in_the_window() {
    // [P80] [P134]
    let mut server = Server::new();
    let hello = Hello {
        window: Some((2, 1 << 20)),
        ..new_hello(INSTANCE)
    };
    let (link, welcome) = server.join_as(&[], hello);
    for n in 0..5 {
        server.send_to(&welcome.session, &n.to_string());
    }
    assert_eq!(server.peer(link).texts(), ["0", "1"]);
    server.stall_store();
    let save = handed(&server, link, 2, data(1, 0, "2"));
    server.save(link, save, "2");
    assert_eq!(
        server.peer(link).texts().len(),
        2,
        "not before it is stored"
    );
    server.resume_store();
    assert_eq!(server.peer(link).texts(), ["0", "1", "2", "3"]);
    server.handed(link, "", 3);
    assert_eq!(server.peer(link).texts().len(), 5);
}

#[test]
fn a_checkpoint_frees_an_outbox_that_its_handler_waits_for() {
    // [P134]
    let mut server = Server::with(Config {
        outbox_messages: 2,
        window: Window {
            messages: 1,
            bytes: 1 << 10,
        },
        ..Config::default()
    });
    let (link, welcome) = server.join(&[]);
    server.send_to(&welcome.session, "one");
    server.send_to(&welcome.session, "two");
    server.text(link, "three");
    server.pass(ms(50));
    let save = handed(&server, link, 1, data(1, 0, "1"));
    server.saved(link, save, "1");
    assert_eq!(server.rows(b'o'), 2, "the echo is there without waiting");
}

#[test]
fn positions_above_what_was_sent_are_a_violation() {
    // [P75]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.send_to(&welcome.session, "one");
    let save = handed(&server, link, 2, data(1, 0, "{}"));
    server.save(link, save, "{}");
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    assert_eq!(server.saves(), 0);
}

#[test]
fn positions_that_this_session_does_not_have_are_ignored() {
    // [P74]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.send_to(&welcome.session, "one");
    let epoch = server.peer(link).epochs[""];
    let save = Save {
        positions: [
            ("nowhere".to_owned(), (1, 9)),
            (String::new(), (epoch ^ 1, 1)),
        ]
        .into(),
        ..data(1, 0, "{}")
    };
    server.saved(link, save, "{}");
    assert_eq!(server.rows(b'o'), 1);
    assert_eq!(server.peer(link).closed, None);
}

#[test]
fn a_save_of_an_older_owner_takes_no_effect() {
    // [P28] [P29]
    let mut server = Server::new();
    let (old, welcome) = server.join(&[]);
    server.stall_store();
    server.save(old, data(1, 0, "old"), "old");
    let new = server.open(&[]);
    server.hello(new, restoring(&welcome, 2));
    server.answer_backwards();
    assert_eq!(server.peer(old).end(), ("TAKEN_OVER", 4409));
    // The store had it before the claim; the claim was answered first.
    assert!(server.peer(old).answers().is_empty());
    assert_eq!(server.peer(new).state(), "old");
    let version = server.welcome(new).snapshot.unwrap().version;
    server.saved(new, data(1, version, "new"), "new");
}

#[test]
fn who_saves_may_acknowledge_by_itself_as_well() {
    // [P70] [P134]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.send_to(&welcome.session, "one");
    let epoch = server.peer(link).epochs[""];
    let version = server.saved(link, data(1, 0, "{}"), "{}");
    server.control(
        link,
        Frame::Handed(Position {
            stream: String::new(),
            epoch,
            number: 1,
        }),
    );
    assert_eq!(server.rows(b'o'), 0);
    let save = handed(&server, link, 1, same(2, version, "{}"));
    server.saved(link, save, "");
}
