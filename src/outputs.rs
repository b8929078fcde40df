//! The engine's outputs, and what it knows, as numbers. The places are those of the lists `OUTPUTS`
//! and `Query` of `npm/boundary.js`.

use steadfast_engine::{Engine, Event, Fault, Loss, Output, Span};

use crate::STATE;
use crate::client::instant;

/// What belongs to an output.
pub(crate) type Fields = [f64; 5];

/// An output's place, 0 when it says that nothing is left to do. What belongs to it goes into
/// `fields`, in the order of the parameters of the JavaScript function that carries it out; the
/// others keep what they held.
// Inlined, each place would become a floating-point constant of eight bytes.
#[inline(never)]
pub(crate) fn as_numbers(output: Output<u32>, fields: &mut Fields) -> u8 {
    match output {
        Output::Timeout(at) => one(fields, 0, at.as_micros() as f64 / 1_000.0),
        Output::Dial { generation, .. } => one(fields, 1, generation.into()),
        Output::Greet {
            generation,
            attempt,
        } => two(fields, 2, generation.into(), attempt.into()),
        Output::Transmit(payload) => one(fields, 3, payload.into()),
        Output::TransmitPing(id) => one(fields, 4, id.into()),
        Output::HangUp(why) => one(fields, 5, (why as u8).into()),
        Output::Decide {
            generation,
            loss,
            attempt,
            opened,
        } => {
            lost(fields, loss);
            fields[0] = generation.into();
            fields[3] = attempt.into();
            fields[4] = opened.into();
            6
        }
        Output::Message {
            payload,
            stream,
            number,
        } => {
            fields[2] = number as f64;
            two(fields, 7, payload.into(), place(stream))
        }
        Output::Discard(payload) => one(fields, 23, payload.into()),
        Output::Unit(messages) => one(fields, 24, messages.into()),
        Output::Acknowledge {
            stream,
            epoch,
            number,
        } => {
            fields[2] = number as f64;
            two(fields, 25, stream.into(), epoch.into())
        }
        Output::Pong(id) => one(fields, 26, id.into()),
        Output::Ask => 27,
        Output::End => 28,
        Output::Event(event) => event_as_numbers(event, fields),
        Output::Lane { memory, lane, next } => {
            fields[2] = next as f64;
            two(fields, 30, memory.into(), (lane as u8).into())
        }
        Output::Adopt(memory) => one(fields, 31, memory.into()),
        Output::Abandon => 32,
        output if STATE => state_as_numbers(output, fields),
        _ => 0,
    }
}

/// As [`as_numbers`], for what only clients with state are to do.
fn state_as_numbers(output: Output<u32>, fields: &mut Fields) -> u8 {
    match output {
        Output::Put {
            payload,
            memory,
            number,
        } => {
            fields[2] = number as f64;
            two(fields, 33, payload.into(), memory.into())
        }
        Output::Mark(payload) => one(fields, 34, payload.into()),
        Output::Erase(payload) => one(fields, 35, payload.into()),
        Output::Ended(memory) => one(fields, 36, memory.into()),
        Output::Release(payload) => one(fields, 37, payload.into()),
        Output::Recall => 38,
        Output::Lock { memory, how } => two(fields, 39, memory.into(), (how as u8).into()),
        Output::Unlock(memory) => one(fields, 40, memory.into()),
        Output::Read(memory) => one(fields, 41, memory.into()),
        Output::Forget(memory) => one(fields, 42, memory.into()),
        Output::Done(memory) => one(fields, 43, memory.into()),
        Output::Retry => 44,
        Output::Capture(why) => one(fields, 45, (why as u8).into()),
        Output::Save(what) => one(fields, 46, (what as u8).into()),
        _ => 0,
    }
}

