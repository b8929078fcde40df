//! The application's own decision about a loss.

use steadfast_engine::{
    Cause, Config, Decision, Event, Failure, FailureKind, HangUp, Input, Loss, Output,
    ReconnectConfig, State, Warning,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Answer, Payload, RECONNECT, Shell, WAKE, ms};

fn decides() -> Config {
    Config {
        decides: true,
        ..Config::default()
    }
}

fn disconnects(events: &[Event<Payload>]) -> usize {
    let disconnect = |event: &&Event<_>| matches!(event, Event::Disconnect { .. });
    events.iter().filter(disconnect).count()
}

#[test]
fn it_is_asked_with_all_that_is_known() {
    let mut shell = Shell::stable(decides());
    shell.link_closes(1008);
    let loss = Loss {
        cause: Cause::Closed,
        code: 1008,
        was_clean: true,
    };
    let (generation, attempt, opened) = (1, 0, true);
    let asked = Output::Decide {
        generation,
        loss,
        attempt,
        opened,
    };
    assert!(shell.take().contains(&asked));
}

#[test]
fn it_overrides_every_row() {
    for code in 1000..=5000 {
        let mut shell = Shell::stable(decides());
        shell.decide = Answer::With(Decision::Retry);
        shell.link_closes(code);
        assert_eq!(shell.engine.state(), State::Reconnecting, "{code}");
    }
    for code in [1000, 1001, 1006, 1009, 1012, 3000, 4000, 4401] {
        let mut shell = Shell::stable(decides());
        shell.decide = Answer::With(Decision::Stop);
        shell.link_closes(code);
        assert_eq!(shell.engine.state(), State::Failed, "{code}");
        let events = shell.take_events();
        let told = |event: &_| {
            matches!(
                event,
                Event::Disconnect {
                    will_retry: false,
                    ..
                }
            )
        };
        assert!(events.iter().any(told), "{events:?}");
        let Some(Event::Failed(Failure { kind, .. })) = events.last() else {
            panic!("{events:?}");
        };
        assert_eq!(*kind, FailureKind::Refused);
    }
}

#[test]
fn without_an_opinion_the_table_decides() {
    for (code, state) in [(1006, State::Reconnecting), (1008, State::Failed)] {
        let mut shell = Shell::stable(decides());
        shell.decide = Answer::Table;
        shell.link_closes(code);
        assert_eq!(shell.engine.state(), state, "{code}");
    }
}

#[test]
fn it_sets_the_delay() {
    let mut shell = Shell::stable(decides());
    shell.decide = Answer::With(Decision::After(ms(12_345)));
    shell.link_closes(1008);
    shell.take();
    assert_eq!(shell.until_dial(), ms(12_345));
}

#[test]
fn it_reauthenticates_once() {
    let mut shell = Shell::stable(decides());
    shell.decide = Answer::With(Decision::Reauthenticate);
    shell.link_closes(1008);
    shell.until_dial();
    shell.take();
    shell.link_closes(1006);
    let events = shell.take_events();
    let Some(Event::Failed(failure)) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!(failure.kind, FailureKind::Unauthorized);
}

#[test]
fn it_is_asked_about_failed_attempts_too() {
    let mut shell = Shell::new(decides());
    shell.connect();
    shell.take();
    shell.link_closes(1006);
    let [
        Output::Event(Event::Warning(Warning::NotOpened)),
        Output::Decide {
            attempt: 1,
            opened: false,
            ..
        },
    ] = shell.take()[..]
    else {
        panic!("{}", shell.story());
    };
}

#[test]
fn it_does_not_outlast_retries_that_are_used_up() {
    let reconnect = ReconnectConfig {
        retries: 0,
        ..ReconnectConfig::default()
    };
    let mut shell = Shell::stable(Config {
        reconnect,
        ..decides()
    });
    shell.decide = Answer::With(Decision::Retry);
    shell.link_closes(1006);
    assert_eq!(shell.engine.state(), State::Failed);
}

