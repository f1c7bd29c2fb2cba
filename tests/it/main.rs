//! The integration tests: one binary, real parts, both databases.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[macro_use]
mod support;

mod api;
mod authz;
mod cli;
mod grants;
mod layers;
mod load;
mod mail;
mod oauth;
mod only_admins;
mod policy;
mod routes;
mod schema;
mod search;
mod soak;
mod stopping;
mod web;
