//! Each mistake that can be planted in the node changes what a client sees.

use steadfast_sessions::io::{Config, OutboxOverflow};
use steadfast_sessions::planted::{Bug, plant};
use steadfast_sessions::store::Request;

use crate::support::{INSTANCE, Server, new_hello, received, resuming};

fn with(bug: Bug, config: Config) -> Server {
    plant(Some(bug));
    Server::with(config)
}

#[test]
fn an_acknowledgement_before_the_sync() {
    let mut server = with(Bug::AckBeforeSync, Config::default());
    let (link, _) = server.join(&[]);
    server.stall_store();
    server.text(link, "one");
    assert_eq!(server.peer(link).stored(), Some(1));
    server.text(link, "two");
    server.resume_store();
    assert_eq!(server.peer(link).stored(), Some(2));
    assert_eq!(server.peer(link).texts(), ["one", "two"]);
}

#[test]
fn a_welcome_before_the_sync() {
    let mut server = with(Bug::WelcomeBeforeSync, Config::default());
    server.stall_store();
    let (link, welcome) = server.join(&[]);
    server.text(link, "early");
    server.resume_store();
    assert_eq!(server.peer(link).texts(), ["early"]);
    server.lose(link);
    let (_, again) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!((again.resumed, received(&again)), (true, 1));
}

#[test]
fn a_number_at_hand_over() {
    let mut server = with(Bug::DownwardNumberAtHandover, Config::default());
    let (link, welcome) = server.join(&[]);
    server.send_to(&welcome.session, "lost on its way");
    server.lose(link);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(server.peer(link).numbers(""), [2]);
    server.handed(link, "", 2);
    assert_eq!(server.peer(link).closed, None);
}

#[test]
fn a_window_ignored() {
    let config = Config {
        outbox_overflow: OutboxOverflow::Refuse,
        ..Config::default()
    };
    let mut server = with(Bug::WindowIgnored, config);
    let mut hello = new_hello(INSTANCE);
    hello.window = Some((1, 100));
    let (link, welcome) = server.join_as(&[], hello);
    for text in ["1", "2", "3"] {
        server.send_to(&welcome.session, text);
    }
    assert_eq!(server.peer(link).texts(), ["1", "2", "3"]);
}

#[test]
fn an_echo_outside_the_commit() {
    let mut server = with(Bug::EchoOutsideCommit, Config::default());
    let (link, _) = server.join(&[]);
    server.text(link, "one");
    assert_eq!(server.peer(link).texts(), ["one"]);
    let sent = server.requests.iter();
    let sent = sent.filter(|it| matches!(it, Request::Send { .. })).count();
    assert_eq!(sent, 1);
}
