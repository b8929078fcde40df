//! What the page and the platform say: sleep and waking, network and none.

use steadfast_engine::{
    Cause, Config, Event, HangUp, Input, Loss, Output, ReconnectConfig, Span, State,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Shell, ms};

/// A shell that waits a minute for its next attempt.
fn waiting() -> Shell {
    let reconnect = ReconnectConfig {
        base: ms(60_000),
        jitter: steadfast_engine::Jitter::None,
        ..ReconnectConfig::default()
    };
    let mut shell = Shell::new(Config {
        reconnect: Some(reconnect),
        ..Config::default()
    });
    shell.connect();
    shell.link_closes(1006);
    shell.take();
    shell
}

#[test]
fn waking_probes_an_open_link() {
    for input in [Input::Wake, Input::Online, Input::Resume] {
        let mut shell = Shell::answering(Config::default());
        assert_eq!(shell.give(input.clone()), Ok(()));
        assert_eq!(shell.take(), [Output::TransmitPing(0)]);
        shell.wait(ms(50));
        shell.pong();
        shell.wait(ms(4_000));
        assert_eq!(shell.engine.state(), State::Open);

        assert_eq!(shell.give(input), Ok(()));
        shell.take();
        assert_eq!(shell.until_dead(), ms(3_000), "one probe is enough");
    }
}

#[test]
fn waking_often_sends_one_probe() {
    let mut shell = Shell::answering(Config::default());
    for input in [Input::Wake, Input::Online, Input::Resume, Input::Wake] {
        assert_eq!(shell.give(input), Ok(()));
    }
    assert_eq!(shell.take(), [Output::TransmitPing(0)]);
    assert_eq!(shell.until_dead(), ms(3_000), "its time is not put off");
}

#[test]
fn waking_into_an_overdue_probe_probes_again() {
    let mut shell = Shell::answering(Config::default());
    assert_eq!(shell.give(Input::Wake), Ok(()));
    shell.take();
    shell.pass_to(shell.now + ms(3_600_000));
    assert_eq!(shell.give(Input::Wake), Ok(()));
    assert_eq!(shell.take(), [Output::TransmitPing(0)]);
    shell.timeout();
    shell.wait(ms(50));
    shell.pong();
    assert_eq!((shell.engine.state(), shell.generation), (State::Open, 1));
}

#[test]
fn waking_while_waiting_brings_the_attempt_forward_jittered() {
    let mut delays = Vec::new();
    for seed in 0..50 {
        let mut shell = Shell::with_seed(Config::default(), seed);
        shell.connect();
        for _ in 0..8 {
            shell.link_closes(1006);
            shell.until_dial();
            shell.take();
        }
        shell.link_closes(1006);
        shell.take();
        assert_eq!(shell.give(Input::Wake), Ok(()));
        delays.push(shell.until_dial());
    }
    assert!(delays.iter().all(|delay| *delay <= ms(1_000)));
    delays.sort();
    assert!(
        delays[5] < ms(300) && delays[45] > ms(700),
        "spread: {delays:?}"
    );
}

#[test]
fn waking_never_puts_an_attempt_off() {
    for seed in 0..50 {
        let mut shell = Shell::with_seed(Config::default(), seed);
        shell.connect();
        shell.link_opens();
        shell.wait(ms(6_000));
        shell.link_closes(1006);
        let due = shell.deadline;
        for _ in 0..20 {
            assert_eq!(shell.give(Input::Wake), Ok(()));
        }
        assert!(shell.deadline <= due);
    }
}

#[test]
fn waking_while_connecting_makes_a_fresh_attempt() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.wait(ms(5_000));
    shell.take();
    assert_eq!(shell.give(Input::Wake), Ok(()));
    assert_eq!(
        shell.take()[0],
        Output::HangUp(HangUp::Abandoned),
        "the old one may be stalled"
    );
    assert!(shell.until_dial() <= ms(1_000));
    assert_eq!(shell.generation, 2);
}

