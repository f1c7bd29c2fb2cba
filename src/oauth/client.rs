//! Who asks about a token: an application with its client id and secret, or an account with an access token.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::error::OAuthError;
use crate::base::secret::Secret;
use crate::http::{bearer, origin};
use crate::model::tokens::{HashedToken, PlainToken};

/// How long a form may be, in bytes: a token, its application's credential, and some room.
const FORM: usize = 16 * 1024;

/// What is posted (RFC 7009, section 2.1; RFC 7662, section 2.1; RFC 6749, section 2.3.1). Whatever else there is does not count.
#[derive(Default, Deserialize)]
pub struct Form {
    /// The token that is asked about.
    pub token: Option<Secret>,
    /// Of what kind it is. There is only one here, so this is read for one thing alone: that it does not come twice.
    pub token_type_hint: Option<String>,
    /// The application, by its id outside or its slug.
    pub client_id: Option<String>,
    /// Its secret.
    pub client_secret: Option<Secret>,
    /// From which address the token was used, where the application knows: for tokens that are bound to networks.
    pub address: Option<String>,
}

/// Who asks.
pub enum Client {
    /// An application, by this name and with this secret; `None` where it is not even written like one.
    Application(String, Option<HashedToken>),
    /// An account with this access token, for the application of this name.
    Bearer(Secret, String),
}

impl Form {
    /// Reads it.
    ///
    /// # Errors
    /// It is too long, or no form.
    pub async fn read(request: &HttpRequest, mut payload: Payload) -> Result<Self, OAuthError> {
        let is_form = origin::text(request, &header::CONTENT_TYPE)
            .and_then(|kind| kind.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
        if !is_form {
            return Err(OAuthError::InvalidRequest("Send a form: application/x-www-form-urlencoded."));
        }
        let mut bytes = actix_web::web::BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| OAuthError::InvalidRequest("The form was cut off."))?;
            if bytes.len() + chunk.len() > FORM {
                return Err(OAuthError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        // A parameter that comes twice is an error here too, as RFC 6749, section 3.2 wants.
        serde_html_form::from_bytes(&bytes)
            .map_err(|_| OAuthError::InvalidRequest("The form cannot be read, or a parameter comes twice."))
    }

    /// Who asks: by the header `Authorization`, or by the form.
    ///
    /// # Errors
    /// Nobody, or both ways at once.
    pub fn client(&mut self, request: &HttpRequest) -> Result<Client, OAuthError> {
        let posted = (self.client_id.take(), self.client_secret.take());
        let Some(text) = origin::text(request, &header::AUTHORIZATION) else {
            let (Some(id), Some(secret)) = posted else { return Err(OAuthError::InvalidClient) };
            return Ok(Client::Application(id, PlainToken::hash_of(secret.reveal())));
        };
        if posted.1.is_some() {
            return Err(OAuthError::InvalidRequest("Show who you are in one way, not in two."));
        }
        if let Some(token) = bearer::token(text) {
            let name = posted.0.ok_or(OAuthError::InvalidRequest("Name the application as client_id."))?;
            return Ok(Client::Bearer(Secret::new(token.to_owned()), name));
        }
        let (id, secret) = basic(text).ok_or(OAuthError::InvalidClient)?;
        match posted.0 {
            Some(other) if other != id => {
                Err(OAuthError::InvalidRequest("client_id is not the one of the credential."))
            }
            _ => Ok(Client::Application(id, PlainToken::hash_of(secret.reveal()))),
        }
    }
}

/// Client id and secret behind `Basic`, each percent-encoded before (RFC 6749, section 2.3.1).
fn basic(header: &str) -> Option<(String, Secret)> {
    let (scheme, encoded) = header.trim().split_once(' ')?;
    let decoded = Some(encoded.trim()).filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let pair = Secret::new(String::from_utf8(STANDARD.decode(decoded).ok()?).ok()?);
    let (id, secret) = pair.reveal().split_once(':')?;
    let plain = |text: &str| Some(percent_decode_str(&text.replace('+', " ")).decode_utf8().ok()?.into_owned());
    Some((plain(id)?, Secret::new(plain(secret)?)))
}