fn event_as_numbers(event: Event<u32>, fields: &mut Fields) -> u8 {
    match event {
        Event::StateChange { from, to } => two(fields, 8, (from as u8).into(), (to as u8).into()),
        Event::Open { attempt, resumed } => two(fields, 9, attempt.into(), resumed.into()),
        Event::Disconnect {
            loss,
            will_retry,
            unconfirmed,
        } => {
            lost(fields, loss);
            fields[3] = will_retry.into();
            fields[4] = unconfirmed.into();
            10
        }
        Event::Reconnecting {
            attempt,
            delay,
            cause,
        } => {
            fields[2] = (cause as u8).into();
            two(fields, 11, attempt.into(), delay.as_ms_f64())
        }
        Event::Reconnected {
            attempts,
            downtime,
            resumed,
            replayed,
        } => {
            fields[2] = resumed.into();
            fields[3] = replayed.into();
            two(fields, 12, attempts.into(), downtime.as_ms_f64())
        }
        Event::Failed(failure) => {
            lost(fields, failure.loss);
            fields[3] = (failure.kind as u8).into();
            13
        }
        Event::Closed => 14,
        Event::Error(Fault::ConnectTimeout) => one(fields, 15, 0.),
        Event::Error(Fault::HeartbeatTimeout) => one(fields, 15, 1.),
        Event::Error(Fault::MessageTooLarge { bytes }) => two(fields, 15, 2., bytes.into()),
        Event::Error(Fault::Protocol) => one(fields, 15, 3.),
        Event::Error(Fault::NotWelcomed) => one(fields, 15, 4.),
        Event::Error(Fault::Stuck {
            number,
            bytes,
            code,
        }) => {
            fields[2] = number as f64;
            fields[3] = code.into();
            two(fields, 15, 5., bytes.into())
        }
        Event::Heartbeat { round_trip, missed } => {
            two(fields, 16, known(round_trip), missed.into())
        }
        Event::Warning(warning) => one(fields, 17, (warning as u8).into()),
        Event::Health => 18,
        Event::Queue { messages, bytes } => two(fields, 19, messages.into(), bytes.into()),
        Event::Dropped {
            payload,
            ticket,
            reason,
            delivered,
        } => {
            fields[2] = (reason as u8).into();
            fields[3] = (delivered as u8).into();
            two(fields, 20, payload.into(), ticket.into())
        }
        Event::Settled { ticket, done } => two(fields, 21, ticket.into(), done.into()),
        Event::Gap {
            missed,
            direction,
            stream,
            reason,
        } => {
            fields[2] = place(stream);
            fields[3] = (reason as u8).into();
            let missed = missed.map_or(-1., |missed| missed as f64);
            two(fields, 22, missed, (direction as u8).into())
        }
        Event::Lost { other_user } => one(fields, 29, other_user.into()),
        Event::Storage { works } if STATE => one(fields, 47, works.into()),
        Event::Storage { .. } => 0,
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
        16 => engine.given_messages() as f64,
        17 | 18 => match engine.position(argument as u32) {
            None => -1.,
            Some((epoch, _)) if question == 17 => epoch.into(),
            Some((_, number)) => number as f64,
        },
        19 => engine.unacknowledged().into(),
        20 if STATE => engine.handed_over(argument as u32) as f64,
        21 if STATE => engine.has_in_hand().into(),
        22 => engine.memory().into(),
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

fn place(stream: Option<u32>) -> f64 {
    stream.map_or(-1., f64::from)
}

fn known(span: Option<Span>) -> f64 {
    span.map_or(-1.0, Span::as_ms_f64)
}

fn lost(fields: &mut Fields, loss: Loss) {
    fields[0] = (loss.cause as u8).into();
    fields[1] = loss.code.into();
    fields[2] = loss.was_clean.into();
}

fn one(fields: &mut Fields, place: u8, a: f64) -> u8 {
    fields[0] = a;
    place
}

fn two(fields: &mut Fields, place: u8, a: f64, b: f64) -> u8 {
    fields[0] = a;
    fields[1] = b;
    place
}
