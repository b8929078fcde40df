//! A session on the echo endpoint: greeting, resuming, taking over, ending.

use std::time::Duration;

use steadfast_protocol::frame::{self, Frame, Reason};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Came, TestServer, config, instance};

/// [P2] [P3] [P16] [P19] [P120]
#[tokio::test]
async fn a_new_session_is_welcomed_and_echoes() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    let welcome = &client.welcome;
    assert!(!welcome.resumed);
    assert_eq!(welcome.reason, Reason::New);
    assert_eq!(welcome.max_message, 1 << 20);
    assert_eq!(welcome.window, (4096, 1 << 20));
    assert_eq!(welcome.ttl, 120_000);
    assert!(!welcome.session.is_empty() && welcome.token.len() >= 22);
    for (number, text) in [
        (1, "hello"),
        (2, ""),
        (3, "\u{10}odd"),
        (4, "grüße 🙂"),
        (5, "PING"),
    ] {
        client.send(text).await;
        assert_eq!(client.message().await, (String::new(), number, text.into()));
    }
    client.settled().await;
    client
        .give_packed(&[frame::Message::Binary(&[0, 255])])
        .await;
    let binary = Came::Message(String::new(), 6, Message::binary(vec![0, 255]));
    assert_eq!(client.next().await, binary);
}

/// [P20] [P170] [P167] [P49]
#[tokio::test]
async fn after_a_cut_both_directions_go_on_where_they_were() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    for n in 1..=3 {
        client.send(&n.to_string()).await;
        client.message().await;
    }
    client.settled().await;
    client.hand("").await;
    client.send("4").await;
    client.cut();
    client.resume().await;
    assert!(client.welcome.resumed);
    assert_eq!(client.message().await, (String::new(), 4, "4".into()));
    client.settled().await;
    assert_eq!(client.acknowledged, 4);
}

/// [P49] [P50]
#[tokio::test]
async fn what_was_not_handed_over_comes_again() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    client.send("a").await;
    client.send("b").await;
    client.settled().await;
    client.cut();
    // As a page that has died and remembers nothing of what came.
    client.hello.positions.clear();
    client.resume().await;
    assert_eq!(client.message().await, (String::new(), 1, "a".into()));
    assert_eq!(client.message().await, (String::new(), 2, "b".into()));
}

/// [P27] [P28] [P29] [P162]
#[tokio::test]
async fn another_memory_takes_the_session_over() {
    let server = TestServer::start().await;
    let mut first = server.session().await;
    first.send("from the first").await;
    first.settled().await;
    let mut second = server.stranger();
    second.hello.session.clone_from(&first.hello.session);
    second.hello.token.clone_from(&first.hello.token);
    second.hello.claim = first.hello.claim;
    second.resume().await;
    assert!(second.welcome.resumed);
    assert_eq!(second.received(), 0, "its own count, not the first's");
    assert_eq!(first.refused().await, ("TAKEN_OVER".into(), 4409));
    let echo = (String::new(), 1, "from the first".into());
    assert_eq!(second.message().await, echo);

    // The first does not take it back.
    first.hello.claim = second.hello.claim - 1;
    first.open().await;
    first.greet().await;
    assert_eq!(first.refused().await, ("TAKEN_OVER".into(), 4409));
    second.send("still mine").await;
    assert_eq!(second.message().await.2, "still mine");
}

/// [P27]
#[tokio::test]
async fn a_stale_hello_of_the_same_memory_is_told_so() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    client.cut();
    client.hello.claim -= 1;
    client.open().await;
    client.greet().await;
    assert_eq!(client.refused().await, ("STALE".into(), 4410));
    client.resume().await;
    assert!(client.welcome.resumed);
}

