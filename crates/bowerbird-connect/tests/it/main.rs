//! The decoders from outside: on fixtures, on fixtures mutated, on broken input, and on real recordings.

mod broken_input;
mod corpus;
mod fixtures;
mod mutations;
