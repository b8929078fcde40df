//! What holds for every program of inputs, in any order.

use std::cell::Cell;

use steadfast_engine::health::Health;
use steadfast_engine::{Config, Input, Output, Refusal, State};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{
    Answer, Op, Payload, Program, Shell, WAKE, check_steps, ms, program, session_program,
};

/// The invariants of [`crate::support::Audit`] hold, and after the end nothing is left over.
#[test]
fn keeps_the_invariants_and_ends_clean() {
    check_steps(&program(), |program| {
        let mut shell = program.run();
        assert_eq!(shell.give(end_of(&program)), Ok(()));
        assert_eq!(shell.engine.state(), State::Closed);
        assert_eq!(shell.engine.queued(), (0, 0));
        shell.wait(ms(1_000_000));
    });
}

/// The same for clients with a session, whose server says anything.
#[test]
fn keeps_the_invariants_in_a_session() {
    let counts: [(&str, Cell<u32>); 17] = [
        "Ask",
        "Message { payload",
        "Put",
        "Mark",
        "Erase",
        "Ended",
        "Release",
        "Adopt",
        "Done",
        "Read",
        "Forget",
        "Unlock",
        "Event(Storage",
        "Capture(Due)",
        "Capture(Hiding)",
        "Save(Positions)",
        "Acknowledge",
    ]
    .map(|name| (name, Cell::new(0)));
    let replayed = Cell::new(0);
    check_steps(&session_program(), |program| {
        let mut shell = program.run();
        for line in &shell.trace {
            for (name, count) in &counts {
                count.set(count.get() + u32::from(line.contains(&format!("<- {name}"))));
            }
            let again = line.contains("replayed: ") && !line.contains("replayed: 0");
            replayed.set(replayed.get() + u32::from(again));
        }
        assert_eq!(shell.give(end_of(&program)), Ok(()));
        assert_eq!(shell.engine.state(), State::Closed);
        assert_eq!(shell.engine.queued(), (0, 0));
        assert_eq!(shell.engine.unacknowledged(), 0);
        shell.wait(ms(1_000_000));
    });
    let least = if cfg!(target_arch = "wasm32") { 5 } else { 30 };
    println!("{counts:?}, replayed: {}", replayed.get());
    assert!(
        counts.iter().all(|(_, count)| count.get() > least),
        "{counts:?}"
    );
    assert!(replayed.get() > least);
}

/// Once server, storage and network are right again, everything that a session has here is delivered, whatever came
/// before.
#[test]
fn recovers_in_a_session_once_the_faults_stop() {
    let recovered = Cell::new(0);
    check_steps(&session_program(), |program| {
        let mut shell = program.run();
        if shell.engine.state().is_final() {
            return;
        }
        let had = shell.engine.queued().0 + shell.engine.unacknowledged() > 0;
        shell.heals();
        if shell.engine.state() == State::Open {
            assert_eq!(shell.engine.queued(), (0, 0));
            assert_eq!(shell.engine.unacknowledged(), 0);
            recovered.set(recovered.get() + u32::from(had));
        }
    });
    let least = if cfg!(target_arch = "wasm32") { 10 } else { 50 };
    assert!(recovered.get() > least, "only {} had any", recovered.get());
}

/// Not drawn but exhausted: every order of a few inputs.
#[test]
fn keeps_the_invariants_in_every_short_program() {
    let depth = if cfg!(target_arch = "wasm32") { 4 } else { 5 };
    for greets in [false, true] {
        for number in 0..SHORT.len().pow(depth) {
            let mut shell = Shell::new(Config {
                greets,
                decides: greets,
                ..Config::default()
            });
            (shell.decide, shell.greeting_bytes) = (Answer::Later, Some(30));
            let mut rest = number;
            for _ in 0..depth {
                SHORT[rest % SHORT.len()].apply(&mut shell);
                rest /= SHORT.len();
            }
        }
    }
}

/// A late word about an older link, or a newer one that does not exist, leaves no mark.
#[test]
fn late_words_of_another_link_change_nothing() {
    check_steps(&program(), |program| {
        let mut shell = program.run();
        // Looking at the health rolls its rates on to the present.
        let _: Health = shell.engine.health(shell.now);
        // And any input moves the clocks on.
        assert_eq!(shell.give(Input::Withdraw(0)), Err(Refusal::NotWaiting));
        for age in [1, 2, u32::MAX] {
            for op in words_of_a_link(age) {
                let before = format!("{:#?}", shell.engine);
                op.apply(&mut shell);
                assert_eq!(format!("{:#?}", shell.engine), before, "{op:?}");
            }
        }
    });
}

/// Once the faults stop, the link comes back and the queue empties, unless the client was told to
/// rest or has given up.
#[test]
fn recovers_once_the_faults_stop() {
    let recovered = Cell::new(0);
    check_steps(&program(), |program| {
        let mut shell = program.run();
        shell.network.bytes_per_second = None;
        shell.network.reset();
        heal(&mut shell);
        if !shell.engine.state().is_at_rest() {
            assert_eq!(shell.engine.state(), State::Open);
            assert_eq!(shell.engine.queued(), (0, 0));
            recovered.set(recovered.get() + 1);
        }
    });
    assert!(
        recovered.get() > 50,
        "only {} programs left anything to recover",
        recovered.get()
    );
}

/// The same seed and the same inputs give the same outputs.
#[test]
fn repeats_itself() {
    check_steps(&program(), |program: Program| {
        assert_eq!(program.run().trace, program.run().trace);
    });
}

/// Closing, or letting go.
fn end_of(program: &Program) -> Input<Payload> {
    match program.seed % 3 {
        0 => Input::Close,
        stored => Input::Release {
            stored: stored == 1,
        },
    }
}

fn words_of_a_link(age: u32) -> [Op; 7] {
    [
        Op::Opened { age },
        Op::Greeted { age },
        Op::Failed { age, fatal: true },
        Op::Message {
            age,
            bytes: 10,
            is_pong: true,
        },
        Op::Closed {
            age,
            code: 1008,
            was_clean: true,
        },
        Op::Decided {
            age,
            decision: None,
        },
        Op::DecisionPending { age },
    ]
}

/// A perfect network and server for a minute.
fn heal(shell: &mut Shell) {
    shell.decide = Answer::Table;
    for input in [Input::Online, WAKE] {
        assert_eq!(shell.give(input), Ok(()));
    }
    let end = shell.now + ms(60_000);
    while shell.now < end {
        shell.link_opens();
        for output in shell.take() {
            if output == Output::TransmitPing(0) && shell.engine.awaits_pong() {
                shell.pong();
            }
        }
        shell.wait(ms(20));
    }
}

const SHORT: [Op; 11] = [
    Op::Connect,
    Op::Reconnect,
    Op::Close,
    Op::Flush,
    Op::Opened { age: 0 },
    Op::Closed {
        age: 0,
        code: 4401,
        was_clean: true,
    },
    Op::Offline,
    Op::Online,
    Op::Suspend,
    Op::Resume,
    Op::Wait { ms: 1_500 },
];
