//! Close codes of steadfast.v1, beside those of RFC 6455.

/// Client: the page hides or unloads. The session stays.
pub const SUSPENDED: u16 = 4000;
/// Either side: pings went unanswered. The session stays.
pub const HEARTBEAT_TIMEOUT: u16 = 4001;
/// Either side: a frame that the protocol does not allow, or a count that does not match. The client resumes.
pub const PROTOCOL: u16 = 4400;
/// Server: the credentials are wrong or expired. The session stays; the client asks for fresh ones once.
pub const UNAUTHORIZED: u16 = 4401;
/// Server: the session has another owner now. Final for a client of another instance.
pub const TAKEN_OVER: u16 = 4409;
/// Server: a stale hello, overtaken by a later one of the same client. The client tries again.
pub const STALE: u16 = 4410;
/// Server: too much at once (hellos, messages past the window). The client comes back later.
pub const TOO_MANY: u16 = 4429;
/// Server: the store cannot be reached. The client comes back later.
pub const UNAVAILABLE: u16 = 4503;
