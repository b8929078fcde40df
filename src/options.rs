//! The engine's configuration from the numbers that JavaScript has checked.

use steadfast_engine::{
    Adaptive, Config, HeartbeatConfig, Jitter, Overflow, QueueConfig, ReconnectConfig,
    SnapshotConfig, Span,
};

use crate::STATE;

/// Reads `numbers` in the order of the table in `npm/options.js`: a switch before each group that
/// can be `false`, durations in milliseconds, choices by their place in their list.
pub(crate) fn read(numbers: &[f64]) -> Config {
    let mut numbers = Numbers(numbers);
    Config {
        greets: numbers.switch(),
        decides: numbers.switch(),
        persist: numbers.switch(),
        session: numbers.switch(),
        connect_timeout: numbers.span(),
        max_message_bytes: numbers.count(),
        heartbeat: HeartbeatConfig {
            enabled: numbers.switch(),
            interval: numbers.span(),
            timeout: numbers.span(),
            misses: numbers.count(),
            probe: numbers.span(),
            adaptive: numbers.group(|numbers| Adaptive {
                min: numbers.span(),
                max: numbers.span(),
            }),
        },
        reconnect: ReconnectConfig {
            enabled: numbers.switch(),
            first: numbers.span(),
            min: numbers.span(),
            base: numbers.span(),
            max: numbers.span(),
            factor: numbers.next(),
            jitter: match numbers.count() {
                0 => Jitter::Full,
                1 => Jitter::Equal,
                2 => Jitter::Decorrelated,
                _ => Jitter::None,
            },
            retries: numbers.count(),
            max_elapsed: numbers.span(),
            stable_after: numbers.span(),
        },
        queue: QueueConfig {
            enabled: numbers.switch(),
            max_messages: numbers.count(),
            max_bytes: numbers.count(),
            overflow: match numbers.count() {
                0 => Overflow::Reject,
                1 => Overflow::DropOldest,
                _ => Overflow::DropNewest,
            },
            ttl: numbers.span(),
            high_water_mark: numbers.count(),
        },
        snapshot: if STATE { numbers.snapshot() } else { None },
    }
}

/// The numbers that are still to be read.
struct Numbers<'a>(&'a [f64]);

impl Numbers<'_> {
    #[inline(never)]
    fn next(&mut self) -> f64 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0.0;
        };
        self.0 = rest;
        *first
    }

    #[inline(never)]
    fn span(&mut self) -> Span {
        Span::from_ms_f64(self.next())
    }

    #[inline(never)]
    fn count(&mut self) -> u32 {
        self.next() as u32
    }

    #[inline(never)]
    fn switch(&mut self) -> bool {
        self.next() != 0.0
    }

    fn snapshot(&mut self) -> Option<SnapshotConfig> {
        self.group(|numbers| SnapshotConfig {
            interval: numbers.span(),
            checkpoint: numbers.switch(),
            acknowledges: numbers.switch(),
        })
    }

    /// A group is read in any case, so that what follows it stays in its place.
    fn group<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let on = self.switch();
        let group = read(self);
        on.then_some(group)
    }
}
