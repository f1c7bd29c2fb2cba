//! The audit log: its list, each entry, and its exports.

mod asked;
pub mod entry;
pub mod export;
pub mod list;
