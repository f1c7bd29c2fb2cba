//! Every route and every kind of caller.
