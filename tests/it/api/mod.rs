//! The REST API.

mod agents;
mod applications;
mod audit;
mod contract;
mod cursors;
mod escape;
mod idempotency;
mod inventory;
mod leaks;
mod me;
mod openapi;
mod people;
mod problems;
mod roles;
mod rotation;
mod teams;
mod token_change;
mod tokens;
mod users;
mod uses;
