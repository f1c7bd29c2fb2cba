//! `/api/v1/tokens`: the tokens of all accounts.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{State, TokenAnswer};
use crate::api::Answer;
use crate::api::answer::{List, changed, ok};
use crate::api::body::Body;
use crate::api::call::Call;
use crate::api::openapi::{Finds, Lists, Sweeps};
use crate::api::query::{FromParams, Paging, Params};
use crate::base::secret::Secret;
use crate::model::ids::UserId;
use crate::model::page::PageRequest;
use crate::model::tokens::{Ending, Mention, TokenFilter, TokenSort, TokenState, TokenType, Usage};
use crate::model::users::Kind;
use crate::model::{Error, Result};
use crate::service::tokens::{self, Listed, Pasted};
use crate::service::{Cx, teams};

/// An access token without its secret, and whose it is.
#[derive(Serialize, ToSchema)]
pub struct InventoryToken {
    /// The token.
    #[serde(flatten)]
    token: TokenAnswer,
    /// Whose it is.
    user: Owner,
}

/// Whose a token is.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenOwner)]
pub struct Owner {
    /// The user's id.
    #[schema(example = 123)]
    id: i64,
    /// The username.
    #[schema(example = "api_access@service")]
    user_name: String,
    /// The display name.
    #[schema(example = "API Access")]
    name: String,
    /// What it stands for.
    user_type: Kind,
}

impl InventoryToken {
    fn of(cx: &mut Cx<'_, '_>, Listed { info, user, .. }: Listed) -> Result<Self> {
        let owner = Owner { id: user.id.0, user_name: user.username, name: user.display_name, user_type: user.kind };
        Ok(Self { token: TokenAnswer::of(cx, info)?, user: owner })
    }
}

/// Which tokens are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// Part of a name or of a hint. Never a token: an address is no place for a secret (`/api/v1/tokens/lookup` takes one).
    #[param(required = false)]
    q: String,
    /// Of this type.
    #[param(rename = "type")]
    kind: Option<TokenType>,
    /// In this state.
    #[param(value_type = Option<State>)]
    state: Option<TokenState>,
    /// Of the accounts in the team of this name.
    team: Option<String>,
    /// Of the user with this id.
    #[param(value_type = Option<i64>)]
    user_id: Option<UserId>,
    /// `never` for those without an end, `beyond-policy` for those that live longer than a new one may.
    ending: Option<Ending>,
    /// `never` for those that nobody used yet, `dormant` for good ones that nobody used for as long as policy says, or 90 days.
    usage: Option<Usage>,
    /// `true` for those alone that act as an Admin.
    #[param(required = false)]
    global_admin: bool,
    /// `created`, `name`, `expires`, `last_used` or, of dormant ones alone, `active` (when it was last used, made or resumed); with `-`
    /// before it, the other way round. `-created` where nothing is said, but `active` of dormant ones.
    #[param(required = false, value_type = String, example = "expires")]
    sort: (TokenSort, bool),
}

impl FromParams for TokenQuery {
    fn take(params: &mut Params) -> Self {
        let q = params.text("q").unwrap_or_default();
        let usage = params.word("usage");
        let sort = params.text("sort").and_then(|text| {
            let word = text.strip_prefix('-').unwrap_or(&text).parse();
            params.note("sort", word.map(|sort| (sort, text.starts_with('-'))))
        });
        Self {
            q,
            kind: params.word("type"),
            state: params.text("state").and_then(|text| {
                let known = TokenState::ALL.iter().copied().find(|state| state.as_str().to_lowercase() == text);
                let words = "active, expiring, suspended, stopped, expired, revoked";
                params.note("state", known.ok_or_else(|| format!("Choose one of {words}.")))
            }),
            team: params.text("team"),
            user_id: params.word::<i64>("user_id").map(UserId),
            ending: params.word("ending"),
            usage,
            global_admin: params.word("global_admin").unwrap_or(false),
            sort: sort.unwrap_or(TokenSort::of(usage)),
        }
    }
}

