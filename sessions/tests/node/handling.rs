//! The application's handler.

use steadfast_protocol::frame::Hello;
use steadfast_sessions::io::{Config, Effect, OutboxOverflow, Outcome, SessionId, Target};
use steadfast_sessions::payload::Payload;
use steadfast_sessions::store::Request;

use crate::support::{Handler, INSTANCE, Server, ms, resuming, secs};

fn send(session: &str, text: &str) -> Effect {
    Effect::Send {
        session: session.into(),
        payload: Payload::text(text),
    }
}

#[test]
fn messages_come_one_at_a_time() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    server.text(link, "two");
    assert_eq!(server.deliveries.len(), 1);
    let first = &server.deliveries[0];
    assert_eq!(*first.session, *welcome.session);
    assert_eq!((first.seq, first.number, &*first.memory), (1, 1, INSTANCE));
    assert_eq!(
        (first.user.as_str(), first.endpoint.as_str()),
        ("anna", "/ws")
    );
    server.finish(Vec::new());
    assert_eq!(server.deliveries.len(), 2);
    assert_eq!(server.deliveries[1].payload, Payload::text("two"));
}

#[test]
fn an_outcome_of_another_message_changes_nothing() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    let session: SessionId = welcome.session.as_str().into();
    server.handled(&session, 2, Outcome::Done(vec![send(&session, "no")]));
    server.handled(&"nobody".into(), 1, Outcome::Done(Vec::new()));
    server.finish(Vec::new());
    server.handled(&session, 1, Outcome::Done(vec![send(&session, "twice")]));
    assert!(server.peer(link).messages.is_empty());
}

#[test]
fn what_it_sends_is_committed_with_its_cursor() {
    // [P46]
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    server.stall_store();
    server.finish(vec![
        send(&welcome.session, "a"),
        send(&welcome.session, "b"),
    ]);
    assert!(
        server.peer(link).messages.is_empty(),
        "nothing comes down before it is synced"
    );
    let Some(Request::Commit(commit)) = server.requests.last() else {
        panic!("no commit");
    };
    assert_eq!(
        (commit.after, commit.up_to, commit.effects.len()),
        (0, 1, 2)
    );
    server.resume_store();
    assert_eq!(server.peer(link).texts(), ["a", "b"]);
}

#[test]
fn a_slow_store_gathers_what_the_handler_does() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, _) = server.join(&[]);
    for _ in 0..100 {
        server.text(link, "x");
    }
    server.stall_store();
    for _ in 0..100 {
        server.finish(Vec::new());
    }
    assert_eq!(server.waiting(), 1);
    server.resume_store();
    let commits = server.requests.iter().filter_map(|request| match request {
        Request::Commit(commit) => Some((commit.after, commit.up_to)),
        _ => None,
    });
    assert_eq!(commits.collect::<Vec<_>>(), [(0, 1), (1, 100)]);
}

#[test]
fn a_handler_that_fails_gets_the_message_again_later() {
    let mut server = Server::new();
    server.handler = Handler::Fail;
    let (link, _) = server.join(&[]);
    server.text(link, "one");
    server.text(link, "two");
    assert_eq!(server.deliveries.len(), 1);
    server.pass(ms(99));
    assert_eq!(server.deliveries.len(), 1);
    server.pass(ms(1));
    assert_eq!(server.deliveries.len(), 2);
    assert!(!server.deliveries[0].redelivered);
    assert!(server.deliveries[1].redelivered);
    server.handler = Handler::Echo;
    server.pass(ms(200));
    assert_eq!(server.peer(link).texts(), ["one", "two"]);
}

#[test]
fn a_message_that_always_fails_goes_to_the_dead_letters() {
    let mut server = Server::with(Config {
        attempts: 3,
        ..Config::default()
    });
    server.handler = Handler::Fail;
    let (link, _) = server.join(&[]);
    server.text(link, "poison");
    server.pass(ms(300));
    assert_eq!(server.deliveries.len(), 3);
    let dead = server.requests.iter().find_map(|request| match request {
        Request::Commit(commit) => commit.dead.first().cloned(),
        _ => None,
    });
    assert_eq!(dead, Some((1, "no".into())));
    server.handler = Handler::Echo;
    server.text(link, "good");
    assert_eq!(server.peer(link).texts(), ["good"]);
}

#[test]
fn what_cannot_be_sent_is_a_failure() {
    let mut server = Server::with(Config {
        max_message: 10,
        outbox_messages: 4,
        ..Config::default()
    });
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    server.finish(vec![send(&welcome.session, "0123456789a")]);
    assert!(server.told("above the limit"));
    server.pass(secs(1));
    server.finish(vec![send(&welcome.session, "x"); 5]);
    assert!(server.told("more than an outbox holds"));
    assert_eq!(server.deliveries.len(), 2);
}

