//! Who may connect: how many connections one address may hold, and how fast it may open them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use thiserror::Error;
use tokio::time::Instant;

use crate::config::Limits;
use crate::error::ApiError;

/// Addresses remembered before the quiet ones are forgotten.
const SWEEP_AT: usize = 1024;

/// Counts connections by address.
pub(crate) struct Admission {
    most: usize,
    rate: f64,
    addresses: Mutex<HashMap<IpAddr, Usage>>,
}

/// A connection's place; dropping it gives the place back.
pub(crate) struct Permit {
    admission: Arc<Admission>,
    address: IpAddr,
}

/// Why a connection was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Denial {
    #[error("too many connections from this address; close some")]
    TooMany,
    #[error("connections from this address come too fast; slow down")]
    TooFast,
}

struct Usage {
    open: usize,
    tokens: f64,
    at: Instant,
}

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.connections_per_address,
            rate: f64::from(limits.connections_per_second),
            addresses: Mutex::default(),
        }
    }

    /// Takes a place for a connection from `address`.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Permit, Denial> {
        let address = network(address);
        let now = Instant::now();
        let mut addresses = self.lock();
        if addresses.len() >= SWEEP_AT {
            addresses.retain(|_, usage| usage.open > 0 || self.refilled(usage, now) < self.burst());
        }
        let usage = addresses.entry(address).or_insert(Usage {
            open: 0,
            tokens: self.burst(),
            at: now,
        });
        usage.tokens = self.refilled(usage, now);
        usage.at = now;
        if usage.tokens < 1.0 {
            return Err(Denial::TooFast);
        }
        usage.tokens -= 1.0;
        if usage.open >= self.most {
            return Err(Denial::TooMany);
        }
        usage.open += 1;
        Ok(Permit {
            admission: Arc::clone(self),
            address,
        })
    }

    fn burst(&self) -> f64 {
        2.0 * self.rate
    }

    fn refilled(&self, usage: &Usage, now: Instant) -> f64 {
        let gained = now.duration_since(usage.at).as_secs_f64() * self.rate;
        (usage.tokens + gained).min(self.burst())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Usage>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(usage) = self.admission.lock().get_mut(&self.address) {
            usage.open -= 1;
        }
    }
}

impl From<Denial> for ApiError {
    fn from(denial: Denial) -> Self {
        let code = match denial {
            Denial::TooMany => "TOO_MANY_CONNECTIONS",
            Denial::TooFast => "TOO_MANY_REQUESTS",
        };
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, denial.to_string())
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

/// What counts as one address: an IPv6 user usually has a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;
    use std::time::Duration;

    use super::*;

    fn admission(most: usize, rate: u32) -> Arc<Admission> {
        Arc::new(Admission::new(&Limits {
            connections_per_address: most,
            connections_per_second: rate,
            ..Limits::default()
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_refills_with_time() {
        let admission = admission(100, 2);
        let address = IpAddr::from([10, 0, 0, 1]);
        for _ in 0..4 {
            assert!(admission.admit(address).is_ok(), "within the burst");
        }
        assert_eq!(admission.admit(address).err(), Some(Denial::TooFast));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert!(admission.admit(address).is_ok());
        assert_eq!(admission.admit(address).err(), Some(Denial::TooFast));
    }

    #[tokio::test]
    async fn an_ipv6_network_is_one_address() {
        let admission = admission(1, 100);
        let host = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last));
        let first = admission.admit(host(1));
        assert!(first.is_ok());
        assert_eq!(admission.admit(host(2)).err(), Some(Denial::TooMany));
        assert!(admission.admit(IpAddr::V6(Ipv6Addr::LOCALHOST)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_addresses_are_forgotten() {
        let admission = admission(1, 1);
        for n in 0..SWEEP_AT {
            drop(admission.admit(IpAddr::V4((n as u32).into())));
        }
        tokio::time::advance(Duration::from_secs(5)).await;
        let _held = admission.admit(IpAddr::from([10, 0, 0, 1]));
        assert_eq!(admission.lock().len(), 1);
    }
}
