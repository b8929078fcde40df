//! What may happen.

use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Open,
    Hello {
        /// None: a link of its own.
        link: Option<u8>,
        resume: bool,
        other: bool,
        claim: u8,
        window: u8,
        auth: u8,
        snapshot: u8,
    },
    Messages {
        link: u8,
        count: u8,
        bytes: u16,
    },
    Unit {
        link: u8,
        count: u8,
    },
    Control {
        link: u8,
        which: u8,
        number: u8,
        right: bool,
    },
    Save {
        link: u8,
        which: u8,
        base: u8,
        key: bool,
        bytes: u16,
    },
    Raw {
        link: u8,
        text: String,
    },
    Binary {
        link: u8,
        bytes: Vec<u8>,
    },
    Lose(u8),
    Buffered {
        link: u8,
        bytes: u16,
    },
    Store(u8),
    Handler(u8),
    Finish {
        ago: u8,
        outcome: u8,
    },
    Send(u8),
    Odd(u8),
    Pass(u16),
    Sleep(u16),
    Restart,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let link = 0..6_u8;
    prop_oneof![
        3 => Just(Step::Open),
        10 => (prop::option::weighted(0.2, link.clone()), any::<bool>(), any::<bool>(), 0..20_u8, 0..6_u8, 0..20_u8, 0..12_u8).prop_map(
            |(link, resume, other, claim, window, auth, snapshot)| Step::Hello {
                link, resume, other, claim, window, auth, snapshot
            }
        ),
        8 => (link.clone(), 1..10_u8, 0..200_u16)
            .prop_map(|(link, count, bytes)| Step::Messages { link, count, bytes }),
        2 => (link.clone(), 2..8_u8).prop_map(|(link, count)| Step::Unit { link, count }),
        6 => (link.clone(), 0..9_u8, 0..12_u8, prop::bool::weighted(0.9))
            .prop_map(|(link, which, number, right)| Step::Control { link, which, number, right }),
        8 => (link.clone(), 0..8_u8, 0..5_u8, prop::bool::weighted(0.3), 0..4_000_u16).prop_map(
            |(link, which, base, key, bytes)| Step::Save { link, which, base, key, bytes }
        ),
        1 => (link.clone(), "\u{10}?[a-z]{0,8} ?[0-9]{0,2} ?.{0,10}")
            .prop_map(|(link, text)| Step::Raw { link, text }),
        1 => (link.clone(), prop::collection::vec(any::<u8>(), 0..20))
            .prop_map(|(link, bytes)| Step::Binary { link, bytes }),
        2 => link.clone().prop_map(Step::Lose),
        3 => (link, 0..2_000_u16).prop_map(|(link, bytes)| Step::Buffered { link, bytes }),
        4 => (0..12_u8).prop_map(Step::Store),
        2 => (0..5_u8).prop_map(Step::Handler),
        4 => (0..3_u8, 0..6_u8).prop_map(|(ago, outcome)| Step::Finish { ago, outcome }),
        3 => (0..6_u8).prop_map(Step::Send),
        1 => (0..8_u8).prop_map(Step::Odd),
        4 => (0..3_000_u16).prop_map(Step::Pass),
        1 => (0..60_000_u16).prop_map(Step::Pass),
        1 => (0..60_000_u16).prop_map(Step::Sleep),
        1 => Just(Step::Restart),
    ]
}
