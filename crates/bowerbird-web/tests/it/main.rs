//! The site from outside: its routers called as a browser, a program and a stranger would.

#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test")]

mod api;
mod bill;
mod gaps;
mod guard;
mod house;
mod pages;
mod streams;
