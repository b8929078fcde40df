//! How often something may be done.

use std::collections::BTreeMap;

use steadfast_protocol::{Instant, Span};

/// A bound for each key: on average once in a time, and a few times at once after a rest.
#[derive(Debug)]
pub struct Paces<K> {
    every: Span,
    /// What may be taken in advance.
    ahead: Span,
    /// For each key that was taken lately, when nothing of it is left to pay.
    paid: BTreeMap<K, Instant>,
}

impl<K: Ord> Paces<K> {
    /// Once in `every`, and `burst` times at once (0 means 1).
    #[must_use]
    pub fn new(every: Span, burst: u32) -> Self {
        Self {
            every,
            ahead: every.scaled(f64::from(burst.saturating_sub(1))),
            paid: BTreeMap::new(),
        }
    }

    /// Takes one of `key`'s, if one may be taken now.
    ///
    /// # Errors
    /// When one may be taken.
    pub fn take(&mut self, now: Instant, key: K) -> Result<(), Instant> {
        let paid = self.paid.get(&key).copied().unwrap_or(now).max(now);
        let early = paid.since(now);
        if early > self.ahead {
            return Err(now + Span::from_micros(early.as_micros() - self.ahead.as_micros()));
        }
        self.paid.insert(key, paid + self.every);
        Ok(())
    }

    /// Forgets the keys that have rested. Call it now and then.
    pub fn forget_rested(&mut self, now: Instant) {
        self.paid.retain(|_, paid| *paid > now);
    }
}

#[cfg(test)]
mod tests {
    use super::{Instant, Paces, Span};

    const EVERY: Span = Span::from_ms(5_000);

    fn at(ms: u64) -> Instant {
        Instant::from_micros(ms * 1_000)
    }

    #[test]
    fn a_burst_is_taken_at_once_and_then_one_at_a_time() {
        let mut paces = Paces::new(EVERY, 5);
        for _ in 0..5 {
            assert_eq!(paces.take(at(1_000), "a"), Ok(()));
        }
        assert_eq!(paces.take(at(1_000), "a"), Err(at(6_000)));
        assert_eq!(paces.take(at(5_999), "a"), Err(at(6_000)));
        assert_eq!(paces.take(at(6_000), "a"), Ok(()));
        assert_eq!(paces.take(at(6_000), "a"), Err(at(11_000)));
        assert_eq!(paces.take(at(6_000), "b"), Ok(()), "each key by itself");
    }

    #[test]
    fn a_rest_is_worth_no_more_than_a_burst() {
        let mut paces = Paces::new(EVERY, 2);
        for ms in [0, 0, 3_600_000, 3_600_000] {
            assert_eq!(paces.take(at(ms), "a"), Ok(()));
        }
        assert_eq!(paces.take(at(3_600_000), "a"), Err(at(3_605_000)));
    }

    #[test]
    fn who_is_forgotten_has_nothing_left_to_pay() {
        let mut paces = Paces::new(EVERY, 2);
        assert_eq!(paces.take(at(0), "a"), Ok(()));
        paces.forget_rested(at(4_999));
        assert_eq!(paces.paid.len(), 1);
        paces.forget_rested(at(5_000));
        assert_eq!(paces.paid.len(), 0);
    }

    #[test]
    fn without_a_time_nothing_waits() {
        let mut paces = Paces::new(Span::ZERO, 0);
        for _ in 0..100 {
            assert_eq!(paces.take(at(0), "a"), Ok(()));
        }
    }
}
