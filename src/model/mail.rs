//! A mail, as it is handed to the mail server.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::base::secret::Secret;

/// A mail that is ready to go. Its words may hold a link, so they are kept as a secret is.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its id, which stays the same however often it is tried.
    pub id: Uuid,
    /// When it was written.
    pub at: OffsetDateTime,
    /// The recipient's name.
    pub name: String,
    /// The recipient's address.
    pub address: String,
    /// What it is about, in a few words.
    pub subject: String,
    /// What it says, as plain text.
    pub text: Secret,
    /// The same as HTML.
    pub html: Secret,
}

/// Whether mail can reach `address`: whatever ends in `.invalid` (RFC 2606, section 2) is nobody's.
pub fn is_deliverable(address: &str) -> bool {
    let domain = address.rsplit('@').next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    domain != "invalid" && !domain.ends_with(".invalid")
}
