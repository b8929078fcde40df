//! Drawing the acts of a day.

use super::{Act, Class, Classes, Cut, Direction, Hint, Kind, Mischief, Trouble, What};
use crate::dice::Dice;

/// The acts of a day on which the faults of `on` happen.
pub(super) fn acts(dice: &mut Dice, on: Classes, clients: usize, duration: u64) -> Vec<Act> {
    let count = dice.between(10, 80) as usize;
    let busy = dice.between(200, 900) as u32;
    let faults: Vec<Class> = on.iter().filter(|class| is_done(*class)).collect();
    let mut times: Vec<u64> = (0..count).map(|_| dice.below(duration)).collect();
    times.sort_unstable();
    let mut acts = Vec::with_capacity(count);
    for (place, mut at) in times.into_iter().enumerate() {
        let what = if faults.is_empty() || dice.happens(busy) {
            work(dice, on, clients)
        } else {
            let class = dice.pick(&faults);
            fault(dice, class, clients)
        };
        // Trouble likes company: half of it comes right after the last act.
        if let Some(Act { at: before, .. }) = acts.last()
            && what.class().is_some()
            && dice.happens(500)
        {
            at = at.min(before + dice.skewed(50_000));
        }
        acts.push(Act { place, at, what });
    }
    acts
}

/// Some sending each way, alone and in units, echoes and publications.
pub(super) fn conversation() -> Vec<(u64, What)> {
    let send = |client, messages, kind, deliver| What::Send {
        client,
        messages,
        bytes: 30,
        kind,
        special: None,
        deliver,
    };
    vec![
        (100_000, send(0, 1, Kind::Echo, true)),
        (110_000, send(1, 3, Kind::Both, false)),
        (150_000, send(0, 5, Kind::Both, false)),
        (
            160_000,
            What::ServerSend {
                client: 0,
                messages: 2,
            },
        ),
        (200_000, send(0, 2, Kind::Carry, true)),
        (900_000, send(0, 2, Kind::Echo, false)),
    ]
}

fn work(dice: &mut Dice, on: Classes, clients: usize) -> What {
    let client = dice.below(clients as u64) as usize;
    let kept = on.has(Class::Checkpoint) || on.has(Class::Document);
    if kept && dice.happens(200) {
        let bytes = dice.skewed(60_000);
        return dice.pick(&[
            What::Type { client, bytes },
            What::Type { client, bytes: 100 },
            What::Snapshot { client },
        ]);
    }
    if dice.happens(150) {
        let messages = dice.between(1, 20);
        return What::ServerSend { client, messages };
    }
    let specials = [
        Class::Priorities,
        Class::Keys,
        Class::Expiry,
        Class::Volatile,
        Class::Floods,
    ];
    let special = dice.pick(&specials);
    let is_special = dice.happens(400) && on.has(special);
    let (mut messages, mut bytes) = (dice.skewed(60).max(1), dice.skewed(4_000));
    let (many, large) = (dice.between(300, 2_500), dice.between(10_000, 200_000));
    if is_special && special == Class::Floods {
        (messages, bytes) = dice.pick(&[(many, 20), (3, large)]);
    }
    What::Send {
        client,
        messages,
        bytes,
        kind: dice.pick(&[
            Kind::Echo,
            Kind::Echo,
            Kind::Echo,
            Kind::Room,
            Kind::Carry,
            Kind::Both,
            Kind::Side,
            Kind::Side,
            Kind::Join,
            Kind::Leave,
            Kind::Quiet,
        ]),
        special: is_special.then_some(special),
        deliver: dice.happens(200),
    }
}

/// Whether there are acts of this kind of fault.
const fn is_done(class: Class) -> bool {
    matches!(
        class,
        Class::Reconnect
            | Class::Close
            | Class::Cut
            | Class::BlackHole
            | Class::HalfOpen
            | Class::Refused
            | Class::Hide
            | Class::Freeze
            | Class::PutAway
            | Class::Reload
            | Class::LoseStorage
            | Class::Tabs
            | Class::OtherUser
            | Class::TakesBack
            | Class::Offline
            | Class::Hints
            | Class::WallClock
            | Class::Sleep
            | Class::PowerCut
            | Class::Kill
            | Class::Stop
            | Class::StalledStore
            | Class::HandlerFails
            | Class::SlowListener
            | Class::Malformed
            | Class::Crash
            | Class::PowerOff
            | Class::Rollback
            | Class::Wipe
            | Class::FullStorage
            | Class::FailingStorage
            | Class::Disconnected
            | Class::MuteLocks
            | Class::LastWords
    )
}

