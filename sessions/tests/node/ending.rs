//! The end of a session.

use steadfast_protocol::frame::{Frame, Reason};
use steadfast_protocol::window::Window;
use steadfast_sessions::io::{Config, LinkId};
use steadfast_sessions::payload::Payload;
use steadfast_sessions::store::Request;

use crate::support::{Handler, INSTANCE, Server, received, resuming, secs};

#[test]
fn end_ends_the_session_after_everything_before_it() {
    // [P95] [P96]
    let mut server = Server::new();
    server.stall_store();
    let (link, welcome) = {
        server.resume_store();
        server.join(&[])
    };
    server.stall_store();
    server.text(link, "one");
    server.text(link, "two");
    server.control(link, Frame::End);
    server.lose(link);
    assert_eq!(server.waiting(), 1);
    server.resume_store();
    let handled: Vec<_> = server
        .deliveries
        .iter()
        .map(|it| it.payload.clone())
        .collect();
    assert_eq!(handled, [Payload::text("one"), Payload::text("two")]);
    assert_eq!(server.node.active_sessions(), 0);
    let (_, again) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(again.reason, Reason::Unknown);
}

#[test]
fn a_link_that_stays_is_closed_after_the_end() {
    // [P96]
    let mut server = Server::new();
    server.handler = Handler::Swallow;
    let (link, _) = server.join(&[]);
    server.text(link, "one");
    server.control(link, Frame::End);
    assert_eq!(
        server.peer(link).stored(),
        Some(1),
        "the last acknowledgement is sent"
    );
    assert_eq!(server.peer(link).end(), ("", 1000));
}

#[test]
fn the_end_says_what_is_not_handed_over() {
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    for _ in 0..3 {
        server.send_to(&welcome.session, "x");
    }
    server.control(link, Frame::End);
    assert!(server.told("3 messages were not handed over"));
    assert_eq!(server.rows(b'o'), 0);
}

#[test]
fn nothing_comes_after_the_end() {
    // [P96]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.stall_store();
    server.control(link, Frame::End);
    server.text(link, "more");
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    server.resume_store();
    assert!(server.deliveries.is_empty());
}

#[test]
fn an_end_waits_for_a_slow_handler() {
    // [P96]
    let mut server = Server::with(Config {
        window: Window {
            messages: 2,
            bytes: 100,
        },
        ..Config::default()
    });
    server.handler = Handler::Keep;
    let (link, _) = server.join(&[]);
    for text in ["1", "2"] {
        server.text(link, text);
    }
    server.control(link, Frame::Ask);
    server.text(link, "3");
    server.control(link, Frame::End);
    server.lose(link);
    for seq in 1..=3 {
        assert_eq!(server.deliveries.last().unwrap().seq, seq);
        server.finish(Vec::new());
    }
    assert!(server.told("session ended"));
    assert_eq!(server.node.active_sessions(), 0);
}

#[test]
fn an_absent_session_expires_in_two_steps() {
    // [P97] [P98]
    let mut server = Server::with(Config {
        tombstone_ttl: secs(3_600),
        ..Config::default()
    });
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    server.lose(link);
    server.pass(secs(1_800));
    assert_eq!(server.rows(b'o'), 0);
    let (link, again) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(
        (again.resumed, received(&again)),
        (true, 1),
        "the counts stay"
    );
    server.lose(link);
    server.pass(secs(3_700));
    let (_, late) = server.join_as(&[], resuming(&again, INSTANCE, 3));
    assert_eq!(late.reason, Reason::Unknown);
}

#[test]
fn expiry_asks_again_while_there_is_more_and_not_while_it_is_unanswered() {
    let mut server = Server::new();
    let expiries = |server: &Server| {
        let requests = server.requests.iter();
        requests
            .filter(|it| matches!(it, Request::Expire { .. }))
            .count()
    };
    let before = expiries(&server);
    server.stall_store();
    server.pass(secs(60));
    assert_eq!(expiries(&server), before + 1);
    server.resume_store();
    server.pass(secs(10));
    assert_eq!(expiries(&server), before + 2);
}

#[test]
fn frames_of_a_link_that_is_gone_change_nothing() {
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.lose(link);
    let before = server.requests.len();
    server.text(link, "late");
    server.control(LinkId(1), Frame::End);
    assert_eq!(server.requests.len(), before);
}

#[test]
fn what_was_kept_survives_a_server_that_was_away_for_long() {
    // [P97]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.lose(link);
    server.send_to(&welcome.session, "kept");
    server.restart_after(secs(3_600));
    server.pass(secs(60));
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(server.peer(link).texts(), ["kept"]);
}

#[test]
fn a_clock_that_is_set_expires_nothing() {
    // [P97]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.lose(link);
    server.pass(secs(121));
    server.send_to(&welcome.session, "kept");
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    server.wall_ahead_ms = 24 * 60 * 60 * 1_000;
    server.pass(secs(20));
    assert_eq!(server.rows(b'o'), 1);
    assert_eq!(server.peer(link).texts(), ["kept"]);
}
