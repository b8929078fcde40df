//! The thread that carries out requests, many in one transaction.

use std::path::Path;
use std::sync::mpsc::Receiver;

use redb::{Database, ReadableDatabase};
use steadfast_sessions::store::apply::{apply, apply_read};
use steadfast_sessions::store::{Reply, Request, StoreError};
use tokio::sync::oneshot;
use tracing::warn;

use super::StoreOpenError;
use super::database::{self, Disk, ROWS};
use super::table::{Draft, Snapshot, failed};

/// Requests of one transaction at most.
const TOGETHER: usize = 1_024;

type Outcome = Result<Reply, StoreError>;

/// A request that waits.
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Outcome>,
}

/// Owns the database.
pub(super) struct Committer<D> {
    disk: D,
    /// None after a failure, until it can be opened again.
    database: Option<Database>,
    /// Answers before the sync: a mistake, to prove that the tests notice it.
    #[cfg(test)]
    pub(super) answers_early: bool,
}

impl<D: Disk> Committer<D> {
    pub(super) fn open(disk: D) -> Result<Self, StoreOpenError> {
        Ok(Self {
            database: Some(database::open(&disk)?),
            disk,
            #[cfg(test)]
            answers_early: false,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.disk.path()
    }

    /// Carries out what comes until nobody can ask any more.
    pub(super) fn run(mut self, waiting: &Receiver<Job>) {
        while let Ok(first) = waiting.recv() {
            let more = waiting.try_iter().take(TOGETHER - 1);
            let jobs: Vec<Job> = std::iter::once(first).chain(more).collect();
            self.carry_out(jobs);
        }
    }

    /// Carries out these in one transaction, and answers them.
    pub(super) fn carry_out(&mut self, jobs: Vec<Job>) {
        let (requests, answers): (Vec<_>, Vec<_>) = jobs
            .into_iter()
            .map(|job| (job.request, job.answer))
            .unzip();
        let only_reads = requests.iter().all(Request::only_reads);
        let result = match self.database() {
            Ok(database) if only_reads => read(database, &requests),
            Ok(_) => return self.write(&requests, answers),
            Err(error) => Err(error),
        };
        self.answer(answers, result);
    }

    fn write(&mut self, requests: &[Request], answers: Vec<oneshot::Sender<Outcome>>) {
        let Some(database) = &self.database else {
            return;
        };
        #[cfg(test)]
        if self.answers_early {
            let mut answers = Some(answers);
            let result = write(database, requests, |outcomes| {
                let outcomes = std::mem::take(outcomes);
                for (answer, outcome) in answers.take().into_iter().flatten().zip(outcomes) {
                    let _ = answer.send(outcome);
                }
            });
            return self.answer(Vec::new(), result);
        }
        let result = write(database, requests, |_| {});
        self.answer(answers, result);
    }

    /// Tells each its outcome; a failure is everybody's, and ends the database's use.
    fn answer(
        &mut self,
        answers: Vec<oneshot::Sender<Outcome>>,
        result: Result<Vec<Outcome>, StoreError>,
    ) {
        let outcomes = result.unwrap_or_else(|error| {
            warn!(store = %self.disk.path().display(), "{error}");
            self.database = None;
            vec![Err(error); answers.len()]
        });
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Who does not wait any more needs no answer.
            let _ = answer.send(outcome);
        }
    }

    /// The database. After a failure it does nothing until it is opened again.
    pub(super) fn database(&mut self) -> Result<&Database, StoreError> {
        let database = match self.database.take() {
            Some(database) => database,
            None => database::open(&self.disk)
                .map_err(|error| StoreError::Unavailable(error.to_string()))?,
        };
        Ok(self.database.insert(database))
    }
}

fn read(database: &Database, requests: &[Request]) -> Result<Vec<Outcome>, StoreError> {
    let transaction = database.begin_read().map_err(failed)?;
    let rows = Snapshot(transaction.open_table(ROWS).map_err(failed)?);
    let outcomes = requests.iter().map(|request| apply_read(&rows, request));
    outcomes.map(unless_failed).collect()
}

/// All requests in one transaction, synced. `before_sync` sees what will be answered.
fn write(
    database: &Database,
    requests: &[Request],
    before_sync: impl FnOnce(&mut Vec<Outcome>),
) -> Result<Vec<Outcome>, StoreError> {
    let transaction = database.begin_write().map_err(failed)?;
    let mut rows = Draft::new(transaction.open_table(ROWS).map_err(failed)?);
    let mut outcomes = Vec::with_capacity(requests.len());
    for request in requests {
        let outcome = unless_failed(apply(&mut rows, request))?;
        match outcome {
            Ok(_) => rows.keep(),
            Err(_) => rows.undo().map_err(failed)?,
        }
        outcomes.push(outcome);
    }
    let changed = rows.changed;
    drop(rows);
    before_sync(&mut outcomes);
    if changed {
        transaction.commit().map_err(failed)?;
    } else {
        transaction.abort().map_err(failed)?;
    }
    Ok(outcomes)
}

/// An outcome, unless it says that the database failed: then nothing of its transaction counts.
fn unless_failed(outcome: Outcome) -> Result<Outcome, StoreError> {
    match outcome {
        Err(error @ StoreError::Unavailable(_)) => Err(error),
        outcome => Ok(outcome),
    }
}
