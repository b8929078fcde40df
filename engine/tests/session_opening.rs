//! A session's welcome: what it says of the session, and of what was sent before.

use steadfast_engine::{
    Cause, Config, Delivered, Direction, DropReason, Event, Failure, FailureKind, Fate, Fault,
    GapReason, Input, Loss, Output, State, Welcome,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::support::{
    Payload, RECONNECT, Shell, accepted, forgotten, handed, ms, new, refused, resumed, session,
};

fn dropped(payload: Payload, reason: DropReason, delivered: Delivered) -> Output<Payload> {
    Output::Event(Event::Dropped {
        payload,
        ticket: 0,
        reason,
        delivered,
    })
}

fn welcome(received: u64, fate: Fate) -> Welcome {
    Welcome {
        fate,
        ..resumed(received)
    }
}

/// The link is lost, a message waits, and the next link has this welcome: the message, and what the
/// welcome led to.
fn away_and_back(shell: &mut Shell, welcome: Welcome) -> (Payload, Vec<Output<Payload>>) {
    shell.link_closes(1006);
    let waiting = shell.send();
    shell.task_over();
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(welcome);
    (waiting, shell.take())
}

/// [P15]
#[test]
fn a_link_is_open_when_it_is_welcomed_and_not_before() {
    let mut shell = Shell::new(session());
    shell.connect();
    let waiting = shell.send();
    shell.task_over();
    shell.link_opens();
    let outputs = shell.take();
    assert!(matches!(outputs.last(), Some(Output::Greet { .. })));
    assert_eq!(shell.engine.state(), State::Connecting);
    assert_eq!(shell.give(Input::Greeted { generation: 1 }), Ok(()));
    assert_eq!(shell.engine.state(), State::Connecting);
    shell.welcome(new());
    assert_eq!(shell.engine.state(), State::Open);
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Transmit(waiting)));
    assert!(outputs.contains(&Output::Event(Event::Open {
        attempt: 1,
        resumed: false
    })));
}

#[test]
fn a_welcome_that_never_comes_is_a_timeout() {
    let mut shell = Shell::new(session());
    shell.connect();
    shell.link_opens();
    shell.until(|output| *output == Output::Event(Event::Error(Fault::ConnectTimeout)));
    assert_eq!(shell.engine.state(), State::Reconnecting);
}

