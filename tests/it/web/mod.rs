//! The pages.

mod barred;
mod session;
mod tokens;
mod users;
mod wizard;
