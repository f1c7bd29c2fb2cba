//! An organisation that does not exist: for a look at the portal alive, and large ones for measuring it.

mod bulk;
mod cast;
mod checks;
mod dice;
mod names;
mod story;

pub use bulk::fill;
pub use checks::fill_for_checks;
pub use story::{AGE, Told, tell};
