//! The store in memory does what every store has to do.

use proptest::prelude::{ProptestConfig, any, proptest};
use steadfast_sessions::Payload;
use steadfast_sessions::io::Effect;
use steadfast_sessions::store::conformance::{Subject, bench, model};
use steadfast_sessions::store::memory::Table;
use steadfast_sessions::store::rows::Rows;
use steadfast_sessions::store::{Reply, Request, StoreError};

struct Memory(Table);

impl Subject for Memory {
    fn execute(&mut self, request: Request) -> Result<Reply, StoreError> {
        let reply = self.0.execute(&request);
        self.0.sync();
        reply
    }

    fn rows(&mut self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let rows = self.0.iter();
        rows.map(|(key, value)| (key.to_vec(), value.to_vec()))
            .collect()
    }

    fn write(&mut self, key: &[u8], value: Option<&[u8]>) {
        let written = match value {
            Some(value) => self.0.put(key, value),
            None => self.0.delete(key),
        };
        assert_eq!(written, Ok(()));
    }

    fn restart(&mut self) {
        self.0.cut(0);
    }
}

fn memory() -> Memory {
    Memory(Table::new())
}

steadfast_sessions::store_conformance!(memory);

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_program_does_what_the_model_does(steps in proptest::collection::vec(any::<[u8; 4]>(), 1..120)) {
        model::run(memory(), &steps);
    }
}

#[test]
fn power_cut_keeps_the_first_requests_and_nothing_of_the_others() {
    let effects = |text: &str| Request::Send {
        effects: vec![Effect::Publish {
            room: "den".to_owned(),
            payload: Payload::text(text),
        }],
        limits: bench::LIMITS,
        wall_ms: 1,
    };
    let mut states = vec![memory().rows()];
    let mut table = Table::new();
    for text in ["a", "b", "c", "d"] {
        assert!(table.execute(&effects(text)).is_ok());
        states.push(Memory(table.clone()).rows());
    }
    assert_eq!(table.unsynced(), 4);
    for (kept, state) in states.iter().enumerate() {
        let mut cut = table.clone();
        cut.cut(kept);
        assert_eq!((cut.unsynced(), &Memory(cut).rows()), (0, state));
    }
    table.sync();
    table.cut(0);
    assert_eq!(&Memory(table).rows(), &states[4]);
}
