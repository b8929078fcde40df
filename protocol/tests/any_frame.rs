//! Any frame that the protocol allows, and damaged ones.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use steadfast_protocol::frame::{
    Adopt, Adopted, Auth, Control, ErrorFrame, Form, Frame, From, Hello, Lane, Memory, Ping,
    Position, Reason, Save, SaveRefusal, Saved, Stored, StoredSnapshot, Unsaved, Volatile,
    WantedSnapshot, Welcome,
};
use steadfast_protocol::limits::{LANES, LAST_NUMBER, SNAPSHOT_BYTES};

fn id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_-]{1,64}"
}

fn stream() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), id(), "[a-z 0-9:/.ü🚀]{1,32}"]
}

fn request_id() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), id()]
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, 0..=LAST_NUMBER, Just(LAST_NUMBER)]
}

fn maybe<T: Clone + std::fmt::Debug>(
    some: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(some)
}

fn hello() -> impl Strategy<Value = Frame> {
    let who = (
        maybe((id(), id())),
        memory(),
        number(),
        memories(),
        (maybe(".{0,99}"), maybe(id())),
    );
    let wants = (
        vec("[!#$%&'*+.^_`|~A-Za-z0-9-]{1,64}", 0..4),
        maybe(any::<(u32, u32)>()),
        positions(),
        maybe(wanted_snapshot()),
    );
    (who, wants).prop_map(|(who, (protocols, window, positions, snapshot))| {
        let (known, instance, claim, memories, (auth, request_id)) = who;
        let (session, token) = known.unzip();
        Frame::Hello(Hello {
            session,
            token,
            instance,
            claim,
            memories,
            auth,
            request_id,
            protocols,
            window,
            positions,
            snapshot,
        })
    })
}

fn memory() -> impl Strategy<Value = String> {
    "[0-9a-f]{32}"
}

fn memories() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::btree_set(memory(), 0..4).prop_map(|names| names.into_iter().collect())
}

fn received() -> impl Strategy<Value = [u64; LANES]> {
    proptest::array::uniform3(number())
}

fn held() -> impl Strategy<Value = BTreeMap<String, Memory>> {
    let memory_of = |(birth, received)| Memory { birth, received };
    btree_map(memory(), (id(), received()).prop_map(memory_of), 0..4)
}

fn positions() -> impl Strategy<Value = BTreeMap<String, (u32, u64)>> {
    btree_map(stream(), (any::<u32>(), number()), 0..4)
}

fn wanted_snapshot() -> impl Strategy<Value = WantedSnapshot> {
    (maybe(id()), maybe(1..=LAST_NUMBER), any::<bool>()).prop_map(|(key, version, restore)| {
        WantedSnapshot {
            key,
            version,
            restore,
        }
    })
}

fn stored_snapshot() -> impl Strategy<Value = StoredSnapshot> {
    let text = (1..=SNAPSHOT_BYTES as u32, any::<u32>(), any::<bool>());
    (1..=LAST_NUMBER, number(), text).prop_map(|(version, saved_at, (bytes, check, follows))| {
        StoredSnapshot {
            version,
            saved_at,
            bytes,
            check,
            follows,
        }
    })
}

/// A save of a checkpoint or of a document.
fn save() -> impl Strategy<Value = Frame> {
    let forms = proptest::sample::select(vec![Form::Data, Form::Delta, Form::Same]);
    let text = (1..=u32::MAX, any::<u32>());
    let base = (any::<u32>(), 1..=LAST_NUMBER, forms);
    (base, maybe(id()), text, positions()).prop_map(
        |((id, base, form), key, (bytes, check), positions)| {
            let checkpoint = key.is_none();
            let form = match form {
                Form::Same if !checkpoint => Form::Delta,
                form => form,
            };
            Frame::Save(Save {
                id,
                key,
                base: if form == Form::Data { base - 1 } else { base },
                form,
                bytes,
                check,
                positions: if checkpoint {
                    positions
                } else {
                    BTreeMap::new()
                },
            })
        },
    )
}

fn answer() -> impl Strategy<Value = Frame> {
    let reasons = vec![
        SaveRefusal::Stale,
        SaveRefusal::TooLarge,
        SaveRefusal::Quota,
        SaveRefusal::Mismatch,
        SaveRefusal::Unavailable,
    ];
    let unsaved = (
        any::<u32>(),
        proptest::sample::select(reasons),
        maybe(number()),
    );
    let saved = (any::<u32>(), 1..=LAST_NUMBER, number());
    prop_oneof![
        saved.prop_map(|(id, version, expires_at)| Frame::Saved(Saved {
            id,
            version,
            expires_at
        })),
        unsaved.prop_map(|(id, reason, version)| Frame::Unsaved(Unsaved {
            id,
            reason,
            version
        })),
    ]
}

