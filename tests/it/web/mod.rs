//! The pages.

mod barred;
mod session;
mod teams;
mod throttle;
mod tokens;
mod users;
mod wizard;
