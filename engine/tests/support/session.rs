//! What a server of sessions says, and a session's own tasks.

use steadfast_engine::{
    Claim, Config, Fate, From, GapReason, Input, Output, Priority, State, Welcome, Window,
};

use super::{Payload, Shell, ms};

/// A client with a session.
pub(crate) fn session() -> Config {
    Config {
        session: true,
        ..Config::default()
    }
}

/// A message of a session is handed over.
pub(crate) const fn handed(payload: Payload, stream: u32, number: u64) -> Output<Payload> {
    Output::Message {
        payload,
        stream: Some(stream),
        number,
    }
}

/// What a server says of a session that goes on, where it has this much of the page's normal lane.
pub(crate) const fn resumed(received: u64) -> Welcome {
    claimed(Fate::Resumed, accepted(received))
}

/// What it says of a new one.
pub(crate) const fn new() -> Welcome {
    claimed(Fate::New, accepted(0))
}

/// It has forgotten the page's memory.
pub(crate) const fn forgotten(fate: Fate) -> Welcome {
    claimed(fate, Claim::Forgotten)
}

/// The page's memory is another user's.
pub(crate) const fn refused(fate: Fate) -> Welcome {
    claimed(fate, Claim::Refused)
}

/// So much of the normal lane is stored.
pub(crate) const fn accepted(received: u64) -> Claim {
    Claim::Accepted([0, received, 0])
}

pub(crate) const fn claimed(fate: Fate, claim: Claim) -> Welcome {
    Welcome {
        claim,
        user: 1,
        window: Window {
            messages: 4_096,
            bytes: 1 << 20,
        },
        max_message_bytes: 1 << 20,
        fate,
        first_retry: None,
    }
}

/// The next messages are of the page's first memory, of its normal lane.
pub(crate) const fn lane(next: u64) -> Output<Payload> {
    Output::Lane {
        memory: 1,
        lane: Priority::Normal,
        next,
    }
}

impl Shell {
    /// A shell with a session that was welcomed, and has proved itself.
    pub(crate) fn welcomed(config: Config) -> Self {
        Self::welcomed_with(config, new())
    }

    pub(crate) fn welcomed_with(config: Config, welcome: Welcome) -> Self {
        let mut shell = Self::new(config);
        shell.connect();
        shell.wait(ms(40));
        shell.link_opens();
        shell.welcome(welcome);
        assert_eq!(shell.engine.state(), State::Open);
        assert_eq!(shell.give(Input::Listen(true)), Ok(()));
        shell.wait(ms(6_000));
        shell.take();
        shell
    }

    pub(crate) fn welcome(&mut self, welcome: Welcome) {
        let generation = self.generation;
        self.counted();
        let input = Input::Welcomed {
            generation,
            welcome,
        };
        assert_eq!(self.give(input), Ok(()));
    }

    /// The link is lost, and the next one is welcomed. What came out since the welcome.
    pub(crate) fn comes_back(&mut self, welcome: Welcome) -> Vec<Output<Payload>> {
        self.link_closes(1006);
        self.until_dial();
        self.link_opens();
        self.take();
        self.welcome(welcome);
        self.take()
    }

    /// A control frame comes in, and its count is right.
    pub(crate) fn counted(&mut self) {
        let (generation, count) = (self.generation, self.received);
        assert_eq!(self.give(Input::Counted { generation, count }), Ok(()));
    }

    /// The server has stored this much of the page's normal lane.
    pub(crate) fn stored(&mut self, number: u64) {
        self.stored_of(self.engine.memory(), Priority::Normal, number);
    }

    pub(crate) fn stored_of(&mut self, memory: u32, lane: Priority, number: u64) {
        let generation = self.generation;
        self.counted();
        let input = Input::Stored {
            generation,
            memory,
            lane,
            number,
        };
        assert_eq!(self.give(input), Ok(()));
    }

    /// The server answers for a memory.
    pub(crate) fn adopted(&mut self, memory: u32, claim: Claim) {
        let generation = self.generation;
        self.counted();
        let input = Input::Adopted {
            generation,
            memory,
            claim,
        };
        assert_eq!(self.give(input), Ok(()));
    }

    /// What a server says of a memory that has all that it ever said it has, and nothing else.
    pub(crate) fn knows(&self, memory: u32) -> Claim {
        let said = |lane| self.audit.session.lane(memory, lane).1;
        Claim::Accepted([said(0), said(1), said(2)])
    }

    pub(crate) fn from(&mut self, stream: u32, epoch: u32, next: u64, reason: GapReason) {
        let generation = self.generation;
        let from = From {
            stream,
            epoch,
            next,
            reason,
        };
        self.counted();
        assert_eq!(self.give(Input::From { generation, from }), Ok(()));
    }

    pub(crate) fn ponged(&mut self, id: u32) {
        let generation = self.generation;
        self.counted();
        assert_eq!(self.give(Input::Ponged { generation, id }), Ok(()));
    }

    pub(crate) fn task_over(&mut self) {
        assert_eq!(self.give(Input::TaskOver), Ok(()));
    }

    pub(crate) fn handed_over(&mut self) {
        assert_eq!(self.give(Input::HandedOver), Ok(()));
    }

    /// Sends so many messages of 10 bytes in one task.
    pub(crate) fn send_many(&mut self, messages: usize) -> Vec<Payload> {
        let sent = (0..messages).map(|_| self.send()).collect();
        self.task_over();
        sent
    }
}
