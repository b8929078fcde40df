//! Starting, accepting, stopping.

use std::fs::DirBuilder;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::admission::Admission;
use crate::app::{App, router};
use crate::chaos::faults::Faults;
use crate::config::{Config, StorePlace};
use crate::connection::Service;
use crate::error::StartError;
use crate::origin::OriginPolicy;
use crate::playground::Playground;
use crate::sessions::{EmbeddedStore, MemoryStore, SessionConfig, SessionStore, Sessions};

/// Connections that may be told at one time why they are refused; more are dropped without a word.
const DENIALS: usize = 64;
/// Rest after a failed accept: the system lacks file handles or memory, and asking at once again would only spin.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    admission: Arc<Admission>,
    denials: Arc<Semaphore>,
    service: Service,
}

impl Server {
    /// Checks the configuration, starts to listen, and opens the store. Connections wait until
    /// [`run`](Self::run).
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        Self::listen(config, open_store).await
    }

    /// As [`bind`](Self::bind), with a store of your own instead of [`Config::store`].
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn bind_with(
        config: Config,
        store: Arc<dyn SessionStore>,
    ) -> Result<Self, StartError> {
        Self::listen(config, |_| Ok(store)).await
    }

    async fn listen(
        config: Config,
        store: impl FnOnce(&StorePlace) -> Result<Arc<dyn SessionStore>, StartError>,
    ) -> Result<Self, StartError> {
        if config.chaos && !config.host.is_loopback() {
            return Err(StartError::ChaosNotLocal(config.host));
        }
        let root = match &config.static_dir {
            Some(path) => Some(real_dir(path).await?),
            None => None,
        };
        let (listener, address) = listen(SocketAddr::new(config.host, config.port)).await?;
        let store = store(&config.store)?;
        let app = Arc::new(App {
            sessions: Sessions::start(session_config(&config), store, Playground),
            origins: OriginPolicy::new(
                config.origins.clone(),
                config.allow_missing_origin,
                config.host,
            ),
            root,
            links: Arc::default(),
            faults: Faults::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            config,
        });
        Ok(Self {
            listener,
            address,
            admission: Arc::new(Admission::new(&app.config.limits)),
            denials: Arc::new(Semaphore::new(DENIALS)),
            service: Service {
                router: router(Arc::clone(&app)),
                app,
            },
        })
    }

    /// The address it listens on, with the port that was really taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is done; then takes no more connections, closes every link with 1001,
    /// and returns when all are gone, or after [`Deadlines::shutdown`](crate::Deadlines::shutdown).
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let store = &self.service.app.config.store;
        info!(address = %self.address, store = %store, "listening");
        loop {
            tokio::select! {
                accepted = self.listener.accept() => self.take(accepted).await,
                () = stop.as_mut() => break,
            }
        }
        self.shut_down().await;
    }

    async fn take(&self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        let (tcp, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(error = %error, "cannot accept a connection");
                sleep(ACCEPT_REST).await;
                return;
            }
        };
        // Echoes are small and awaited: they must not wait for more to come.
        let _ = tcp.set_nodelay(true);
        let service = self.service.clone();
        let tasks = &self.service.app.tasks;
        match self.admission.admit(address.ip()) {
            Ok(permit) => {
                tasks.spawn(service.serve(tcp, address, permit));
            }
            Err(denial) => match Arc::clone(&self.denials).try_acquire_owned() {
                Ok(place) => {
                    tasks.spawn(async move {
                        service.deny(tcp, address, denial).await;
                        drop(place);
                    });
                }
                Err(_) => warn!(peer = %address, reason = %denial, "connection dropped"),
            },
        }
    }

    async fn shut_down(self) {
        drop(self.listener);
        let app = self.service.app;
        info!(connections = app.links.count(), "stopping");
        app.stop.cancel();
        app.faults.lift_all();
        app.links.go_away();
        app.tasks.close();
        let ended = async { tokio::join!(app.tasks.wait(), app.sessions.stop()) };
        if timeout(app.config.deadlines.shutdown, ended).await.is_err() {
            warn!(
                connections = app.tasks.len(),
                "stopped without waiting any longer"
            );
        } else {
            info!("stopped");
        }
    }
}

fn session_config(config: &Config) -> SessionConfig {
    SessionConfig {
        max_message: u32::try_from(config.max_message).unwrap_or(u32::MAX),
        ping_interval: config.deadlines.ping,
        ..config.sessions.clone()
    }
}

fn open_store(place: &StorePlace) -> Result<Arc<dyn SessionStore>, StartError> {
    let StorePlace::File(path) = place else {
        return Ok(Arc::new(MemoryStore::new()));
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        // What is kept there was said in confidence.
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|source| StartError::StoreFolder {
            path: folder.to_owned(),
            source,
        })?;
    }
    Ok(Arc::new(EmbeddedStore::open(path)?))
}

async fn real_dir(path: &Path) -> Result<PathBuf, StartError> {
    let failed = |source| StartError::StaticDir {
        path: path.to_owned(),
        source,
    };
    let root = tokio::fs::canonicalize(path).await.map_err(failed)?;
    if !tokio::fs::metadata(&root).await.map_err(failed)?.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    Ok(root)
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortTaken(address),
        _ => StartError::Listen { address, source },
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let taken = listener.local_addr().map_err(failed)?;
    Ok((listener, taken))
}
