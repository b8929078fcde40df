//! The store in a file does what every store has to do.

use redb::{Database, ReadableDatabase, ReadableTable};
use steadfast_sessions::store::conformance::{Subject, model};
use steadfast_sessions::store::{Reply, Request, StoreError};
use tokio::sync::oneshot;

use super::disk::Platter;
use crate::store::committer::{Committer, Job};
use crate::store::database::ROWS;

/// What carries out a store's requests, and what it lies on.
struct OnPlatter {
    platter: Platter,
    committer: Committer<Platter>,
}

impl OnPlatter {
    fn database(&mut self) -> &Database {
        self.committer.database().unwrap()
    }
}

impl Subject for OnPlatter {
    fn execute(&mut self, request: Request) -> Result<Reply, StoreError> {
        let (answer, mut answered) = oneshot::channel();
        self.committer.carry_out(vec![Job { request, answer }]);
        answered.try_recv().unwrap()
    }

    fn rows(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let transaction = self.database().begin_read().unwrap();
        let table = transaction.open_table(ROWS).unwrap();
        let rows = table.iter().unwrap().map(Result::unwrap);
        rows.map(|(key, value)| (key.value().to_vec(), value.value().to_vec()))
            .collect()
    }

    fn write(&mut self, key: &[u8], value: Option<&[u8]>) {
        let transaction = self.database().begin_write().unwrap();
        let mut table = transaction.open_table(ROWS).unwrap();
        match value {
            Some(value) => drop(table.insert(key, value).unwrap()),
            None => drop(table.remove(key).unwrap()),
        }
        drop(table);
        transaction.commit().unwrap();
    }

    fn restart(&mut self) {
        // As after a power cut: the old one does not get to close its file.
        self.platter = self.platter.power_on(|| false);
        self.committer = Committer::open(self.platter.clone()).unwrap();
    }
}

fn on_platter() -> OnPlatter {
    let platter = Platter::default();
    OnPlatter {
        committer: Committer::open(platter.clone()).unwrap(),
        platter,
    }
}

steadfast_sessions::store_conformance!(on_platter);

#[test]
fn any_program_does_what_the_model_does() {
    for seed in 1..=40 {
        model::run(on_platter(), &model::program(seed, 60));
    }
}
