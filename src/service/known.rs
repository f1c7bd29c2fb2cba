//! Browsers that an account has logged in from before. What they are given proves that, and lets nobody in: it only keeps
//! them out of the crowd when strangers try the account's password.

use time::{Duration, OffsetDateTime};

use super::app::App;
use crate::base::{crypto, random};
use crate::model::ids::UserId;

/// How long a browser stays known after the last log-in.
pub const LIFE: Duration = Duration::days(365);

/// A browser, and whose it is.
pub(super) struct Known {
    pub user: UserId,
    /// Tells one browser from another.
    pub nonce: String,
}

/// What a browser of `user`'s keeps, now that they have shown who they are. One that is known stays the same one.
pub fn issue(app: &App, user: UserId, sent: Option<&str>) -> String {
    let known = sent.and_then(|text| read(app, text)).filter(|known| known.user == user);
    let nonce = known.map_or_else(|| random::base62(22), |known| known.nonce);
    let until = (app.clock.now() + LIFE).unix_timestamp();
    let what = format!("{user}.{until}.{nonce}");
    let proof = seal(app, &what);
    format!("{what}.{proof}")
}

/// The browser that sends `text`; `None` where we never gave it out, or too long ago.
pub(super) fn read(app: &App, text: &str) -> Option<Known> {
    let (what, proof) = text.rsplit_once('.')?;
    if !crypto::same(proof.as_bytes(), seal(app, what).as_bytes()) {
        return None;
    }
    let mut parts = what.split('.');
    let user = UserId(parts.next()?.parse().ok()?);
    let until = OffsetDateTime::from_unix_timestamp(parts.next()?.parse().ok()?).ok()?;
    let nonce = parts.next()?.to_owned();
    (until > app.clock.now()).then_some(Known { user, nonce })
}

fn seal(app: &App, what: &str) -> String {
    crypto::hex(&crypto::hmac_sha256(&*app.keys.derived("known browser"), &[what.as_bytes()]))
}
