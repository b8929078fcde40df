//! A client saves its application's state.

use std::time::Duration;

use steadfast_protocol::fnv1a32;
use steadfast_protocol::frame::{Form, Frame, Hello, Save, SaveRefusal};
use steadfast_sessions::io::Config;

use crate::support::{
    INSTANCE, OTHER, Server, data, document, new_hello, restoring, resuming, secs, wanting,
};

#[test]
fn a_state_is_saved_under_rising_versions() {
    // [P131] [P132]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    let first = server.saved(link, data(1, 0, "{}"), "{}");
    let second = server.saved(link, data(2, first, "[1]"), "[1]");
    assert!(second > first);
    server.save(link, data(3, first, "[2]"), "[2]");
    let refusal = server.peer(link).unsaved().unwrap();
    assert_eq!((refusal.id, refusal.reason), (3, SaveRefusal::Stale));
    assert_eq!(refusal.version, Some(second), "the one that is");
    server.save(link, data(4, 0, "[2]"), "[2]");
    let refusal = server.peer(link).unsaved().unwrap();
    assert_eq!((refusal.id, refusal.version), (4, Some(second)));
    assert_eq!(
        server.saved(link, data(5, second, "[2]"), "[2]"),
        second + 1
    );
}

#[test]
fn who_is_told_that_it_is_saved_finds_it_after_a_power_cut() {
    // [P135]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.stall_store();
    server.save(link, data(1, 0, "{}"), "{}");
    assert!(server.peer(link).answers().is_empty());
    server.resume_store();
    assert_eq!(server.peer(link).answers(), [(1, None)]);
    server.restart();
    let (link, _) = server.join_as(&[], restoring(&welcome, 2));
    assert_eq!(server.peer(link).state(), "{}");
}

#[test]
fn a_text_comes_in_parts_with_anything_between() {
    // [P138]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    let text = format!("[\"{}\"]", "ä🚀".repeat(20_000));
    let (half, rest) = text.split_at(text.char_indices().nth(9_999).unwrap().0);
    for part in steadfast_protocol::frame::parts(half) {
        server.control(link, Frame::Part(part.into()));
        server.text(link, "between");
    }
    server.save(link, data(1, 0, &text), rest);
    assert_eq!(server.peer(link).answers(), [(1, None)]);
    assert_eq!(server.peer(link).texts(), ["between"]);
    server.lose(link);
    let (link, _) = server.join_as(&[], restoring(&welcome, 2));
    assert_eq!(server.peer(link).state(), text);
}

#[test]
fn parts_are_forgotten_with_their_link() {
    // [P138]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.control(link, Frame::Part("lost".into()));
    server.lose(link);
    let (link, _) = server.join_as(&[], resuming(&welcome, INSTANCE, 2));
    server.saved(link, data(1, 0, "{}"), "{}");
}

#[test]
fn a_delta_follows_from_its_base() {
    // [P140]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    let (before, after) = ("{\"name\":\"Anna\"}", "{\"name\":\"Bert\"}");
    let base = server.saved(link, data(1, 0, before), before);
    let delta = |id, base| Save {
        form: Form::Delta,
        ..data(id, base, after)
    };
    let wrong = [
        "no delta",
        "[0,9,\"Bert\",13,99]",
        "[0,9,\"Bert\"]",
        "[0,9,\"Anna\",13,2]",
    ];
    for (id, text) in (2..).zip(wrong) {
        server.save(link, delta(id, base), text);
        let refusal = server.peer(link).unsaved().unwrap();
        assert_eq!((refusal.id, refusal.reason), (id, SaveRefusal::Mismatch));
        server.pass(secs(5));
    }
    server.saved(link, delta(9, base), "[0,9,\"Bert\",13,2]");
    server.lose(link);
    let (link, _) = server.join_as(&[], restoring(&welcome, 2));
    assert_eq!(server.peer(link).state(), after);
}

#[test]
fn a_text_is_what_was_said_of_it() {
    // [P141]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    let good = data(1, 0, "{}");
    let wrong = [
        Save {
            bytes: 3,
            ..good.clone()
        },
        Save {
            check: 1,
            ..good.clone()
        },
    ];
    for save in wrong {
        server.save(link, save, "{}");
        assert_eq!(
            server.peer(link).unsaved().unwrap().reason,
            SaveRefusal::Mismatch
        );
    }
    server.saved(link, good, "{}");
}

#[test]
fn what_has_no_room_is_refused() {
    // [P142] [P147]
    let mut server = Server::with(Config {
        snapshot_bytes: 1_000,
        snapshot_quota_bytes: 2_000,
        ..Config::default()
    });
    let (link, _) = server.join(&[]);
    let reason = |server: &Server| server.peer(link).unsaved().unwrap().reason;
    let longer = "x".repeat(1_001);
    server.save(link, data(1, 0, &longer), &longer);
    assert_eq!(reason(&server), SaveRefusal::TooLarge);
    let longest = "x".repeat(1_000);
    server.saved(link, data(2, 0, &longest), &longest);
    server.save(link, document(3, "notes", 0, &longest), &longest);
    assert_eq!(reason(&server), SaveRefusal::Quota);
    assert_eq!(server.peer(link).closed, None);
}

