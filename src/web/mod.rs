//! HTML pages: extract, call one use case, render.

pub mod account;
pub mod activity;
pub mod applications;
pub mod assets;
pub mod audit;
pub mod confirm;
pub mod dashboard;
pub mod docs;
pub mod errors;
pub mod forgotten;
pub mod form;
pub mod grid;
pub mod links;
pub mod listing;
pub mod page;
pub mod roles;
pub mod secrets;
pub mod session;
pub mod settings;
pub mod teams;
pub mod tokens;
pub mod users;
pub mod view;

pub use errors::PageError;
pub use form::Fields;
pub use page::{Id, Ids, Page, Shell, render, render_as, render_judged, see_other};

/// What a page's handler answers.
pub type Answer = Result<actix_web::HttpResponse, PageError>;
