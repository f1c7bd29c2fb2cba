//! The REST API.

mod escape;
mod idempotency;
mod me;
mod openapi;
mod people;
mod problems;
mod teams;
mod tokens;
mod users;