fn welcome() -> impl Strategy<Value = Frame> {
    let reasons = vec![
        Reason::Resumed,
        Reason::New,
        Reason::Unknown,
        Reason::Token,
        Reason::User,
        Reason::Corrupt,
    ];
    let state = (held(), proptest::sample::select(reasons));
    let window = (1..=u32::MAX, 1..=u32::MAX);
    let limits = (1..=u32::MAX, window, number(), maybe(number()));
    let texts = (
        ".{0,99}",
        prop_oneof![Just(String::new()), id()],
        maybe(stored_snapshot()),
    );
    ((id(), id(), id()), state, limits, texts).prop_map(
        |(names, (memories, reason), limits, texts)| {
            let resumed = reason == Reason::Resumed;
            Frame::Welcome(Welcome {
                session: names.0,
                token: names.1,
                term: names.2,
                memories,
                resumed,
                reason,
                max_message: limits.0,
                window: limits.1,
                ttl: limits.2,
                retry: limits.3,
                user: texts.0,
                protocol: texts.1,
                snapshot: texts.2,
            })
        },
    )
}

fn error() -> impl Strategy<Value = Frame> {
    (id(), ".{0,99}", request_id(), ".{0,9}").prop_map(
        |(error_code, message, request_id, timestamp)| {
            Frame::Error(ErrorFrame {
                error_code,
                message,
                request_id,
                timestamp,
            })
        },
    )
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    let text = prop_oneof![
        ".{0,9}",
        "[\u{10}0-9, ]{0,9}",
        "[😀\u{fffd}é]{0,3}",
        Just(String::new())
    ];
    vec(text, 2..40)
}

fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        hello(),
        welcome(),
        error(),
        ".{0,99}".prop_map(|token| Frame::Auth(Auth { token })),
        (stream(), any::<u32>(), number()).prop_map(|(stream, epoch, number)| Frame::Handed(
            Position {
                stream,
                epoch,
                number
            }
        )),
        (memory(), 0..LANES as u8, number()).prop_map(|(memory, lane, number)| {
            Frame::Stored(Stored {
                memory,
                lane,
                number,
            })
        }),
        (memory(), 0..LANES as u8, 1..=LAST_NUMBER)
            .prop_map(|(memory, lane, next)| Frame::Lane(Lane { memory, lane, next })),
        memory().prop_map(|memory| Frame::Adopt(Adopt { memory })),
        memory().prop_map(|memory| Frame::Done(Adopt { memory })),
        (memory(), maybe((id(), received()))).prop_map(|(memory, held)| {
            let (birth, received) = held.unzip();
            Frame::Adopted(Adopted {
                memory,
                birth,
                received,
            })
        }),
        (stream(), any::<u32>(), 1..=LAST_NUMBER, maybe(id())).prop_map(
            |(stream, epoch, next, reason)| Frame::From(From {
                stream,
                epoch,
                next,
                reason
            })
        ),
        stream().prop_map(|stream| Frame::Volatile(Volatile { stream })),
        any::<u32>().prop_map(|id| Frame::Ping(Ping { id })),
        any::<u32>().prop_map(|id| Frame::Pong(Ping { id })),
        proptest::sample::select(vec![Frame::Authenticated, Frame::Ask, Frame::End]),
        texts().prop_map(Frame::Texts),
        vec(0..1_000_u32, 2..40).prop_map(Frame::Binaries),
        "[ \u{10}\\PC]{1,99}".prop_map(Frame::Part),
        save(),
        answer(),
    ]
}

pub(crate) fn control() -> impl Strategy<Value = Control> {
    (number(), frame()).prop_map(|(count, frame)| Control { count, frame })
}

/// A frame with a few characters put in, taken out or changed.
pub(crate) fn damaged() -> impl Strategy<Value = String> {
    let character = proptest::sample::select(vec![
        '\u{10}', ' ', ',', '0', '9', '{', '}', '"', '😀', '-', 'x',
    ]);
    (
        control(),
        vec((any::<proptest::sample::Index>(), character, 0..3_u8), 1..4),
    )
        .prop_map(|(control, changes)| {
            let mut characters: Vec<char> = control.encode().chars().collect();
            for (place, character, what) in changes {
                let place = place.index(characters.len());
                match what {
                    0 => characters.insert(place, character),
                    1 => characters[place] = character,
                    _ if characters.len() > 1 => drop(characters.remove(place)),
                    _ => {}
                }
            }
            characters.into_iter().collect()
        })
}
