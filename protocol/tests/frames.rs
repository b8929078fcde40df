//! The limits of frames.

use std::collections::BTreeMap;

use steadfast_protocol::frame::{
    Auth, Control, ErrorFrame, Frame, FrameError, Hello, Incoming, Reason, Welcome, decode_text,
};
use steadfast_protocol::limits;

const MAX: u32 = 1 << 20;

fn hello() -> Hello {
    Hello {
        instance: "0".repeat(32),
        claim: 1,
        ..Hello::default()
    }
}

fn welcome() -> Welcome {
    Welcome {
        session: "s".into(),
        token: "t".into(),
        term: "1".into(),
        reason: Reason::New,
        max_message: MAX,
        window: (1, 1),
        ..Welcome::default()
    }
}

/// What a reader says to this frame.
fn read(frame: Frame) -> Result<(), FrameError> {
    let control = Control { count: 0, frame };
    decode_text(&control.encode(), MAX)
        .map(|incoming| assert_eq!(incoming, Incoming::Control(control)))
}

#[test]
fn a_message_may_be_as_long_as_the_limit() {
    let text = "é".repeat(8);
    assert_eq!(decode_text(&text, 16), Ok(Incoming::App(&text)));
    assert_eq!(decode_text(&text, 15), Err(FrameError::TooLong));
    let escaped = "\u{10}\u{10}234";
    assert_eq!(decode_text(escaped, 4), Ok(Incoming::App("\u{10}234")));
    assert_eq!(decode_text(escaped, 3), Err(FrameError::TooLong));
}

/// [P121]: whatever the limit of messages is.
#[test]
fn a_control_frame_may_have_64_kib() {
    let wire = |bytes: usize| {
        let head = "\u{10}ping 0 {\"id\":1,\"padding\":\"";
        let padding = bytes - head.len() - 2;
        format!("{head}{}\"}}", "x".repeat(padding))
    };
    assert!(decode_text(&wire(64 << 10), 1).is_ok());
    let longer = wire((64 << 10) + 1);
    assert_eq!(decode_text(&longer, MAX), Err(FrameError::ControlTooLong));
}

/// [P122]
#[test]
fn whatever_may_be_sent_fits_the_frames_that_a_receiver_takes() {
    let most = limits::UNIT_MESSAGES as u32;
    for max_message in [1, limits::UNIT_BYTES, MAX, u32::MAX] {
        let bytes = limits::frame_bytes(max_message);
        assert!(bytes >= limits::CONTROL_BYTES);
        assert!(bytes > max_message as usize, "an escaped message");
        assert!(bytes >= (max_message.max(64 << 10) as usize) + (16 << 10));
    }
    // 1,024 texts whose lengths have as many digits as there can be, behind the largest count.
    let digits = u32::MAX.to_string().len() as u32;
    let head = "\u{10}texts 9007199254740991 ".len() as u32;
    assert!(head + most * (digits + 1) + most < limits::UNIT_OVERHEAD as u32);
}

/// [P124]
#[test]
fn credentials_and_texts_have_limits() {
    let auth = |bytes: usize| "a".repeat(bytes);
    for (bytes, expected) in [
        (16 << 10, Ok(())),
        ((16 << 10) + 1, Err(FrameError::Field("auth"))),
    ] {
        let auth = Some(auth(bytes));
        assert_eq!(read(Frame::Hello(Hello { auth, ..hello() })), expected);
    }
    let fresh = |bytes| Frame::Auth(Auth { token: auth(bytes) });
    assert_eq!(read(fresh(16 << 10)), Ok(()));
    assert_eq!(read(fresh((16 << 10) + 1)), Err(FrameError::Field("token")));

    let user = |bytes| {
        Frame::Welcome(Welcome {
            user: auth(bytes),
            ..welcome()
        })
    };
    assert_eq!(read(user(1_024)), Ok(()));
    assert_eq!(read(user(1_025)), Err(FrameError::Field("user")));

    let error = |message, timestamp| {
        Frame::Error(ErrorFrame {
            error_code: "PROTOCOL".into(),
            message: auth(message),
            request_id: String::new(),
            timestamp: auth(timestamp),
        })
    };
    assert_eq!(read(error(1_024, 64)), Ok(()));
    assert_eq!(read(error(1_025, 64)), Err(FrameError::Field("message")));
    assert_eq!(read(error(1_024, 65)), Err(FrameError::Field("timestamp")));
}

