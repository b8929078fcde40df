//! The server's side of steadfast.v1, without I/O: who owns a session, what is stored, what is
//! acknowledged, handed to the application and sent.
//!
//! A [`Node`] is one server process. A shell (the axum server, the simulator) owns the sockets, the
//! store, the clock and the application, and drives it by the three rules of the client's engine:
//! hand in one [`Input`], take and carry out every [`Output`] until [`Output::Timeout`], and hand in
//! [`Input::Timeout`] at that moment.
//!
//! A [`store`] keeps rows and answers [`store::Request`]s, each of them atomic and synced before it
//! is answered. What they mean is written once ([`store::apply`]), over any ordered table of bytes.
//!
//! | to learn about | read |
//! |---|---|
//! | what goes in and comes out | [`Input`], [`Output`] |
//! | what is stored, and under which conditions | [`store`] |
//! | one process | [`Node`] |

pub mod io;
pub mod node;
pub mod pace;
pub mod payload;
pub mod planted;
pub mod store;

pub use io::{Input, Output};
pub use node::Node;
pub use payload::Payload;