impl TokenQuery {
    fn resolve(self, cx: &mut Cx<'_, '_>) -> Result<(TokenFilter, TokenSort, bool)> {
        let team = match &self.team {
            Some(name) => {
                let known = teams::by_name(cx, name)?;
                Some(known.ok_or_else(|| Error::field("team", "There is no team of this name that you may see."))?.id)
            }
            None => None,
        };
        let filter = TokenFilter {
            search: self.q.replace("...", "…"),
            id: None,
            kind: self.kind,
            state: self.state,
            team,
            account: self.user_id,
            ending: self.ending,
            usage: self.usage,
            global_admin: self.global_admin,
        };
        Ok((filter, self.sort.0, self.sort.1))
    }
}

/// List tokens of all accounts
///
/// Those that the caller may see: with `tokens:read` everywhere all of them, with it in teams those of the service accounts at
/// home there.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "Tokens", operation_id = "listAllTokens", params(TokenQuery, Paging),
    responses((status = 200, description = "A page of tokens.", body = List<InventoryToken>), Lists),
)]
pub async fn list(call: Call) -> Answer {
    let page = call.list(call.query::<(TokenQuery, Paging)>(), |cx, (query, paging)| {
        let (filter, sort, descending) = query.resolve(cx)?;
        let page = tokens::list(cx, &filter, sort, &paging.request(descending))?;
        List::of(page, |items| items.into_iter().map(|item| InventoryToken::of(cx, item)).collect())
    });
    ok(page.await?)
}

/// A token to be found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookUpToken {
    /// The token itself. It is kept nowhere.
    #[schema(example = "lk_svc_…")]
    token: String,
}

/// Find a token by its secret
///
/// The one in force, or the one that its last rotation replaced. It says nothing of whether the token is good; it changes nothing.
#[utoipa::path(
    post, path = "/api/v1/tokens/lookup", tag = "Tokens", operation_id = "lookUpToken",
    request_body(content = LookUpToken),
    responses((status = 200, description = "The token and whose it is.", body = InventoryToken), Finds),
)]
pub async fn look_up(call: Call, body: Body) -> Answer {
    // Nobody who writes waits while it is read.
    let asked = body.read::<LookUpToken>().map(|asked| Mention::of(Secret::new(asked.token).reveal()));
    call.write(asked, |cx, mention| {
        let id = match tokens::pasted(cx, mention)? {
            Some(Pasted::Known(id)) => id,
            Some(Pasted::Unknown) => return Err(Error::NotFound("token")),
            Some(Pasted::Broken) | None => {
                return Err(Error::field("token", "This is no access token: it is cut short or mistyped."));
            }
        };
        let alone = TokenFilter { id: Some(id), ..TokenFilter::default() };
        let mut found = tokens::list(cx, &alone, TokenSort::Created, &PageRequest::first(1))?.items;
        let listed = found.pop().ok_or(Error::NotFound("token"))?;
        changed(None, &InventoryToken::of(cx, listed)?)
    })
    .await
}

/// What was done to the tokens that broke the policy.
#[derive(Serialize, ToSchema)]
pub struct CappedTokens {
    /// How many end earlier now.
    #[schema(example = 12)]
    shortened: usize,
    /// How many were revoked, since people may have none.
    #[schema(example = 0)]
    revoked: usize,
    /// Whether there may be more: ask again.
    more: bool,
}

/// Cap the tokens that break the policy
///
/// Those that live too long end as late as a token that is made now, and keep their secrets; personal tokens, where people may
/// have none, are revoked. Up to 200 at a time.
#[utoipa::path(
    post, path = "/api/v1/tokens/cap", tag = "Tokens", operation_id = "capTokens",
    responses((status = 200, description = "What was done.", body = CappedTokens), Sweeps),
)]
pub async fn cap(call: Call) -> Answer {
    call.write(Ok(()), |cx, ()| {
        let tokens::Capped { shortened, revoked, more } = tokens::cap(cx)?;
        changed(None, &CappedTokens { shortened, revoked, more })
    })
    .await
}
