//! Plays bad days: client engines and a server against each other, in one thread, from a seed.
//!
//! | to learn about | read |
//! |---|---|
//! | what a day is made of | [`plan`] |
//! | what must hold | [`ledger`] |
//! | how it all moves on | [`World`] |
//! | links and their faults | [`network`] |
//! | pages, which hold an engine each | `page` |
//! | what browsers keep, and who uses it | `browser` |
//! | the server's process, its application and its store | `server` |
//! | mistakes that are planted to be noticed | `canaries` (feature `canaries`) |
//! | finding the smallest plan that still breaks a rule | [`shrink`] |

mod acts;
mod browser;
#[cfg(feature = "canaries")]
pub mod canaries;
mod dice;
mod judge;
pub mod ledger;
pub mod network;
mod page;
pub mod plan;
pub mod planted;
mod queue;
mod server;
pub mod shrink;
mod steps;
pub mod tally;
pub mod trace;
mod world;

pub use ledger::Broken;
pub use plan::{Class, Classes, Plan, Reduction};
pub use tally::Tally;
pub use trace::Trace;
pub use world::{Day, World};
