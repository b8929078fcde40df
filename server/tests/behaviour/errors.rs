//! Every refusal has its status and the error form.

use crate::support::TestServer;

#[tokio::test]
async fn refusals_have_status_and_code() {
    let server = TestServer::start().await;
    for (method, target, status, code) in [
        ("GET", "/", 404, "NOT_FOUND"),
        ("GET", "/nothing", 404, "NOT_FOUND"),
        ("POST", "/healthz", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/ws", 426, "UPGRADE_REQUIRED"),
        ("POST", "/ws", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/hub/lobby", 426, "UPGRADE_REQUIRED"),
        ("GET", "/hub/no%20room", 400, "INVALID_ROOM"),
        ("GET", "/hub/%ff", 400, "BAD_REQUEST"),
        ("GET", "/api/chaos", 404, "CHAOS_OFF"),
        ("POST", "/api/chaos/faults", 404, "CHAOS_OFF"),
    ] {
        let answer = server.request(method, target, &[], "").await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (status, code),
            "{method} {target}"
        );
    }
}

#[tokio::test]
async fn a_bad_handshake_says_what_is_wrong() {
    let server = TestServer::start().await;
    let upgrade = "Upgrade: websocket";
    let version = "Sec-WebSocket-Version: 13";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    for (headers, status, code) in [
        (vec![upgrade, version], 400, "BAD_HANDSHAKE"),
        (
            vec![upgrade, version, "Sec-WebSocket-Key: short"],
            400,
            "BAD_HANDSHAKE",
        ),
        (
            vec![upgrade, "Sec-WebSocket-Version: 8", key],
            426,
            "UNSUPPORTED_VERSION",
        ),
        (vec!["Upgrade: h2c", version, key], 426, "UPGRADE_REQUIRED"),
        (vec![version, key], 426, "UPGRADE_REQUIRED"),
    ] {
        let mut headers = headers;
        headers.push("Connection: Upgrade");
        let answer = server.get("/ws", &headers).await;
        assert_eq!(
            (answer.status, answer.error_code().as_str()),
            (status, code),
            "{headers:?}"
        );
    }
    let answer = server
        .get(
            "/ws",
            &[
                upgrade,
                "Sec-WebSocket-Version: 8",
                key,
                "Connection: Upgrade",
            ],
        )
        .await;
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
}

#[tokio::test]
async fn answers_carry_the_security_headers() {
    let server = TestServer::start().await;
    for target in ["/healthz", "/nothing"] {
        let answer = server.get(target, &[]).await;
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval'"),
            "{policy}"
        );
        assert!(
            policy.contains("connect-src 'self' ws: wss: http: https:"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

#[tokio::test]
async fn health_is_ok_and_tells_of_links_and_faults() {
    let server = TestServer::start().await;
    let answer = server.get("/healthz", &[]).await;
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (200, &"ok".into())
    );
    assert_eq!(answer.json()["chaos"], false);
    let mut link = server.link("/ws").await;
    link.echo("here").await;
    assert_eq!(server.open_links().await, 1);
    let chaotic = TestServer::with_chaos().await;
    assert_eq!(chaotic.get("/healthz", &[]).await.json()["chaos"], true);
}