#[test]
fn an_attempt_made_awake_is_left_alone() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.wait(ms(900));
    shell.take();
    assert_eq!(shell.give(Input::Wake), Ok(()));
    assert_eq!(shell.take(), []);
}

#[test]
fn a_jump_of_the_wall_clock_is_a_waking() {
    let mut shell = Shell::answering(Config::default());
    shell.timeout();
    shell.wall_ahead_ms += 3_600_000;
    shell.take();
    shell.timeout();
    assert_eq!(shell.take(), [Output::TransmitPing(0)]);

    let mut shell = waiting();
    shell.timeout();
    shell.wall_ahead_ms += 3_600_000;
    shell.timeout();
    assert!(shell.until_dial() <= ms(1_000));
}

#[test]
fn a_jump_excuses_whatever_was_overdue() {
    let mut shell = Shell::answering(Config::default());
    shell.timeout();
    assert_eq!(shell.give(Input::Wake), Ok(()));
    shell.take();
    shell.wall_ahead_ms += 3_600_000;
    shell.sleep(ms(3_000));
    assert_eq!(
        shell.take(),
        [Output::TransmitPing(0)],
        "the probe's time ran out in its sleep"
    );
    shell.pong();
    assert_eq!(shell.engine.state(), State::Open);
}

#[test]
fn a_wall_clock_set_back_or_corrected_a_little_means_nothing() {
    let mut shell = Shell::answering(Config::default());
    shell.timeout();
    shell.take();
    for change in [-3_600_000_i64, 1_500, -1_500] {
        shell.wall_ahead_ms = shell.wall_ahead_ms.wrapping_add_signed(change);
        shell.timeout();
        assert_eq!(shell.take(), []);
    }
}

#[test]
fn hours_of_sleep_cause_one_reconnect() {
    let mut shell = Shell::answering(Config::default());
    shell.wall_ahead_ms += 1;
    shell.sleep(ms(8 * 3_600_000));
    assert_eq!(shell.take(), [Output::TransmitPing(0)]);
    shell.until_dead();
    shell.until_dial();
    shell.link_opens();
    shell.wait(ms(10_000));
    assert_eq!(shell.generation, 2);
}

#[test]
fn offline_pauses_attempts_and_online_resumes_them_jittered() {
    let mut shell = waiting();
    assert_eq!(shell.give(Input::Offline), Ok(()));
    assert_eq!(shell.engine.state(), State::Offline);
    shell.take();
    shell.wait(ms(10_000_000));
    assert_eq!(shell.take(), []);
    assert_eq!(shell.give(Input::Online), Ok(()));
    assert_eq!(shell.engine.state(), State::Reconnecting);
    let events = shell.take_events();
    let Some(Event::Reconnecting {
        cause: Cause::Online,
        delay,
        ..
    }) = events.last()
    else {
        panic!("{events:?}");
    };
    assert!(*delay <= ms(1_000));
    assert_eq!(shell.until_dial(), *delay);
}

#[test]
fn an_attempt_under_way_is_left_to_its_fate() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.take();
    assert_eq!(shell.give(Input::Offline), Ok(()));
    assert_eq!(shell.take(), []);
    shell.link_closes(1006);
    assert_eq!(shell.engine.state(), State::Offline);
}

#[test]
fn a_link_lost_without_a_network_waits_for_it() {
    let mut shell = Shell::answering(Config::default());
    assert_eq!(shell.give(Input::Offline), Ok(()));
    assert_eq!(
        shell.engine.state(),
        State::Open,
        "an open link may be a local one"
    );
    shell.link_closes(1006);
    assert_eq!(shell.engine.state(), State::Offline);
    shell.take();
    shell.wait(ms(1_000_000));
    assert_eq!(shell.take(), []);
}

#[test]
fn a_dead_link_is_noticed_without_a_network_too() {
    let mut shell = Shell::answering(Config::default());
    assert_eq!(shell.give(Input::Offline), Ok(()));
    shell.until_dead();
    assert_eq!(shell.engine.state(), State::Offline);
}

