//! How long the audit log is kept.

use super::{Back, Card, answer, version};
use crate::http::Portal;
use crate::model::settings::Settings;
use crate::model::{Error, Result};
use crate::service::settings;
use crate::web::view::Field;
use crate::web::{Answer, Fields};

const KEEP: &str = "audit_keep_days";

/// The card.
pub(super) struct AuditCard {
    pub error: Option<String>,
    pub keep: Field,
}

impl AuditCard {
    pub fn new(kept: &Settings, back: Option<Back<'_>>) -> Self {
        let kept = kept.audit_keep_days.map(|days| days.to_string()).unwrap_or_default();
        let value = back.map_or(kept, |back| back.typed.get(KEEP).to_owned());
        Self {
            error: back.map(|back| back.told(&[KEEP])),
            keep: Field::new(KEEP, value).judged(back.map(|back| back.error)),
        }
    }
}

/// `POST /settings/audit`.
pub async fn update(portal: Portal, fields: Fields) -> Answer {
    let version = version(&fields);
    let saved = match read(&fields) {
        Ok(days) => {
            let changed =
                portal.write(move |cx| settings::update(cx, version, |settings| settings.audit_keep_days = days));
            changed.await.map(|_| match days {
                Some(days) => format!("Saved. Entries older than {days} days are removed once a day."),
                None => "Saved. Entries are kept for ever.".to_owned(),
            })
        }
        Err(error) => Err(error),
    };
    answer(portal, Card::Audit, &fields, saved).await
}

/// Reads the form; nothing is for ever.
fn read(fields: &Fields) -> Result<Option<i64>> {
    match fields.get(KEEP).trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(days) => Ok(Some(days)),
            Err(_) => Err(Error::field(KEEP, "Write a number of days, or leave it empty.")),
        },
    }
}
