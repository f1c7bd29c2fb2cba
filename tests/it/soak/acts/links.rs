//! Invitations and resets.

use latchkey::base::secret::Secret;
use latchkey::model::actor::Origin;
use latchkey::model::links::Purpose;
use latchkey::service::users::Created;
use latchkey::service::{Caller, links};

use super::accounts::of_kind;
use super::{Learned, Outcome, Try, none};

pub fn invited(created: Created) -> Vec<Learned> {
    let user = created.user.id;
    created.invitation.map(|issued| Learned::Link(user, Purpose::Invitation, issued.secret)).into_iter().collect()
}

pub fn hand_out_link(by: &mut Try<'_>) -> Outcome {
    let user = by.target(of_kind(by))?;
    let issued = by.write(|cx| links::issue_for(cx, user))?;
    Ok(vec![Learned::Link(user, issued.purpose, issued.secret)])
}

/// Anybody may use a link; a password takes long to hash, so only those that are good are tried.
pub fn use_link(by: &mut Try<'_>) -> Outcome {
    let good: Vec<_> = by.hands.links.iter().filter(|link| by.reading.links.contains_key(&link.id)).cloned().collect();
    let link = by.dice.any(&good).ok_or_else(none)?;
    by.tell(by.reading.accounts.get(&link.user).map(|account| account.name.clone()).unwrap_or_default());
    let nobody = Caller::nobody(Origin::default());
    let password = Secret::new(crate::support::PASSWORD.into());
    links::choose_password(&by.portal().app, &nobody, &link.secret, link.purpose, &password)?;
    Ok(vec![Learned::Password(link.user)])
}
