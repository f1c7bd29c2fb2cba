//! The pages.

mod agents;
mod applications;
pub mod audit;
mod barred;
mod docs;
mod exports;
mod flood;
mod forgotten;
mod inventory;
mod links;
mod lists;
mod people;
mod roles;
mod rotation;
mod secrets;
mod session;
mod teams;
mod throttle;
mod token_page;
mod token_uses;
mod tokens;
mod users;
mod wizard;
