//! The pages.

mod barred;
mod people;
mod roles;
mod session;
mod teams;
mod throttle;
mod tokens;
mod users;
mod wizard;
