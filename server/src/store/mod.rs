//! The store in a file: one file, written by one process.
//!
//! Requests that wait at the same time share one transaction and one sync, and each is answered after
//! that sync.

mod committer;
mod database;
mod table;
#[cfg(test)]
mod tests;

use std::fmt::{Debug, Formatter};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use steadfast_sessions::store::{Answer, Request, SessionStore, StoreError};
use tokio::sync::oneshot;

use committer::{Committer, Job};
use database::Disk;

/// A durable store in one file. Everything that it has answered survives the death of the process
/// and of the machine.
///
/// Dropping it waits until what it was asked for is written, and closes the file.
pub struct EmbeddedStore {
    /// Empty when the store is being dropped.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// Why a file cannot be used as a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreOpenError {
    /// Another process, or another part of this one, has it open.
    #[error("the store {} is in use; stop the other server, or choose another file with --store", .0.display())]
    InUse(PathBuf),
    /// It is no store, or one that was damaged, or was written by another version.
    #[error("the store {} cannot be read: {reason}; move it away to start with an empty one, or choose another file with --store", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file, or its folder, cannot be reached.
    #[error("cannot open the store {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl EmbeddedStore {
    /// Opens the store in the file at `path`, and makes it when there is none; its folder has to
    /// exist. On Unix only the owner can read a file that is made. The whole file is read and
    /// checked first: about a second for each gigabyte.
    ///
    /// # Errors
    /// See [`StoreOpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreOpenError> {
        Self::start(Committer::open(database::File::new(path.as_ref()))?)
    }

    fn start<D: Disk>(committer: Committer<D>) -> Result<Self, StoreOpenError> {
        let path = committer.path().to_owned();
        let (jobs, waiting) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("steadfast-store".to_owned())
            .spawn(move || committer.run(&waiting))
            .map_err(|source| StoreOpenError::Io { path, source })?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }
}

impl SessionStore for EmbeddedStore {
    fn execute(&self, request: Request) -> Answer {
        let (answer, answered) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // Where the thread is gone, so is the job, and with it its answer.
            let _ = jobs.send(Job { request, answer });
        }
        Box::pin(async move {
            let stopped = || Err(StoreError::Unavailable("it has stopped".to_owned()));
            answered.await.unwrap_or_else(|_| stopped())
        })
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic in there was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Debug for EmbeddedStore {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedStore").finish_non_exhaustive()
    }
}
