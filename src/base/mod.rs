//! The leaf layer: clock, randomness, cryptography, secrets and configuration. It imports nothing of the project.

pub mod clock;
pub mod config;
pub mod crypto;
pub mod keys;
pub mod random;
pub mod secret;
pub mod system;
