//! Any bytes are read, or refused with a reason; what is written is read again.

use proptest::collection::{btree_map, vec};
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use steadfast_protocol::frame::{
    Auth, Control, Encoded, ErrorFrame, Frame, From, Hello, Incoming, Message, Ping, Position,
    Reader, Reason, Side, Stored, Volatile, Welcome, cut, decode_text, escape, pack,
};
use steadfast_protocol::limits::LAST_NUMBER;

const MAX: u32 = 1 << 20;

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
        "[0-9a-f]{32}",
        number(),
        maybe(".{0,99}"),
        maybe(id()),
    );
    let wants = (
        vec("[!#$%&'*+.^_`|~A-Za-z0-9-]{1,64}", 0..4),
        maybe(any::<(u32, u32)>()),
        btree_map(stream(), (any::<u32>(), number()), 0..4),
    );
    (who, wants).prop_map(|(who, (protocols, window, positions))| {
        let (known, instance, claim, auth, request_id) = who;
        let (session, token) = known.unzip();
        Frame::Hello(Hello {
            session,
            token,
            instance,
            claim,
            auth,
            request_id,
            protocols,
            window,
            positions,
        })
    })
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
    let state = (number(), proptest::sample::select(reasons));
    let window = (1..=u32::MAX, 1..=u32::MAX);
    let limits = (1..=u32::MAX, window, number(), maybe(number()));
    let texts = (".{0,99}", prop_oneof![Just(String::new()), id()]);
    ((id(), id(), id()), state, limits, texts).prop_map(
        |(names, (received, reason), limits, texts)| {
            let resumed = reason == Reason::Resumed;
            Frame::Welcome(Welcome {
                session: names.0,
                token: names.1,
                term: names.2,
                received: if resumed { received } else { 0 },
                resumed,
                reason,
                max_message: limits.0,
                window: limits.1,
                ttl: limits.2,
                retry: limits.3,
                user: texts.0,
                protocol: texts.1,
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
        number().prop_map(|number| Frame::Stored(Stored { number })),
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
    ]
}

fn control() -> impl Strategy<Value = Control> {
    (number(), frame()).prop_map(|(count, frame)| Control { count, frame })
}

/// A frame with a few characters put in, taken out or changed.
fn damaged() -> impl Strategy<Value = String> {
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

/// Bytes of a WebSocket, read by both sides in any order: no panic, and after an error no count moves.
fn read_all(side: Side, frames: &[Result<String, Vec<u8>>]) {
    let mut reader = Reader::new(side, 1_000);
    for frame in frames {
        let before = reader.messages();
        let failed = match frame {
            Ok(text) => reader.text(text).is_err(),
            Err(bytes) => reader.binary(bytes).is_err(),
        };
        assert!(
            !failed || reader.messages() == before,
            "a refused frame counted"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// [P5]
    #[test]
    fn any_text_is_read_or_refused(text in "\u{10}?[\\PC\u{10}]{0,200}") {
        let _ = decode_text(&text, MAX);
    }

    /// [P5]: what is taken for a frame is one that is written the same way, or reads the same.
    #[test]
    fn a_damaged_frame_is_refused_or_another_frame(text in damaged()) {
        if let Ok(Incoming::Control(control)) = decode_text(&text, MAX) {
            let written = control.encode();
            prop_assert_eq!(decode_text(&written, MAX), Ok(Incoming::Control(control)));
        }
    }

    /// [P5] [P65]
    #[test]
    fn any_frames_in_any_order_are_read_or_refused(
        frames in vec(
            prop_oneof![
                control().prop_map(|control| Ok(control.encode())),
                damaged().prop_map(Ok),
                ".{0,20}".prop_map(Ok),
                vec(any::<u8>(), 0..20).prop_map(Err),
            ],
            0..10,
        ),
    ) {
        read_all(Side::Client, &frames);
        read_all(Side::Server, &frames);
    }

    /// [P6]
    #[test]
    fn a_control_frame_is_read_as_it_was_written(control in control()) {
        let wire = control.encode();
        let read = decode_text(&wire, MAX);
        prop_assert_eq!(&read, &Ok(Incoming::Control(control)));
        // And it is written in one way only.
        if let Ok(Incoming::Control(read)) = read {
            prop_assert_eq!(read.encode(), wire);
        }
    }

    /// [P3]
    #[test]
    fn a_text_is_read_as_it_was_written(text in "\u{10}{0,3}.{0,20}") {
        let wire = escape(&text);
        prop_assert_eq!(decode_text(&wire, MAX), Ok(Incoming::App(&text)));
        prop_assert!(wire.len() <= text.len() + 1);
    }

    /// [P60] [P61] [P62] [P64]
    #[test]
    fn packed_messages_are_read_as_they_were(
        messages in vec(prop_oneof!["\u{10}?.{0,30}".prop_map(Ok), vec(any::<u8>(), 0..30).prop_map(Err)], 0..60),
    ) {
        let ready: Vec<Message<'_>> = messages
            .iter()
            .map(|message| match message {
                Ok(text) => Message::Text(text),
                Err(bytes) => Message::Binary(bytes),
            })
            .collect();
        let mut reader = Reader::new(Side::Client, MAX);
        reader.text(&Control { count: 0, frame: Frame::Hello(Hello { instance: "0".repeat(32), ..Hello::default() }) }.encode())?;
        let mut read: Vec<Result<String, Vec<u8>>> = Vec::new();
        for frame in pack(0, &ready) {
            match frame {
                Encoded::Binary(bytes) => read.extend(reader.binary(&bytes)?.into_iter().map(|part| Err(part.to_vec()))),
                Encoded::Text(text) => match reader.text(&text)? {
                    Incoming::App(text) => read.push(Ok(text.into())),
                    Incoming::Control(Control { frame: Frame::Texts(texts), .. }) => read.extend(texts.into_iter().map(Ok)),
                    Incoming::Control(_) => {}
                },
            }
        }
        prop_assert_eq!(reader.messages(), messages.len() as u64);
        prop_assert_eq!(read, messages);
    }

    /// [P65]
    #[test]
    fn cutting_takes_all_or_nothing(bytes in vec(any::<u8>(), 0..40), lengths in vec(0..20_u32, 2..6)) {
        let sum: u32 = lengths.iter().sum();
        match cut(&bytes, &lengths) {
            Ok(parts) => {
                prop_assert_eq!(&parts.concat(), &bytes);
                prop_assert!(parts.iter().zip(&lengths).all(|(part, length)| part.len() == *length as usize));
            }
            Err(_) => prop_assert!(sum as usize != bytes.len()),
        }
    }
}
