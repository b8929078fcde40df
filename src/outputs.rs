//! The engine's outputs, and what it knows, as numbers. The places are those of the lists `Output`
//! and `Query` of `npm/boundary.js`.

use steadfast_engine::{Engine, Event, Fault, Loss, Output, Span};

use crate::client::instant;

/// The place of `output`; 0 when it says that nothing is left to do.
pub(crate) const fn place(output: &Output<u32>) -> u8 {
    match output {
        Output::Timeout(_) => 0,
        Output::Dial { .. } => 1,
        Output::Greet { .. } => 2,
        Output::Transmit(_) => 3,
        Output::TransmitPing => 4,
        Output::HangUp(_) => 5,
        Output::Decide { .. } => 6,
        Output::Message(_) => 7,
        Output::Event(event) => match event {
            Event::StateChange { .. } => 8,
            Event::Open { .. } => 9,
            Event::Disconnect { .. } => 10,
            Event::Reconnecting { .. } => 11,
            Event::Reconnected { .. } => 12,
            Event::Failed(_) => 13,
            Event::Closed => 14,
            Event::Error(_) => 15,
            Event::Heartbeat { .. } => 16,
            Event::HeartbeatStopped => 17,
            Event::Health => 18,
            Event::Queue { .. } => 19,
            Event::Dropped { .. } => 20,
            Event::Settled { .. } => 21,
            Event::Gap { .. } => 22,
        },
    }
}

/// The field of `output` that stands at this place, in the order of the handler's parameters.
pub(crate) fn detail(output: &Output<u32>, field: u8) -> f64 {
    let fields = match *output {
        Output::Timeout(at) => [at.as_micros() as f64 / 1_000.0, 0., 0., 0., 0.],
        Output::Dial {
            generation,
            attempt,
        }
        | Output::Greet {
            generation,
            attempt,
        } => [generation.into(), attempt.into(), 0., 0., 0.],
        Output::Transmit(payload) | Output::Message(payload) => [payload.into(), 0., 0., 0., 0.],
        Output::HangUp(why) => [why as u8 as f64, 0., 0., 0., 0.],
        Output::Decide {
            generation,
            loss,
            attempt,
            opened,
        } => {
            let [_, code, was_clean] = how(loss);
            [
                generation.into(),
                code,
                was_clean,
                attempt.into(),
                opened.into(),
            ]
        }
        Output::TransmitPing => [0.; 5],
        Output::Event(ref event) => event_fields(event),
    };
    fields.get(usize::from(field)).copied().unwrap_or(0.)
}

fn event_fields(event: &Event<u32>) -> [f64; 5] {
    match *event {
        Event::StateChange { from, to } => [from as u8 as f64, to as u8 as f64, 0., 0., 0.],
        Event::Open { attempt } => [attempt.into(), 0., 0., 0., 0.],
        Event::Disconnect {
            loss,
            will_retry,
            unconfirmed,
        } => {
            let [cause, code, was_clean] = how(loss);
            [
                cause,
                code,
                was_clean,
                will_retry.into(),
                unconfirmed.into(),
            ]
        }
        Event::Reconnecting {
            attempt,
            delay,
            cause,
        } => [
            attempt.into(),
            delay.as_ms_f64(),
            cause as u8 as f64,
            0.,
            0.,
        ],
        Event::Reconnected { attempts, downtime } => {
            [attempts.into(), downtime.as_ms_f64(), 0., 0., 0.]
        }
        Event::Failed(failure) => {
            let [cause, code, was_clean] = how(failure.loss);
            [failure.kind as u8 as f64, cause, code, was_clean, 0.]
        }
        Event::Error(fault) => match fault {
            Fault::ConnectTimeout => [0.; 5],
            Fault::HeartbeatTimeout => [1., 0., 0., 0., 0.],
            Fault::MessageTooLarge { bytes } => [2., bytes.into(), 0., 0., 0.],
        },
        Event::Heartbeat { round_trip, missed } => [
            round_trip.map_or(-1.0, Span::as_ms_f64),
            missed.into(),
            0.,
            0.,
            0.,
        ],
        Event::Queue { messages, bytes } => [messages.into(), bytes.into(), 0., 0., 0.],
        Event::Dropped {
            payload,
            ticket,
            reason,
        } => [payload.into(), ticket.into(), reason as u8 as f64, 0., 0.],
        Event::Settled { ticket, done } => [ticket.into(), done.into(), 0., 0., 0.],
        Event::Gap { missed } => [missed.into(), 0., 0., 0., 0.],
        Event::Closed | Event::HeartbeatStopped | Event::Health => [0.; 5],
    }
}

fn how(loss: Loss) -> [f64; 3] {
    [
        loss.cause as u8 as f64,
        loss.code.into(),
        loss.was_clean.into(),
    ]
}

/// The answer to the question of this place; negative when it is not known.
pub(crate) fn answer(engine: &mut Engine<u32>, question: u8, argument: f64) -> f64 {
    match question {
        0 => engine.state() as u8 as f64,
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
        8 => health.grade as u8 as f64,
        9 => health.round_trip.map_or(-1.0, Span::as_ms_f64),
        10 => health.jitter.map_or(-1.0, Span::as_ms_f64),
        11 => health.loss,
        12 => health.reconnects.into(),
        13 => health.sent_per_second,
        14 => health.received_per_second,
        _ => health.trend as u8 as f64,
    }
}
