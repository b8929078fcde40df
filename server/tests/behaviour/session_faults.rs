//! What a session does with input that nobody should send.

use steadfast_protocol::frame::{Control, Frame, Ping, Position};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Came, Client, TestServer, config};

fn miscounted() -> String {
    let frame = Frame::Ping(Ping { id: 1 });
    Control { count: 5, frame }.encode()
}

/// [P5] [P9] [P11] [P105] [P108] [P121]
#[tokio::test]
async fn a_malformed_frame_closes_the_link_with_4400_and_keeps_the_session() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    let long_hello = format!(
        "\u{10}hello 0 {{\"instance\":\"{}\"}}",
        "x".repeat(64 << 10)
    );
    for bad in [
        "\u{10}",
        "\u{10}unheard 0",
        "\u{10}ping 0",
        "\u{10}ping 0 {}",
        "\u{10}ping x {\"id\":1}",
        "\u{10}ping 0 {\"id\":1",
        "\u{10}ping 0 {\"id\":-1}",
        "\u{10}hello 0 {}",
        "\u{10}welcome 0 {}",
        "\u{10}texts 0 1,1\u{10}a\u{10}",
        "\u{10}texts 0 2,1\u{10}a\u{10}b\u{10}",
        "\u{10}texts 0 99999999999999999999,1\u{10}a\u{10}b\u{10}",
        "\u{10}binaries 0 1",
        &miscounted(),
        &long_hello,
    ] {
        client.raw(Message::text(bad)).await;
        assert_eq!(
            client.refused().await,
            ("PROTOCOL".into(), 4400),
            "{bad:.40}"
        );
        client.resume().await;
        assert!(client.welcome.resumed, "{bad:.40}");
    }
    client.send("well").await;
    assert_eq!(client.message().await, (String::new(), 1, "well".into()));
}

/// [P65] [P105]
#[tokio::test]
async fn a_binary_unit_that_does_not_fit_its_lengths_counts_not_at_all() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    client.raw(Message::text("\u{10}binaries 0 2,2")).await;
    client.raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(client.refused().await, ("PROTOCOL".into(), 4400));
    client.resume().await;
    assert_eq!(client.received(), 0);
}

/// [P15] [P123]
#[tokio::test]
async fn anything_before_hello_is_refused() {
    let server = TestServer::start().await;
    for message in [
        Message::text("hello?"),
        Message::binary(vec![1]),
        Message::text("\u{10}ping 0 {\"id\":1}"),
        Message::text("\u{10}hello 0 {\"instance\":\"short\",\"claim\":1}"),
    ] {
        let mut client = server.stranger();
        client.open().await;
        client.raw(message).await;
        assert_eq!(client.refused().await, ("PROTOCOL".into(), 4400));
    }
}

/// [P15]
#[tokio::test]
async fn a_second_hello_is_refused() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    for _ in 0..1000 {
        client.greet().await;
    }
    assert_eq!(client.refused().await, ("PROTOCOL".into(), 4400));
    client.resume().await;
    assert!(client.welcome.resumed);
}

/// [P75]
#[tokio::test]
async fn an_acknowledgement_of_what_never_came_is_refused() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    client.send("a").await;
    client.message().await;
    let (epoch, _) = client.hello.positions[""];
    let (stream, number) = (String::new(), 2);
    client
        .control(Frame::Handed(Position {
            stream,
            epoch,
            number,
        }))
        .await;
    assert_eq!(client.refused().await, ("PROTOCOL".into(), 4400));
    client.resume().await;
    assert!(client.welcome.resumed);
}

/// [P51]
#[tokio::test]
async fn a_position_the_client_cannot_have_is_not_trusted() {
    let server = TestServer::start().await;
    let mut client = server.session().await;
    client.send("a").await;
    client.send("b").await;
    client.settled().await;
    client.cut();
    let epoch = 77;
    client.hello.positions.insert(String::new(), (epoch, 1));
    client.resume().await;
    let Came::From(from) = client.next().await else {
        panic!("said before any message");
    };
    assert_eq!((from.next, from.reason.as_deref()), (1, Some("epoch")));
    assert_eq!(client.message().await.2, "a");
    assert_eq!(client.message().await.2, "b");
}

/// [P112] [P120] [P122]
#[tokio::test]
async fn messages_over_the_limit_close_the_link_and_keep_the_session() {
    let mut config = config();
    config.max_message = 100_000;
    let server = TestServer::with(config).await;
    let mut client = server.session().await;
    let longest = "x".repeat(100_000);
    client.send(&longest).await;
    assert_eq!(client.message().await.2, longest);
    client.settled().await;
    client.raw(Message::text("x".repeat(100_001))).await;
    assert_eq!(client.refused().await, ("PROTOCOL".into(), 4400));
    client.resume().await;
    // So long that it is not even read.
    client.raw(Message::text("x".repeat(200_000))).await;
    assert_eq!(client.refused().await.1, 1009);
    client.resume().await;
    assert!(client.welcome.resumed);
}

/// [P80] [P82]
#[tokio::test]
async fn more_than_the_window_is_refused() {
    let mut config = config();
    config.sessions.window.messages = 10;
    let (server, gate) = TestServer::with_gate(config).await;
    let mut client = server.session().await;
    assert_eq!(client.welcome.window.0, 10);
    gate.shut();
    for n in 0..11 {
        client.send(&n.to_string()).await;
    }
    assert_eq!(client.refused().await, ("TOO_MANY".into(), 4429));
    gate.open();
    client.resume().await;
    client.settled().await;
}

/// [P16]
#[tokio::test]
async fn no_hello_within_its_time_closes_the_link() {
    let mut config = config();
    config.sessions.hello_within = std::time::Duration::from_millis(100);
    let server = TestServer::with(config).await;
    let mut client = server.stranger();
    client.open().await;
    client.refused().await;
}

/// [P87]
#[tokio::test]
async fn a_client_that_leaves_pings_unanswered_is_closed_with_4001() {
    let mut config = config();
    config.deadlines.ping = std::time::Duration::from_millis(50);
    config.sessions.ping_timeout = std::time::Duration::from_millis(100);
    let server = TestServer::with(config).await;
    let mut client = server.session().await;
    assert_eq!(client.unanswering().await, 4001);
}

/// Megabytes wait for the client, in the server and on the way, and it takes none of them. [P84]
#[tokio::test]
async fn a_client_that_does_not_read_is_still_heard_but_not_for_ever() {
    let mut config = config();
    config.deadlines.write = std::time::Duration::from_secs(600);
    config.deadlines.close = std::time::Duration::from_millis(150);
    config.sessions.room_bytes = 64 << 20;
    config.sessions.outbox_bytes = 128 << 20;
    let server = TestServer::with(config).await;
    let address = server.address.to_string();
    let mut deaf = Client::new(&address, "/hub/loud");
    deaf.hello.window = Some((1_000_000, 64 << 20));
    deaf.resume().await;
    let mut other = Client::connect(&address, "/hub/loud").await;
    let long = "x".repeat(512 << 10);
    for _ in 0..64 {
        other.send(&long).await;
        while other.message().await.2 != long {}
        other.hand("loud").await;
    }
    deaf.send("I am here").await;
    assert_eq!(other.message().await.2, "I am here");
    // Answers that it does not take either: it is closed before they pile up.
    deaf.flood("\u{10}ping 1 {\"id\":1}").await;
}
