//! The heartbeat of the server's side.

use steadfast_protocol::frame::{Frame, Ping};
use steadfast_sessions::io::{Config, Input};
use steadfast_sessions::store::Request;

use crate::support::{INSTANCE, Server, ms, resuming, secs};

fn pings(server: &Server, link: steadfast_sessions::io::LinkId) -> usize {
    let frames = server.peer(link).frames.iter();
    frames.filter(|it| matches!(it, Frame::Ping(_))).count()
}

#[test]
fn a_ping_is_answered_at_once() {
    // [P86] [P111]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.stall_store();
    server.control(link, Frame::Ping(Ping { id: 77 }));
    let pong = Frame::Pong(Ping { id: 77 });
    assert_eq!(server.peer(link).frames.last(), Some(&pong));
}

#[test]
fn a_silent_link_is_pinged_and_then_closed() {
    // [P87]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.pass(ms(24_999));
    assert_eq!(pings(&server, link), 0);
    server.pass(ms(1));
    assert_eq!(pings(&server, link), 1);
    server.pass(ms(9_999));
    assert_eq!(server.peer(link).closed, None);
    server.pass(ms(1));
    assert_eq!(server.peer(link).end(), ("", 4001));
    let (_, again) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert!(again.resumed, "the session stays");
}

#[test]
fn whatever_comes_in_is_life() {
    // [P87]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    for round in 0..20 {
        server.pass(secs(25 + 9));
        match round % 3 {
            0 => server.control(link, Frame::Pong(Ping { id: 1 })),
            1 => server.text(link, "x"),
            _ => server.control(link, Frame::Ask),
        }
    }
    assert_eq!(server.peer(link).closed, None);
    assert_eq!(pings(&server, link), 20);
}

#[test]
fn a_server_that_slept_asks_again_before_it_judges() {
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.pass(secs(26));
    server.sleep(secs(600));
    assert_eq!(server.peer(link).closed, None);
    assert_eq!(pings(&server, link), 2);
    server.pass(secs(10));
    assert_eq!(server.peer(link).end(), ("", 4001));
}

#[test]
fn a_slow_line_is_not_a_dead_one() {
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.send_to(&welcome.session, &"x".repeat(200_000));
    let mut left = 200_000;
    for _ in 0..10 {
        server.pass(secs(10));
        left -= 10_000;
        server.input(Input::Buffered { link, bytes: left });
    }
    assert_eq!(server.peer(link).closed, None);
    server.pass(secs(40));
    assert_eq!(server.peer(link).end(), ("", 4001), "it stands still");
}

#[test]
fn answers_that_nobody_reads_do_not_fill_the_memory() {
    let mut server = Server::with(Config {
        link_buffer: 1_000,
        max_message: 1_000,
        ..Config::default()
    });
    let (link, _) = server.join(&[]);
    for id in 0..1_000 {
        if server.peer(link).closed.is_none() {
            server.control(link, Frame::Ping(Ping { id }));
        }
    }
    assert_eq!(server.peer(link).end(), ("TOO_MANY", 4429));
    assert!(server.peer(link).unsent < 6_000);
}

#[test]
fn the_store_hears_of_a_client_while_it_is_there_and_when_it_goes() {
    // [P97]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.send_to(&welcome.session, "kept");
    for _ in 0..30 {
        server.pass(secs(20));
        server.control(link, Frame::Ping(Ping { id: 1 }));
    }
    let seen = server.requests.iter();
    let seen = seen.filter(|it| matches!(it, Request::Seen { .. })).count();
    assert_eq!(seen, 600 / 40);
    assert_eq!(server.rows(b'o'), 1, "it is there, only slow");
    server.lose(link);
    server.pass(secs(115));
    assert_eq!(server.rows(b'o'), 1);
    server.pass(secs(20));
    assert_eq!(server.rows(b'o'), 0);
}
