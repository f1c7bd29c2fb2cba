//! The only place that knows SQL. Plain functions over an opaque [`Tx`]; rows hold primitives and become model types here.

pub mod applications;
pub mod audit;
pub mod checks;
mod commits;
mod conn;
pub mod db;
pub mod forms;
pub mod idempotency;
pub mod leaks;
pub mod links;
pub mod memberships;
mod migrate;
pub mod outbox;
mod paging;
pub mod roles;
mod rows;
mod schema;
pub mod secrets;
pub mod sessions;
pub mod settings;
mod sql;
pub mod teams;
pub mod tokens;
pub mod users;
pub mod uses;

pub use commits::Mark;
pub use db::{Store, Tx};