/// [P160] [P170]
#[test]
fn what_was_not_stored_is_sent_again_first_and_in_its_order() {
    let mut shell = Shell::welcomed(session());
    let sent = shell.send_many(5);
    shell.link_closes(1006);
    let later = shell.send();
    shell.task_over();
    assert_eq!(shell.engine.queued().0, 1);
    assert_eq!(shell.engine.unacknowledged(), 5);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(resumed(2));
    let outputs = shell.take();
    let place = |wanted| outputs.iter().position(|output| *output == wanted);
    assert!(place(Output::Discard(sent[0])) < place(Output::Discard(sent[1])));
    let again: Vec<_> = outputs
        .iter()
        .filter(|output| matches!(output, Output::Transmit(_)))
        .collect();
    let wanted = [sent[2], sent[3], sent[4], later].map(Output::Transmit);
    assert_eq!(again, wanted.iter().collect::<Vec<_>>());
    assert!(outputs.iter().any(|output| matches!(
        output,
        Output::Event(Event::Reconnected {
            resumed: true,
            replayed: 3,
            ..
        })
    )));
    shell.stored(6);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

#[test]
fn what_is_sent_again_is_judged_again() {
    let mut shell = Shell::welcomed(session());
    let key = Some(1_000_000);
    let stale = shell.send_with(|send| send.ttl = Some(ms(500)));
    let replaced = shell.send_with(|send| send.key = key);
    let long = shell.send_with(|send| send.bytes = 2_000);
    let volatile = shell.send_with(|send| send.volatile = true);
    let kept = shell.send();
    shell.task_over();
    shell.link_closes(1006);
    let newer = shell.send_with(|send| send.key = key);
    shell.task_over();
    shell.until_dial();
    shell.wait(ms(500));
    shell.take();
    shell.link_opens();
    shell.welcome(Welcome {
        max_message_bytes: 1_000,
        ..resumed(0)
    });
    let outputs = shell.take();
    for (payload, reason, delivered) in [
        (stale, DropReason::Ttl, Delivered::No),
        (replaced, DropReason::Replaced, Delivered::No),
        (long, DropReason::TooLarge, Delivered::No),
        (volatile, DropReason::Volatile, Delivered::No),
    ] {
        assert!(outputs.contains(&dropped(payload, reason, delivered)));
    }
    let again = |output: &Output<_>| matches!(output, Output::Transmit(_));
    let again: Vec<_> = outputs.into_iter().filter(again).collect();
    assert_eq!(again, [kept, newer].map(Output::Transmit));
}

/// [P172]
#[test]
fn a_volatile_message_that_was_stored_is_no_loss() {
    let mut shell = Shell::welcomed(session());
    shell.send_with(|send| send.volatile = true);
    shell.task_over();
    let outputs = shell.comes_back(resumed(1));
    let is_dropped = |output: &Output<_>| matches!(output, Output::Event(Event::Dropped { .. }));
    assert!(!outputs.iter().any(is_dropped));
}

/// [P173]
#[test]
fn acknowledged_messages_that_the_server_lost_are_a_gap() {
    let mut shell = Shell::welcomed(session());
    shell.send_many(5);
    shell.stored(5);
    let outputs = shell.comes_back(resumed(2));
    let gap = Event::Gap {
        missed: None,
        direction: Direction::Up,
        stream: None,
        reason: GapReason::Epoch,
    };
    assert!(outputs.contains(&Output::Event(gap)));
    shell.send_many(1);
    shell.stored(6);
    assert_eq!(shell.engine.unacknowledged(), 0, "it has the number 6");
}

/// [P174]
/// [P161]
#[test]
fn after_a_lost_session_what_was_not_stored_goes_on() {
    let mut shell = Shell::welcomed(session());
    let sent = shell.send_many(2);
    let (waiting, outputs) = away_and_back(&mut shell, welcome(1, Fate::Lost));
    assert!(outputs.contains(&Output::Discard(sent[0])));
    let again = outputs
        .iter()
        .filter(|output| matches!(output, Output::Transmit(_)));
    let wanted = [sent[1], waiting].map(Output::Transmit);
    assert!(again.eq(&wanted));
    let gap = Event::Gap {
        missed: None,
        direction: Direction::Down,
        stream: None,
        reason: GapReason::SessionLost,
    };
    let place = |wanted| outputs.iter().position(|output| *output == wanted);
    let open = Output::Event(Event::Open {
        attempt: 1,
        resumed: false,
    });
    assert!(place(Output::Event(gap)) < place(open));
    assert!(outputs.contains(&Output::Event(Event::Lost { other_user: false })));
    shell.stored(3);
    assert_eq!(shell.engine.unacknowledged(), 0, "they have 2 and 3");
}

/// [P171]
#[test]
fn what_was_sent_of_a_memory_that_is_forgotten_is_reported() {
    for fate in [Fate::Resumed, Fate::Lost, Fate::New] {
        let mut shell = Shell::welcomed(session());
        let sent = shell.send_many(2);
        let (waiting, outputs) = away_and_back(&mut shell, forgotten(fate));
        for payload in sent {
            let unknown = dropped(payload, DropReason::SessionLost, Delivered::Unknown);
            assert!(outputs.contains(&unknown));
        }
        assert!(outputs.contains(&Output::Transmit(waiting)));
        let gap = |output: &Output<_>| {
            let up = Direction::Up;
            matches!(output, Output::Event(Event::Gap { direction, .. }) if *direction == up)
        };
        assert!(!outputs.iter().any(gap), "what was acknowledged is stored");
        shell.stored(3);
        assert_eq!(shell.engine.unacknowledged(), 0, "it has the number 3");
    }
}

/// [P164] [P175]
#[test]
fn another_user_is_sent_nothing_of_the_one_before() {
    let mut shell = Shell::welcomed(session());
    shell.adopts = false;
    let sent = shell.send_many(1)[0];
    let (waiting, outputs) = away_and_back(&mut shell, refused(Fate::OtherUser));
    assert!(outputs.contains(&dropped(sent, DropReason::SessionLost, Delivered::Unknown)));
    assert!(outputs.contains(&dropped(waiting, DropReason::SessionLost, Delivered::No)));
    assert!(outputs.contains(&Output::Event(Event::Lost { other_user: true })));
    assert!(outputs.contains(&Output::Adopt(2)), "a memory of its own");
    assert_eq!(shell.engine.memory(), 2);
    assert_eq!(shell.engine.queued(), (0, 0));
    // Nothing of the new memory leaves over a link that does not speak for it.
    let later = shell.send_many(1)[0];
    assert_eq!(shell.take_transmitted(), [] as [Payload; 0]);
    shell.adopted(2, accepted(0));
    assert_eq!(shell.take_transmitted(), [later]);
    shell.stored(1);
    assert_eq!(shell.engine.unacknowledged(), 0);
}

/// [P164]
#[test]
fn a_client_that_closes_before_it_speaks_for_its_memory_sends_nothing_of_it() {
    let mut shell = Shell::welcomed(session());
    shell.adopts = false;
    away_and_back(&mut shell, refused(Fate::OtherUser));
    let unsent = shell.send_many(1)[0];
    assert_eq!(shell.give(Input::Close), Ok(()));
    let outputs = shell.take();
    assert!(!outputs.contains(&Output::Transmit(unsent)));
    assert!(outputs.contains(&dropped(unsent, DropReason::Closed, Delivered::No)));
}

/// [P30] It never was this page's: it begins one of its own.
#[test]
fn a_first_hello_that_is_answered_with_a_take_over_begins_another_session() {
    let mut shell = Shell::new(session());
    shell.connect();
    let waiting = shell.send_many(1)[0];
    shell.link_opens();
    shell.take();
    shell.link_closes(4409);
    let outputs = shell.take();
    assert!(outputs.contains(&Output::Abandon));
    assert_eq!(shell.engine.state(), State::Reconnecting);
    shell.until_dial();
    shell.link_opens();
    shell.take();
    shell.welcome(new());
    assert_eq!(shell.take_transmitted(), [waiting]);
}

/// [P30]
#[test]
fn a_session_that_was_taken_over_stops_for_good_and_reports_everything() {
    let config = Config {
        decides: true,
        ..session()
    };
    let mut shell = Shell::welcomed(config);
    let sent = shell.send_many(1)[0];
    let waiting = shell.send();
    shell.link_closes(4409);
    let outputs = shell.take();
    assert!(outputs.contains(&dropped(sent, DropReason::SessionLost, Delivered::Unknown)));
    assert!(outputs.contains(&dropped(waiting, DropReason::SessionLost, Delivered::No)));
    let loss = Loss {
        cause: Cause::Closed,
        code: 4409,
        was_clean: true,
    };
    let failed = Failure {
        kind: FailureKind::TakenOver,
        loss,
    };
    assert_eq!(outputs.last(), Some(&Output::Event(Event::Failed(failed))));
    let asked = |output: &Output<_>| matches!(output, Output::Decide { .. });
    assert!(!outputs.iter().any(asked), "there is nothing to decide");
    shell.wait(ms(100_000));
    assert_eq!(shell.engine.state(), State::Failed);
    assert_eq!(shell.give(RECONNECT), Ok(()));
    shell.link_opens();
    shell.take();
    shell.welcome(new());
    let outputs = shell.take();
    assert!(
        !outputs.contains(&Output::Event(Event::Lost { other_user: false })),
        "it begins as a new memory"
    );
}

/// [P31] [P105] [P110]
#[test]
fn other_codes_are_retried_and_a_server_that_wants_quiet_gets_it() {
    for code in [4400, 4410, 4429, 4503] {
        let config = session();
        let base = config.reconnect.base;
        let mut shell = Shell::welcomed(config);
        shell.link_closes(code);
        let delay = shell.until_dial();
        assert_eq!(delay >= base, code > 4410, "{code}: {delay}");
    }
}

/// [P112]
/// [P32]
#[test]
fn the_server_says_how_long_the_first_retry_may_wait() {
    let mut slowest = ms(0);
    for seed in 0..50 {
        let mut shell = Shell::with_seed(session(), seed);
        shell.connect();
        shell.link_opens();
        shell.welcome(Welcome {
            first_retry: Some(ms(30)),
            ..new()
        });
        shell.wait(ms(6_000));
        shell.take();
        shell.link_closes(1006);
        slowest = slowest.max(shell.until_dial());
    }
    assert!(slowest > ms(15) && slowest <= ms(30), "{slowest}");
}

/// [P11] [P105]
/// [P15] [P16] [P57] [P75] [P108]
/// [P49]
#[test]
fn a_hello_tells_where_the_client_stands() {
    let mut shell = Shell::welcomed(session());
    assert_eq!(shell.engine.position(0), None);
    shell.from(0, 4, 8, GapReason::None);
    assert_eq!(shell.engine.position(0), Some((4, 7)));
    shell.hands_over = false;
    let payload = shell.receive();
    let waiting = shell.receive();
    assert!(shell.take().contains(&handed(payload, 0, 8)));
    assert_eq!(
        shell.engine.position(0),
        Some((4, 8)),
        "what is in hand will not be wanted twice"
    );
    shell.link_closes(1006);
    shell.until_dial();
    shell.take();
    shell.link_opens();
    let outputs = shell.take();
    assert_eq!(outputs[0], Output::Discard(waiting), "it comes again");
    assert_eq!(shell.engine.position(0), Some((4, 8)));
}