#[test]
fn a_text_up_to_the_longest_frame_of_parts_is_refused_in_order() {
    // [P147]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    let longer = "x".repeat(320 << 10);
    server.save(link, data(1, 0, &longer), &longer);
    assert_eq!(
        server.peer(link).answers(),
        [(1, Some(SaveRefusal::TooLarge))]
    );
    server.save(link, data(2, 0, "{}"), &format!("{longer}x"));
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
}

#[test]
fn a_loss_leaves_it_to_the_next_welcome_whether_it_is_saved() {
    // [P133] [P145]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    server.stall_store();
    server.save(link, data(1, 0, "{}"), "{}");
    server.lose(link);
    server.resume_store();
    let hello = wanting(resuming(&welcome, INSTANCE, 2), None, 0, false);
    let (link, welcome) = server.join_as(&[], hello);
    let stored = welcome.snapshot.unwrap();
    assert_eq!((stored.bytes, stored.check), (2, fnv1a32(b"{}")));
    assert!(!stored.follows);
    let again = server.saved(link, data(2, 0, "{}"), "{}");
    assert_eq!(again, stored.version, "it is the same save");
}

#[test]
fn a_document_is_the_users() {
    // [P130]
    let mut server = Server::new();
    let (link, welcome) = server.join(&[]);
    let version = server.saved(link, document(1, "notes", 0, "[]"), "[]");
    server.saved(link, data(2, 0, "{}"), "{}");
    assert_eq!(server.document("notes"), Some((version, "[]".into())));
    assert_eq!(server.document("other"), None);
    let stranger = Hello {
        auth: Some("bert".into()),
        ..wanting(new_hello(OTHER), Some("notes"), 0, true)
    };
    let (bert, told) = server.join_as(&[], stranger);
    assert_eq!(told.snapshot, None);
    server.saved(bert, document(1, "notes", 0, "bert's"), "bert's");
    assert_eq!(server.document("notes"), Some((version, "[]".into())));
    let checkpoint = Hello {
        auth: Some("bert".into()),
        ..restoring(&welcome, 2)
    };
    let (_, told) = server.join_as(&[], checkpoint);
    assert_eq!(told.snapshot, None, "nor a checkpoint");
}

#[test]
fn two_devices_never_overwrite_each_other() {
    // [P131]
    let mut server = Server::new();
    let (one, _) = server.join(&[]);
    let (two, _) = server.join_as(&[], new_hello(OTHER));
    let first = server.saved(one, document(1, "notes", 0, "a"), "a");
    let second = server.saved(two, document(1, "notes", first, "ab"), "ab");
    server.save(one, document(2, "notes", first, "ac"), "ac");
    let refusal = server.peer(one).unsaved().unwrap();
    assert_eq!(refusal.reason, SaveRefusal::Stale);
    assert_eq!(refusal.version, Some(second));
    assert_eq!(server.document("notes"), Some((second, "ab".into())));
}

#[test]
fn the_end_of_a_session_takes_its_checkpoint_and_leaves_documents() {
    // [P96] [P130]
    let mut server = Server::with(Config {
        snapshot_burst: 1,
        ..Config::default()
    });
    let (link, welcome) = server.join(&[]);
    server.saved(link, data(1, 0, "{}"), "{}");
    server.save(link, document(2, "notes", 0, "last"), "last");
    assert_eq!(server.peer(link).answers().len(), 1, "it waits");
    server.control(link, Frame::End);
    assert_eq!(server.peer(link).closed.as_ref().unwrap().0, 1000);
    assert_eq!(server.document("notes").unwrap().1, "last");
    let (link, told) = server.join_as(&[], restoring(&welcome, 2));
    assert_eq!(
        (told.snapshot, server.peer(link).state()),
        (None, String::new())
    );
}

#[test]
fn the_end_comes_after_what_was_saved_before_it() {
    // [P96]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.stall_store();
    server.save(link, document(1, "one", 0, "1"), "1");
    server.save(link, document(2, "two", 0, "2"), "2");
    server.control(link, Frame::End);
    server.catch_up();
    assert_eq!(server.peer(link).answers(), [(1, None), (2, None)]);
    assert_eq!(server.peer(link).closed.as_ref().unwrap().0, 1000);
}

#[test]
fn nothing_is_saved_after_the_end() {
    // [P96]
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.stall_store();
    server.control(link, Frame::End);
    server.save(link, document(1, "notes", 0, "late"), "late");
    assert_eq!(server.peer(link).end(), ("PROTOCOL", 4400));
    server.resume_store();
    assert_eq!(server.document("notes"), None);
}

#[test]
fn a_snapshot_is_forgotten_when_it_is_too_old() {
    // [P136] [P155]
    let day = 24 * 60 * 60;
    let mut server = Server::new();
    let (link, _) = server.join(&[]);
    server.save(link, document(1, "notes", 0, "[]"), "[]");
    let expires = server
        .peer(link)
        .frames
        .iter()
        .find_map(|frame| match frame {
            Frame::Saved(saved) => Some(saved.expires_at),
            _ => None,
        });
    assert_eq!(expires, Some(server.now().wall_ms + day * 1_000));
    server.lose(link);
    server.pass(Duration::from_secs(day - 60));
    assert!(server.document("notes").is_some());
    server.pass(secs(120));
    assert_eq!(server.document("notes"), None);
}
