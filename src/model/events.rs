//! What somebody is to be told of.

use serde_json::Value;

use super::ids::{TokenId, UserId};

/// Something that has just happened. It is written to the outbox in the transaction that caused it, and delivered from there.
#[derive(Clone, Debug)]
pub struct Notice {
    /// `noun.happened`, as `token.leaked`.
    pub event: &'static str,
    /// The account that it is about.
    pub user: UserId,
    /// The token that it is about.
    pub token: Option<TokenId>,
    /// What is told of it; never a secret.
    pub data: Value,
}
