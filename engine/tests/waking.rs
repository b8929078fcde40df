//! What the page and the platform say: sleep and waking, network and none.

use steadfast_engine::{
    Cause, Config, Event, HangUp, Input, Loss, Output, ReconnectConfig, Span, State,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{CONNECT, Payload, RECONNECT, Shell, WAKE, ms};

const OFFLINE_CONNECT: Input<Payload> = Input::Connect { online: false };

/// A shell that waits a minute for its next attempt.
fn waiting() -> Shell {
    let reconnect = ReconnectConfig {
        base: ms(60_000),
        jitter: steadfast_engine::Jitter::None,
        ..ReconnectConfig::default()
    };
    let mut shell = Shell::new(Config {
        reconnect,
        ..Config::default()
    });
    shell.connect();
    shell.link_closes(1006);
    shell.take();
    shell
}

#[test]
fn waking_probes_an_open_link() {
    for input in [WAKE, Input::Online] {
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
    for input in [WAKE, Input::Online, WAKE] {
        assert_eq!(shell.give(input), Ok(()));
    }
    assert_eq!(shell.take(), [Output::TransmitPing(0)]);
    assert_eq!(shell.until_dead(), ms(3_000), "its time is not put off");
}

#[test]
fn waking_into_an_overdue_probe_probes_again() {
    let mut shell = Shell::answering(Config::default());
    assert_eq!(shell.give(WAKE), Ok(()));
    shell.take();
    shell.pass_to(shell.now + ms(3_600_000));
    assert_eq!(shell.give(WAKE), Ok(()));
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
        assert_eq!(shell.give(WAKE), Ok(()));
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
            assert_eq!(shell.give(WAKE), Ok(()));
        }
        assert!(shell.deadline <= due);
    }
}

/// A server that takes 4 s for a handshake, and a user who looks at the tab every other second.
#[test]
fn looking_at_the_tab_gives_no_attempt_up() {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    for _ in 0..4 {
        shell.wait(ms(2_000));
        shell.take();
        assert_eq!(shell.give(WAKE), Ok(()));
        assert_eq!(shell.take(), []);
    }
    shell.link_opens();
    assert_eq!(shell.generation, 1);
}

/// The page was frozen meanwhile, or the machine slept.
#[test]
fn waking_into_an_attempt_that_is_overdue_makes_a_fresh_one() {
    for sleeps in [false, true] {
        let mut shell = Shell::new(Config::default());
        shell.connect();
        shell.timeout();
        shell.take();
        if sleeps {
            shell.wall_ahead_ms += 11_000;
        } else {
            shell.pass_to(shell.now + ms(11_000));
        }
        assert_eq!(shell.give(WAKE), Ok(()));
        assert_eq!(shell.take()[0], Output::HangUp(HangUp::Abandoned));
        assert!(shell.until_dial() <= ms(1_000));
        assert_eq!(shell.generation, 2);
    }
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
    assert_eq!(shell.give(WAKE), Ok(()));
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

/// A machine with a VPN, or a server on it: the browser may say so for ever.
#[test]
fn attempts_go_on_seldom_while_there_is_said_to_be_no_network() {
    let mut shell = Shell::answering(Config::default());
    assert_eq!(shell.give(Input::Offline), Ok(()));
    for round in 0..20 {
        shell.link_closes(1006);
        assert_eq!(shell.engine.state(), State::Offline, "{round}");
        shell.take();
        assert_eq!(shell.until_dial(), ms(60_000));
    }
    shell.link_opens();
    assert_eq!(shell.engine.state(), State::Open);
    shell.wait(ms(6_000));
    shell.link_closes(1006);
    assert_eq!(shell.engine.state(), State::Reconnecting, "it was refuted");
    assert!(shell.until_dial() <= ms(1_000));
}

#[test]
fn news_of_the_network_are_believed_again_after_they_were_refuted() {
    for online in [Input::Online, WAKE] {
        let mut shell = Shell::new(Config::default());
        assert_eq!(shell.give(OFFLINE_CONNECT), Ok(()));
        shell.link_opens();
        shell.wait(ms(6_000));
        assert_eq!(shell.give(Input::Wake { online: false }), Ok(()));
        shell.pong();
        shell.link_closes(1006);
        assert_eq!(shell.engine.state(), State::Reconnecting);
        shell.until_dial();
        assert_eq!(shell.give(online), Ok(()));
        assert_eq!(shell.give(Input::Offline), Ok(()));
        shell.link_closes(1006);
        assert_eq!(shell.engine.state(), State::Offline);
    }
}

#[test]
fn hints_use_no_retries_up() {
    let reconnect = ReconnectConfig {
        retries: 2,
        ..ReconnectConfig::default()
    };
    let mut shell = Shell::answering(Config {
        reconnect,
        ..Config::default()
    });
    assert_eq!(shell.give(Input::Offline), Ok(()));
    for _ in 0..10 {
        shell.link_closes(1006);
        shell.until_dial();
        shell.take();
    }
    assert_eq!(shell.give(Input::Online), Ok(()));
    for _ in 0..2 {
        shell.link_closes(1006);
        shell.until_dial();
        shell.take();
    }
    shell.link_closes(1006);
    assert_eq!(shell.engine.state(), State::Failed);
}

#[test]
fn whatever_shows_that_somebody_is_there_tries_at_once() {
    let connect = CONNECT;
    let wake = Input::Wake { online: false };
    for input in [wake, connect, OFFLINE_CONNECT, Input::Online] {
        let mut shell = waiting();
        assert_eq!(shell.give(Input::Offline), Ok(()));
        shell.wait(ms(20_000));
        shell.take();
        assert_eq!(shell.give(input.clone()), Ok(()));
        assert!(shell.until_dial() <= ms(1_000), "{input}");
    }
}

#[test]
fn sending_tries_at_once_and_then_less_and_less() {
    let mut shell = Shell::answering(Config::default());
    assert_eq!(shell.give(Input::Offline), Ok(()));
    shell.link_closes(1006);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        shell.take();
        let start = shell.now;
        while !shell
            .outputs
            .iter()
            .any(|output| matches!(output, Output::Dial { .. }))
        {
            shell.send();
            shell.wait(ms(100));
        }
        pauses.push(shell.now.since(start));
        shell.link_closes(1006);
    }
    shell.take();
    assert!(pauses[0] <= ms(1_100), "{pauses:?}");
    assert!(
        pauses.iter().all(|pause| *pause <= ms(61_100)),
        "{pauses:?}"
    );
    let doubled = |pair: &[Span]| pair[1] > pair[0];
    assert!(
        pauses[..6].windows(2).all(doubled) && pauses[5] >= ms(30_000),
        "{pauses:?}"
    );
    shell.until_dial();
    shell.link_closes(1006);
    shell.take();
    shell.send();
    assert!(shell.until_dial() <= ms(1_000), "it has rested");
}

