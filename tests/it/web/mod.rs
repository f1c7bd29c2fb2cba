//! The pages.

mod agents;
pub mod audit;
mod barred;
mod docs;
mod forgotten;
mod inventory;
mod links;
mod people;
mod roles;
mod rotation;
mod session;
mod teams;
mod throttle;
mod token_page;
mod tokens;
mod users;
mod wizard;
