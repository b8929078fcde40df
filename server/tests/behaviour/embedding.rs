//! The example of an application that embeds sessions, as it stands in `examples/`.

use std::sync::Arc;

use steadfast_protocol::frame::{Auth, Frame};
use steadfast_server::sessions::{MemoryStore, Payload, SendError};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Answer, Came, Client};

#[path = "../../examples/embed.rs"]
#[expect(dead_code, reason = "its main is not run here")]
mod embed;

/// The example, serving on a free port, and a handle to its sessions.
async fn start() -> (String, steadfast_server::sessions::Sessions) {
    let (router, sessions) = embed::application(Arc::new(MemoryStore::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, sessions)
}

async fn join(address: &str, user: &str) -> Client {
    let mut client = Client::new(address, "/chat");
    client.hello.auth = Some(format!("user:{user}"));
    client.resume().await;
    client
}

#[tokio::test]
async fn what_one_says_all_hear_even_if_they_were_away() {
    let (address, _sessions) = start().await;
    let mut anna = join(&address, "anna").await;
    let mut bert = join(&address, "bert").await;
    anna.send("hello").await;
    assert_eq!(
        bert.message().await,
        ("lobby".into(), 1, "anna: hello".into())
    );
    bert.cut();
    anna.send("still there?").await;
    anna.settled().await;
    bert.resume().await;
    let line = ("lobby".into(), 2, "anna: still there?".into());
    assert_eq!(bert.message().await, line);
}

/// [P23] [P33]
#[tokio::test]
async fn credentials_are_judged_by_the_application() {
    let (address, _sessions) = start().await;
    let mut client = Client::new(&address, "/chat");
    client.open().await;
    client.greet().await;
    assert_eq!(client.refused().await, ("UNAUTHORIZED".into(), 4401));
    client.hello.auth = Some("user:anna".into());
    client.resume().await;

    let token = "user:anna".to_owned();
    client.control(Frame::Auth(Auth { token })).await;
    let authenticated = Came::Control(Frame::Authenticated);
    assert_eq!(client.next_but_from().await, authenticated);
    let token = "user:bert".to_owned();
    client.control(Frame::Auth(Auth { token })).await;
    assert_eq!(client.refused().await, ("UNAUTHORIZED".into(), 4401));
}

/// [P45] [P58]
#[tokio::test]
async fn the_application_sends_on_its_own() {
    let (address, sessions) = start().await;
    let mut anna = join(&address, "anna").await;
    let id = anna.welcome.session.clone();
    sessions.send(&id, Payload::text("to you")).await.unwrap();
    assert_eq!(anna.message().await, (String::new(), 1, "to you".into()));
    sessions
        .publish("lobby", Payload::binary(vec![1, 2]))
        .await
        .unwrap();
    let binary = Message::binary(vec![1, 2]);
    while let came = anna.next().await
        && came != Came::Message("lobby".into(), 1, binary.clone())
    {
        assert!(matches!(came, Came::From(_)), "{came:?}");
    }
    sessions.subscribe(&id, "news").await.unwrap();
    sessions
        .publish("news", Payload::text("read all"))
        .await
        .unwrap();
    assert_eq!(anna.message().await, ("news".into(), 1, "read all".into()));
    sessions.unsubscribe(&id, "news").await.unwrap();
    sessions
        .publish("news", Payload::text("unread"))
        .await
        .unwrap();
    sessions
        .send_volatile(&id, Payload::text("now"))
        .await
        .unwrap();
    let now = Came::Volatile(String::new(), Message::text("now"));
    assert_eq!(anna.next().await, now);
}

#[tokio::test]
async fn what_cannot_be_sent_is_said() {
    let (address, sessions) = start().await;
    let nobody = sessions.send("nobody", Payload::text("x")).await;
    assert_eq!(nobody, Err(SendError::Unknown));
    let anna = join(&address, "anna").await;
    let long = Payload::text("x".repeat((1 << 20) + 1));
    let long = sessions.send(&anna.welcome.session, long).await;
    assert_eq!(long, Err(SendError::TooLarge));
    let mut sent = Ok(());
    while sent.is_ok() {
        let half = Payload::text("x".repeat(1 << 19));
        sent = sessions.send(&anna.welcome.session, half).await;
    }
    assert_eq!(sent, Err(SendError::Full));
}

#[tokio::test]
async fn stopped_sessions_say_goodbye_and_take_nothing_more() {
    let (address, sessions) = start().await;
    let mut anna = join(&address, "anna").await;
    let id = anna.welcome.session.clone();
    let goodbye = async { while anna.next().await != Came::Closed(1001) {} };
    tokio::join!(sessions.stop(), goodbye);
    let sent = sessions.send(&id, Payload::text("x")).await;
    assert_eq!(sent, Err(SendError::Stopped));
}

#[tokio::test]
async fn a_request_that_offers_no_session_is_answered_in_the_error_form() {
    let (address, _sessions) = start().await;
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (headers, status, code) in [
        ("", 426, "UPGRADE_REQUIRED"),
        (upgrade, 400, "UNSUPPORTED_PROTOCOL"),
    ] {
        let mut tcp = TcpStream::connect(&address).await.unwrap();
        let head = format!("GET /chat?requestId=q1 HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
        tcp.write_all(head.as_bytes()).await.unwrap();
        tcp.shutdown().await.unwrap();
        let answer = Answer::read(&mut tcp).await;
        assert_eq!(answer.header("x-request-id"), Some("q1"));
        assert_eq!((answer.status, &*answer.error_code()), (status, code));
    }
}

async fn post(address: &str, path: &str, authorization: &str, body: &str) -> Answer {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "POST /api/session/{path} HTTP/1.1\r\nHost: a\r\n{authorization}X-Request-ID: q1\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    tcp.write_all(request.as_bytes()).await.unwrap();
    Answer::read(&mut tcp).await
}

/// [P130]
#[tokio::test]
async fn a_document_belongs_to_its_user() {
    let (address, _sessions) = start().await;
    let anna = "Authorization: Bearer user:anna\r\n";
    let bert = "Authorization: bearer user:bert\r\n";
    let saved = post(
        &address,
        "save",
        anna,
        r#"{"key":"k","base":0,"data":"hers"}"#,
    )
    .await;
    assert_eq!(saved.status, 200, "{}", saved.json());
    assert_eq!(saved.header("x-request-id"), Some("q1"));
    let none = post(&address, "restore", bert, r#"{"key":"k"}"#).await;
    assert_eq!((none.status, &*none.error_code()), (404, "NOT_FOUND"));
    let restored = post(&address, "restore", anna, r#"{"key":"k"}"#).await;
    assert_eq!(restored.json()["data"], "hers");
    for wrong in [
        "",
        "Authorization: Bearer anna\r\n",
        "Authorization: Basic user:anna\r\n",
        "Authorization: user:anna\r\n",
    ] {
        let refused = post(&address, "restore", wrong, r#"{"key":"k"}"#).await;
        assert_eq!(
            (refused.status, &*refused.error_code()),
            (401, "UNAUTHORIZED")
        );
        assert_eq!(refused.header("x-request-id"), Some("q1"));
    }
}

/// [P130]: another user's session is not known to anybody else, whatever they bring.
#[tokio::test]
async fn a_checkpoint_belongs_to_the_user_of_its_session() {
    let (address, _sessions) = start().await;
    let anna = join(&address, "anna").await;
    let welcome = &anna.welcome;
    let body = serde_json::json!({
        "sessionId": welcome.session,
        "token": welcome.token,
        "term": welcome.term,
        "base": 0,
        "data": "hers",
    });
    let bert = "Authorization: Bearer user:bert\r\n";
    let refused = post(&address, "save", bert, &body.to_string()).await;
    assert_eq!((refused.status, &*refused.error_code()), (404, "NOT_FOUND"));
    let hers = "Authorization: Bearer user:anna\r\n";
    let saved = post(&address, "save", hers, &body.to_string()).await;
    assert_eq!(saved.status, 200, "{}", saved.json());
}

#[tokio::test]
async fn stopped_sessions_save_nothing_more() {
    let (address, sessions) = start().await;
    sessions.stop().await;
    let anna = "Authorization: Bearer user:anna\r\n";
    let refused = post(&address, "save", anna, r#"{"key":"k","base":0,"data":1}"#).await;
    assert_eq!((refused.status, &*refused.error_code()), (503, "STOPPING"));
}
