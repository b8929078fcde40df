//! How often a client saves, and how much of it waits.

use steadfast_protocol::frame::{SaveRefusal, Welcome};
use steadfast_sessions::io::{Config, Input};

use crate::support::{
    INSTANCE, OTHER, Server, data, document, ms, new_hello, restoring, resuming, same, secs,
};

#[test]
fn saves_are_answered_in_order_and_a_third_is_one_too_many() {
    // [P143]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.stall_store();
    server.save(link, data(7, 0, "{}"), "{}");
    server.save(link, data(3, 0, "[]"), "[]");
    assert_eq!(server.saves(), 1, "one at a time");
    server.resume_store();
    let answers = [(7, None), (3, Some(SaveRefusal::Stale))];
    assert_eq!(server.peer(link).answers(), answers);
    server.stall_store();
    for id in 0..3 {
        server.save(link, data(id, 0, "{}"), "{}");
    }
    assert_eq!(server.peer(link).end(), ("TOO_MANY", 4429));
}

#[test]
fn a_burst_is_saved_at_once_and_then_one_each_five_seconds() {
    // [P144]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    let mut version = 0;
    for id in 0..5 {
        version = server.saved(link, data(id, version, "{}"), "{}");
    }
    server.save(link, data(5, version, "[]"), "[]");
    server.pass(ms(4_999));
    assert_eq!(server.peer(link).version(5), None);
    assert_eq!(server.saves(), 5);
    server.pass(ms(1));
    let version = server.peer(link).version(5).unwrap();
    for id in 6..20 {
        server.saved(link, same(id, version + u64::from(id) - 6, "[]"), "");
    }
}

/// A session whose link is lost: "1" is saved under the version that is returned, and "2" waits for its turn.
fn with_a_save_that_waits() -> (Server, Welcome, u64) {
    let mut server = Server::with(Config {
        snapshot_burst: 1,
        ..Config::default()
    });
    let (link, welcome) = server.join(&[]);
    let version = server.saved(link, data(1, 0, "1"), "1");
    server.save(link, data(2, version, "2"), "2");
    server.lose(link);
    (server, welcome, version)
}

#[test]
fn a_save_that_waits_outlives_its_link() {
    // [P144]
    let (mut server, welcome, _) = with_a_save_that_waits();
    server.pass(secs(5));
    assert_eq!(server.node.active_sessions(), 0);
    let (link, _) = server.join_as(&[], restoring(&welcome, 2));
    assert_eq!(server.peer(link).state(), "2");
}

#[test]
fn a_save_that_waits_goes_with_its_owner() {
    // [P144]
    let (mut server, welcome, version) = with_a_save_that_waits();
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    server.pass(secs(10));
    assert_eq!(server.saves(), 1);
    server.saved(link, data(3, version, "3"), "3");
}

#[test]
fn a_new_link_brings_no_new_burst() {
    // [P144]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    let mut version = 0;
    for id in 0..5 {
        version = server.saved(link, data(id, version, "{}"), "{}");
    }
    server.lose(link);
    assert_eq!(server.node.active_sessions(), 0);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    server.save(link, data(9, version, "[]"), "[]");
    assert!(server.peer(link).answers().is_empty());
    server.pass(secs(5));
    assert_eq!(server.peer(link).answers(), [(9, None)]);
}

#[test]
fn a_server_that_stops_lets_nothing_wait() {
    // [P144]
    let mut server = Server::with(Config {
        snapshot_burst: 1,
        ..Config::default()
    });
    let (link, welcome) = server.join(&[]);
    let version = server.saved(link, data(1, 0, "1"), "1");
    server.save(link, data(2, version, "2"), "2");
    let other = server.open(&[]);
    server.hello(other, new_hello(OTHER));
    server.save(other, document(1, "a", 0, "a"), "a");
    server.save(other, document(2, "b", 0, "b"), "b");
    server.lose(other);
    server.stall_store();
    server.input(Input::Stop);
    assert!(server.node.pending() > 0);
    server.resume_store();
    assert_eq!(server.node.pending(), 0);
    server.restart();
    let (link, _) = server.join_as(&[], restoring(&welcome, 2));
    assert_eq!(server.peer(link).state(), "2");
    assert_eq!(server.document("b").unwrap().1, "b");
}
