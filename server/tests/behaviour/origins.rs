//! Who may open a WebSocket.

use steadfast_server::Config;

use crate::support::{TestServer, config};

async fn status(server: &TestServer, headers: &[&str]) -> u16 {
    server.handshake("/ws", headers).await.status
}

#[tokio::test]
async fn the_servers_own_origin_is_let_in() {
    let server = TestServer::start().await;
    let port = server.address.port();
    assert_eq!(
        status(&server, &[&format!("Origin: http://127.0.0.1:{port}")]).await,
        101
    );
    let named = [
        format!("Host: localhost:{port}"),
        format!("Origin: http://localhost:{port}"),
    ];
    assert_eq!(status(&server, &[&named[0], &named[1]]).await, 101);
    let shouted = format!("Origin: HTTP://127.0.0.1:{port}");
    assert_eq!(status(&server, &[&shouted]).await, 101);
}

#[tokio::test]
async fn every_other_origin_is_refused() {
    let server = TestServer::start().await;
    let port = server.address.port();
    let other_port = port.wrapping_add(1).max(1);
    let tricks = [
        "Origin: http://example.com".to_owned(),
        format!("Origin: http://example.com:{port}"),
        format!("Origin: https://127.0.0.1:{port}"),
        format!("Origin: http://127.0.0.1:{other_port}"),
        "Origin: http://127.0.0.1".to_owned(),
        format!("Origin: http://localhost:{port}"),
        format!("Origin: http://sub.127.0.0.1:{port}"),
        format!("Origin: http://127.0.0.1.:{port}"),
        format!("Origin: http://127.1:{port}"),
        format!("Origin: http://2130706433:{port}"),
        format!("Origin: http://127.0.0.1:{port}/"),
        format!("Origin: http://127.0.0.1:{port}@example.com"),
        format!("Origin: http://example.com@127.0.0.1:{port}"),
        format!("Origin: http://127.0.0.1:{port} http://example.com"),
        format!("Origin: ws://127.0.0.1:{port}"),
        "Origin: http://*".to_owned(),
        "Origin: http://bücher.example".to_owned(),
        "Origin: null".to_owned(),
        "Origin: file://".to_owned(),
        "Origin:".to_owned(),
        "Origin: %00".to_owned(),
    ];
    for trick in &tricks {
        assert_eq!(status(&server, &[trick]).await, 403, "{trick}");
    }
    assert_eq!(server.open_links().await, 0);
}

#[tokio::test]
async fn a_second_origin_header_is_refused() {
    let server = TestServer::start().await;
    let own = format!("Origin: http://{}", server.address);
    assert_eq!(status(&server, &[&own, &own]).await, 403);
    assert_eq!(
        status(&server, &[&own, "Origin: http://example.com"]).await,
        403
    );
}

#[tokio::test]
async fn a_foreign_name_that_points_here_is_not_the_servers_own() {
    let server = TestServer::start().await;
    let port = server.address.port();
    let rebound = [
        format!("Host: evil.example:{port}"),
        format!("Origin: http://evil.example:{port}"),
    ];
    assert_eq!(status(&server, &[&rebound[0], &rebound[1]]).await, 403);
}

#[tokio::test]
async fn the_refusal_has_the_error_form() {
    let server = TestServer::start().await;
    let mut upgrade = server.handshake_bytes("/ws", &["Origin: http://example.com"]);
    // Without it the connection would stay open for another request.
    upgrade.truncate(upgrade.len() - 2);
    upgrade.extend(b"Connection: close\r\n\r\n");
    let answer = server.exchange(&upgrade).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.error_code(), "ORIGIN_REFUSED");
    assert!(
        answer.json()["message"]
            .as_str()
            .unwrap()
            .contains("http://example.com")
    );
}

#[tokio::test]
async fn listed_origins_are_let_in_exactly() {
    let origins = vec![
        "https://App.Example.com".parse().unwrap(),
        "http://bücher.example:80".parse().unwrap(),
    ];
    let server = TestServer::with(Config {
        origins,
        ..config()
    })
    .await;
    assert_eq!(
        status(&server, &["Origin: https://app.example.com"]).await,
        101
    );
    assert_eq!(
        status(&server, &["Origin: http://xn--bcher-kva.example"]).await,
        101
    );
    assert_eq!(
        status(&server, &["Origin: http://app.example.com"]).await,
        403
    );
    assert_eq!(
        status(&server, &["Origin: https://app.example.com:8443"]).await,
        403
    );
    assert_eq!(
        status(&server, &["Origin: https://evil.app.example.com"]).await,
        403
    );
    assert_eq!(
        status(&server, &["Origin: https://app.example.com.evil.example"]).await,
        403
    );
}

#[tokio::test]
async fn a_missing_origin_is_let_in_by_option_only() {
    let server = TestServer::start().await;
    assert_eq!(status(&server, &[]).await, 101);
    let allow_missing_origin = false;
    let server = TestServer::with(Config {
        allow_missing_origin,
        ..config()
    })
    .await;
    assert_eq!(status(&server, &[]).await, 403);
    assert_eq!(
        status(&server, &[&format!("Origin: http://{}", server.address)]).await,
        101
    );
}

#[tokio::test]
async fn rooms_are_guarded_like_the_echo() {
    let server = TestServer::start().await;
    let answer = server
        .handshake("/hub/lobby", &["Origin: http://example.com"])
        .await;
    assert_eq!(answer.status, 403);
}

#[test]
fn an_option_must_be_a_bare_origin() {
    for wrong in [
        "",
        "example.com",
        "ftp://example.com",
        "http://a/b",
        "http://a?b",
        "http://u@a",
        "http://a#b",
    ] {
        assert!(
            wrong.parse::<steadfast_server::Origin>().is_err(),
            "{wrong:?}"
        );
    }
}
