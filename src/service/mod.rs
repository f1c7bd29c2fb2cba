//! Use cases: authorise, validate, write, audit. Every face, and the command line, calls these and nothing below.

pub mod account;
pub mod agents;
pub mod app;
pub mod applications;
pub mod audit;
pub mod auth;
pub mod bulk;
pub mod by_name;
pub mod checks;
pub mod choices;
pub mod dashboard;
pub mod demo;
pub mod forgotten;
pub mod handover;
pub mod homes;
pub mod idempotency;
pub mod jobs;
pub mod known;
pub mod links;
pub mod mail;
pub mod members;
pub mod metrics;
pub mod passwords;
pub mod roles;
pub mod sessions;
pub mod settings;
pub mod setup;
pub mod teams;
pub mod throttle;
pub mod tokens;
pub mod users;
mod uses;
pub mod wizard;

pub use app::{App, Caller, Credential, Cx};
// For whoever puts the portal together; what the store can do stays below.
pub use crate::store::Store;
pub use crate::store::db::Source;
