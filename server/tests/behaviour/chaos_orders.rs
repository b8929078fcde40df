//! Orders for faults: who may give them, what is wrong with some, and whom they strike.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde_json::{Value, json};
use steadfast_server::{Config, Server, StartError};

use crate::support::{TestServer, config};

#[tokio::test]
async fn links_are_listed_with_what_identifies_them() {
    let server = TestServer::with_chaos().await;
    let mut echo = server.link("/ws?requestId=first").await;
    echo.settled().await;
    let _member = server.member("lobby", "second").await;
    let (fault, _) = server
        .order(json!("all"), json!({ "kind": "late", "ms": 1 }))
        .await;
    let list = server.chaos("GET", "", "").await.json();
    let connections = list["connections"].as_array().unwrap();
    assert_eq!(connections.len(), 2);
    for (connection, request_id, endpoint, room) in [
        (&connections[0], "first", "/ws", Value::Null),
        (&connections[1], "second", "/hub/lobby", json!("lobby")),
    ] {
        assert_eq!(connection["requestId"], request_id);
        assert_eq!(connection["endpoint"], endpoint);
        assert_eq!(connection["room"], room);
        humantime::parse_rfc3339(connection["openedAt"].as_str().unwrap()).unwrap();
    }
    assert_ne!(connections[0]["id"], connections[1]["id"]);
    let stands = json!([{ "id": fault, "target": "all", "fault": { "kind": "late", "ms": 1 } }]);
    assert_eq!(list["faults"], stands);
}

#[tokio::test]
async fn a_fault_strikes_whom_it_names() {
    let server = TestServer::with_chaos().await;
    let mut here = server.member("here", "one").await;
    let mut also = server.member("here", "two").await;
    let mut there = server.member("there", "three").await;
    let close = json!({ "kind": "close", "code": 4001, "reason": "why" });
    let (_, affected) = server
        .order(json!({ "connection": "one" }), close.clone())
        .await;
    assert_eq!(affected, 1);
    let frame = here.closed().await;
    assert_eq!(
        (u16::from(frame.code), frame.reason.as_str()),
        (4001, "why")
    );
    also.echo("not me").await;

    let id = server.chaos("GET", "", "").await.json()["connections"][0]["id"].clone();
    assert_eq!(
        server
            .order(json!({ "connection": id }), close.clone())
            .await
            .1,
        1
    );
    also.closed().await;

    let mut again = server.member("here", "four").await;
    assert_eq!(
        server
            .order(json!({ "room": "here" }), close.clone())
            .await
            .1,
        1
    );
    again.closed().await;
    there.echo("not me").await;
    assert_eq!(server.order(json!("all"), close).await.1, 1);
    there.closed().await;
}

#[tokio::test]
async fn wrong_orders_are_refused_and_say_why() {
    let server = TestServer::with_chaos().await;
    let cut = json!({ "kind": "cut" });
    for (order, word) in [
        (json!({ "fault": cut }), "target"),
        (json!({ "target": "all" }), "fault"),
        (json!({ "target": "some", "fault": cut }), "some"),
        (
            json!({ "target": "all", "fault": { "kind": "explode" } }),
            "explode",
        ),
        (
            json!({ "target": "all", "fault": { "kind": "cut", "ms": 5 } }),
            "ms",
        ),
        (
            json!({ "target": "all", "fault": cut, "extra": 1 }),
            "extra",
        ),
        (
            json!({ "target": "all", "fault": cut, "durationMs": 5 }),
            "durationMs",
        ),
        (
            json!({ "target": "all", "fault": { "kind": "refuse" }, "durationMs": 0 }),
            "durationMs",
        ),
        (
            json!({ "target": "all", "fault": { "kind": "close", "code": 1005 } }),
            "1005",
        ),
        (
            json!({ "target": "all", "fault": { "kind": "close", "code": 99999 } }),
            "99999",
        ),
        (
            json!({ "target": "all", "fault": { "kind": "close", "code": 1000, "reason": "x".repeat(124) } }),
            "124",
        ),
        (
            json!({ "target": "all", "fault": { "kind": "delay", "ms": -1 } }),
            "-1",
        ),
        (
            json!({ "target": "all", "fault": { "kind": "delay", "ms": 1e9 as u64 } }),
            "600000",
        ),
        (
            json!({ "target": "all", "fault": { "kind": "delay", "ms": "5" } }),
            "\"5\"",
        ),
        (
            json!({ "target": "all", "fault": { "kind": "bandwidth", "bytesPerSecond": 0 } }),
            "bytesPerSecond",
        ),
        (
            json!({ "target": "all", "fault": { "kind": "blackhole", "direction": "left" } }),
            "left",
        ),
        (
            json!({ "target": { "connection": "c1" }, "fault": { "kind": "refuse" } }),
            "room",
        ),
    ] {
        let answer = server.chaos("POST", "/faults", &order.to_string()).await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (400, "INVALID_FAULT"),
            "{order}"
        );
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(word), "{order}: {message}");
    }
    assert_eq!(
        server.chaos("GET", "", "").await.json()["faults"],
        json!([])
    );
}