fn fault(dice: &mut Dice, class: Class, clients: usize) -> What {
    let client = dice.below(clients as u64) as usize;
    let span = 1_000 + dice.skewed(40_000_000);
    let down = 1_000 + dice.skewed(20_000_000);
    let detail = dice.bits();
    match class {
        Class::Reconnect => What::Reconnect { client },
        Class::Close => What::Close {
            client,
            back_after: span,
        },
        Class::Cut => What::Cut {
            client,
            cut: [Cut::Known, Cut::ServerLate, Cut::ClientLate][(detail % 3) as usize],
        },
        Class::BlackHole | Class::HalfOpen => What::Silence {
            client,
            direction: match (class, detail % 2) {
                (Class::BlackHole, _) => Direction::Both,
                (_, 0) => Direction::Up,
                _ => Direction::Down,
            },
            span: (detail % 6 > 1).then_some(span),
        },
        Class::Refused => What::Refuse { span },
        Class::Hide => What::Hide { client, span },
        Class::Freeze => What::Freeze { client, span },
        Class::PutAway => What::PutAway { client, span },
        Class::Reload | Class::LoseStorage => What::Reload {
            client,
            forgets: class == Class::LoseStorage,
        },
        Class::Tabs => What::Copy { client },
        Class::SlowListener => What::Hang { client, span },
        Class::OtherUser => What::SignIn { client },
        Class::TakesBack => What::TakeBack { client },
        Class::Offline => What::Offline { client, span },
        Class::Hints => What::Hint {
            client,
            hint: [
                Hint::Offline,
                Hint::PutAway,
                Hint::Look { online: false },
                Hint::Look { online: true },
                Hint::Connect { online: false },
                Hint::Connect { online: true },
            ][(detail % 6) as usize],
        },
        Class::WallClock => What::SetClock {
            client: (detail & 1 == 0).then_some(client),
            by_ms: [86_400_000, -86_400_000, 5_000, -5_000][(detail / 2 % 4) as usize],
        },
        Class::Sleep => What::Sleep { client, span },
        Class::Kill | Class::PowerCut => What::Kill {
            steps: detail % 40,
            down,
            power: class == Class::PowerCut,
        },
        Class::Stop => What::Stop { down },
        Class::Crash => What::Crash {
            client,
            new_tab: detail.is_multiple_of(3),
            messages: (detail / 3).is_multiple_of(2).then_some(detail / 6 % 4),
        },
        Class::PowerOff => What::PowerOff {
            client,
            messages: (detail & 1 == 0).then_some((detail / 2 % 6).saturating_sub(2)),
            after: span,
        },
        Class::Rollback => What::GoBack { client, span },
        Class::Wipe => What::Wipe { client },
        Class::FullStorage | Class::FailingStorage | Class::Disconnected | Class::MuteLocks => {
            let trouble = match class {
                Class::FullStorage if detail & 1 == 0 => Trouble::NoNotes,
                Class::FullStorage => Trouble::NoRoom,
                Class::FailingStorage => Trouble::Down,
                Class::MuteLocks => Trouble::Mute,
                _ => Trouble::Disconnected,
            };
            What::Trouble {
                client,
                trouble,
                span,
            }
        }
        Class::LastWords => What::LastWords {
            client,
            messages: detail / 2 % 8,
            closes: detail & 1 == 0,
        },
        Class::StalledStore => What::Stall { span },
        Class::HandlerFails => What::HandlerFails { span },
        _ => What::Mischief {
            client,
            mischief: mischief(detail),
        },
    }
}

fn mischief(detail: u64) -> Mischief {
    let direction = if detail & 1 == 0 {
        Direction::Up
    } else {
        Direction::Down
    };
    match detail / 2 % 9 {
        0 => Mischief::UnknownFrame(direction),
        1 => Mischief::WrongCount(direction),
        2 => Mischief::SecondHello,
        3 => Mischief::BadUnit(direction),
        4 => Mischief::Thief,
        5 => Mischief::Dreamer,
        6 => Mischief::AckAhead(direction),
        7 => Mischief::Crowd,
        _ => Mischief::Mute,
    }
}
