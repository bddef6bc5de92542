//! What the tests of this folder share. No tests.

pub(super) mod house;
