//! What an application's handler may do, and what becomes of it when it fails.

use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::any;
use steadfast_server::sessions::{
    Application, Context, HandlerError, MemoryStore, Payload, SessionConfig, SessionStore,
    SessionUpgrade, Sessions,
};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::support::{Client, within};

/// Does as each message tells it, and writes down what it was given.
#[derive(Clone, Default)]
struct Obedient {
    seen: Arc<Mutex<Vec<Seen>>>,
    released: Arc<Notify>,
}

/// A message as a handler saw it.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    number: u64,
    redelivered: bool,
    text: String,
}

impl Application for Obedient {
    async fn handle(&self, context: &mut Context, message: Payload) -> Result<(), HandlerError> {
        let Payload::Text(text) = message else {
            return Err(HandlerError::new("texts only"));
        };
        self.seen.lock().unwrap().push(Seen {
            number: context.number(),
            redelivered: context.redelivered(),
            text: text.to_string(),
        });
        let first_time = !context.redelivered();
        context.send(Payload::text(format!("did {text}")));
        match &*text {
            "fail" => Err(HandlerError::new("as told")),
            "fail once" if first_time => Err(HandlerError::new("as told")),
            "panic once" if first_time => panic!("as told"),
            "wait" if first_time => {
                self.released.notified().await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Obedient {
    fn texts(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|seen| seen.text.clone()).collect()
    }
}

async fn ws(State(sessions): State<Sessions>, upgrade: SessionUpgrade) -> Response {
    sessions.upgrade(upgrade, "/ws", [])
}

async fn serve(application: Obedient, store: Arc<dyn SessionStore>) -> (String, Sessions) {
    let config = SessionConfig {
        attempts: 2,
        ..SessionConfig::default()
    };
    let sessions = Sessions::start(config, store, application);
    let router = Router::new()
        .route("/ws", any(ws))
        .with_state(sessions.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, sessions)
}

#[tokio::test]
async fn what_a_failed_attempt_sent_is_not_sent() {
    let application = Obedient::default();
    let (address, _sessions) = serve(application.clone(), Arc::new(MemoryStore::new())).await;
    let mut client = Client::connect(&address, "/ws").await;
    for (number, text) in [(1, "fail once"), (2, "panic once"), (3, "a")] {
        client.send(text).await;
        let did = (String::new(), number, format!("did {text}"));
        assert_eq!(client.message().await, did);
    }
    let seen = application.seen.lock().unwrap().clone();
    let numbers: Vec<_> = seen
        .iter()
        .map(|seen| (seen.number, seen.redelivered))
        .collect();
    assert_eq!(
        numbers,
        [(1, false), (1, true), (2, false), (2, true), (3, false)]
    );
}

#[tokio::test]
async fn a_message_that_always_fails_is_put_aside_and_the_next_ones_go_on() {
    let application = Obedient::default();
    let (address, _sessions) = serve(application.clone(), Arc::new(MemoryStore::new())).await;
    let mut client = Client::connect(&address, "/ws").await;
    client.send("fail").await;
    client.send("a").await;
    assert_eq!(client.message().await, (String::new(), 1, "did a".into()));
    assert_eq!(application.texts(), ["fail", "fail", "a"]);
    client.settled().await;
}

#[tokio::test]
async fn a_handler_that_waits_holds_up_its_own_session_only() {
    let application = Obedient::default();
    let (address, _sessions) = serve(application.clone(), Arc::new(MemoryStore::new())).await;
    let mut slow = Client::connect(&address, "/ws").await;
    slow.send("wait").await;
    slow.send("after").await;
    slow.settled().await;
    let mut quick = Client::connect(&address, "/ws").await;
    quick.send("a").await;
    assert_eq!(quick.message().await.2, "did a");
    assert_eq!(application.texts(), ["wait", "a"]);
    application.released.notify_one();
    assert_eq!(slow.message().await.2, "did wait");
    assert_eq!(slow.message().await.2, "did after");
}

#[tokio::test]
async fn what_was_not_handled_is_handled_after_a_restart_without_the_client() {
    let store = Arc::new(MemoryStore::new());
    let first = Obedient::default();
    let (address, sessions) = serve(first.clone(), store.clone()).await;
    let mut client = Client::connect(&address, "/ws").await;
    client.send("wait").await;
    client.send("after").await;
    client.settled().await;
    assert_eq!(first.texts(), ["wait"]);
    client.cut();
    // The first process is frozen in its handler; nothing that it does later may count.
    let second = Obedient::default();
    let (address, _again) = serve(second.clone(), store).await;
    within(async {
        while second.texts().len() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let seen = second.seen.lock().unwrap().clone();
    assert!(seen[0].redelivered, "{seen:?}");
    first.released.notify_one();
    sessions.stop().await;
    client.move_to(&address);
    client.resume().await;
    assert!(client.welcome.resumed);
    assert_eq!(
        client.message().await,
        (String::new(), 1, "did wait".into())
    );
    assert_eq!(
        client.message().await,
        (String::new(), 2, "did after".into())
    );
    client.send("last").await;
    assert_eq!(
        client.message().await,
        (String::new(), 3, "did last".into())
    );
}
