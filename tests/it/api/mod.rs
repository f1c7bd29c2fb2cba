//! The REST API.

mod idempotency;
mod me;
mod openapi;
mod problems;
mod teams;
mod tokens;
mod users;
