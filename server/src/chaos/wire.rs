//! A TCP connection that can be made to misbehave: bytes pass through a pump that follows rules which change as it runs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, copy, sink};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// The handle by which a connection's rules are changed.
pub(crate) struct Wire {
    rules: watch::Sender<Rules>,
}

/// What the pump does with a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Client to server.
    pub(crate) up: LaneRules,
    /// Server to client.
    pub(crate) down: LaneRules,
    end: Option<End>,
}

/// What the pump does with one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LaneRules {
    /// Nothing is read and nothing passed on, not even the end.
    pub(crate) hold: bool,
    /// How long after its arrival a byte is passed on.
    pub(crate) delay: Duration,
    /// Bytes a second; none: as fast as it goes.
    pub(crate) bandwidth: Option<u64>,
}

/// How a connection is ended on order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As if the process had closed its socket: FIN.
    Cut,
    /// As if the machine had lost its memory: RST.
    Reset,
}

/// Bytes between the pump and the server.
const PIPE: usize = 64 << 10;
/// Bytes read at once, and the most written at once.
const CHUNK: usize = 16 << 10;
/// Chunks under way in one direction.
const CHUNKS: usize = 64;
/// Writes a second on a slow line: often enough to look like one, not one byte at a time.
const SLICES_PER_SECOND: u64 = 20;
/// How long the peer may go on sending once the server's side has ended.
const LINGER: Duration = Duration::from_secs(2);

/// Puts a wire around a connection: the server's end, the handle, and the pump, which must be run.
pub(crate) fn splice(tcp: TcpStream) -> (DuplexStream, Arc<Wire>, impl Future<Output = ()>) {
    let (server, pump) = tokio::io::duplex(PIPE);
    let (rules, changes) = watch::channel(Rules::default());
    (server, Arc::new(Wire { rules }), run(tcp, pump, changes))
}

impl Wire {
    /// Sets the rules of both directions.
    pub(crate) fn set(&self, up: LaneRules, down: LaneRules) {
        self.rules.send_if_modified(|rules| {
            let changed = (rules.up, rules.down) != (up, down);
            (rules.up, rules.down) = (up, down);
            changed
        });
    }

    /// Ends the connection now, whatever holds or delays it.
    pub(crate) fn end(&self, end: End) {
        self.rules.send_modify(|rules| rules.end = Some(end));
    }

    /// Whether the connection is gone.
    pub(crate) fn is_gone(&self) -> bool {
        self.rules.is_closed()
    }
}

async fn run(mut tcp: TcpStream, server: DuplexStream, changes: watch::Receiver<Rules>) {
    let ordered = tokio::select! {
        end = ordered_end(changes.clone()) => Some(end),
        // An error here is the peer's reset, or a peer that is gone: the server learns it as the end of its stream.
        _ = transfer(&mut tcp, server, &changes) => None,
    };
    match ordered {
        Some(End::Reset) => {
            // Without the option the close would be an orderly one; there is nothing better to do if it fails.
            let _ = tcp.set_zero_linger();
        }
        Some(End::Cut) => {
            let _ = timeout(LINGER, drain(&mut tcp)).await;
        }
        None => {}
    }
}

async fn ordered_end(mut changes: watch::Receiver<Rules>) -> End {
    match changes
        .wait_for(|rules| rules.end.is_some())
        .await
        .map(|rules| rules.end)
    {
        Ok(Some(end)) => end,
        _ => std::future::pending().await,
    }
}

/// Ends our direction and reads the other to its end: unread bytes would turn the close into a reset.
async fn drain(tcp: &mut TcpStream) -> io::Result<()> {
    tcp.shutdown().await?;
    copy(tcp, &mut sink()).await?;
    Ok(())
}

/// Carries both directions until the server's has ended and the client's has ended or had its time.
async fn transfer(
    tcp: &mut TcpStream,
    server: DuplexStream,
    changes: &watch::Receiver<Rules>,
) -> io::Result<()> {
    let (from_client, to_client) = tcp.split();
    let (from_server, to_server) = tokio::io::split(server);
    let mut up = std::pin::pin!(carry_up(
        from_client,
        to_server,
        Lane::new(changes, |rules| rules.up)
    ));
    let mut down = std::pin::pin!(carry_down(
        from_server,
        to_client,
        Lane::new(changes, |rules| rules.down)
    ));
    let mut up_ended = false;
    loop {
        tokio::select! {
            ended = up.as_mut(), if !up_ended => {
                ended?;
                up_ended = true;
            }
            ended = down.as_mut() => {
                ended?;
                if !up_ended {
                    let _ = timeout(LINGER, up).await;
                }
                return Ok(());
            }
        }
    }
}