/// [P21]
#[tokio::test]
async fn a_wrong_token_gives_a_new_session_and_leaves_the_old_one_alone() {
    let server = TestServer::start().await;
    let mut owner = server.session().await;
    owner.send("mine").await;
    owner.settled().await;
    for (session, token, reason) in [
        (
            owner.hello.session.clone(),
            Some("x".repeat(32)),
            Reason::Token,
        ),
        (
            Some("unknown".into()),
            Some("x".repeat(32)),
            Reason::Unknown,
        ),
    ] {
        let mut thief = server.stranger();
        (thief.hello.session, thief.hello.token, thief.hello.claim) = (session, token, 1000);
        thief.resume().await;
        assert_eq!(
            (thief.welcome.resumed, thief.welcome.reason),
            (false, reason)
        );
        assert_ne!(thief.welcome.session, owner.welcome.session);
        assert_eq!(thief.received(), 0);
    }
    assert_eq!(owner.message().await.2, "mine");
    owner.cut();
    owner.resume().await;
    assert!(owner.welcome.resumed);
}

/// [P24]
#[tokio::test]
async fn a_lost_welcome_strands_nobody() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    let token = client.hello.token.clone();
    client.cut();
    client.open().await;
    client.greet().await;
    let welcome = client.next().await;
    assert!(
        matches!(welcome, Came::Control(Frame::Welcome(_))),
        "{welcome:?}"
    );
    client.cut();
    client.hello.token = token;
    client.resume().await;
    assert!(client.welcome.resumed, "with the token from before");
}

/// [P96]
#[tokio::test]
async fn an_ended_session_is_gone() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    client.send("last words").await;
    client.control(Frame::End).await;
    while !matches!(client.next().await, Came::Closed(_) | Came::Lost) {}
    client.resume().await;
    assert_eq!(
        (client.welcome.resumed, client.welcome.reason),
        (false, Reason::Unknown)
    );
}

/// [P162]
#[tokio::test]
async fn another_memory_counts_for_itself() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    client.send("a").await;
    client.settled().await;
    let first = client.hello.memories[0].clone();
    client.cut();
    client.remember(&instance());
    (client.acknowledged, client.unacknowledged) = (0, Default::default());
    client.resume().await;
    assert_eq!(client.received(), 0);
    client.cut();
    client.remember(&first);
    client.acknowledged = 1;
    client.resume().await;
    assert_eq!(client.received(), 1);
}

/// [P60] [P61] [P64]
#[tokio::test]
async fn a_unit_counts_whole_and_comes_back_as_units() {
    let (server, gate) = TestServer::with_gate(config()).await;
    gate.delay(Duration::from_millis(2));
    let mut client = server.session().await;
    let texts: Vec<String> = (0..1000).map(|n| format!("message {n}")).collect();
    client.send_all(&texts).await;
    for text in &texts {
        assert_eq!(client.message().await.2, *text);
    }
    client.settled().await;
    let alone = client.came.get("message").copied().unwrap_or(0);
    let units = client.came["texts"];
    assert!(
        alone + units <= 100,
        "{alone} messages alone, {units} units"
    );

    let binaries: Vec<[u8; 4]> = (0..100_u32).map(u32::to_be_bytes).collect();
    let unit: Vec<_> = binaries
        .iter()
        .map(|bytes| frame::Message::Binary(bytes))
        .collect();
    client.give_packed(&unit).await;
    for bytes in binaries {
        loop {
            match client.next().await {
                Came::Message(_, _, message) => {
                    assert_eq!(message, Message::binary(bytes.to_vec()));
                    break;
                }
                Came::Stored(_) | Came::From(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// [P86]
#[tokio::test]
async fn a_ping_of_the_protocol_is_answered_by_its_id() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    client.control(Frame::Ping(frame::Ping { id: 7 })).await;
    let pong = Frame::Pong(frame::Ping { id: 7 });
    assert_eq!(client.next().await, Came::Control(pong));
}

/// [P95]
#[tokio::test]
async fn faults_reach_session_links_and_their_rooms() {
    let server = TestServer::with_chaos().await;
    let mut member = server.session_in("lobby").await;
    let cut = serde_json::json!({"kind": "cut"});
    let (_, affected) = server
        .order(serde_json::json!({"room": "lobby"}), cut)
        .await;
    assert_eq!(affected, 1);
    assert_eq!(member.next_but_from().await, Came::Lost);
    member.resume().await;
    assert!(member.welcome.resumed);
    let close = serde_json::json!({"kind": "close", "code": 1011, "reason": "because"});
    server.order("all".into(), close).await;
    assert_eq!(member.next_but_from().await, Came::Closed(1011));
}