/// [P123]
#[test]
fn names_have_64_characters_at_most_and_those_of_rooms_128() {
    for (length, good) in [(64, true), (65, false)] {
        let name = "n".repeat(length);
        let positions = BTreeMap::from([(name.repeat(2), (1, 1))]);
        let hellos = [
            (
                "session",
                Hello {
                    session: Some(name.clone()),
                    token: Some("t".into()),
                    ..hello()
                },
            ),
            (
                "token",
                Hello {
                    session: Some("s".into()),
                    token: Some(name.clone()),
                    ..hello()
                },
            ),
            (
                "requestId",
                Hello {
                    request_id: Some(name.clone()),
                    ..hello()
                },
            ),
            (
                "protocols",
                Hello {
                    protocols: vec![name.clone()],
                    ..hello()
                },
            ),
            (
                "positions",
                Hello {
                    positions,
                    ..hello()
                },
            ),
        ];
        for (field, hello) in hellos {
            let expected = if good {
                Ok(())
            } else {
                Err(FrameError::Field(field))
            };
            assert_eq!(read(Frame::Hello(hello)), expected);
        }
    }
}

/// [P123] [P125]
#[test]
fn a_hello_names_64_streams_and_subprotocols_at_most() {
    for (many, good) in [(64, true), (65, false)] {
        let positions = (0..many).map(|n| (format!("room-{n}"), (1, n))).collect();
        let expected = if good {
            Ok(())
        } else {
            Err(FrameError::Field("positions"))
        };
        assert_eq!(
            read(Frame::Hello(Hello {
                positions,
                ..hello()
            })),
            expected
        );
        let protocols = (0..many).map(|n| format!("chat.v{n}")).collect();
        let expected = if good {
            Ok(())
        } else {
            Err(FrameError::Field("protocols"))
        };
        assert_eq!(
            read(Frame::Hello(Hello {
                protocols,
                ..hello()
            })),
            expected
        );
    }
}

/// [P126]
#[test]
fn claims_and_times_end_at_2_to_the_53() {
    let last = (1_u64 << 53) - 1;
    assert_eq!(
        read(Frame::Hello(Hello {
            claim: last,
            ..hello()
        })),
        Ok(())
    );
    let above = Hello {
        claim: last + 1,
        ..hello()
    };
    assert_eq!(read(Frame::Hello(above)), Err(FrameError::Field("claim")));
    let above = Welcome {
        ttl: last + 1,
        ..welcome()
    };
    assert_eq!(read(Frame::Welcome(above)), Err(FrameError::Field("ttl")));
    let above = Welcome {
        retry: Some(last + 1),
        ..welcome()
    };
    assert_eq!(read(Frame::Welcome(above)), Err(FrameError::Field("retry")));
}

/// [P83]
#[test]
fn only_a_client_may_want_nothing() {
    let window = Some((0, 0));
    assert_eq!(read(Frame::Hello(Hello { window, ..hello() })), Ok(()));
    for window in [(0, 1), (1, 0)] {
        let welcome = Welcome {
            window,
            ..welcome()
        };
        assert_eq!(
            read(Frame::Welcome(welcome)),
            Err(FrameError::Field("window"))
        );
    }
}

/// [P21]
#[test]
fn a_reason_that_is_not_known_is_read_as_unknown() {
    let control = Control {
        count: 0,
        frame: Frame::Welcome(welcome()),
    };
    let wire = control.encode().replace("\"new\"", "\"moved-to-mars\"");
    let Ok(Incoming::Control(Control {
        frame: Frame::Welcome(welcome),
        ..
    })) = decode_text(&wire, MAX)
    else {
        panic!("{wire}");
    };
    assert_eq!(welcome.reason, Reason::Unknown);
}

/// [P5]: serde alone would go down until the stack ends.
#[test]
fn a_deep_body_is_refused() {
    let wire = format!("\u{10}ping 0 {{\"id\":1,\"x\":{}", "[".repeat(60_000));
    assert_eq!(decode_text(&wire, MAX), Err(FrameError::Body));
}
