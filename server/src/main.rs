//! `steadfast-server`: see `steadfast-server --help`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use steadfast_server::{Cli, Server, init_log};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("steadfast-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(cli: Cli) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (format, level) = cli.log();
    init_log(format, level);
    let mut signals = StopSignals::new()?;
    let server = Server::bind(cli.into()).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening on http://{}", server.address())?;
    stdout.flush()?;
    let (stop, stopped) = oneshot::channel();
    let asked_twice = async {
        signals.next().await;
        // A server that is gone needs no telling.
        let _ = stop.send(());
        signals.next().await;
    };
    tokio::select! {
        () = server.run(async { drop(stopped.await) }) => Ok(ExitCode::SUCCESS),
        // Whoever asks twice does not want to wait for the clients.
        () = asked_twice => Ok(ExitCode::FAILURE),
    }
}

/// SIGTERM and SIGINT: what asks a program to end.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
