//! Mail: what is written to people, and the thread that hands it to the mail server after the commit.

mod letters;
mod post;

pub(super) use letters::Letter;
pub(super) use post::{Ledger, Parcel, Post};
