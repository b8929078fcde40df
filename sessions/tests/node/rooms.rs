//! Rooms: stored once, sent to all.

use steadfast_protocol::frame::Hello;
use steadfast_sessions::io::{Config, Effect, Target};
use steadfast_sessions::payload::Payload;

use crate::support::{Handler, INSTANCE, OTHER, Server, Store, new_hello, resuming};

fn bert() -> Hello {
    Hello {
        auth: Some("bert".into()),
        ..new_hello(OTHER)
    }
}

#[test]
fn everybody_gets_everything_in_one_order() {
    // [P45] [P48]
    let mut server = Server::new();
    server.handler = Handler::Publish("lobby".into());
    let (anna, _) = server.join(&["lobby"]);
    let (bert, _) = server.join_as(&["lobby"], bert());
    for n in 0..50 {
        server.text(anna, &format!("a{n}"));
        server.text(bert, &format!("b{n}"));
    }
    assert_eq!(server.peer(anna).texts().len(), 100);
    assert_eq!(server.peer(anna).messages, server.peer(bert).messages);
    assert_eq!(server.rows(b'm'), 100, "stored once");
}

#[test]
fn a_room_begins_for_a_session_when_it_joins() {
    // [P54]
    let mut server = Server::new();
    server.publish("lobby", "before");
    let (link, _) = server.join(&["lobby"]);
    assert_eq!(server.peer(link).froms(), [("lobby", 2, Some("joined"))]);
    server.publish("lobby", "after");
    assert_eq!(server.peer(link).texts(), ["after"]);
}

#[test]
fn who_was_away_gets_what_it_missed() {
    // [P49] [P54]
    let mut server = Server::new();
    let (link, welcome) = server.join(&["lobby"]);
    server.publish("lobby", "1");
    let position = (server.peer(link).epochs["lobby"], 1);
    server.lose(link);
    server.publish("lobby", "2");
    server.publish("lobby", "3");
    let hello = Hello {
        positions: [("lobby".to_owned(), position)].into(),
        ..resuming(&welcome, INSTANCE, 2)
    };
    let (link, _) = server.join_as(&["lobby"], hello);
    assert_eq!(server.peer(link).froms(), [("lobby", 2, None)]);
    assert_eq!(server.peer(link).texts(), ["2", "3"]);
}

#[test]
fn what_a_room_no_longer_has_is_a_gap() {
    // [P53]
    let mut server = Server::with(Config {
        room_messages: 2,
        ..Config::default()
    });
    let (link, welcome) = server.join(&["lobby"]);
    server.publish("lobby", "1");
    let position = (server.peer(link).epochs["lobby"], 1);
    server.lose(link);
    for text in ["2", "3", "4", "5"] {
        server.publish("lobby", text);
    }
    let hello = Hello {
        positions: [("lobby".to_owned(), position)].into(),
        ..resuming(&welcome, INSTANCE, 2)
    };
    let (link, _) = server.join_as(&["lobby"], hello);
    assert_eq!(server.peer(link).froms(), [("lobby", 4, Some("overflow"))]);
    assert_eq!(server.peer(link).texts(), ["4", "5"]);
}

#[test]
fn a_handler_subscribes_and_unsubscribes() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    let session: steadfast_sessions::io::SessionId = welcome.session.as_str().into();
    let room = "lobby".to_owned();
    let publish = |text: &str| Effect::Publish {
        room: "lobby".into(),
        payload: Payload::text(text),
    };
    server.text(link, "in");
    server.finish(vec![
        publish("too early"),
        Effect::Subscribe {
            session: session.clone(),
            room: room.clone(),
        },
        publish("first"),
    ]);
    server.publish("lobby", "second");
    assert_eq!(server.peer(link).texts(), ["first", "second"]);
    assert_eq!(server.peer(link).froms(), [("lobby", 2, Some("joined"))]);
    server.text(link, "out");
    server.finish(vec![
        Effect::Unsubscribe { session, room },
        publish("too late"),
    ]);
    server.publish("lobby", "later still");
    assert_eq!(server.peer(link).texts(), ["first", "second"]);
    assert_eq!(server.peer(link).closed, None);
}

/// All in one commit, of which something else is refused.
#[test]
fn who_leaves_and_joins_again_is_a_member() {
    // [P54]
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&["lobby"]);
    let (session, room) = (welcome.session.as_str(), "lobby");
    server.text(link, "again");
    server.finish(vec![
        Effect::Unsubscribe {
            session: session.into(),
            room: room.into(),
        },
        Effect::Subscribe {
            session: session.into(),
            room: room.into(),
        },
        Effect::Send {
            session: OTHER.into(),
            payload: Payload::text("to nobody"),
        },
        Effect::Publish {
            room: room.into(),
            payload: Payload::text("first"),
        },
    ]);
    server.publish(room, "second");
    assert_eq!(server.peer(link).end(), ("STALE", 4410));
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    assert_eq!(server.peer(link).texts(), ["first", "second"]);
}

