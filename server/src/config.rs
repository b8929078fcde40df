//! What a server is told before it starts, with every default in one place.

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::origin::Origin;
use crate::sessions::SessionConfig;

/// Everything a [`Server`](crate::Server) needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on. Default 127.0.0.1, which no other machine can reach.
    pub host: IpAddr,
    /// Port to listen on. Default 8080; 0 takes any free one.
    pub port: u16,
    /// Folder served at `/`. Default none: everything but the endpoints is 404.
    pub static_dir: Option<PathBuf>,
    /// Origins that may open WebSockets besides the server's own. Default none.
    pub origins: Vec<Origin>,
    /// Whether a WebSocket request without an `Origin` header (not a browser) is let in. Default true.
    pub allow_missing_origin: bool,
    /// Longest message taken, in bytes. Default 1 MiB; a longer one closes the link with 1009.
    pub max_message: usize,
    /// Whether faults can be ordered at `/api/chaos`. Default false; needs a loopback `host`.
    pub chaos: bool,
    /// Where sessions are kept, unless [`Server::bind_with`](crate::Server::bind_with) is given a
    /// store. Default memory.
    pub store: StorePlace,
    /// Bounds and times of sessions. `max_message` and `ping_interval` are taken from
    /// [`max_message`](Self::max_message) and [`Deadlines::ping`].
    pub sessions: SessionConfig,
    /// Bounds on memory and connections.
    pub limits: Limits,
    /// How long the server waits for what.
    pub deadlines: Deadlines,
}

/// Where a server keeps its sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StorePlace {
    /// In memory: they end with the process.
    #[default]
    Memory,
    /// In this file, which is made if need be: they outlive the process, whatever ends it. One
    /// process at a time.
    File(PathBuf),
}

impl Display for StorePlace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Bounds on what clients can make the server hold.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections open at once from one address (an IPv6 /64 counts as one). Default 256; the next is answered 429.
    pub connections_per_address: usize,
    /// New connections a second from one address, with a burst of twice as many. Default 500; the next is answered 429.
    pub connections_per_second: u32,
    /// Bytes kept for a hub member that reads too slowly. Default 1 MiB; past it the link closes with 1013.
    pub send_buffer: usize,
    /// Bytes of a request's head, all headers together. Default 64 KiB; a longer one is answered 431.
    pub head: usize,
    /// Bytes of one line of a request's head. Default 8 KiB; a longer one is answered 431 (the first line: 414).
    pub head_line: usize,
}

/// How long the server waits before it gives something up.
#[derive(Clone, Debug)]
pub struct Deadlines {
    /// A new connection's first byte. Default 10 s; then it is closed without an answer.
    pub first_byte: Duration,
    /// A request's head, from its first byte. Default 5 s; then 408. Also the life of an idle HTTP connection.
    pub head: Duration,
    /// A request's body. Default 10 s; then 408.
    pub body: Duration,
    /// A started WebSocket frame. Default 10 s; then the link closes with 1008.
    pub frame: Duration,
    /// A WebSocket's silence; the answer to a ping counts as life. Default 60 s; then the link closes with 1011.
    pub idle: Duration,
    /// Time between the server's own WebSocket pings. Default 25 s.
    pub ping: Duration,
    /// A peer that takes no bytes. Default 10 s; then the connection is dropped.
    pub write: Duration,
    /// The rest of a close: the peer's close frame and its end of the connection. Default 2 s.
    pub close: Duration,
    /// All links and requests, once the server stops. Default 5 s; then they are dropped.
    pub shutdown: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8080,
            static_dir: None,
            origins: Vec::new(),
            allow_missing_origin: true,
            max_message: 1 << 20,
            chaos: false,
            store: StorePlace::default(),
            sessions: SessionConfig::default(),
            limits: Limits::default(),
            deadlines: Deadlines::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_address: 256,
            connections_per_second: 500,
            send_buffer: 1 << 20,
            head: 64 << 10,
            head_line: 8 << 10,
        }
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(5),
            body: Duration::from_secs(10),
            frame: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            ping: Duration::from_secs(25),
            write: Duration::from_secs(10),
            close: Duration::from_secs(2),
            shutdown: Duration::from_secs(5),
        }
    }
}
