//! Numbers as text: read from arguments within a range, written to JSON and read back.

pub mod exact;
pub mod json;
pub mod parse;
