//! The command line.

use std::env;
use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;
use clap::{ArgAction, Parser};
use tracing::level_filters::LevelFilter;

use crate::config::{Config, Deadlines, Limits, StorePlace};
use crate::log::LogFormat;
use crate::origin::Origin;
use crate::sessions::SessionConfig;

/// Development server of Steadfast: WebSocket echo at /ws, rooms at /hub/{room}, static files, and faults on request.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1", value_parser = parse_host)]
    host: IpAddr,
    /// Port to listen on; 0 takes any free one
    #[arg(long, env = "PORT", default_value_t = 8080)]
    port: u16,
    /// Folder to serve at /
    #[arg(long = "static", value_name = "DIR")]
    static_dir: Option<PathBuf>,
    /// Origin that may open WebSockets and save snapshots besides the server's own; may be repeated
    #[arg(long = "origin", value_name = "URL")]
    origins: Vec<Origin>,
    /// Let in WebSocket requests without an Origin header (not from browsers)
    #[arg(long, value_name = "BOOL", default_value_t = true, action = ArgAction::Set)]
    allow_missing_origin: bool,
    /// Longest message taken, such as 64KiB
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_size)]
    max_message: usize,
    /// Connections open at once from one address
    #[arg(long, value_name = "N", default_value = "256")]
    max_connections: NonZeroUsize,
    /// New connections a second from one address
    #[arg(long, value_name = "N", default_value = "500")]
    max_rate: NonZeroU32,
    /// Silence after which a link is closed; the answer to a ping counts as life
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_time)]
    idle_timeout: Duration,
    /// Time between the server's own WebSocket pings
    #[arg(long, value_name = "TIME", default_value = "25s", value_parser = parse_time)]
    ping_interval: Duration,
    /// File that keeps the sessions, or "memory" to lose them with the process. Unless given: a file for each port in
    /// ~/.local/state/steadfast, and memory with --port 0
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// How long messages for an absent client are kept
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = parse_time)]
    session_ttl: Duration,
    /// How long a snapshot of a page's state is kept after it was saved
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = parse_time)]
    snapshot_ttl: Duration,
    /// How often a page's state is saved on average; five times in a row are free
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_time)]
    snapshot_every: Duration,
    /// Room for all snapshots together
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_size)]
    snapshot_quota: usize,
    /// Offer faults at /api/chaos (loopback only)
    #[arg(long)]
    chaos: bool,
    /// How log lines look: json or text
    #[arg(long, value_name = "FORMAT", default_value = "json")]
    log_format: LogFormat,
    /// Least important log lines to write: error, warn, info, debug or off
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: LevelFilter,
}

impl Cli {
    /// How to write log lines.
    pub fn log(&self) -> (LogFormat, LevelFilter) {
        (self.log_format, self.log_level)
    }

    /// A port that the system chooses is another one each time: nobody would find a file that bears its name again.
    fn store_place(&self) -> StorePlace {
        match &self.store {
            Some(path) if path == Path::new("memory") => StorePlace::Memory,
            Some(path) => StorePlace::File(path.clone()),
            None if self.port == 0 => StorePlace::Memory,
            None => state_folder().map_or(StorePlace::Memory, |folder| {
                StorePlace::File(folder.join(format!("server-{}.redb", self.port)))
            }),
        }
    }
}

impl From<Cli> for Config {
    fn from(cli: Cli) -> Self {
        Self {
            store: cli.store_place(),
            sessions: SessionConfig {
                ttl: cli.session_ttl,
                snapshot_ttl: cli.snapshot_ttl,
                snapshot_every: cli.snapshot_every,
                snapshot_quota_bytes: u64::try_from(cli.snapshot_quota).unwrap_or(u64::MAX),
                ..SessionConfig::default()
            },
            host: cli.host,
            port: cli.port,
            static_dir: cli.static_dir,
            origins: cli.origins,
            allow_missing_origin: cli.allow_missing_origin,
            max_message: cli.max_message,
            chaos: cli.chaos,
            limits: Limits {
                connections_per_address: cli.max_connections.get(),
                connections_per_second: cli.max_rate.get(),
                ..Limits::default()
            },
            deadlines: Deadlines {
                idle: cli.idle_timeout,
                ping: cli.ping_interval,
                ..Deadlines::default()
            },
        }
    }
}

/// Where programs of this user keep what should outlive them, by the XDG base directory specification.
fn state_folder() -> Option<PathBuf> {
    let folder = env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let folder = folder.filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| Some(env::home_dir()?.join(".local/state")))?;
    Some(folder.join("steadfast"))
}

fn parse_host(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => text
            .parse()
            .map_err(|_| "give an IP address, such as 127.0.0.1 or 0.0.0.0".to_owned()),
    }
}

/// Shorter times would keep the server busy with nothing but its own clock.
const MIN_TIME: Duration = Duration::from_millis(10);

fn parse_time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if time >= MIN_TIME => Ok(time),
        _ => Err("give a time of 10ms or more, such as 500ms or 30s".to_owned()),
    }
}

fn parse_size(text: &str) -> Result<usize, String> {
    let size: ByteSize = text
        .parse()
        .map_err(|_| "give a number of bytes, such as 65536, 64KiB or 1MiB".to_owned())?;
    match usize::try_from(size.as_u64()) {
        Ok(0) | Err(_) => Err("give at least 1 byte".to_owned()),
        Ok(size) => Ok(size),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(args: &[&str]) -> StorePlace {
        let name = ["steadfast-server"];
        Cli::parse_from(name.iter().chain(args)).store_place()
    }

    #[test]
    fn sessions_are_kept_in_the_file_that_is_named() {
        let file = StorePlace::File("sessions.redb".into());
        assert_eq!(place(&["--store", "sessions.redb", "--port", "0"]), file);
        assert_eq!(place(&["--store", "memory"]), StorePlace::Memory);
    }

    #[test]
    fn otherwise_each_port_has_a_file_but_not_a_port_that_nobody_chose() {
        assert_eq!(place(&["--port", "0"]), StorePlace::Memory);
        let StorePlace::File(file) = place(&["--port", "8080"]) else {
            panic!("a file is expected");
        };
        assert!(file.is_absolute() && file.ends_with("steadfast/server-8080.redb"));
    }
}
