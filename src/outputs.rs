//! The engine's outputs, and what it knows, as numbers. The places are those of the lists `OUTPUTS`
//! and `Query` of `npm/boundary.js`.

use steadfast_engine::{Engine, Event, Fault, Loss, Output, Span};

use crate::client::instant;

/// An output's place, 0 when it says that nothing is left to do, and its fields in the order of the
/// parameters of the JavaScript function that carries it out.
pub(crate) fn as_numbers(output: Output<u32>) -> (u8, [f64; 5]) {
    match output {
        Output::Timeout(at) => (0, one(at.as_micros() as f64 / 1_000.0)),
        Output::Dial {
            generation,
            attempt,
        } => (1, two(generation, attempt)),
        Output::Greet {
            generation,
            attempt,
        } => (2, two(generation, attempt)),
        Output::Transmit(payload) => (3, one(payload)),
        Output::TransmitPing => (4, NOTHING),
        Output::HangUp(why) => (5, one(why as u8)),
        Output::Decide {
            generation,
            loss,
            attempt,
            opened,
        } => {
            let [_, code, was_clean] = how(loss);
            (
                6,
                [
                    generation.into(),
                    code,
                    was_clean,
                    attempt.into(),
                    opened.into(),
                ],
            )
        }
        Output::Message(payload) => (7, one(payload)),
        Output::Discard(payload) => (23, one(payload)),
        Output::Event(event) => event_as_numbers(event),
    }
}

fn event_as_numbers(event: Event<u32>) -> (u8, [f64; 5]) {
    match event {
        Event::StateChange { from, to } => (8, two(from as u8, to as u8)),
        Event::Open { attempt } => (9, one(attempt)),
        Event::Disconnect {
            loss,
            will_retry,
            unconfirmed,
        } => {
            let [cause, code, was_clean] = how(loss);
            (
                10,
                [
                    cause,
                    code,
                    was_clean,
                    will_retry.into(),
                    unconfirmed.into(),
                ],
            )
        }
        Event::Reconnecting {
            attempt,
            delay,
            cause,
        } => (11, three(attempt, delay.as_ms_f64(), cause as u8)),
        Event::Reconnected { attempts, downtime } => (12, two(attempts, downtime.as_ms_f64())),
        Event::Failed(failure) => {
            let [cause, code, was_clean] = how(failure.loss);
            (
                13,
                [(failure.kind as u8).into(), cause, code, was_clean, 0.],
            )
        }
        Event::Closed => (14, NOTHING),
        Event::Error(Fault::ConnectTimeout) => (15, NOTHING),
        Event::Error(Fault::HeartbeatTimeout) => (15, one(1)),
        Event::Error(Fault::MessageTooLarge { bytes }) => (15, two(2, bytes)),
        Event::Heartbeat { round_trip, missed } => (16, two(known(round_trip), missed)),
        Event::HeartbeatStopped => (17, NOTHING),
        Event::Health => (18, NOTHING),
        Event::Queue { messages, bytes } => (19, two(messages, bytes)),
        Event::Dropped {
            payload,
            ticket,
            reason,
        } => (20, three(payload, ticket, reason as u8)),
        Event::Settled { ticket, done } => (21, two(ticket, u8::from(done))),
        Event::Gap { missed } => (22, one(missed)),
    }
}

/// The answer to the question of this place; negative when it is not known.
pub(crate) fn answer(engine: &mut Engine<u32>, question: u8, argument: f64) -> f64 {
    match question {
        0 => (engine.state() as u8).into(),
        1 => engine.queued().0.into(),
        2 => engine.queued().1.into(),
        3 => engine.would_wait(argument as u32).into(),
        4 => engine.expects_link(argument as u32).into(),
        5 => engine.awaits_pong().into(),
        6 => engine.take_back().unwrap_or(0).into(),
        field => health(engine, field, argument),
    }
}

fn health(engine: &mut Engine<u32>, field: u8, now_ms: f64) -> f64 {
    let health = engine.health(instant(now_ms));
    match field {
        7 => health.score.into(),
        8 => (health.grade as u8).into(),
        9 => known(health.round_trip),
        10 => known(health.jitter),
        11 => health.loss,
        12 => health.reconnects.into(),
        13 => health.sent_per_second,
        14 => health.received_per_second,
        _ => (health.trend as u8).into(),
    }
}

fn known(span: Option<Span>) -> f64 {
    span.map_or(-1.0, Span::as_ms_f64)
}

fn how(loss: Loss) -> [f64; 3] {
    [
        (loss.cause as u8).into(),
        loss.code.into(),
        loss.was_clean.into(),
    ]
}

fn one(a: impl Into<f64>) -> [f64; 5] {
    two(a, 0)
}

fn two(a: impl Into<f64>, b: impl Into<f64>) -> [f64; 5] {
    three(a, b, 0)
}

fn three(a: impl Into<f64>, b: impl Into<f64>, c: impl Into<f64>) -> [f64; 5] {
    [a.into(), b.into(), c.into(), 0., 0.]
}

const NOTHING: [f64; 5] = [0.; 5];
