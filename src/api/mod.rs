//! REST v1: JSON for programs.

pub mod body;
pub mod errors;
