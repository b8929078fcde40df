//! Which pages may open a WebSocket: the `Origin` and `Host` headers, judged.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use thiserror::Error;
use url::{Host, Url};

/// The origin of a page, `scheme://host[:port]`, in the form browsers send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// Why a text is not an [`Origin`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidOrigin {
    /// It does not parse as a URL.
    #[error("not a URL: {0}")]
    NotAUrl(#[from] url::ParseError),
    /// It is not http or https.
    #[error("an origin begins with http:// or https://")]
    Scheme,
    /// It has a path, a query, a fragment or a user name.
    #[error("an origin is only scheme://host:port, with nothing behind it")]
    NotBare,
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let url = Url::parse(text)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidOrigin::Scheme);
        }
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidOrigin::NotBare);
        }
        Ok(Self(url.origin().ascii_serialization()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The rule by which a request's `Origin` and `Host` are judged.
#[derive(Clone, Debug)]
pub(crate) struct OriginPolicy {
    allowed: Vec<Origin>,
    allow_missing: bool,
    loopback: bool,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    #[error("the request names no origin")]
    Missing,
    #[error("the request's Origin header is not one well-formed origin")]
    Malformed,
    #[error("pages of {0} may not connect; name it with --origin to let them")]
    NotAllowed(Origin),
    #[error("the request's Host header does not name this machine")]
    ForeignHost,
}

impl OriginPolicy {
    /// `bound` is the address the server listens on: behind a loopback one, only loopback hosts are its own.
    pub(crate) fn new(allowed: Vec<Origin>, allow_missing: bool, bound: IpAddr) -> Self {
        Self {
            allowed,
            allow_missing,
            loopback: bound.is_loopback(),
        }
    }

    /// Judges a WebSocket request: a listed origin, or the server's own.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(value) = origins.next() else {
            return if self.allow_missing {
                Ok(())
            } else {
                Err(Refusal::Missing)
            };
        };
        let text = value.to_str().map_err(|_| Refusal::Malformed)?;
        let origin = Origin::from_str(text).map_err(|_| Refusal::Malformed)?;
        // A browser sends exactly the canonical form; anything else is a trick.
        if origins.next().is_some() || !origin.0.eq_ignore_ascii_case(text) {
            return Err(Refusal::Malformed);
        }
        if self.allowed.contains(&origin) {
            return Ok(());
        }
        match own_origin(headers) {
            // A name that an attacker points at 127.0.0.1 is the same origin by name only.
            Some((own, host)) if own == origin && (!self.loopback || is_loopback(&host)) => Ok(()),
            _ => Err(Refusal::NotAllowed(origin)),
        }
    }

    /// Judges a request that orders faults: as [`check`](Self::check), and the host must be loopback.
    pub(crate) fn check_local(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        match own_origin(headers) {
            Some((_, host)) if is_loopback(&host) => {}
            _ => return Err(Refusal::ForeignHost),
        }
        if headers.contains_key(ORIGIN) {
            self.check(headers)
        } else {
            Ok(())
        }
    }
}

fn own_origin(headers: &HeaderMap) -> Option<(Origin, Host)> {
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    if hosts.next().is_some() {
        return None;
    }
    let text = format!("http://{host}");
    let origin = Origin::from_str(&text).ok()?;
    let host = Url::parse(&text).ok()?.host()?.to_owned();
    Some((origin, host))
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}
