use alloc::vec;
use alloc::vec::Vec;

use super::{Control, Form, Frame, FrameError, Incoming, cut, decode_text};
use crate::limits::PARTS_BYTES;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The browser.
    Client,
    /// The server.
    Server,
}

/// Reads one link, from its first frame on: counts messages, and takes a frame only where the
/// protocol allows it. After an error the link is to be closed; what the reader says then means nothing.
#[derive(Clone, Debug)]
pub struct Reader {
    from: Side,
    max_message: u32,
    messages: u64,
    greeted: bool,
    /// Whether it is known which stream, or lane, a message belongs to.
    in_stream: bool,
    expected: Expected,
    /// Bytes of the parts that wait for their `save`.
    parts: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    Any,
    /// The second half of a binary unit.
    Unit(Vec<u32>),
    /// One application message, announced as volatile.
    One,
    /// So many bytes of the snapshot that `welcome` announced.
    Parts(usize),
}

impl Reader {
    /// Reads what `from` sends over a new link. `max_message` is the longest application message
    /// taken, in UTF-8 bytes.
    #[must_use]
    pub const fn new(from: Side, max_message: u32) -> Self {
        Self {
            from,
            max_message,
            messages: 0,
            greeted: false,
            in_stream: false,
            expected: Expected::Any,
            parts: 0,
        }
    }

    /// A text frame has come.
    ///
    /// # Errors
    /// Why it cannot be taken.
    pub fn text<'a>(&mut self, text: &'a str) -> Result<Incoming<'a>, FrameError> {
        let incoming = decode_text(text, self.max_message)?;
        match &incoming {
            Incoming::App(_) => self.take_single()?,
            Incoming::Control(control) => self.take_control(control)?,
        }
        Ok(incoming)
    }

    /// A binary frame has come: its messages, in order.
    ///
    /// # Errors
    /// Why it cannot be taken.
    pub fn binary<'a>(&mut self, bytes: &'a [u8]) -> Result<Vec<&'a [u8]>, FrameError> {
        if let Expected::Unit(lengths) = &self.expected {
            let messages = cut(bytes, lengths)?;
            self.messages += messages.len() as u64;
            self.expected = Expected::Any;
            return Ok(messages);
        }
        if bytes.len() > self.max_message as usize {
            return Err(FrameError::TooLong);
        }
        self.take_single()?;
        Ok(vec![bytes])
    }

    /// Application messages that came over this link.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.messages
    }

    fn take_single(&mut self) -> Result<(), FrameError> {
        match self.expected {
            Expected::Unit(_) | Expected::Parts(_) => return Err(FrameError::Announced),
            Expected::Any => self.check_stream()?,
            // Its announcement named the stream.
            Expected::One => {}
        }
        self.expected = Expected::Any;
        self.messages += 1;
        Ok(())
    }

    fn take_control(&mut self, control: &Control) -> Result<(), FrameError> {
        if !control.frame.is_from(self.from) {
            return Err(FrameError::Direction);
        }
        self.greet(&control.frame)?;
        let expected = match &self.expected {
            Expected::Any => true,
            Expected::Parts(_) => matches!(control.frame, Frame::Part(_) | Frame::Error(_)),
            Expected::Unit(_) | Expected::One => false,
        };
        if !expected {
            return Err(FrameError::Announced);
        }
        if control.count != self.messages {
            let (said, counted) = (control.count, self.messages);
            return Err(FrameError::Miscount { said, counted });
        }
        self.follow(&control.frame)
    }

    /// What a frame makes of what comes next.
    fn follow(&mut self, frame: &Frame) -> Result<(), FrameError> {
        match frame {
            Frame::Texts(texts) => {
                self.check_stream()?;
                self.messages += texts.len() as u64;
            }
            Frame::Binaries(lengths) => {
                self.check_stream()?;
                self.expected = Expected::Unit(lengths.clone());
            }
            Frame::From(_) | Frame::Lane(_) => self.in_stream = true,
            Frame::Volatile(_) => self.expected = Expected::One,
            Frame::Welcome(welcome) => {
                let follows = welcome.snapshot.filter(|stored| stored.follows);
                self.expected = follows.map_or(Expected::Any, |stored| {
                    Expected::Parts(stored.bytes as usize)
                });
            }
            Frame::Part(text) => self.take_part(text.len())?,
            Frame::Save(save) => self.take_save(save.form)?,
            _ => {}
        }
        Ok(())
    }

    fn take_part(&mut self, bytes: usize) -> Result<(), FrameError> {
        match self.expected {
            Expected::Parts(left) if bytes > left => return Err(FrameError::Part),
            Expected::Parts(left) if bytes == left => self.expected = Expected::Any,
            Expected::Parts(left) => self.expected = Expected::Parts(left - bytes),
            _ if self.from == Side::Server => return Err(FrameError::Order),
            _ => self.parts += bytes,
        }
        if self.parts > PARTS_BYTES {
            return Err(FrameError::Part);
        }
        Ok(())
    }

    /// A snapshot has its text before it, and one that is the same has none.
    fn take_save(&mut self, form: Form) -> Result<(), FrameError> {
        let text = core::mem::take(&mut self.parts) > 0;
        if text == (form == Form::Same) {
            return Err(FrameError::Part);
        }
        Ok(())
    }

    /// An application message is allowed only where its stream is known.
    const fn check_stream(&self) -> Result<(), FrameError> {
        if self.greeted && self.in_stream {
            return Ok(());
        }
        Err(FrameError::Order)
    }

    /// Hello and welcome come first and once; an error may come at any time.
    fn greet(&mut self, frame: &Frame) -> Result<(), FrameError> {
        let greeting = matches!(frame, Frame::Hello(_) | Frame::Welcome(_));
        if greeting == self.greeted && !matches!(frame, Frame::Error(_)) {
            return Err(FrameError::Order);
        }
        self.greeted |= greeting;
        Ok(())
    }
}

impl Frame {
    /// Whether `side` may send it.
    #[must_use]
    pub const fn is_from(&self, side: Side) -> bool {
        match self {
            Self::Hello(_)
            | Self::Auth(_)
            | Self::Handed(_)
            | Self::Lane(_)
            | Self::Adopt(_)
            | Self::Done(_)
            | Self::Ask
            | Self::Save(_)
            | Self::End => matches!(side, Side::Client),
            Self::Welcome(_)
            | Self::Error(_)
            | Self::Authenticated
            | Self::Stored(_)
            | Self::Adopted(_)
            | Self::From(_)
            | Self::Volatile(_)
            | Self::Saved(_)
            | Self::Unsaved(_) => matches!(side, Side::Server),
            Self::Ping(_) | Self::Pong(_) => true,
            Self::Texts(_) | Self::Binaries(_) | Self::Part(_) => true,
        }
    }
}
