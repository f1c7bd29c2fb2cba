//! What applications and the proxies before them ask: is this token good here (forward authentication, RFC 7662), and end it (RFC 7009).

pub mod client;
pub mod error;
pub mod introspect;
pub mod metadata;
pub mod revoke;
pub mod verify;
