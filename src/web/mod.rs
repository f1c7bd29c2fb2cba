//! HTML pages: extract, call one use case, render.

pub mod errors;
pub mod form;
