//! How a grant is told: in headers for a proxy, and as an introspection response.

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use uuid::Uuid;

use super::{Facts, Grant};

/// What could break a header (RFC 9110, section 5.5), or a list with commas or blanks between its values.
const BREAKING: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%').add(b',').add(b';').add(b'\\');

/// The values of the headers that a proxy hands on, each as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// `X-Auth-User`: the account's username.
    pub user: Bytes,
    /// `X-Auth-Kind`: `person`, `service` or `agent`.
    pub kind: Bytes,
    /// `X-Auth-Teams`: the names of the teams through which the scopes come, with commas between.
    pub teams: Bytes,
    /// `X-Auth-Scopes`: `slug:scope`, with blanks between.
    pub scopes: Bytes,
    /// `X-Auth-Token`: the token's name.
    pub token: Bytes,
}

/// For whom an answer is meant, and who tells it.
#[derive(Debug)]
pub struct Addressee {
    /// The application's slug, which stands before each scope.
    pub slug: String,
    /// For whom a token is meant that is used there.
    pub audience: String,
    /// The portal's own address.
    pub issuer: String,
}

/// An introspection response for a token that is active (RFC 7662, section 2.2).
#[derive(Serialize)]
struct Introspected<'a> {
    active: bool,
    scope: &'a str,
    username: &'a str,
    token_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    iat: i64,
    sub: Uuid,
    aud: &'a str,
    iss: &'a str,
    jti: Uuid,
    // Names of our own, which the same section allows.
    user_kind: &'a str,
    teams: &'a [String],
    token_name: &'a str,
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, BREAKING).to_string()
}

impl Grant {
    /// The words of its scopes, with blanks between (RFC 6749, section 3.3).
    fn scope(&self, to: &Addressee) -> String {
        let words: Vec<_> = self.scopes.iter().map(|name| format!("{}:{name}", to.slug)).collect();
        words.join(" ")
    }

    /// For a proxy.
    pub fn headers(&self, Facts { token, account }: Facts<'_>, to: &Addressee) -> Headers {
        let teams: Vec<_> = self.teams.iter().map(|team| encoded(team)).collect();
        Headers {
            user: encoded(&account.username).into(),
            kind: Bytes::from_static(account.kind.slug().as_bytes()),
            teams: teams.join(",").into(),
            scopes: self.scope(to).into(),
            token: encoded(&token.name).into(),
        }
    }

    /// As an introspection response.
    pub fn introspected(&self, Facts { token, account }: Facts<'_>, to: &Addressee) -> Bytes {
        let told = Introspected {
            active: true,
            scope: &self.scope(to),
            username: &account.username,
            token_type: "Bearer",
            exp: token.until.map(time::OffsetDateTime::unix_timestamp),
            iat: token.created_at.unix_timestamp(),
            sub: account.uuid,
            aud: &to.audience,
            iss: &to.issuer,
            jti: token.uuid,
            user_kind: account.kind.slug(),
            teams: &self.teams,
            token_name: &token.name,
        };
        // Texts and numbers are written to memory: nothing can fail, and nothing would tell of no token.
        serde_json::to_vec(&told).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_break_a_header_or_a_list_is_encoded() {
        for (text, wanted) in [
            ("api_access@service", "api_access@service"),
            ("R&D, Berlin", "R&D%2C%20Berlin"),
            ("Qualität", "Qualit%C3%A4t"),
            ("100% \"sure\"\r\nX-Auth-User: root", "100%25%20%22sure%22%0D%0AX-Auth-User:%20root"),
        ] {
            assert_eq!(encoded(text), wanted);
        }
    }
}
