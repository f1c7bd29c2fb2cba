//! Pure types and rules. Nothing here reads or writes anything, and nothing here knows of HTTP, SQL or HTML.

pub mod access;
pub mod actor;
pub mod applications;
pub mod audit;
pub mod checks;
pub mod effective;
pub mod effects;
pub mod error;
pub mod events;
pub mod idempotency;
pub mod ids;
pub mod links;
pub mod mail;
pub mod names;
pub mod page;
pub mod passwords;
pub mod permissions;
pub mod roles;
pub mod sessions;
pub mod settings;
pub mod teams;
pub mod tokens;
pub mod users;

pub use error::{Error, FieldError, Result};
