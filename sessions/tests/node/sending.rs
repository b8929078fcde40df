//! What the application sends from outside a handler.

use steadfast_sessions::io::{Config, Effect, SendRefusal};
use steadfast_sessions::payload::Payload;
use steadfast_sessions::store::Request;

use crate::support::{INSTANCE, Server, Store, ms, resuming};

fn send(session: &str, text: &str) -> Effect {
    Effect::Send {
        session: session.into(),
        payload: Payload::text(text),
    }
}

#[test]
fn the_sender_learns_that_it_is_stored() {
    // [P46]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.stall_store();
    server.send(1, send(&welcome.session, "one"));
    assert!(server.sent.is_empty());
    assert!(server.peer(link).messages.is_empty());
    server.resume_store();
    assert_eq!(server.sent, [(1, Ok(()))]);
    assert_eq!(server.peer(link).texts(), ["one"]);
}

#[test]
fn the_sender_learns_why_it_is_not() {
    let mut server = Server::with(Config {
        max_message: 10,
        outbox_messages: 2,
        ..Config::default()
    });
    let (_, welcome) = server.join(&[]);
    server.send(1, send("nobody", "one"));
    server.send(2, send(&welcome.session, "0123456789a"));
    for request in 3..=5 {
        server.send(request, send(&welcome.session, "x"));
    }
    server.store = Store::Failing;
    server.send(6, send(&welcome.session, "x"));
    assert_eq!(
        server.sent,
        [
            (1, Err(SendRefusal::Unknown)),
            (2, Err(SendRefusal::TooLarge)),
            (3, Ok(())),
            (4, Ok(())),
            (5, Err(SendRefusal::Full)),
            (6, Err(SendRefusal::Unavailable)),
        ]
    );
}

#[test]
fn what_is_sent_while_the_store_writes_goes_into_the_next_write() {
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.stall_store();
    for request in 1..=10 {
        server.send(request, send(&welcome.session, &request.to_string()));
    }
    assert_eq!(server.waiting(), 1);
    server.resume_store();
    let sends = server.requests.iter();
    let sends = sends.filter(|request| matches!(request, Request::Send { .. }));
    assert_eq!(sends.count(), 2);
    assert_eq!(server.peer(link).texts().len(), 10);
    let answered: Vec<_> = server.sent.iter().map(|(request, _)| *request).collect();
    assert_eq!(answered, (1..=10).collect::<Vec<_>>());
}

#[test]
fn no_more_waits_than_fits() {
    let mut server = Server::new();
    let (_, welcome) = server.join(&[]);
    server.stall_store();
    for request in 0..5_000 {
        server.send(request, send(&welcome.session, "x"));
    }
    let refused = (4_097..5_000).map(|request| (request, Err(SendRefusal::Unavailable)));
    assert_eq!(server.sent, refused.collect::<Vec<_>>());
}

#[test]
fn what_may_have_been_stored_comes_down_all_the_same() {
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.store = Store::Mute;
    server.send(1, send(&welcome.session, "one"));
    assert_eq!(server.sent, [(1, Err(SendRefusal::Unavailable))]);
    server.store = Store::Prompt;
    server.pass(ms(10_000));
    assert_eq!(server.peer(link).texts(), ["one"]);
    server.lose(link);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(server.peer(link).texts(), ["one"]);
}
