//! A store that stalls or fails, and what the clients see of it.

use std::time::Duration;

use steadfast_protocol::frame::{Frame, Ping};
use steadfast_server::Config;

use crate::support::{Came, TestServer, config};

/// A ping each 100 ms, answered within 300 ms: what hangs is noticed long before the stall is over.
fn impatient() -> Config {
    let mut config = config();
    config.deadlines.ping = Duration::from_millis(100);
    config.sessions.ping_timeout = Duration::from_millis(300);
    config.sessions.window.messages = 64;
    config
}

/// How many pings of the server a stall lasts: 12 unless `STEADFAST_STALL_PINGS` says otherwise.
fn stall() -> u64 {
    let set = std::env::var("STEADFAST_STALL_PINGS").ok();
    set.map_or(12, |pings| {
        pings.parse().expect("STEADFAST_STALL_PINGS is a number")
    })
}

/// [P84] [P86] [P111]
#[tokio::test]
async fn a_stalled_store_closes_nothing_and_loses_nothing() {
    let (server, gate) = TestServer::with_gate(impatient()).await;
    let mut client = server.session().await;
    gate.shut();
    let texts: Vec<String> = (1..=64).map(|n| n.to_string()).collect();
    client.send_all(&texts).await;
    client.pinged(stall()).await;
    let ping = Ping { id: 77 };
    client.control(Frame::Ping(ping)).await;
    assert_eq!(client.next().await, Came::Control(Frame::Pong(ping)));
    // One for the session's messages; the others are the node's own, each at most one at a time.
    let waiting = gate.waiting();
    assert!(waiting <= 3, "{waiting} requests have piled up");
    gate.open();
    for text in texts {
        assert_eq!(client.message().await.2, text);
    }
    client.settled().await;
    assert_eq!(client.came.get("close"), None);
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_it_is_writing() {
    let (mut server, gate) = TestServer::with_gate(config()).await;
    let mut client = server.session().await;
    gate.shut();
    client.send("a").await;
    gate.entered().await;
    server.begin_stop();
    while client.next().await != Came::Closed(1001) {}
    client.cut();
    let stopped = async {
        server.stopped().await;
        gate.waiting()
    };
    let opened = async {
        // A server that does not wait for its store is gone by then.
        tokio::time::sleep(Duration::from_millis(200)).await;
        gate.open();
    };
    let (waiting, ()) = tokio::join!(stopped, opened);
    assert_eq!(waiting, 0);
    let server = TestServer::with_store(config(), &gate).await;
    client.move_to(&server.address.to_string());
    client.resume().await;
    assert_eq!((client.welcome.resumed, client.received()), (true, 1));
    assert_eq!(client.message().await, (String::new(), 1, "a".into()));
}

/// [P111]
#[tokio::test]
async fn a_store_that_fails_for_a_while_is_asked_again() {
    let (server, gate) = TestServer::with_gate(config()).await;
    let mut client = server.session().await;
    gate.fail(3);
    client.send("a").await;
    assert_eq!(client.message().await, (String::new(), 1, "a".into()));
    client.settled().await;
}

/// [P167]
#[tokio::test]
async fn a_write_whose_answer_is_lost_is_not_done_twice() {
    let (server, gate) = TestServer::with_gate(config()).await;
    let mut client = server.session().await;
    for n in 1..=10 {
        gate.lose_answers(1 + n % 3);
        client.send(&n.to_string()).await;
        assert_eq!(client.message().await, (String::new(), n, n.to_string()));
        client.settled().await;
    }
}

/// [P111]
#[tokio::test]
async fn a_store_that_is_gone_turns_hellos_away() {
    let (server, gate) = TestServer::with_gate(config()).await;
    let mut client = server.stranger();
    gate.fail(u64::MAX);
    client.open().await;
    client.greet().await;
    assert_eq!(client.refused().await, ("UNAVAILABLE".into(), 4503));
    gate.fail(0);
    client.resume().await;
}
