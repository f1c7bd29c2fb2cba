//! The REST API.

mod me;
mod openapi;
mod problems;
mod teams;
mod tokens;
mod users;