#[test]
fn connect_is_never_blocked_by_the_hint() {
    let mut shell = Shell::new(Config::default());
    assert_eq!(shell.give(Input::Offline), Ok(()));
    shell.connect();
    shell.link_opens();
    assert_eq!(shell.engine.state(), State::Open);
}

#[test]
fn reconnect_is_never_blocked_by_the_hint() {
    let mut shell = waiting();
    assert_eq!(shell.give(Input::Offline), Ok(()));
    assert_eq!(shell.give(Input::Reconnect), Ok(()));
    shell.link_opens();
    assert_eq!(shell.engine.state(), State::Open);
}

#[test]
fn suspending_closes_the_link_in_the_same_task_and_keeps_the_queue() {
    let mut shell = Shell::answering(Config::default());
    assert_eq!(shell.give(Input::Suspend), Ok(()));
    let outputs = shell.take();
    assert_eq!(outputs[0], Output::HangUp(HangUp::Suspended));
    let loss = Loss {
        cause: Cause::Suspended,
        code: 4000,
        was_clean: true,
    };
    let disconnect = Event::Disconnect {
        loss,
        will_retry: true,
        unconfirmed: 0,
    };
    assert!(outputs.contains(&Output::Event(disconnect)));
    let kept = shell.send();
    shell.wait(ms(1_000_000));
    for input in [Input::Wake, Input::Online] {
        assert_eq!(shell.give(input), Ok(()));
    }
    shell.take();
    shell.wait(ms(1_000_000));
    assert_eq!(shell.take(), [], "nothing happens before the page is back");

    assert_eq!(shell.give(Input::Resume), Ok(()));
    assert!(shell.until_dial() <= ms(1_000));
    shell.take();
    shell.link_opens();
    assert_eq!(shell.take_transmitted(), [kept]);
}

#[test]
fn suspending_stops_attempts_too() {
    for connecting in [true, false] {
        let mut shell = if connecting {
            Shell::new(Config::default())
        } else {
            waiting()
        };
        shell.connect();
        assert_eq!(shell.give(Input::Suspend), Ok(()));
        assert_eq!(shell.give(Input::Suspend), Ok(()), "twice is harmless");
        shell.take();
        shell.link_opens();
        shell.wait(ms(1_000_000));
        assert_eq!(shell.take(), []);
        assert_eq!(shell.give(Input::Resume), Ok(()));
        assert!(shell.until_dial() <= ms(1_000));
    }
}

#[test]
fn a_page_that_comes_back_without_a_network_waits_for_that() {
    let mut shell = Shell::answering(Config::default());
    for input in [Input::Suspend, Input::Offline] {
        assert_eq!(shell.give(input), Ok(()));
    }
    assert_eq!(
        shell.engine.state(),
        State::Reconnecting,
        "it is the page that is away"
    );
    assert_eq!(shell.give(Input::Resume), Ok(()));
    assert_eq!(shell.engine.state(), State::Offline);
    assert_eq!(shell.give(Input::Online), Ok(()));
    assert!(shell.until_dial() <= ms(1_000));
}

#[test]
fn clients_at_rest_sleep_on() {
    let mut failed = Shell::new(Config::default());
    failed.connect();
    failed.link_closes(1008);
    for mut shell in [Shell::new(Config::default()), failed] {
        let state = shell.engine.state();
        shell.take();
        let all = [
            Input::Suspend,
            Input::Resume,
            Input::Wake,
            Input::Offline,
            Input::Online,
        ];
        for input in all {
            assert_eq!(shell.give(input), Ok(()));
        }
        shell.wait(ms(1_000_000));
        assert_eq!((shell.take(), shell.engine.state()), (vec![], state));
    }
}

#[test]
fn waking_without_reconnect_only_probes() {
    let mut shell = Shell::new(Config {
        reconnect: None,
        ..Config::default()
    });
    shell.connect();
    shell.wait(ms(5_000));
    shell.take();
    assert_eq!(shell.give(Input::Wake), Ok(()));
    assert_eq!(shell.take(), [], "the one attempt is not given away");
    let _: Span = shell.until(|output| matches!(output, Output::Event(Event::Failed(_))));
}
