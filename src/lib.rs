//! Latchkey: a self-hosted admin portal for users, teams and access tokens, with service accounts as first-class citizens.

pub mod base;
pub mod model;
pub mod store;
pub mod service;
