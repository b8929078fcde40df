//! Faults on request: each does what its name says until it is lifted.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Answer, Link, TestServer, close_code, config, frame, within};

/// Whether nothing has arrived so far.
fn is_silent(link: &mut Link) -> bool {
    link.socket.next().now_or_never().is_none()
}

#[tokio::test]
async fn a_cut_ends_the_stream_without_a_close_frame() {
    let server = TestServer::with_chaos().await;
    let mut tcp = server.raw_link("/ws").await;
    assert_eq!(
        server.order(json!("all"), json!({ "kind": "cut" })).await.1,
        1
    );
    assert_eq!(within(tcp.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_cut_is_orderly_even_with_bytes_under_way() {
    let server = TestServer::with_chaos().await;
    let mut tcp = server.raw_link("/ws").await;
    server
        .order(json!("all"), json!({ "kind": "blackhole" }))
        .await;
    tcp.write_all(&[0x82, 0xfe]).await.unwrap();
    server.order(json!("all"), json!({ "kind": "cut" })).await;
    assert_eq!(within(tcp.read(&mut [0])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let server = TestServer::with_chaos().await;
    let mut tcp = server.raw_link("/ws").await;
    assert_eq!(
        server
            .order(json!("all"), json!({ "kind": "reset" }))
            .await
            .1,
        1
    );
    let error = within(tcp.read(&mut [0])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_struck_link_leaves_the_list() {
    for kind in ["cut", "reset"] {
        let server = TestServer::with_chaos().await;
        let mut link = server.link("/ws").await;
        link.settled().await;
        server.order(json!("all"), json!({ "kind": kind })).await;
        link.broken().await;
        within(async { while server.open_links().await > 0 {} }).await;
    }
}

#[tokio::test]
async fn a_black_hole_downward_hears_but_does_not_speak() {
    let server = TestServer::with_chaos().await;
    let mut struck = server.member("lobby", "struck").await;
    let mut other = server.member("lobby", "other").await;
    let target = json!({ "connection": "struck" });
    let (id, affected) = server
        .order(target, json!({ "kind": "blackhole", "direction": "down" }))
        .await;
    assert_eq!(affected, 1);
    struck.send("up").await;
    assert_eq!(other.text().await, "up");
    assert!(is_silent(&mut struck));
    server.lift(&id).await;
    assert_eq!(struck.text().await, "up");
}

#[tokio::test]
async fn a_black_hole_upward_speaks_but_does_not_hear() {
    let server = TestServer::with_chaos().await;
    let mut struck = server.member("lobby", "struck").await;
    let mut other = server.member("lobby", "other").await;
    let target = json!({ "connection": "struck" });
    let (id, _) = server
        .order(target, json!({ "kind": "blackhole", "direction": "up" }))
        .await;
    struck.send("lost in the hole").await;
    other.send("down").await;
    assert_eq!(struck.text().await, "down");
    assert_eq!(other.text().await, "down");
    assert!(is_silent(&mut other));
    server.lift(&id).await;
    assert_eq!(other.text().await, "lost in the hole");
}

#[tokio::test]
async fn a_black_hole_hides_even_the_end_until_it_is_lifted() {
    let short = Duration::from_millis(100);
    let mut config = config();
    config.chaos = true;
    config.deadlines.close = short;
    let server = TestServer::with(config).await;
    let mut tcp = server.raw_link("/ws").await;
    let (id, _) = server
        .order(json!("all"), json!({ "kind": "blackhole" }))
        .await;
    server
        .order(json!("all"), json!({ "kind": "close", "code": 1011 }))
        .await;
    within(async { while server.open_links().await > 0 {} }).await;
    assert!(tcp.read(&mut [0]).now_or_never().is_none());
    server.lift(&id).await;
    assert_eq!(close_code(&mut tcp).await, 1011);
}

#[tokio::test]
async fn a_reset_comes_through_a_black_hole() {
    let server = TestServer::with_chaos().await;
    let mut tcp = server.raw_link("/ws").await;
    server
        .order(json!("all"), json!({ "kind": "blackhole" }))
        .await;
    server.order(json!("all"), json!({ "kind": "reset" })).await;
    let error = within(tcp.read(&mut [0])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_black_hole_swallows_later_handshakes_too() {
    let server = TestServer::with_chaos().await;
    let (id, _) = server
        .order(json!("all"), json!({ "kind": "blackhole" }))
        .await;
    let mut tcp = server.tcp().await;
    tcp.write_all(&server.handshake_bytes("/ws", &[]))
        .await
        .unwrap();
    within(async { while server.open_links().await == 0 {} }).await;
    assert!(tcp.read(&mut [0]).now_or_never().is_none());
    server.lift(&id).await;
    assert_eq!(Answer::read_head(&mut tcp).await.status, 101);
}

#[tokio::test]
async fn a_delay_is_added_each_way_and_keeps_the_order() {
    let server = TestServer::with_chaos().await;
    let mut link = server.link("/ws").await;
    link.settled().await;
    server
        .order(
            json!("all"),
            json!({ "kind": "delay", "ms": 300, "direction": "both" }),
        )
        .await;
    let started = Instant::now();
    for n in 0..20 {
        link.socket
            .feed(Message::text(n.to_string()))
            .await
            .unwrap();
        link.socket.flush().await.unwrap();
    }
    for n in 0..20 {
        assert_eq!(link.text().await, n.to_string());
    }
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(600), "{took:?}");
    // A delay is no slow line: all are under way at once.
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test]
async fn a_lifted_delay_holds_nothing_back() {
    let server = TestServer::with_chaos().await;
    let mut link = server.link("/ws").await;
    link.settled().await;
    let (id, _) = server
        .order(json!("all"), json!({ "kind": "delay", "ms": 600_000 }))
        .await;
    link.send("late").await;
    server.lift(&id).await;
    assert_eq!(link.text().await, "late");
}

#[tokio::test]
async fn a_slow_line_takes_its_time() {
    let server = TestServer::with_chaos().await;
    let mut link = server.link("/ws").await;
    link.settled().await;
    let slow = json!({ "kind": "bandwidth", "bytesPerSecond": 2000, "direction": "down" });
    let (id, _) = server.order(json!("all"), slow).await;
    let started = Instant::now();
    link.echo(&"x".repeat(1000)).await;
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(450), "{took:?}");
    server.lift(&id).await;
    link.echo(&"x".repeat(1 << 20)).await;
}

#[tokio::test]
async fn refused_links_are_reset_unanswered_and_the_rest_is_reachable() {
    let server = TestServer::with_chaos().await;
    let mut open = server.link("/ws").await;
    let (id, affected) = server
        .order(json!("all"), json!({ "kind": "refuse" }))
        .await;
    assert_eq!(affected, 0);
    let mut tcp = server.tcp().await;
    tcp.write_all(&server.handshake_bytes("/ws", &[]))
        .await
        .unwrap();
    let error = within(tcp.read(&mut [0])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    open.echo("still here").await;
    assert_eq!(server.get("/healthz", &[]).await.status, 200);
    server.lift(&id).await;
    server.link("/ws").await.echo("welcome").await;
}

#[tokio::test]
async fn a_fault_for_a_room_lets_the_others_in() {
    let server = TestServer::with_chaos().await;
    server
        .order(json!({ "room": "closed" }), json!({ "kind": "refuse" }))
        .await;
    server.member("open", "a").await.echo("in").await;
    let mut tcp = server.tcp().await;
    tcp.write_all(&server.handshake_bytes("/hub/closed", &[]))
        .await
        .unwrap();
    assert!(within(tcp.read(&mut [0])).await.is_err());
}

#[tokio::test]
async fn accepted_links_are_closed_at_once() {
    let server = TestServer::with_chaos().await;
    server
        .order(
            json!("all"),
            json!({ "kind": "accept-close", "code": 1013 }),
        )
        .await;
    let mut tcp = server.raw_link("/ws").await;
    tcp.write_all(&frame(0x88, &[])).await.unwrap();
    assert_eq!(close_code(&mut tcp).await, 1013);
}

#[tokio::test]
async fn a_late_answer_comes_late_and_then_works() {
    let server = TestServer::with_chaos().await;
    server
        .order(json!("all"), json!({ "kind": "late", "ms": 300 }))
        .await;
    let started = Instant::now();
    let mut link = server.link("/ws").await;
    assert!(started.elapsed() >= Duration::from_millis(300));
    link.echo("here").await;
}

#[tokio::test]
async fn a_lifted_lateness_lets_the_waiting_in() {
    let server = TestServer::with_chaos().await;
    let (id, _) = server
        .order(json!("all"), json!({ "kind": "late", "ms": 600_000 }))
        .await;
    let mut tcp = server.tcp().await;
    tcp.write_all(&server.handshake_bytes("/ws", &[]))
        .await
        .unwrap();
    server.lift(&id).await;
    assert_eq!(Answer::read_head(&mut tcp).await.status, 101);
}

#[tokio::test]
async fn a_fault_with_a_duration_lifts_itself() {
    let server = TestServer::with_chaos().await;
    let mut link = server.link("/ws").await;
    let body = json!({ "target": "all", "fault": { "kind": "blackhole" }, "durationMs": 200 });
    let started = Instant::now();
    assert_eq!(
        server
            .chaos("POST", "/faults", &body.to_string())
            .await
            .status,
        201
    );
    link.echo("after the storm").await;
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!(
        server.chaos("GET", "", "").await.json()["faults"],
        json!([])
    );
}

#[tokio::test]
async fn faults_add_up_and_are_lifted_together() {
    let server = TestServer::with_chaos().await;
    let mut link = server.link("/ws").await;
    server
        .order(
            json!("all"),
            json!({ "kind": "blackhole", "direction": "up" }),
        )
        .await;
    server
        .order(
            json!("all"),
            json!({ "kind": "delay", "ms": 600_000, "direction": "down" }),
        )
        .await;
    link.send("through both").await;
    assert_eq!(server.chaos("DELETE", "/faults", "").await.status, 204);
    assert_eq!(link.text().await, "through both");
    assert_eq!(
        server.chaos("GET", "", "").await.json()["faults"],
        json!([])
    );
}

#[tokio::test]
async fn a_stopping_server_lifts_all_faults() {
    let mut server = TestServer::with_chaos().await;
    let mut link = server.link("/ws").await;
    link.settled().await;
    server
        .order(json!("all"), json!({ "kind": "blackhole" }))
        .await;
    server.begin_stop();
    assert_eq!(u16::from(link.closed().await.code), 1001);
    drop(link);
    server.stopped().await;
}

#[tokio::test]
async fn refused_and_late_handshakes_do_not_hold_up_a_stop() {
    let long = Duration::from_secs(600);
    let mut config = config();
    config.chaos = true;
    config.deadlines.shutdown = long;
    let mut server = TestServer::with(config).await;
    server
        .order(
            json!({ "room": "late" }),
            json!({ "kind": "late", "ms": 600_000 }),
        )
        .await;
    server
        .order(json!({ "room": "refused" }), json!({ "kind": "refuse" }))
        .await;
    let mut refused = server.tcp().await;
    refused
        .write_all(&server.handshake_bytes("/hub/refused", &[]))
        .await
        .unwrap();
    assert!(within(refused.read(&mut [0])).await.is_err());
    let mut late = server.tcp().await;
    late.write_all(&server.handshake_bytes("/hub/late", &[]))
        .await
        .unwrap();
    server.link("/ws").await.close().await;
    server.begin_stop();
    assert!(within(late.read(&mut [0; 64])).await.is_ok());
    server.stopped().await;
}
