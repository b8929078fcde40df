//! The engine's inputs from numbers. The first column is the list `Input` of `npm/boundary.js`.

use steadfast_engine::{Decision, Engine, Input, Instant, Priority, Refusal, Send, Span};

/// Hands `engine` the input of this place with its fields. 0, or the place of the refusal in the
/// list `REFUSALS` of `npm/boundary.js`.
pub(crate) fn handle(
    engine: &mut Engine<u32>,
    input: u8,
    now: Instant,
    fields @ [a, b, c, d, ..]: [f64; 7],
) -> u8 {
    let generation = a as u32;
    let input = match input {
        0 => Input::Connect,
        1 => Input::Reconnect,
        2 => Input::Close,
        3 => send(fields),
        4 => Input::Withdraw(a as u32),
        5 => Input::Flush {
            ticket: a as u32,
            buffered_bytes: b as u32,
        },
        6 => Input::Ping,
        7 => Input::Listen(a != 0.0),
        8 => Input::LinkOpened { generation },
        9 => Input::Greeted { generation },
        10 => Input::LinkFailed {
            generation,
            fatal: b != 0.0,
        },
        11 => Input::LinkMessage {
            generation,
            payload: b as u32,
            bytes: c as u32,
            is_pong: d != 0.0,
        },
        12 => Input::LinkClosed {
            generation,
            code: b as u16,
            was_clean: c != 0.0,
        },
        13 => Input::Decided {
            generation,
            decision: decision(b as u8, c),
        },
        14 => Input::DecisionPending { generation },
        15 => Input::Timeout {
            buffered_bytes: a as u32,
            wall_ms: b as u64,
        },
        16 => Input::Offline,
        17 => Input::Online,
        18 => Input::Suspend,
        19 => Input::Resume,
        20 => Input::Wake,
        _ => {
            engine.handle_transmitted(now, a as u32, b as u32);
            return 0;
        }
    };
    match engine.handle_input(now, input) {
        Ok(()) => 0,
        Err(Refusal::Closed) => 1,
        Err(Refusal::NotOpen) => 2,
        Err(Refusal::QueueFull) => 3,
        Err(Refusal::MessageTooLarge) => 4,
    }
}

/// Negative `ttl` and `key` mean none; `how` is the priority's place, plus 4 when volatile.
fn send([payload, bytes, how, ttl, key, ticket, buffered]: [f64; 7]) -> Input<u32> {
    let how = how as u8;
    let send = Send {
        payload: payload as u32,
        bytes: bytes as u32,
        priority: match how & 3 {
            0 => Priority::High,
            1 => Priority::Normal,
            _ => Priority::Low,
        },
        key: (key >= 0.0).then_some(key as u32),
        ttl: (ttl >= 0.0).then(|| Span::from_ms_f64(ttl)),
        volatile: how & 4 != 0,
        ticket: ticket as u32,
    };
    Input::Send {
        send,
        buffered_bytes: buffered as u32,
    }
}

fn decision(place: u8, after_ms: f64) -> Option<Decision> {
    match place {
        1 => Some(Decision::Retry),
        2 => Some(Decision::Stop),
        3 => Some(Decision::Reauthenticate),
        4 => Some(Decision::After(Span::from_ms_f64(after_ms))),
        _ => None,
    }
}
