//! Steadfast on the server: reliable [`sessions`] for any axum application, and the development server on top of
//! them, with a WebSocket echo, rooms, static files, and faults on request.
//!
//! ```no_run
//! # async fn start() -> Result<(), steadfast_server::StartError> {
//! use steadfast_server::{Config, Server};
//!
//! let server = Server::bind(Config { port: 0, ..Config::default() }).await?;
//! println!("listening on http://{}", server.address());
//! server.run(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! A request's way: `server` accepts, `admission` counts, `head` reads the first request under deadlines,
//! `connection` hands it to hyper, `app` routes it and gives it its id, `endpoints` opens a WebSocket,
//! and `ws::link` runs it: for a plain link it answers at once, for a session it hands every frame to [`sessions`].

mod admission;
mod answer;
mod app;
mod chaos;
mod cli;
mod config;
mod connection;
mod cors;
mod endpoints;
mod error;
mod files;
mod guarded;
mod head;
mod links;
mod log;
mod origin;
mod playground;
mod request_id;
mod server;
pub mod sessions;
mod store;
mod ws;

pub use cli::Cli;
pub use config::{Config, Deadlines, Limits, StorePlace};
pub use error::StartError;
pub use log::{InvalidLogFormat, LogFormat, init as init_log};
pub use origin::{InvalidOrigin, Origin};
pub use server::Server;
