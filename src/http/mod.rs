//! What the faces share: who is calling and from where, sessions, guards, headers, and the one way off the async thread.

pub mod bearer;
pub mod blocking;
pub mod checks;
pub mod export;
pub mod guard;
pub mod headers;
pub mod known;
pub mod origin;
pub mod portal;
pub mod routing;
pub mod session;
pub mod trace;

pub use bearer::Bearer;
pub use portal::{Portal, Visitor};

/// The portal, as actix hands it to handlers.
pub type Data = actix_web::web::Data<crate::service::App>;

/// The portal behind a request.
fn app_of(data: Option<&Data>) -> Data {
    #[expect(clippy::expect_used, reason = "the server is not built without its App")]
    data.expect("App is registered").clone()
}