#[test]
fn sending_hurries_nothing_that_losses_have_put_off() {
    let mut shell = waiting();
    let due = shell.deadline;
    shell.send();
    assert_eq!(shell.deadline, due);
}

#[test]
fn online_hurries_attempts_jittered() {
    let mut shell = waiting();
    assert_eq!(shell.give(Input::Offline), Ok(()));
    assert_eq!(shell.engine.state(), State::Offline);
    shell.take();
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
fn saying_again_that_there_is_no_network_puts_nothing_off() {
    let mut shell = waiting();
    assert_eq!(shell.give(Input::Offline), Ok(()));
    let due = shell.deadline;
    for _ in 0..5 {
        shell.wait(ms(10_000));
        assert_eq!(shell.give(Input::Offline), Ok(()));
    }
    assert_eq!(shell.deadline, due);
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
    assert_eq!(shell.give(RECONNECT), Ok(()));
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
    shell.wait(ms(900));
    assert_eq!(
        shell.generation, 1,
        "a page that is kept has stopped by now"
    );
    let kept = shell.send();
    assert_eq!(shell.give(WAKE), Ok(()));
    assert!(shell.until_dial() <= ms(1_000));
    shell.take();
    shell.link_opens();
    assert_eq!(shell.take_transmitted(), [kept]);
}

/// Nobody says that the page is back: it is looked at, used, or its timers simply go on.
#[test]
fn a_page_that_was_put_away_and_is_in_use_has_a_link_again() {
    for used in [Some(WAKE), Some(CONNECT), Some(Input::Online), None] {
        let mut shell = Shell::answering(Config::default());
        assert_eq!(shell.give(Input::Suspend), Ok(()));
        shell.take();
        let limit = if used.is_some() { 1_000 } else { 60_000 };
        if let Some(input) = used.clone() {
            assert_eq!(shell.give(input), Ok(()));
        }
        assert!(shell.until_dial() <= ms(limit), "{used:?}");
        shell.link_opens();
        shell.wait(ms(6_000));
        shell.take();
        shell.link_closes(1006);
        assert!(
            shell.until_dial() <= ms(1_000),
            "and it stays in use: {used:?}"
        );
    }
}

#[test]
fn sending_from_a_page_that_was_put_away_brings_the_link_back() {
    let mut shell = Shell::answering(Config::default());
    assert_eq!(shell.give(Input::Suspend), Ok(()));
    shell.take();
    shell.send();
    assert!(shell.until_dial() <= ms(1_000));
}

#[test]
fn suspending_ends_attempts_too() {
    for connecting in [true, false] {
        let mut shell = if connecting {
            Shell::new(Config::default())
        } else {
            waiting()
        };
        if connecting {
            shell.connect();
        }
        let before = shell.generation;
        assert_eq!(shell.give(Input::Suspend), Ok(()));
        assert_eq!(shell.give(Input::Suspend), Ok(()), "twice is harmless");
        shell.take();
        shell.link_opens();
        shell.wait(ms(50_000));
        assert_eq!((shell.take(), shell.generation), (vec![], before));
        assert_eq!(shell.give(WAKE), Ok(()));
        assert!(shell.until_dial() <= ms(1_000));
    }
}

#[test]
fn a_page_that_comes_back_without_a_network_tries_all_the_same() {
    let mut shell = Shell::answering(Config::default());
    for input in [Input::Suspend, Input::Offline] {
        assert_eq!(shell.give(input), Ok(()));
    }
    assert_eq!(
        shell.engine.state(),
        State::Reconnecting,
        "it is the page that is away"
    );
    assert_eq!(shell.give(Input::Wake { online: false }), Ok(()));
    assert_eq!(shell.engine.state(), State::Offline);
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
        let all = [Input::Suspend, WAKE, WAKE, Input::Offline, Input::Online];
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
        reconnect: ReconnectConfig {
            enabled: false,
            ..ReconnectConfig::default()
        },
        ..Config::default()
    });
    shell.connect();
    shell.wait(ms(5_000));
    shell.take();
    assert_eq!(shell.give(WAKE), Ok(()));
    assert_eq!(shell.take(), [], "the one attempt is not given away");
    let _: Span = shell.until(|output| matches!(output, Output::Event(Event::Failed(_))));
}
