//! `/api/v1/users/{id}/handover`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::id;
use crate::api::Answer;
use crate::api::answer::{changed, ok};
use crate::api::body::{Body, given};
use crate::api::call::Call;
use crate::api::openapi::{Asks, Creates};
use crate::model::ids::UserId;
use crate::model::users::Kind;
use crate::service::handover::{self, Account, HandedOver, Left};

/// What a person leaves behind, as far as the caller may know of it.
#[derive(Serialize, ToSchema)]
pub struct Handover {
    /// The service and agent accounts whose contact or sponsor the person is, by name: the first 200.
    accounts: Vec<AccountLeft>,
    /// How many there are.
    #[schema(example = 1)]
    accounts_total: i64,
    /// The teams whose members and settings no other enabled person may change by a role in them.
    teams: Vec<TeamLeft>,
    /// How many of the person's own tokens are good while the account is enabled.
    #[schema(example = 2)]
    personal_tokens: i64,
}

/// A service or agent account.
#[derive(Serialize, ToSchema)]
struct AccountLeft {
    /// Its id.
    #[schema(example = 123)]
    id: i64,
    /// Its username.
    #[schema(example = "api_access@service")]
    user_name: String,
    /// Its display name.
    #[schema(example = "API Access")]
    name: String,
    /// What it stands for.
    user_type: Kind,
    /// Whether the person is its contact.
    contact: bool,
    /// Whether the person is its sponsor; only agents have one.
    sponsor: bool,
    /// Whether the caller may name somebody else.
    may_change: bool,
}

/// A team.
#[derive(Serialize, ToSchema)]
struct TeamLeft {
    /// Its id.
    #[schema(example = 4)]
    id: i64,
    /// Its name.
    #[schema(example = "Data Engineering")]
    name: String,
}

impl From<Left> for Handover {
    fn from(left: Left) -> Self {
        let account = |Account { user, contact, sponsor, may_change }: Account| AccountLeft {
            id: user.id.0,
            user_name: user.username,
            name: user.display_name,
            user_type: user.kind,
            contact,
            sponsor,
            may_change,
        };
        Self {
            accounts: left.accounts.into_iter().map(account).collect(),
            accounts_total: left.total.total(),
            teams: left.teams.into_iter().map(|(id, name)| TeamLeft { id: id.0, name }).collect(),
            personal_tokens: left.person.tokens.usable,
        }
    }
}

/// To whom what goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The id of the new contact and sponsor: another person whose account is enabled, and for agents one who has accepted the
    /// invitation.
    #[schema(value_type = i64, example = 12)]
    contact: UserId,
    /// The ids of the accounts; all that the caller may change, 200 at once, where this is left out.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, value_type = Option<Vec<i64>>, max_items = 200, example = json!([123]))]
    accounts: Option<Vec<UserId>>,
}

/// What was handed over.
#[derive(Serialize, ToSchema)]
pub struct HandedOverAnswer {
    /// The new contact's id.
    #[schema(example = 12)]
    contact_id: i64,
    /// The ids of the accounts.
    #[schema(example = json!([123]))]
    accounts: Vec<i64>,
    /// How many accounts still name the person as their contact or sponsor.
    #[schema(example = 0)]
    accounts_left: i64,
}

impl From<HandedOver> for HandedOverAnswer {
    fn from(done: HandedOver) -> Self {
        Self {
            contact_id: done.to.id.0,
            accounts: done.accounts.into_iter().map(|id| id.0).collect(),
            accounts_left: done.left,
        }
    }
}

/// See what a person leaves behind
#[utoipa::path(
    get, path = "/api/v1/users/{id}/handover", tag = "Users", operation_id = "getHandover",
    params(("id" = i64, Path, description = "The person's id.")),
    responses((status = 200, description = "What wants somebody else.", body = Handover), Asks),
)]
pub async fn get(call: Call) -> Answer {
    let left = call.read(id(&call), |cx, id| handover::of(cx, id).map(Handover::from));
    ok(left.await?)
}

/// Hand over a person's service accounts
///
/// Names another person in the place of this one: as the contact of the accounts whose contact the person is, and as the sponsor of
/// the agents whose sponsor the person is. All of them are handed over, or none where one of them may not be changed.
#[utoipa::path(
    post, path = "/api/v1/users/{id}/handover", tag = "Users", operation_id = "handOver",
    params(("id" = i64, Path, description = "The person's id.")),
    request_body(content = HandOver, examples(
        ("Everything" = (value = json!({"contact": 12}))),
        ("Some accounts" = (value = json!({"contact": 12, "accounts": [123]}))),
    )),
    responses((status = 200, description = "They have the new contact.", body = HandedOverAnswer), Creates),
)]
pub async fn hand_over(call: Call, body: Body) -> Answer {
    let input = (id(&call), body.read::<HandOver>());
    call.write(input, |cx, (person, wanted)| {
        let done = handover::hand_over(cx, person, wanted.contact, wanted.accounts.as_deref())?;
        changed(None, &HandedOverAnswer::from(done))
    })
    .await
}
