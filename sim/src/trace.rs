//! What happened, as lines, as a hash of them, or not at all.

/// Keeps what happened.
#[derive(Clone, Debug, Default)]
pub enum Trace {
    /// Not at all.
    #[default]
    Off,
    /// As a hash (FNV-1a, 64 bits).
    Hash(u64),
    /// As lines.
    Lines(Vec<String>),
}

impl Trace {
    /// A hash of nothing.
    #[must_use]
    pub const fn hash() -> Self {
        Self::Hash(0xcbf2_9ce4_8422_2325)
    }

    /// `line` happened at `now`.
    pub fn add(&mut self, now: u64, line: impl FnOnce() -> String) {
        match self {
            Self::Off => {}
            Self::Hash(hash) => {
                let bytes = now.to_le_bytes();
                for byte in bytes.iter().copied().chain(line().bytes()) {
                    *hash = (*hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
                }
            }
            Self::Lines(lines) => {
                let (seconds, micros) = (now / 1_000_000, now % 1_000_000);
                lines.push(format!("{seconds:>4}.{micros:06} {}", line()));
            }
        }
    }

    /// Whether nothing is kept.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        matches!(self, Self::Off)
    }
}
