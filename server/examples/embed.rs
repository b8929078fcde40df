//! Reliable sessions in an axum application: `cargo run -p steadfast-server --example embed`.
//!
//! A page connects with `connect("ws://127.0.0.1:8081/chat", { session: true, auth: "user:anna" })`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::any;
use steadfast_server::sessions::{
    Application, AuthRefusal, Context, Credentials, EmbeddedStore, HandlerError, Payload,
    SessionConfig, SessionStore, SessionUpgrade, Sessions,
};

struct Chat;

impl Application for Chat {
    async fn authenticate(&self, credentials: Credentials) -> Result<String, AuthRefusal> {
        let token = credentials.token.ok_or(AuthRefusal::Unauthorized)?;
        let user = token.strip_prefix("user:");
        user.map(str::to_owned).ok_or(AuthRefusal::Unauthorized)
    }

    /// Runs once for each message that a page sent, however often its connection breaks.
    async fn handle(&self, context: &mut Context, message: Payload) -> Result<(), HandlerError> {
        let Payload::Text(text) = message else {
            return Err(HandlerError::new("a chat takes texts only"));
        };
        let line = format!("{}: {text}", context.user());
        context.publish("lobby", Payload::text(line));
        Ok(())
    }
}

async fn chat(State(sessions): State<Sessions>, upgrade: SessionUpgrade) -> Response {
    sessions.upgrade(upgrade, "/chat", ["lobby".to_owned()])
}

/// The application's routes, and its sessions, which it may send through as well.
pub(crate) fn application(store: Arc<dyn SessionStore>) -> (Router, Sessions) {
    let sessions = Sessions::start(SessionConfig::default(), store, Chat);
    let router = Router::new()
        .route("/chat", any(chat))
        .nest("/api/session", sessions.snapshot_routes("/chat"));
    (router.with_state(sessions.clone()), sessions)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = EmbeddedStore::open("chat.redb")?;
    let (router, _sessions) = application(Arc::new(store));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
    Ok(axum::serve(listener, router).await?)
}
