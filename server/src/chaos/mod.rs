//! Faults on request, for tests and for people who want to see what their client does: `--chaos`.
//!
//! With it, every connection runs through a [`wire`] that can hold, delay, slow, cut or reset it;
//! [`faults`] decides which wire gets which rules, and [`api`] takes the orders over HTTP.

pub(crate) mod api;
pub(crate) mod fault;
pub(crate) mod faults;
pub(crate) mod wire;
