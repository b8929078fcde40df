//! A store that is slow, fails, or does not say what it did.

use steadfast_protocol::frame::{Frame, Ping, Reason, SaveRefusal};
use steadfast_sessions::store::Request;

use crate::support::{
    Handler, INSTANCE, Server, Store, data, document, ms, new_hello, received, resuming, secs,
};

#[test]
fn a_stalled_store_closes_no_link_and_fills_no_memory() {
    // [P84] [P111]
    let mut server = Server::new();
    let (link, welcome) = server.join(&["lobby"]);
    server.stall_store();
    for n in 0..4_096 {
        server.text(link, "x");
        if n % 64 == 0 {
            server.pass(ms(500));
            server.control(link, Frame::Ping(Ping { id: n }));
        }
    }
    assert_eq!(server.peer(link).closed, None);
    assert_eq!(server.peer(link).stored(), None);
    assert!(server.waiting() <= 3, "{} requests wait", server.waiting());
    server.resume_store();
    server.pass(secs(1));
    assert_eq!(server.peer(link).stored(), Some(4_096));
    assert_eq!(server.deliveries.len(), 4_096);
    let _ = welcome;
}

#[test]
fn what_failed_is_asked_again_until_it_is_done() {
    // [P111]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.store = Store::Failing;
    server.text(link, "one");
    server.pass(secs(30));
    let asked = server.requests.iter();
    let asked = asked.filter(|it| matches!(it, Request::Append(_))).count();
    // At 0, 0.1, 0.3, 0.7, 1.5, 3.1 and 6.3 s, and then every 5 s.
    assert_eq!(asked, 7 + 4);
    assert_eq!(server.peer(link).closed, None);
    server.store = Store::Prompt;
    server.control(link, Frame::Ask);
    server.pass(secs(6));
    assert_eq!(server.peer(link).texts(), ["one"]);
    assert_eq!(server.peer(link).stored(), Some(1));
}

#[test]
fn what_was_done_without_a_word_is_not_done_twice() {
    // [P167]
    let mut server = Server::new();
    let (link, _) = server.join(&["lobby"]);
    server.store = Store::Mute;
    server.text(link, "one");
    server.pass(ms(99));
    server.store = Store::Prompt;
    server.pass(ms(10));
    server.store = Store::Mute;
    server.text(link, "two");
    server.store = Store::Prompt;
    server.pass(secs(1));
    let numbers: Vec<_> = server.deliveries.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(server.peer(link).texts(), ["one", "two"]);
}

#[test]
fn a_commit_that_was_done_without_a_word_echoes_once() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&["lobby"]);
    server.text(link, "one");
    server.store = Store::Mute;
    let payload = steadfast_sessions::Payload::text("echo");
    server.finish(vec![
        steadfast_sessions::io::Effect::Send {
            session: welcome.session.as_str().into(),
            payload: payload.clone(),
        },
        steadfast_sessions::io::Effect::Publish {
            room: "lobby".into(),
            payload,
        },
    ]);
    assert!(server.peer(link).messages.is_empty());
    server.store = Store::Prompt;
    server.pass(secs(1));
    assert_eq!(server.peer(link).texts(), ["echo", "echo"]);
    assert_eq!((server.rows(b'o'), server.rows(b'm')), (1, 1));
}

/// A claim that nobody is told of lies between the two.
#[test]
fn what_was_stored_without_a_word_and_is_refused_now_is_handled() {
    let mut server = Server::new();
    let (link, first) = server.join(&[]);
    server.store = Store::Mute;
    server.text(link, "one");
    server.stall_store();
    let other = server.open_as(&[], resuming(&first, INSTANCE, 2));
    server.lose(other);
    server.carry_out_all();
    while server.fail_last() {}
    server.store = Store::Prompt;
    server.pass(secs(1));
    assert_eq!(server.peer(link).end(), ("TAKEN_OVER", 4409));
    let numbers: Vec<_> = server.deliveries.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [1]);
    server.pass(secs(1));
    assert_eq!(server.node.active_sessions(), 0);
    assert_eq!(server.node.pending(), 0);
}

#[test]
fn a_hello_that_the_store_fails_on_is_refused() {
    // [P111]
    let mut server = Server::new();
    server.store = Store::Failing;
    let link = server.open(&[]);
    server.hello(link, new_hello(INSTANCE));
    assert_eq!(server.peer(link).closed, None);
    server.pass(secs(1));
    assert_eq!(server.peer(link).end(), ("UNAVAILABLE", 4503));
    let claims = server.requests.iter();
    assert_eq!(
        claims.filter(|it| matches!(it, Request::Claim(_))).count(),
        3
    );
}

