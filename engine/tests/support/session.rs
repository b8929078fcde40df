//! What a server of sessions says, and a session's own tasks.

use steadfast_engine::{Config, Fate, From, GapReason, Input, Output, State, Welcome, Window};

use super::{Payload, RECONNECT, Shell, ms};

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

/// What a server says of a session that goes on.
pub(crate) const fn resumed(received: u64) -> Welcome {
    Welcome {
        received: Some(received),
        window: Window {
            messages: 4_096,
            bytes: 1 << 20,
        },
        max_message_bytes: 1 << 20,
        fate: Fate::Resumed,
        first_retry: None,
    }
}

/// What it says of a new one.
pub(crate) const fn new() -> Welcome {
    Welcome {
        fate: Fate::New,
        ..resumed(0)
    }
}

/// What a shell makes of one after which it will speak for another memory.
pub(crate) const fn leaving(fate: Fate) -> Welcome {
    Welcome {
        received: None,
        window: Window {
            messages: 0,
            bytes: 0,
        },
        fate,
        ..resumed(0)
    }
}

impl Shell {
    /// A shell with a session that was welcomed, and has proved itself.
    pub(crate) fn welcomed(config: Config) -> Self {
        Self::welcomed_with(config, new())
    }

    pub(crate) fn welcomed_with(config: Config, welcome: Welcome) -> Self {
        let mut shell = Self::new(config);
        shell.reads_storage();
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

    /// A link that speaks for a memory that is new there.
    pub(crate) fn begins_anew(&mut self) {
        assert_eq!(self.give(RECONNECT), Ok(()));
        self.link_opens();
        self.welcome(resumed(0));
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

    pub(crate) fn stored(&mut self, number: u64) {
        let generation = self.generation;
        self.counted();
        assert_eq!(self.give(Input::Stored { generation, number }), Ok(()));
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
