//! Options of every kind.

use proptest::bool::weighted;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use steadfast_engine::{
    Adaptive, Config, HeartbeatConfig, Jitter, Overflow, QueueConfig, ReconnectConfig, Span,
};

use super::ms;

/// Any options.
pub(crate) fn config() -> impl Strategy<Value = Config> {
    let connect_timeout = (100_u64..10_000).prop_map(ms);
    (
        connect_timeout,
        any::<bool>(),
        any::<bool>(),
        heartbeat(),
        (weighted(0.9), reconnect()),
        (weighted(0.9), queue()),
    )
        .prop_map(
            |(connect_timeout, greets, decides, heartbeat, reconnect, queue)| Config {
                connect_timeout,
                max_message_bytes: 350,
                greets,
                decides,
                session: false,
                persist: false,
                heartbeat,
                reconnect: ReconnectConfig {
                    enabled: reconnect.0,
                    ..reconnect.1
                },
                queue: QueueConfig {
                    enabled: queue.0,
                    ..queue.1
                },
                snapshot: None,
            },
        )
}

fn heartbeat() -> impl Strategy<Value = HeartbeatConfig> {
    let adaptive = option::of((100_u64..2_000, 0_u64..5_000));
    (
        weighted(0.9),
        100_u64..5_000,
        1_u64..10_000,
        1_u32..4,
        1_u64..3_000,
        adaptive,
    )
        .prop_map(
            |(enabled, interval, timeout, misses, probe, adaptive)| HeartbeatConfig {
                enabled,
                interval: ms(interval),
                timeout: ms(timeout),
                misses,
                probe: ms(probe),
                adaptive: adaptive.map(|(min, more)| Adaptive {
                    min: ms(min),
                    max: ms(min + more),
                }),
            },
        )
}

/// Reconnect options, in their documented order: `min` and `base` are not above `max`.
pub(crate) fn reconnect() -> impl Strategy<Value = ReconnectConfig> {
    let jitter = prop_oneof![
        Just(Jitter::Full),
        Just(Jitter::Equal),
        Just(Jitter::Decorrelated),
        Just(Jitter::None)
    ];
    let retries = prop_oneof![Just(u32::MAX), 0_u32..5];
    let max_elapsed = prop_oneof![Just(Span::FOREVER), (0_u64..60_000).prop_map(ms)];
    let spans = (0_u64..5_000, 0_u64..1_000, 0_u64..2_000, 0_u64..8_000);
    (
        spans,
        1.0_f64..4.0,
        jitter,
        retries,
        max_elapsed,
        0_u64..8_000,
    )
        .prop_map(
            |((first, min, base, more), factor, jitter, retries, max_elapsed, stable)| {
                ReconnectConfig {
                    enabled: true,
                    first: ms(first),
                    min: ms(min),
                    base: ms(base),
                    max: ms(min.max(base) + more),
                    factor,
                    jitter,
                    retries,
                    max_elapsed,
                    stable_after: ms(stable),
                }
            },
        )
}

/// Queue options so narrow that every bound is met.
pub(crate) fn queue() -> impl Strategy<Value = QueueConfig> {
    let overflow = prop_oneof![
        Just(Overflow::Reject),
        Just(Overflow::DropOldest),
        Just(Overflow::DropNewest)
    ];
    let ttl = prop_oneof![Just(Span::FOREVER), (0_u64..5_000).prop_map(ms)];
    (0_u32..6, 0_u32..1_000, overflow, ttl, 0_u32..800).prop_map(
        |(max_messages, max_bytes, overflow, ttl, high_water_mark)| QueueConfig {
            enabled: true,
            max_messages,
            max_bytes,
            overflow,
            ttl,
            high_water_mark,
        },
    )
}
