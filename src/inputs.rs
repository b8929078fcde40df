//! The engine's inputs from numbers. The first column is the list `Input` of `npm/boundary.js`.

use steadfast_engine::{
    Captured, Claim, Decision, Engine, Fate, Form, From, GapReason, Input, Now, Priority, Restored,
    Send, Span, Unsaved, Welcome, Window,
};

use crate::STATE;

/// What belongs to an input.
type Fields = [f64; 10];

/// Hands `engine` the input of this place with its fields. 0, or the place of the refusal in the
/// list `REFUSALS` of `npm/boundary.js`.
pub(crate) fn handle(
    engine: &mut Engine<u32>,
    input: u8,
    now: Now,
    fields @ [a, b, c, d, e, ..]: Fields,
) -> u8 {
    if input == TRANSMITTED {
        engine.handle_transmitted(now.at, a as u32, b as u32);
        return 0;
    }
    let now = engine.advance(now, input == LINK_CLOSED);
    let generation = a as u32;
    let input = match input {
        0 => Input::Connect { online: a != 0.0 },
        1 => Input::Reconnect { online: a != 0.0 },
        2 => Input::Close,
        3 => Input::Send {
            send: message(fields, fields[5]),
            buffered_bytes: fields[6] as u32,
        },
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
        LINK_CLOSED => Input::LinkClosed {
            generation,
            code: b as u32 as u16,
            was_clean: c != 0.0,
        },
        13 => Input::Decided {
            generation,
            decision: decision(b as u32, c),
        },
        14 => Input::DecisionPending { generation },
        15 => Input::Timeout {
            buffered_bytes: a as u32,
        },
        16 => Input::Offline,
        17 => Input::Online,
        18 => Input::Suspend,
        19 => Input::Wake { online: a != 0.0 },
        22 => welcomed(fields),
        23 => Input::Counted {
            generation,
            count: b as u64,
        },
        20 => Input::Adopted {
            generation,
            memory: b as u32,
            claim: claim([c, d, e]),
        },
        24 => Input::Stored {
            generation,
            memory: b as u32,
            lane: priority(c as u32),
            number: d as u64,
        },
        25 => Input::From {
            generation,
            from: From {
                stream: b as u32,
                epoch: c as u32,
                next: d as u64,
                reason: gap_reason(e as u32),
            },
        },
        26 => Input::Volatile {
            generation,
            stream: b as u32,
        },
        27 => Input::Pinged {
            generation,
            id: b as u32,
        },
        28 => Input::Ponged {
            generation,
            id: b as u32,
        },
        29 => Input::HandedOver,
        30 => Input::TaskOver,
        40 => Input::Release { stored: a != 0.0 },
        32.. if STATE => state(input, fields),
        // 31
        _ => Input::Violated { generation },
    };
    match engine.handle_at(now, input) {
        Ok(()) => 0,
        Err(refusal) => refusal as u8 + 1,
    }
}

/// The place of `LinkClosed`.
const LINK_CLOSED: u8 = 12;

/// The place of what is no input, but [`Engine::handle_transmitted`].
const TRANSMITTED: u8 = 21;

/// Negative `ttl` and `key` mean none; `how` is the priority's place, plus 4 when volatile,
/// plus 8 when binary, plus 16 when never in a unit.
fn message([payload, bytes, how, ttl, key, ..]: Fields, ticket: f64) -> Send<u32> {
    let how = how as u32;
    Send {
        payload: payload as u32,
        bytes: bytes as u32,
        priority: priority(how & 3),
        key: (key >= 0.0).then_some(key as u32),
        ttl: (ttl >= 0.0).then(|| Span::from_ms_f64(ttl)),
        volatile: how & 4 != 0,
        ticket: ticket as u32,
        form: match how >> 3 {
            0 => Form::Text,
            1 => Form::Binary,
            _ => Form::Alone,
        },
    }
}

/// An input that only a durable queue or snapshots have.
fn state(input: u8, fields @ [a, b, c, d, ..]: Fields) -> Input<u32> {
    let memory = a as u32;
    match input {
        // As for `send`, then number and memory. Nobody waits for it.
        32 => Input::Restored(Restored {
            send: message(fields, 0.0),
            number: fields[5] as u64,
            memory: fields[6] as u32,
        }),
        33 => Input::Read {
            memory,
            user: b as u32,
            lost: c != 0.0,
            more: d != 0.0,
        },
        34 => Input::Found {
            memory,
            place: b as u64,
            follows: c != 0.0,
        },
        35 => Input::Snapshot(a as u32),
        36 => Input::Captured(match a as u32 {
            0 => Captured::Unchanged,
            1 => Captured::Changed,
            2 => Captured::Failed,
            _ => Captured::Nothing,
        }),
        37 => Input::Saved,
        38 => Input::Unsaved {
            why: match a as u32 {
                0 => Unsaved::Lost,
                1 => Unsaved::Refused,
                _ => Unsaved::Stale,
            },
            after: Span::from_ms_f64(b),
        },
        41 => Input::Recalled,
        42 => Input::Locked {
            memory,
            held: b != 0.0,
        },
        43 => Input::Wanted { memory },
        44 => Input::Forgotten {
            memory,
            empty: b != 0.0,
        },
        45 => Input::Storage { works: a != 0.0 },
        _ => Input::Hide,
    }
}

/// A negative `first_retry` means none.
fn welcomed(
    [
        generation,
        high,
        normal,
        low,
        messages,
        bytes,
        longest,
        fate,
        first_retry,
        user,
    ]: Fields,
) -> Input<u32> {
    let welcome = Welcome {
        claim: claim([high, normal, low]),
        user: user as u32,
        window: Window {
            messages: messages as u32,
            bytes: bytes as u32,
        },
        max_message_bytes: longest as u32,
        fate: match fate as u32 {
            0 => Fate::Resumed,
            1 => Fate::New,
            2 => Fate::Lost,
            _ => Fate::OtherUser,
        },
        first_retry: (first_retry >= 0.0).then(|| Span::from_ms_f64(first_retry)),
    };
    Input::Welcomed {
        generation: generation as u32,
        welcome,
    }
}

/// What is stored of each lane; or `REFUSED_CLAIM` or `FORGOTTEN_CLAIM` of `npm/boundary.js`.
fn claim(received: [f64; 3]) -> Claim {
    match received[0] {
        -1.0 => Claim::Refused,
        -2.0 => Claim::Forgotten,
        _ => Claim::Accepted(received.map(|number| number as u64)),
    }
}

fn priority(place: u32) -> Priority {
    match place {
        0 => Priority::High,
        1 => Priority::Normal,
        _ => Priority::Low,
    }
}

fn gap_reason(place: u32) -> GapReason {
    match place {
        0 => GapReason::None,
        1 => GapReason::Expired,
        2 => GapReason::Overflow,
        3 => GapReason::Epoch,
        4 => GapReason::Acknowledged,
        5 => GapReason::Joined,
        _ => GapReason::Other,
    }
}

fn decision(place: u32, after_ms: f64) -> Option<Decision> {
    match place {
        1 => Some(Decision::Retry),
        2 => Some(Decision::Stop),
        3 => Some(Decision::Reauthenticate),
        4 => Some(Decision::After(Span::from_ms_f64(after_ms))),
        _ => None,
    }
}
