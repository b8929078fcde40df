//! The link's health: one number, a grade with hysteresis, and where it is going.

use proptest::collection::vec;
use steadfast_engine::health::{Grade, Health, Trend};
use steadfast_engine::{Config, Event, Input, Span};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{Shell, check, ms};

fn health(shell: &mut Shell) -> Health {
    shell.engine.health(shell.now)
}

/// One ping, answered after `round_trip`; the score after it.
fn ping(shell: &mut Shell, round_trip: Span) -> u8 {
    shell.network.answers = Some(round_trip);
    assert_eq!(shell.give(Input::Ping), Ok(()));
    shell.wait(round_trip);
    health(shell).score
}

/// A link whose score is moved by the round trip alone, from 100 to 40.
fn open() -> Shell {
    let mut shell = Shell::new(Config::default());
    shell.connect();
    shell.link_opens();
    shell.take();
    shell
}

#[test]
fn without_a_link_it_is_nothing() {
    let mut shell = Shell::new(Config::default());
    assert_eq!(health(&mut shell).score, 0);
    assert_eq!(health(&mut shell).grade, Grade::Unhealthy);
    let mut shell = Shell::stable(Config::default());
    shell.link_closes(1006);
    assert_eq!(health(&mut shell).score, 0);
}

#[test]
fn an_open_link_starts_well() {
    let mut shell = open();
    let Health {
        score,
        grade,
        round_trip,
        jitter,
        trend,
        ..
    } = health(&mut shell);
    assert_eq!((score, grade, trend), (100, Grade::Healthy, Trend::Steady));
    assert_eq!((round_trip, jitter), (None, None), "nothing was measured");
}

#[test]
fn latency_is_worth_sixty() {
    for (round_trip, score) in [
        (0, 100),
        (125, 85),
        (250, 70),
        (375, 55),
        (500, 40),
        (900, 40),
    ] {
        let mut shell = open();
        assert_eq!(ping(&mut shell, ms(round_trip)), score, "{round_trip} ms");
    }
}

#[test]
fn the_round_trip_is_smoothed() {
    let mut shell = open();
    ping(&mut shell, ms(80));
    ping(&mut shell, ms(160));
    let health = health(&mut shell);
    assert_eq!(health.round_trip, Some(ms(90)));
    assert_eq!(health.jitter, Some(ms(50)), "3/4 of 40 and 1/4 of 80");
}

#[test]
fn loss_is_worth_thirty_and_gone_at_five_in_a_hundred() {
    let mut shell = open();
    for _ in 0..31 {
        ping(&mut shell, ms(0));
    }
    shell.network.answers = None;
    assert_eq!(shell.give(Input::Ping), Ok(()));
    shell.wait(ms(1_500));
    let health = health(&mut shell);
    assert!((health.loss - 1.0 / 32.0).abs() < 1e-9, "{health:?}");
    assert_eq!(health.score, 60 + 11 + 10);
}

#[test]
fn reconnects_are_worth_ten_and_forgotten_after_ten_minutes() {
    let mut shell = open();
    for reconnects in 1..=6_u32 {
        shell.wait(ms(6_000));
        shell.link_closes(1006);
        shell.until_dial();
        shell.link_opens();
        shell.take();
        let health = health(&mut shell);
        assert_eq!(health.reconnects, reconnects);
        assert_eq!(u32::from(health.score), 100 - 2 * reconnects.min(5));
    }
    shell.wait(ms(601_000));
    assert_eq!(health(&mut shell).reconnects, 0);
}

#[test]
fn throughput_is_smoothed_bytes_a_second() {
    let mut shell = open();
    for _ in 0..100 {
        shell.send();
        shell.receive();
        shell.receive();
        shell.wait(ms(100));
    }
    let busy = health(&mut shell);
    assert!((90.0..=110.0).contains(&busy.sent_per_second), "{busy:?}");
    assert!(
        (180.0..=220.0).contains(&busy.received_per_second),
        "{busy:?}"
    );
    shell.pass_to(shell.now + ms(20_000));
    let quiet = health(&mut shell);
    assert!(
        quiet.sent_per_second < 1.0 && quiet.received_per_second < 1.0,
        "{quiet:?}"
    );
}

