//! From a hello to a welcome.

use std::time::Duration;

use steadfast_protocol::frame::{Auth, Frame, Hello, Ping, Reason};
use steadfast_sessions::io::{AuthRefusal, Config, Input, LinkId, Wire};
use steadfast_sessions::store::Request;

use crate::support::{INSTANCE, OTHER, Server, new_hello, received, resuming, secs};

#[test]
fn a_first_hello_gets_a_new_session() {
    // [P19] [P120] [P123]
    let mut server = Server::new();
    let (_, welcome) = server.join(&[]);
    assert_eq!(welcome.reason, Reason::New);
    assert!(!welcome.resumed);
    assert_eq!(received(&welcome), 0);
    assert_eq!(welcome.window, (4_096, 1 << 20));
    assert_eq!(welcome.max_message, 1 << 20);
    assert_eq!(welcome.session.len(), 32);
    assert_eq!(welcome.token.len(), 32);
}

#[test]
fn a_welcome_says_what_the_client_may_rely_on() {
    // [P32]
    let mut server = Server::with(Config {
        ttl: secs(90),
        retry: Some(Duration::from_millis(50)),
        ..Config::default()
    });
    let hello = Hello {
        auth: Some("bert".into()),
        ..new_hello(INSTANCE)
    };
    let (_, welcome) = server.join_as(&[], hello);
    assert_eq!(
        (welcome.ttl, welcome.retry, welcome.user.as_str()),
        (90_000, Some(50), "bert")
    );
}

#[test]
fn of_the_clients_subprotocols_the_first_that_is_spoken_is_chosen() {
    // [P32]
    let chosen = |spoken: &[&str], offered: &[&str]| {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut server = Server::with(Config {
            protocols: names(spoken),
            ..Config::default()
        });
        let hello = Hello {
            protocols: names(offered),
            ..new_hello(INSTANCE)
        };
        server.join_as(&[], hello).1.protocol
    };
    assert_eq!(chosen(&["b", "c"], &["a", "c", "b"]), "c");
    assert_eq!(chosen(&["b"], &["a"]), "");
    assert_eq!(chosen(&[], &["a", "b"]), "a");
    assert_eq!(chosen(&[], &[]), "");
}

#[test]
fn a_hello_with_the_token_goes_on_with_the_session() {
    // [P20] [P24] [P162]
    let mut server = Server::new();
    let (link, first) = server.join(&[]);
    server.text(link, "one");
    server.lose(link);
    let (link, second) = server.join_as(&[], resuming(&first, INSTANCE, 2));
    assert!(second.resumed);
    assert_eq!(second.session, first.session);
    assert_ne!(second.token, first.token);
    assert_eq!(received(&second), 1);
    assert_eq!(
        server.peer(link).texts(),
        ["one"],
        "the echo was not acknowledged"
    );
}

#[test]
fn what_is_not_the_asked_for_session_is_a_new_one() {
    // [P21] [P25]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.text(link, "one");
    let good = resuming(&welcome, INSTANCE, 2);
    let unknown = Hello {
        session: Some("unknown".into()),
        ..good.clone()
    };
    let token = Hello {
        token: Some("wrong".into()),
        ..good.clone()
    };
    let user = Hello {
        auth: Some("bert".into()),
        ..good
    };
    for (hello, reason) in [
        (unknown, Reason::Unknown),
        (token, Reason::Token),
        (user, Reason::User),
    ] {
        let (_, other) = server.join_as(&[], hello);
        assert_eq!((other.reason, other.resumed), (reason, false));
        let told = other.memories.get(INSTANCE).map(|it| it.received);
        // [P161] [P162]: a memory is no part of a session.
        let expected = (reason != Reason::User).then_some([0, 1, 0]);
        assert_eq!(told, expected);
        assert_ne!(other.session, welcome.session);
        assert_eq!(server.peer(link).closed, None, "the owner is left alone");
    }
}

#[test]
fn a_lost_welcome_strands_nobody() {
    // [P24]
    let mut server = Server::new();
    let (link, first) = server.join(&[]);
    server.lose(link);
    let (link, lost) = server.join_as(&[], resuming(&first, INSTANCE, 2));
    server.lose(link);
    let (link, found) = server.join_as(&[], resuming(&first, INSTANCE, 3));
    assert!(found.resumed);
    server.lose(link);
    let (_, old) = server.join_as(&[], resuming(&lost, INSTANCE, 4));
    assert_eq!(
        old.reason,
        Reason::Token,
        "only the presented and the new one are good"
    );
}

#[test]
fn no_welcome_tells_of_a_claim_that_is_not_synced() {
    // [P16] [P17]
    let mut server = Server::new();
    server.stall_store();
    let link = server.open(&[]);
    server.hello(link, new_hello(INSTANCE));
    server.pass(secs(5));
    assert!(server.peer(link).raw.is_empty());
    server.resume_store();
    assert_eq!(server.peer(link).raw.len(), 1);
    server.welcome(link);
}

#[test]
fn a_hello_whose_link_is_gone_gets_no_answer_but_ends_the_old_link() {
    // [P18] [P28] [P29]
    let mut server = Server::new();
    let (old, welcome) = server.join(&[]);
    server.stall_store();
    let link = server.open(&[]);
    server.hello(link, resuming(&welcome, INSTANCE, 2));
    server.lose(link);
    server.resume_store();
    assert!(server.peer(link).raw.is_empty());
    assert_eq!(server.peer(old).end(), ("STALE", 4410));
}

