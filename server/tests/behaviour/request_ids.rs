//! The id that finds one request in answers and logs.

use crate::support::TestServer;

async fn id(server: &TestServer, target: &str, headers: &[&str]) -> String {
    let answer = server.get(target, headers).await;
    answer.header("x-request-id").expect("an id").to_owned()
}

#[tokio::test]
async fn a_good_id_is_taken_over() {
    let server = TestServer::start().await;
    let longest = "a".repeat(64);
    for good in ["a", "A-b_9", &longest] {
        assert_eq!(
            id(&server, "/healthz", &[&format!("X-Request-ID: {good}")]).await,
            good
        );
        assert_eq!(
            id(&server, &format!("/healthz?requestId={good}"), &[]).await,
            good
        );
    }
}

#[tokio::test]
async fn a_bad_id_is_replaced() {
    let server = TestServer::start().await;
    let long = "a".repeat(65);
    for bad in ["", "a b", "a\"b", "a{b}", "ä", "a.b", &long] {
        let given = id(&server, "/healthz", &[&format!("X-Request-ID: {bad}")]).await;
        assert_ne!(given, bad);
        assert_eq!(given.len(), 32, "{given}");
    }
    for bad in ["", "a%20b", "a%0d%0aInjected:%201", "%00", &long] {
        let given = id(&server, &format!("/healthz?requestId={bad}"), &[]).await;
        assert_eq!(given.len(), 32, "{given}");
    }
}

#[tokio::test]
async fn the_header_goes_before_the_query() {
    let server = TestServer::start().await;
    assert_eq!(
        id(
            &server,
            "/healthz?requestId=query",
            &["X-Request-ID: header"]
        )
        .await,
        "header"
    );
    assert_eq!(
        id(
            &server,
            "/healthz?requestId=query",
            &["X-Request-ID: not good"]
        )
        .await,
        "query"
    );
}

#[tokio::test]
async fn made_ids_differ() {
    let server = TestServer::start().await;
    assert_ne!(
        id(&server, "/healthz", &[]).await,
        id(&server, "/healthz", &[]).await
    );
}

#[tokio::test]
async fn a_handshake_and_a_refusal_carry_it_too() {
    let server = TestServer::start().await;
    let answer = server.handshake("/ws?requestId=link-1", &[]).await;
    assert_eq!(
        (answer.status, answer.header("x-request-id")),
        (101, Some("link-1"))
    );
    let answer = server.get("/nothing-here?requestId=lost-1", &[]).await;
    answer.error_code();
    assert_eq!(answer.json()["requestId"], "lost-1");
}