#[test]
fn a_change_of_grade_is_told_once() {
    let mut shell = open();
    let mut told = 0;
    for round_trip in [0, 50, 100, 400, 450, 450, 450] {
        let before = health(&mut shell);
        ping(&mut shell, ms(round_trip));
        let after = health(&mut shell);
        let events = shell.take_events();
        let says = events
            .iter()
            .filter(|event| **event == Event::Health)
            .count();
        let changed = (before.grade, before.trend) != (after.grade, after.trend);
        assert_eq!(says, usize::from(changed), "{before:?} {after:?}");
        told += says;
    }
    assert!(told > 0);
}

/// A grade is what its border says, or one that was left by less than five points.
#[test]
fn grades_keep_to_their_borders_with_hysteresis() {
    check(300, &vec(0_u64..700, 1..60), |round_trips| {
        let mut shell = open();
        let mut before = Grade::Healthy;
        for round_trip in round_trips {
            let score = ping(&mut shell, ms(round_trip));
            let grade = health(&mut shell).grade;
            let plain = match score {
                80.. => Grade::Healthy,
                50.. => Grade::Degraded,
                _ => Grade::Unhealthy,
            };
            let kept = grade == before
                && match before {
                    Grade::Healthy => score >= 75,
                    Grade::Degraded => (45..80).contains(&score),
                    Grade::Unhealthy => score < 50,
                };
            assert!(
                grade == plain || kept,
                "{score} is {grade:?}, was {before:?}"
            );
            let stays = match before {
                Grade::Healthy => score >= 75,
                Grade::Degraded => (45..80).contains(&score),
                Grade::Unhealthy => score < 50,
            };
            assert!(
                !stays || grade == before,
                "{score} left {before:?} for {grade:?}"
            );
            before = grade;
        }
    });
}

/// Around a border a score that wavers by less than the hysteresis changes no grade twice.
#[test]
fn a_wavering_score_does_not_flap() {
    let mut shell = open();
    for _ in 0..30 {
        ping(&mut shell, ms(166));
    }
    let mut changes = 0;
    for round in 0..60 {
        let before = health(&mut shell).grade;
        ping(&mut shell, ms(if round % 2 == 0 { 120 } else { 220 }));
        changes += u32::from(health(&mut shell).grade != before);
    }
    assert!(changes <= 1, "{changes} changes");
}

#[test]
fn the_trend_follows_a_lasting_change_and_settles() {
    let mut shell = open();
    for _ in 0..20 {
        ping(&mut shell, ms(20));
    }
    assert_eq!(health(&mut shell).trend, Trend::Steady);
    let worse = |shell: &mut Shell| ping(shell, ms(400));
    for _ in 0..10 {
        worse(&mut shell);
    }
    assert_eq!(health(&mut shell).trend, Trend::Worsening);
    for _ in 0..60 {
        worse(&mut shell);
    }
    assert_eq!(
        health(&mut shell).trend,
        Trend::Steady,
        "bad, but no worse than before"
    );
    for _ in 0..15 {
        ping(&mut shell, ms(20));
    }
    assert_eq!(health(&mut shell).trend, Trend::Improving);
}

/// A link that gets slower and slower, unevenly: however fast, it is said once.
#[test]
fn a_wavering_decline_does_not_flap() {
    for slope in 1..12 {
        let mut shell = open();
        let mut changes = 0;
        for round in 0..80 {
            let before = health(&mut shell).trend;
            ping(&mut shell, ms(round * slope / 2 + round % 4 * 30));
            changes += u32::from(health(&mut shell).trend != before);
            if round * slope / 2 > 300 {
                break;
            }
        }
        assert!(
            changes <= 1,
            "{changes} changes at half of {slope} ms a ping"
        );
    }
}

#[test]
fn a_new_link_starts_without_a_trend() {
    let mut shell = open();
    for _ in 0..20 {
        ping(&mut shell, ms(20));
    }
    for _ in 0..10 {
        ping(&mut shell, ms(450));
    }
    assert_eq!(health(&mut shell).trend, Trend::Worsening);
    shell.link_closes(1006);
    shell.until_dial();
    shell.link_opens();
    assert_eq!(health(&mut shell).trend, Trend::Steady);
}
