//! When the server says that messages are stored.

use steadfast_protocol::frame::{Frame, Ping, Stored};

use crate::support::{Handler, INSTANCE, Server, ms};

fn acknowledgements(server: &Server, link: steadfast_sessions::io::LinkId) -> Vec<u64> {
    let frames = server.peer(link).frames.iter();
    let stored = frames.filter_map(|frame| match frame {
        Frame::Stored(Stored { number, .. }) => Some(*number),
        _ => None,
    });
    stored.collect()
}

#[test]
fn an_acknowledgement_comes_within_a_tenth_of_a_second() {
    // [P70] [P71]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.text(link, "one");
    server.pass(ms(50));
    server.text(link, "two");
    server.pass(ms(49));
    assert!(acknowledgements(&server, link).is_empty());
    server.pass(ms(1));
    assert_eq!(acknowledgements(&server, link), [2]);
    server.pass(ms(10_000));
    assert_eq!(acknowledgements(&server, link), [2], "once");
}

#[test]
fn many_messages_are_acknowledged_at_once() {
    // [P71]
    let mut server = Server::new();
    server.handler = Handler::Swallow;
    let (link, _) = server.join(&[]);
    for _ in 0..1_000 {
        server.text(link, "x");
    }
    assert_eq!(acknowledgements(&server, link), [256, 512, 768]);
}

#[test]
fn half_a_window_of_bytes_is_acknowledged_at_once() {
    // [P71]
    let mut server = Server::new();
    server.handler = Handler::Swallow;
    let (link, _) = server.join(&[]);
    let large = "x".repeat(300 << 10);
    server.text(link, &large);
    assert!(acknowledgements(&server, link).is_empty());
    server.text(link, &large);
    assert_eq!(acknowledgements(&server, link), [2]);
}

#[test]
fn nothing_is_acknowledged_before_it_is_synced() {
    // [P70]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.stall_store();
    server.text(link, "one");
    server.control(link, Frame::Ask);
    server.control(link, Frame::Ping(Ping { id: 9 }));
    server.pass(ms(5_000));
    assert!(acknowledgements(&server, link).is_empty());
    server.resume_store();
    assert_eq!(acknowledgements(&server, link), [1]);
}

#[test]
fn who_asks_is_answered_as_soon_as_everything_is_stored() {
    // [P72]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.text(link, "one");
    assert!(acknowledgements(&server, link).is_empty());
    server.control(link, Frame::Ask);
    assert_eq!(acknowledgements(&server, link), [1]);
    server.stall_store();
    server.text(link, "two");
    server.text(link, "three");
    server.control(link, Frame::Ask);
    server.answer_one();
    assert_eq!(acknowledgements(&server, link), [1], "three is not stored");
    server.resume_store();
    assert_eq!(acknowledgements(&server, link), [1, 3]);
}

#[test]
fn an_acknowledgement_that_is_owed_goes_before_a_pong() {
    // [P73] [P86]
    let mut server = Server::new();
    server.handler = Handler::Swallow;
    let (link, _) = server.join(&[]);
    server.text(link, "one");
    server.control(link, Frame::Ping(Ping { id: 5 }));
    let frames = &server.peer(link).frames;
    let last = &frames[frames.len() - 2..];
    assert_eq!(
        last,
        [
            Frame::Stored(Stored {
                memory: INSTANCE.to_owned(),
                lane: 1,
                number: 1
            }),
            Frame::Pong(Ping { id: 5 })
        ]
    );
}

#[test]
fn acknowledgements_are_few() {
    let mut server = Server::new();
    server.handler = Handler::Swallow;
    let (link, _) = server.join(&[]);
    for _ in 0..10_000 {
        server.text(link, "x");
        if server.peer(link).given.is_multiple_of(10) {
            server.pass(ms(10));
        }
    }
    let few = acknowledgements(&server, link).len();
    assert!(few <= 100, "{few} for 10,000 messages at 1,000 a second");
}