#[test]
fn unhandled_messages_are_handled_after_a_restart_without_their_client() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    for text in ["one", "two", "three"] {
        server.text(link, text);
    }
    server.finish(vec![send(&welcome.session, "echo of one")]);
    assert_eq!(server.deliveries.len(), 2, "two is being handled");
    server.deliveries.clear();
    server.handler = Handler::Echo;
    server.restart();
    let handled: Vec<_> = server
        .deliveries
        .iter()
        .map(|it| (it.seq, it.redelivered))
        .collect();
    assert_eq!(handled, [(2, true), (3, true)]);
    assert_eq!(server.node.active_sessions(), 0);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(server.peer(link).texts(), ["echo of one", "two", "three"]);
}

#[test]
fn many_sessions_with_work_are_taken_up_a_part_at_a_time() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    for n in 0..1_000 {
        let (link, _) = server.join(&[]);
        server.text(link, &n.to_string());
    }
    assert_eq!(server.deliveries.len(), 1_000);
    server.deliveries.clear();
    server.restart();
    assert_eq!(server.deliveries.len(), 256 + 64 - 64);
    assert!(server.node.active_sessions() <= 320);
    let mut handled = 0;
    while handled < server.deliveries.len() {
        let (session, seq) = (server.deliveries[handled].session.clone(), 1);
        server.handled(&session, seq, Outcome::Done(Vec::new()));
        handled += 1;
    }
    assert_eq!(handled, 1_000);
    assert_eq!(server.node.active_sessions(), 0);
}

#[test]
fn an_echo_waits_for_room_in_the_outbox() {
    let mut server = Server::with(Config {
        outbox_messages: 4,
        outbox_overflow: OutboxOverflow::Refuse,
        ..Config::default()
    });
    let (link, _) = server.join(&[]);
    let mut handed = 0;
    for n in 1..=20 {
        server.text(link, &n.to_string());
        server.control(link, steadfast_protocol::frame::Frame::Ask);
        while server.peer(link).stored() != Some(n) {
            let last = server.peer(link).messages.len() as u64;
            assert!(last > handed, "nothing comes to hand over: {last}");
            handed = last;
            server.handed(link, "", handed);
        }
    }
    for _ in 0..20 {
        let last = server.peer(link).messages.len() as u64;
        server.handed(link, "", last);
    }
    let texts: Vec<String> = (1..=20).map(|n| n.to_string()).collect();
    assert_eq!(server.peer(link).texts(), texts);
    assert!(!server.told("refused"));
}

#[test]
fn a_client_that_takes_nothing_is_not_held_up_by_its_outbox() {
    // [P83]
    let mut server = Server::with(Config {
        outbox_messages: 4,
        outbox_overflow: OutboxOverflow::Refuse,
        ..Config::default()
    });
    let (link, welcome) = server.join(&[]);
    for n in 1..=4 {
        server.send_to(&welcome.session, &n.to_string());
    }
    server.lose(link);
    let hello = Hello {
        window: Some((0, 0)),
        ..resuming(&welcome, INSTANCE, 2)
    };
    let (link, _) = server.join_as(&[], hello);
    for n in 1..=20 {
        server.text(link, &n.to_string());
    }
    server.pass(ms(100));
    assert_eq!(server.peer(link).stored(), Some(20));
    assert_eq!(server.rows(b'o'), 4);
    server.lose(link);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 3));
    assert_eq!(server.peer(link).froms(), [("", 21, Some("overflow"))]);
    // Who takes messages is waited for again.
    server.text(link, "more");
    server.pass(secs(1));
    assert_eq!(server.peer(link).texts(), ["17", "18"]);
    server.handed(link, "", 22);
    server.handed(link, "", 24);
    server.pass(secs(1));
    assert_eq!(server.peer(link).texts(), ["17", "18", "19", "20", "more"]);
}

#[test]
fn a_full_outbox_of_an_absent_client_is_tried_again() {
    let mut server = Server::with(Config {
        outbox_messages: 4,
        ..Config::default()
    });
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    server.lose(link);
    for text in ["1", "2", "3", "4"] {
        server.send_to(&welcome.session, text);
    }
    server.finish(vec![send(&welcome.session, "echo")]);
    server.pass(secs(30));
    assert_eq!(server.node.active_sessions(), 1);
    // What the client did not fetch in two minutes goes, and the echo a little later.
    server.pass(secs(120));
    assert_eq!(server.node.active_sessions(), 0);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(server.peer(link).froms(), [("", 6, Some("expired"))]);
}

#[test]
fn volatile_effects_leave_after_the_commit() {
    // [P46]
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    server.stall_store();
    server.finish(vec![Effect::Volatile {
        to: Target::Session(welcome.session.as_str().into()),
        payload: Payload::text("now"),
    }]);
    assert!(server.peer(link).messages.is_empty());
    server.resume_store();
    assert_eq!(server.peer(link).texts(), ["now"]);
    assert_eq!(server.peer(link).messages[0].number, None);
}

#[test]
fn a_message_that_cannot_be_read_does_not_stop_those_behind_it() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    for text in ["one", "two", "three"] {
        server.text(link, text);
    }
    server.spoil(b'i', 2);
    server.deliveries.clear();
    server.handler = Handler::Echo;
    server.restart();
    let handled: Vec<_> = server.deliveries.iter().map(|it| it.seq).collect();
    assert_eq!(handled, [1, 3]);
    assert!(server.told("message 2 is dead"));
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(server.peer(link).texts(), ["one", "three"]);
}
