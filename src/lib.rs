//! Latchkey: a self-hosted admin portal for users, teams and access tokens, with service accounts as first-class citizens.
//!
//! Layers, each importing only what stands further down: `cli`, `server` beside `worker`, the faces `web` and `api`, `http`, `service`,
//! `store` beside `clients`, `model`, `base`. `docs/ARCHITECTURE.md` draws them, and a test checks the imports.

/// Pages are made on one thread and sent from another, and are larger than what the system's allocator keeps for the next one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod api;
pub mod base;
pub mod cli;
pub mod clients;
pub mod http;
pub mod model;
pub mod oauth;
pub mod server;
pub mod service;
pub mod store;
pub mod web;
pub mod worker;
