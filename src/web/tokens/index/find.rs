//! The search of the inventory. It is posted, since somebody may paste a token, which must not stand in an address.

use super::asked::NAMES;
use crate::http::Portal;
use crate::model::tokens::Mention;
use crate::service::Cx;
use crate::service::tokens::{self, Pasted};
use crate::web::form::query;
use crate::web::{Answer, Fields, see_other};

/// `POST /tokens/find`: leads to the list, of which a pasted token is left out of the address.
pub async fn find(portal: Portal, fields: Fields) -> Answer {
    let mut asked = fields.only(NAMES);
    // In whichever field it was pasted.
    let mut pasted = None;
    asked.retain(|(_, value)| match Mention::of(value) {
        None => true,
        Some(mention) => {
            pasted.get_or_insert(mention);
            false
        }
    });
    let is_token = matches!(pasted, Some(Mention::Whole(_)));
    let look = move |cx: &mut Cx<'_, '_>| tokens::pasted(cx, pasted);
    // Nobody waits for the writer to search by a name.
    let pasted = if is_token { portal.write(look).await? } else { portal.read(look).await? };
    match pasted {
        None => {
            asked.retain(|(name, _)| name != "token");
        }
        Some(Pasted::Known(id)) => asked = vec![("token".into(), id.to_string())],
        Some(Pasted::Unknown) => portal.session.flash("caution", UNKNOWN)?,
        Some(Pasted::Broken) => portal.session.flash("caution", BROKEN)?,
    }
    asked.retain(|(_, value)| !value.trim().is_empty());
    see_other(format!("/tokens{}", query(&asked)))
}

const UNKNOWN: &str =
    "No token that you may see has this secret. If it was found somewhere, report it as leaked all the same.";
const BROKEN: &str =
    "This begins like a token, but is cut short or mistyped. Paste it whole, or search by its last four characters.";
