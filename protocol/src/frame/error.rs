use core::fmt::{Display, Formatter};

/// What is wrong with a frame. Whatever it is, the link is closed with
/// [`PROTOCOL`](crate::close_code::PROTOCOL) and nothing of the frame counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// An application message is longer than the limit; or a unit is, in all.
    TooLong,
    /// A control frame is longer than [`CONTROL_BYTES`](crate::limits::CONTROL_BYTES).
    ControlTooLong,
    /// No control frame has this name.
    Name,
    /// The count is missing, or is not a number as the protocol writes it.
    Count,
    /// The body is missing, is not one JSON object, or a field has another type.
    Body,
    /// A field's value is not one that it may have: which.
    Field(&'static str),
    /// The lengths of a unit are not 2 to 1,024 numbers as the protocol writes them.
    Lengths,
    /// The messages of a unit do not end where its lengths say.
    Cut,
    /// Another frame than the one that was announced.
    Announced,
    /// A part is empty or too long, or the parts that came are not those of their snapshot.
    Part,
    /// The count is not the number of messages that came over this link.
    Miscount {
        /// The count in the frame.
        said: u64,
        /// What came.
        counted: u64,
    },
    /// This side never sends that frame.
    Direction,
    /// A second hello or welcome, anything before the first, or a downward message before the
    /// first `from`.
    Order,
}

impl FrameError {
    /// Its name in `vectors.json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::ControlTooLong => "control-too-long",
            Self::Name => "name",
            Self::Count => "count",
            Self::Body => "body",
            Self::Field(_) => "field",
            Self::Lengths => "lengths",
            Self::Cut => "cut",
            Self::Announced => "announced",
            Self::Part => "part",
            Self::Miscount { .. } => "miscount",
            Self::Direction => "direction",
            Self::Order => "order",
        }
    }
}

impl Display for FrameError {
    fn fmt(&self, f: &mut Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLong => f.write_str("the message is longer than the limit"),
            Self::ControlTooLong => f.write_str("the control frame is longer than the limit"),
            Self::Name => f.write_str("no control frame has this name"),
            Self::Count => f.write_str("the control frame has no count"),
            Self::Body => f.write_str("the control frame's body is malformed"),
            Self::Field(field) => write!(f, "the field {field} has a value that it cannot have"),
            Self::Lengths => f.write_str("the unit's lengths are malformed"),
            Self::Cut => f.write_str("the unit's messages do not fit its lengths"),
            Self::Announced => f.write_str("another frame was announced"),
            Self::Part => f.write_str("the snapshot's parts do not fit it"),
            Self::Miscount { said, counted } => {
                write!(
                    f,
                    "{said} messages were sent over this link and {counted} came"
                )
            }
            Self::Direction => f.write_str("this side cannot send this control frame"),
            Self::Order => f.write_str("the frame comes at the wrong time"),
        }
    }
}

impl core::error::Error for FrameError {}