#[test]
fn a_subscription_that_was_made_without_a_word_is_served() {
    let mut server = Server::new();
    server.handler = Handler::Keep;
    let (link, welcome) = server.join(&[]);
    server.text(link, "in");
    server.store = Store::Mute;
    let session = welcome.session.as_str().into();
    let room = "lobby".into();
    server.finish(vec![Effect::Subscribe { session, room }]);
    server.store = Store::Prompt;
    server.publish("lobby", "before its answer");
    server.pass(crate::support::ms(100));
    server.publish("lobby", "after it");
    assert_eq!(server.peer(link).texts(), ["before its answer", "after it"]);
}

#[test]
fn a_subscription_made_while_its_session_says_hello_is_not_forgotten() {
    for old_link_is_lost in [true, false] {
        let mut server = Server::new();
        let (old, welcome) = server.join(&[]);
        if old_link_is_lost {
            server.lose(old);
        }
        server.stall_store();
        let link = server.open(&[]);
        server.hello(link, resuming(&welcome, INSTANCE, 2));
        let session = welcome.session.as_str().into();
        let room = "lobby".into();
        server.send(1, Effect::Subscribe { session, room });
        server.answer_backwards();
        assert_eq!(server.peer(link).end(), ("UNAVAILABLE", 4503));
        let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 3));
        server.publish("lobby", "hello");
        assert_eq!(server.peer(link).texts(), ["hello"]);
    }
}

/// However many others are saying hello all the time.
#[test]
fn a_subscription_that_was_there_before_the_hello_refuses_nobody() {
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.lose(link);
    server.stall_store();
    let session = welcome.session.as_str().into();
    let room = "lobby".into();
    server.send(1, Effect::Subscribe { session, room });
    let other = server.open(&[]);
    server.hello(other, bert());
    assert!(server.answer_one());
    let link = server.open(&[]);
    server.hello(link, resuming(&welcome, INSTANCE, 2));
    server.resume_store();
    server.publish("lobby", "hello");
    assert_eq!(server.peer(link).texts(), ["hello"]);
}

#[test]
fn rows_whose_answers_come_in_another_order_are_sent_in_theirs() {
    // [P48]
    let mut server = Server::new();
    server.handler = Handler::Publish("lobby".into());
    let (anna, _) = server.join(&["lobby"]);
    let (bert, _) = server.join_as(&["lobby"], bert());
    server.publish("lobby", "0");
    server.stall_store();
    server.text(anna, "a");
    server.text(bert, "b");
    while server.waiting() > 0 {
        server.answer_backwards();
        server.stall_store();
    }
    server.resume_store();
    for link in [anna, bert] {
        assert_eq!(server.peer(link).numbers("lobby"), [1, 2, 3]);
        assert_eq!(server.peer(link).texts().len(), 3);
    }
    assert_eq!(server.peer(anna).texts(), server.peer(bert).texts());
}

#[test]
fn what_was_published_while_a_hello_waited_is_not_missed() {
    let mut server = Server::new();
    let (link, welcome) = server.join(&["lobby"]);
    server.lose(link);
    server.stall_store();
    let link = server.open(&["lobby"]);
    server.hello(link, resuming(&welcome, INSTANCE, 2));
    server.publish("lobby", "after the claim");
    // The room's row is known before the claim's answer is.
    server.answer_backwards();
    assert_eq!(server.peer(link).texts(), ["after the claim"]);
}

#[test]
fn a_volatile_message_reaches_those_who_are_there() {
    // [P58]
    let mut server = Server::new();
    let (anna, _) = server.join(&["lobby"]);
    let (bert, _) = server.join_as(&["lobby"], bert());
    server.lose(bert);
    let (outside, _) = server.join(&[]);
    let to = Target::Room("lobby".into());
    let payload = Payload::text("!");
    server.send(3, Effect::Volatile { to, payload });
    assert_eq!(server.sent, [(3, Ok(()))]);
    assert_eq!(server.peer(anna).texts(), ["!"]);
    assert!(server.peer(outside).messages.is_empty());
}

#[test]
fn what_is_missing_since_a_room_was_joined_is_a_gap() {
    // [P53] [P54]
    let mut server = Server::with(Config {
        room_messages: 2,
        ..Config::default()
    });
    server.stall_store();
    let link = server.open(&["lobby"]);
    server.hello(link, new_hello(INSTANCE));
    for text in ["1", "2", "3", "4"] {
        server.publish("lobby", text);
    }
    server.answer_backwards();
    assert_eq!(server.peer(link).froms(), [("lobby", 3, Some("overflow"))]);
    assert_eq!(server.peer(link).texts(), ["3", "4"]);
}
