//! The pages.

mod barred;
mod session;
mod throttle;
mod tokens;
mod users;
mod wizard;