#[test]
fn the_first_frame_is_a_hello_and_there_is_no_second() {
    // [P15] [P105] [P106] [P107]
    let mut server = Server::new();
    let early = server.open(&[]);
    server.wire(early, Wire::Text("hello?".into()));
    let ping = server.open(&[]);
    server.control(ping, Frame::Ping(Ping { id: 1 }));
    let (twice, _) = server.join(&[]);
    server.hello(twice, new_hello(INSTANCE));
    for link in [early, ping, twice] {
        assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    }
    let said = server.logs.iter().filter(|it| it.message.contains("4400"));
    let requests: Vec<_> = said.map(|it| it.request_id.clone()).collect();
    assert_eq!(requests, ["r1", "r2", "r3"], "one line for each");
}

#[test]
fn nothing_but_a_hello_comes_before_the_welcome() {
    // [P15]
    let mut server = Server::new();
    server.stall_store();
    for frame in [Frame::Ping(Ping { id: 1 }), Frame::Ask, Frame::End] {
        let link = server.open(&[]);
        server.hello(link, new_hello(INSTANCE));
        server.control(link, frame);
        assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    }
    let link = server.open(&[]);
    server.hello(link, new_hello(INSTANCE));
    server.text(link, "too early");
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    server.resume_store();
    assert!(server.deliveries.is_empty());
}

#[test]
fn an_error_has_the_one_form() {
    // [P106]
    let mut server = Server::new();
    let hello = Hello {
        request_id: Some("mine-1".into()),
        ..new_hello(INSTANCE)
    };
    let (link, _) = server.join_as(&[], hello);
    server.wire(link, Wire::Text("\u{10}nonsense 0".into()));
    let error = server
        .peer(link)
        .frames
        .iter()
        .find_map(|frame| match frame {
            Frame::Error(error) => Some(error.clone()),
            _ => None,
        });
    let error = error.unwrap();
    assert_eq!(error.error_code, "PROTOCOL");
    assert_eq!(error.request_id, "mine-1");
    assert_eq!(error.timestamp, "2023-11-14T22:13:21.000Z");
    assert_eq!(error.message, "no control frame has this name");
}

#[test]
fn a_link_without_a_hello_is_closed() {
    // [P16]
    let mut server = Server::new();
    let link = server.open(&[]);
    server.pass(Duration::from_millis(9_999));
    assert_eq!(server.peer(link).closed, None);
    server.pass(Duration::from_millis(1));
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
}

#[test]
fn credentials_are_judged_before_anything_is_asked() {
    // [P23]
    let mut server = Server::new();
    let before = server.requests.len();
    for (auth, end) in [
        ("wrong", ("UNAUTHORIZED", 4401)),
        ("unavailable", ("UNAVAILABLE", 4503)),
    ] {
        let link = server.open(&[]);
        let hello = Hello {
            auth: Some(auth.into()),
            ..new_hello(INSTANCE)
        };
        server.hello(link, hello);
        assert_eq!(server.peer(link).end(), end);
    }
    assert_eq!(server.requests.len(), before);
}

#[test]
fn credentials_that_nobody_judges_end_a_hello() {
    let mut server = Server::new();
    let link = server.open(&[]);
    let hello = Hello {
        auth: Some("slow".into()),
        ..new_hello(INSTANCE)
    };
    server.hello(link, hello);
    server.pass(secs(10));
    assert_eq!(server.peer(link).end(), ("UNAVAILABLE", 4503));
    server.input(Input::Authenticated {
        link,
        user: Ok("anna".into()),
    });
    assert!(
        !server
            .requests
            .iter()
            .any(|it| matches!(it, Request::Claim(_)))
    );
}

#[test]
fn fresh_credentials_are_those_of_the_same_user() {
    // [P33]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    let auth = |token: &str| {
        Frame::Auth(Auth {
            token: token.into(),
        })
    };
    server.control(link, auth("anna"));
    assert!(server.peer(link).frames.contains(&Frame::Authenticated));
    server.control(link, auth("bert"));
    assert_eq!(server.peer(link).end(), ("UNAUTHORIZED", 4401));

    let (link, _) = server.join(&[]);
    server.control(link, auth("wrong"));
    assert_eq!(server.peer(link).end(), ("UNAUTHORIZED", 4401));
}

#[test]
fn credentials_without_end_are_too_many() {
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    for _ in 0..5 {
        let token = "slow".into();
        server.control(link, Frame::Auth(Auth { token }));
    }
    assert_eq!(server.peer(link).end(), ("TOO_MANY", 4429));
}

#[test]
fn a_verdict_that_nobody_asked_for_changes_nothing() {
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    for user in [Err(AuthRefusal::Unauthorized), Ok("bert".into())] {
        server.input(Input::Authenticated { link, user });
    }
    let nobody = LinkId(99);
    let user = Ok("anna".into());
    server.input(Input::Authenticated { link: nobody, user });
    assert_eq!(server.peer(link).closed, None);
}

#[test]
fn a_flood_of_hellos_is_refused_before_it_fills_the_memory() {
    // [P110]
    let mut server = Server::new();
    server.stall_store();
    let mut refused = 0;
    for _ in 0..16_400 {
        let link = server.open(&[]);
        server.hello(link, new_hello(OTHER));
        refused += usize::from(server.peer(link).end() == ("TOO_MANY", 4429));
        // Even if none of them waits.
        server.lose(link);
    }
    assert_eq!(refused, 16);
}

#[test]
fn a_server_that_stops_closes_every_link_and_takes_no_new_one() {
    let mut server = Server::new();
    let (live, _) = server.join(&[]);
    let silent = server.open(&[]);
    server.input(Input::Stop);
    let late = server.open(&[]);
    for link in [live, silent, late] {
        assert_eq!(server.peer(link).end(), ("", 1001));
    }
    assert_eq!(server.node.pending(), 0);
}
