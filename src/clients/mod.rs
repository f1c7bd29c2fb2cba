//! What is asked of other machines. Nothing here knows the store, and none of it is called inside a transaction.

pub mod smtp;