#[tokio::test]
async fn bodies_that_are_no_orders_are_refused() {
    let server = TestServer::with_chaos().await;
    assert_eq!(
        server.chaos("POST", "/faults", "{").await.error_code(),
        "INVALID_FAULT"
    );
    let deep = "[".repeat(10_000);
    assert_eq!(
        server.chaos("POST", "/faults", &deep).await.error_code(),
        "INVALID_FAULT"
    );
    let plain = server
        .request(
            "POST",
            "/api/chaos/faults",
            &["Content-Type: text/plain"],
            "{}",
        )
        .await;
    assert_eq!(
        (plain.status, plain.error_code().as_str()),
        (415, "UNSUPPORTED_MEDIA_TYPE")
    );
    let long = server.chaos("POST", "/faults", &" ".repeat(20_000)).await;
    assert_eq!(
        (long.status, long.error_code().as_str()),
        (413, "BODY_TOO_LARGE")
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408() {
    let mut config = config();
    config.chaos = true;
    config.deadlines.body = Duration::from_millis(150);
    let server = TestServer::with(config).await;
    let head = format!(
        "POST /api/chaos/faults HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        server.address
    );
    let answer = server.exchange(head.as_bytes()).await;
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (408, "TIMEOUT")
    );
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let server = TestServer::with_chaos().await;
    let order = json!({ "target": { "connection": "c99" }, "fault": { "kind": "cut" } });
    let answer = server.chaos("POST", "/faults", &order.to_string()).await;
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (404, "NO_SUCH_CONNECTION")
    );
    let answer = server.chaos("DELETE", "/faults/f99", "").await;
    assert_eq!(
        (answer.status, answer.error_code().as_str()),
        (404, "NO_SUCH_FAULT")
    );
}

#[tokio::test]
async fn only_this_machine_and_this_servers_pages_may_order() {
    let server = TestServer::with_chaos().await;
    let port = server.address.port();
    let local = format!("Host: localhost:{port}");
    let foreign = format!("Host: evil.example:{port}");
    let own_page = format!("Origin: http://{}", server.address);
    for (headers, code) in [
        (vec![foreign.as_str()], "HOST_REFUSED"),
        (vec!["Host:"], "HOST_REFUSED"),
        (vec![local.as_str(), local.as_str()], "HOST_REFUSED"),
        (vec!["Origin: http://example.com"], "ORIGIN_REFUSED"),
        (vec!["Origin: null"], "ORIGIN_REFUSED"),
        (vec![local.as_str(), own_page.as_str()], "ORIGIN_REFUSED"),
    ] {
        for (method, target) in [
            ("GET", "/api/chaos"),
            ("DELETE", "/api/chaos/faults"),
            ("POST", "/api/chaos/faults"),
        ] {
            let answer = server.request(method, target, &headers, "").await;
            assert_eq!(
                (answer.status, answer.error_code().as_str()),
                (403, code),
                "{method} {headers:?}"
            );
        }
    }
    assert_eq!(server.get("/api/chaos", &[&own_page]).await.status, 200);
    assert_eq!(server.get("/api/chaos", &[&local]).await.status, 200);
}

#[tokio::test]
async fn faults_are_not_offered_to_other_machines() {
    let host = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let chaos = true;
    let started = Server::bind(Config {
        host,
        chaos,
        ..config()
    })
    .await;
    assert!(matches!(started.err(), Some(StartError::ChaosNotLocal(_))));
}