#[test]
fn one_that_comes_later_is_waited_for_and_the_loss_is_told_once_at_once() {
    let mut shell = Shell::stable(decides());
    shell.decide = Answer::Later;
    shell.link_closes(1008);
    assert_eq!(shell.engine.state(), State::Reconnecting);
    let before = shell.take_events();
    assert!(matches!(
        before[1],
        Event::Disconnect {
            will_retry: true,
            ..
        }
    ));
    assert_eq!(shell.give(Input::DecisionPending { generation: 1 }), Ok(()));

    shell.wait(ms(3_000));
    let decision = Some(Decision::After(ms(500)));
    assert_eq!(
        shell.give(Input::Decided {
            generation: 1,
            decision
        }),
        Ok(())
    );
    let after = shell.take_events();
    assert_eq!(disconnects(&before) + disconnects(&after), 1);
    assert_eq!(shell.until_dial(), ms(500));
}

#[test]
fn one_that_never_comes_is_the_tables() {
    let mut shell = Shell::stable(decides());
    shell.decide = Answer::Later;
    shell.link_closes(1008);
    shell.take();
    let failed = |output: &Output<Payload>| matches!(output, Output::Event(Event::Failed(_)));
    assert_eq!(
        shell.until(failed),
        ms(10_000),
        "as long as an attempt may take"
    );
    let decision = Some(Decision::Retry);
    shell.take();
    assert_eq!(
        shell.give(Input::Decided {
            generation: 1,
            decision
        }),
        Ok(())
    );
    assert_eq!(shell.take(), [], "too late");
}

/// The application may call anything from within `decide`.
#[test]
fn close_and_reconnect_from_within_it_tell_the_loss_first() {
    let mut shell = Shell::stable(decides());
    shell.link_closes(1006);
    shell.take();
    assert_eq!(shell.give(Input::Close), Ok(()));
    let events = shell.take_events();
    assert!(
        matches!(
            events[0],
            Event::Disconnect {
                will_retry: false,
                ..
            }
        ),
        "{events:?}"
    );
    assert_eq!(
        shell.give(Input::Decided {
            generation: 1,
            decision: None
        }),
        Ok(())
    );
    assert_eq!(shell.engine.state(), State::Closed);

    let mut shell = Shell::stable(decides());
    shell.link_closes(1006);
    shell.take();
    assert_eq!(shell.give(RECONNECT), Ok(()));
    let events = shell.take_events();
    assert!(
        matches!(
            events[0],
            Event::Disconnect {
                will_retry: true,
                ..
            }
        ),
        "{events:?}"
    );
    assert_eq!(
        shell.give(Input::Decided {
            generation: 1,
            decision: Some(Decision::Stop)
        }),
        Ok(())
    );
    assert_eq!(
        shell.engine.state(),
        State::Reconnecting,
        "it was about the older link"
    );
    shell.link_opens();
    assert_eq!(shell.engine.state(), State::Open);
}

#[test]
fn a_page_put_away_meanwhile_stays_away() {
    let mut shell = Shell::stable(decides());
    shell.decide = Answer::Later;
    shell.link_closes(1006);
    assert_eq!(shell.give(Input::Suspend), Ok(()));
    assert_eq!(
        shell.give(Input::Decided {
            generation: 1,
            decision: None
        }),
        Ok(())
    );
    shell.take();
    shell.wait(ms(50_000));
    assert_eq!(shell.take(), []);
    assert_eq!(shell.give(WAKE), Ok(()));
    assert!(shell.until_dial() <= ms(1_000));
}

#[test]
fn it_is_not_asked_when_the_application_ended_the_link_itself() {
    for (input, why) in [
        (RECONNECT, HangUp::Reconnect),
        (Input::Close, HangUp::Closed),
    ] {
        let mut shell = Shell::stable(decides());
        assert_eq!(shell.give(input), Ok(()));
        let outputs = shell.take();
        assert!(outputs.contains(&Output::HangUp(why)));
        assert!(
            !outputs
                .iter()
                .any(|output| matches!(output, Output::Decide { .. }))
        );
    }
}