#[test]
fn a_hello_that_the_store_is_silent_on_is_refused() {
    let mut server = Server::new();
    server.stall_store();
    let link = server.open(&[]);
    server.hello(link, new_hello(INSTANCE));
    server.pass(secs(10));
    assert_eq!(server.peer(link).end(), ("UNAVAILABLE", 4503));
    server.resume_store();
    assert_eq!(server.node.active_sessions(), 0, "nobody owns it");
    assert_eq!(server.node.pending(), 0);
}

#[test]
fn a_claim_that_was_done_without_a_word_is_the_hellos() {
    let mut server = Server::new();
    let (link, first) = server.join(&[]);
    server.text(link, "one");
    server.lose(link);
    server.store = Store::Mute;
    let link = server.open(&[]);
    server.hello(link, resuming(&first, INSTANCE, 2));
    server.store = Store::Prompt;
    server.pass(ms(100));
    let welcome = server.welcome(link);
    assert_eq!((welcome.resumed, received(&welcome)), (true, 1));
    server.text(link, "two");
    assert_eq!(server.peer(link).texts(), ["one", "two"]);
}

#[test]
fn a_session_that_cannot_be_read_gives_way_to_a_new_one() {
    // [P21]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    server.spoil_all(b's');
    server.text(link, "two");
    assert_eq!(server.peer(link).end(), ("UNAVAILABLE", 4503));
    assert!(server.told("cannot be read"));
    let (link, other) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(other.reason, Reason::Corrupt);
    server.text(link, "two");
    assert_eq!(server.peer(link).texts(), ["two"]);
}

#[test]
fn a_restart_that_fails_to_find_its_work_tries_again() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, _) = server.join(&[]);
    server.text(link, "one");
    server.deliveries.clear();
    server.store = Store::Failing;
    server.restart();
    assert!(server.deliveries.is_empty());
    server.store = Store::Prompt;
    server.pass(secs(1));
    assert_eq!(server.deliveries.len(), 1);
}

#[test]
fn a_save_that_failed_is_asked_again_and_done_once() {
    // [P111] [P133]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.store = Store::Failing;
    server.save(link, data(1, 0, "{}"), "{}");
    server.pass(secs(3));
    assert!(server.peer(link).answers().is_empty());
    server.store = Store::Mute;
    server.pass(secs(5));
    server.store = Store::Prompt;
    server.pass(secs(5));
    let version = server.peer(link).version(1).unwrap();
    assert_eq!(server.document("notes"), None);
    server.saved(link, data(2, version, "[]"), "[]");
    assert_eq!(server.peer(link).closed, None);
}

#[test]
fn nobody_saves_again_for_an_owner_that_is_gone() {
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.store = Store::Failing;
    server.save(link, document(1, "notes", 0, "old"), "old");
    server.lose(link);
    server.store = Store::Prompt;
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    server.pass(secs(10));
    let version = server.saved(link, document(1, "notes", 0, "new"), "new");
    assert_eq!(server.document("notes"), Some((version, "new".into())));
}

#[test]
fn a_stalled_store_is_asked_for_one_save_and_messages_go_on() {
    // [P84] [P143]
    let mut server = Server::new();
    server.handler = Handler::Swallow;
    let (link, _) = server.join(&[]);
    server.stall_store();
    server.save(link, data(1, 0, "1"), "1");
    server.save(link, data(2, 0, "2"), "2");
    server.text(link, "one");
    server.control(link, Frame::Ask);
    assert_eq!(server.waiting(), 2, "a save and an append");
    server.answer_backwards();
    assert_eq!(server.peer(link).stored(), Some(1));
    assert_eq!(server.peer(link).answers().len(), 2);
}

#[test]
fn a_session_that_cannot_be_read_saves_nothing_and_says_so() {
    // [P142]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.spoil_all(b's');
    server.save(link, data(1, 0, "{}"), "{}");
    assert_eq!(
        server.peer(link).answers(),
        [(1, Some(SaveRefusal::Unavailable))]
    );
    assert!(server.told("a snapshot was not saved"));
    server.saved(link, document(2, "notes", 0, "{}"), "{}");
}