/// Fails when the client's side fails. A server that listens no more only ends this direction:
/// what it said last is still to be carried down.
async fn carry_up(
    reader: impl AsyncRead + Unpin,
    writer: impl AsyncWrite + Unpin,
    lane: Lane,
) -> io::Result<()> {
    let (chunks, queue) = mpsc::channel(CHUNKS);
    let mut give = std::pin::pin!(give(queue, writer, lane.clone()));
    tokio::select! {
        taken = take(reader, chunks, lane) => taken?,
        _ = give.as_mut() => return Ok(()),
    }
    let _ = give.await;
    Ok(())
}

async fn carry_down(
    reader: impl AsyncRead + Unpin,
    writer: impl AsyncWrite + Unpin,
    lane: Lane,
) -> io::Result<()> {
    let (chunks, queue) = mpsc::channel(CHUNKS);
    tokio::try_join!(
        take(reader, chunks, lane.clone()),
        give(queue, writer, lane)
    )?;
    Ok(())
}

/// Bytes and when they arrived.
type Chunk = (Instant, Bytes);

async fn take(
    mut reader: impl AsyncRead + Unpin,
    chunks: mpsc::Sender<Chunk>,
    mut lane: Lane,
) -> io::Result<()> {
    loop {
        lane.released().await;
        let mut bytes = BytesMut::with_capacity(CHUNK);
        let size = tokio::select! {
            biased;
            () = lane.held() => continue,
            read = reader.read_buf(&mut bytes) => read?,
        };
        if size == 0 || chunks.send((Instant::now(), bytes.freeze())).await.is_err() {
            return Ok(());
        }
    }
}

async fn give(
    mut chunks: mpsc::Receiver<Chunk>,
    mut writer: impl AsyncWrite + Unpin,
    mut lane: Lane,
) -> io::Result<()> {
    while let Some((arrived, mut bytes)) = chunks.recv().await {
        lane.wait_out_delay(arrived).await;
        while bytes.has_remaining() {
            lane.released().await;
            let size = lane.slice().min(bytes.len());
            writer.write_all(&bytes[..size]).await?;
            bytes.advance(size);
            lane.pace(size).await;
        }
    }
    lane.released().await;
    writer.shutdown().await
}

/// One direction's view of the rules.
#[derive(Clone)]
struct Lane {
    changes: watch::Receiver<Rules>,
    select: fn(&Rules) -> LaneRules,
}

impl Lane {
    fn new(changes: &watch::Receiver<Rules>, select: fn(&Rules) -> LaneRules) -> Self {
        let changes = changes.clone();
        Self { changes, select }
    }

    fn rules(&mut self) -> LaneRules {
        (self.select)(&self.changes.borrow_and_update())
    }

    /// Returns once the rules have changed; never if nobody can change them any more.
    async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending().await
        }
    }

    async fn released(&mut self) {
        while self.rules().hold {
            self.changed().await;
        }
    }

    async fn held(&mut self) {
        while !self.rules().hold {
            self.changed().await;
        }
    }

    async fn wait_out_delay(&mut self, arrived: Instant) {
        loop {
            let due = arrived + self.rules().delay;
            tokio::select! {
                () = sleep_until(due) => return,
                () = self.changed() => {}
            }
        }
    }

    /// Bytes to write at once.
    fn slice(&mut self) -> usize {
        let slice = self
            .rules()
            .bandwidth
            .map_or(CHUNK as u64, |rate| rate / SLICES_PER_SECOND);
        usize::try_from(slice).unwrap_or(CHUNK).clamp(1, CHUNK)
    }

    /// Waits as long as `size` bytes take on this line.
    async fn pace(&mut self, size: usize) {
        let Some(rate) = self.rules().bandwidth else {
            return;
        };
        let took = Duration::from_secs_f64(size as f64 / rate as f64);
        tokio::select! {
            () = sleep(took) => {}
            () = self.changed() => {}
        }
    }
}
