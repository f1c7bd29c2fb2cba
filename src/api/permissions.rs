//! What an account and what a token may do at this moment, and why.

use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use super::answer::ok;
use super::call::Call;
use super::openapi::Reads;
use super::users::id as user_id;
use crate::model::effective::Origin;
use crate::model::ids::TokenId;
use crate::model::permissions::PermissionSet;
use crate::model::roles::AppLevel;
use crate::model::teams::Membership;
use crate::service::applications::{self, Usable};
use crate::service::tokens::{self, Power, Use};
use crate::service::users::{self, At, Effective, Granted};

/// Where a permission counts.
#[derive(Serialize, ToSchema)]
#[schema(as = Place)]
#[serde(rename_all = "lowercase")]
pub enum Where {
    /// In the whole organisation.
    Everywhere,
    /// In one team.
    Team,
    /// On the account's own profile, sessions and tokens.
    Own,
}

/// A role, and where it counts.
#[derive(Serialize, ToSchema)]
pub struct Held {
    /// Where it counts.
    #[serde(rename = "where")]
    place: Where,
    /// The team, where it is one.
    #[schema(required, example = "Billing")]
    team: Option<String>,
    /// The role that gives it; null for what everyone has.
    #[schema(required, example = "Maintainer")]
    role: Option<String>,
    /// What kind of role it is.
    role_type: RoleType,
}

/// What kind of role gives a permission.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleType {
    /// The organisation role of the account.
    Organisation,
    /// A team role of the account.
    Team,
    /// None: everyone has it.
    Own,
    /// None: the token acts as an Admin.
    GlobalAdmin,
}

impl From<&Granted> for Held {
    fn from(granted: &Granted) -> Self {
        let (place, team) = match &granted.at {
            At::Everywhere => (Where::Everywhere, None),
            At::Team(_, name) => (Where::Team, Some(name.clone())),
            At::Own => (Where::Own, None),
        };
        let role_type = match &granted.role {
            Origin::Organisation(_) => RoleType::Organisation,
            Origin::Team(_) => RoleType::Team,
            Origin::Oneself => RoleType::Own,
            Origin::GlobalAdmin => RoleType::GlobalAdmin,
        };
        Self { place, team, role: granted.role.name().map(str::to_owned), role_type }
    }
}

/// What a role gives.
#[derive(Serialize, ToSchema)]
pub struct RoleGives {
    /// The role.
    #[serde(flatten)]
    held: Held,
    /// The permissions.
    #[schema(value_type = Vec<String>, example = json!(["tokens:read"]))]
    permissions: PermissionSet,
    /// How far it reaches into applications; the use of an application comes from team roles alone.
    application_level: AppLevel,
}

/// What an account may do at this moment.
#[derive(Serialize, ToSchema)]
pub struct UserPermissions {
    /// What each role gives, the organisation's first. A permission that counts everywhere counts in every team.
    granted: Vec<RoleGives>,
    /// In how many teams it has a role that the caller may not know of.
    hidden_teams: usize,
    /// Its organisation role, where that counts only once the account has a role in a team besides `Public`.
    #[schema(required, example = json!(null))]
    waiting_role: Option<String>,
    /// Each scope of an application that it may use.
    application_scopes: Vec<ApplicationUse>,
    /// Whether it is switched on; otherwise none of this counts.
    enabled: bool,
}

impl From<(Effective, Vec<Usable>)> for UserPermissions {
    fn from((effective, used): (Effective, Vec<Usable>)) -> Self {
        let granted = effective.granted.iter().map(|granted| RoleGives {
            held: granted.into(),
            permissions: granted.grants.permissions,
            application_level: granted.grants.level,
        });
        Self {
            granted: granted.collect(),
            hidden_teams: effective.hidden_teams,
            waiting_role: effective.waiting.map(|role| role.to_string()),
            application_scopes: used.iter().map(ApplicationUse::from).collect(),
            enabled: effective.user.is_enabled(),
        }
    }
}

/// A permission that a token has.
#[derive(Serialize, ToSchema)]
pub struct TokenMay {
    /// The permission.
    #[schema(example = "tokens:read")]
    permission: String,
    /// Where it has it, and by which role of its account.
    by: Vec<Held>,
    /// In how many teams that the caller may not know of it has it as well.
    hidden_teams: usize,
}

impl From<Use> for TokenMay {
    fn from(used: Use) -> Self {
        Self {
            permission: used.permission.to_string(),
            by: used.by.iter().map(Held::from).collect(),
            hidden_teams: used.hidden_teams,
        }
    }
}

/// A scope of an application that may be used, and through which teams.
#[derive(Serialize, ToSchema)]
pub struct ApplicationUse {
    /// The scope.
    #[schema(example = "reports:read")]
    scope: String,
    /// How far a team role has to reach for it.
    level: AppLevel,
    /// The teams with access in which the account's role reaches that far.
    by: Vec<Held>,
    /// How many such teams there are that the caller may not know of.
    hidden_teams: usize,
}

impl From<&Usable> for ApplicationUse {
    fn from(used: &Usable) -> Self {
        let held = |one: &Membership| Held {
            place: Where::Team,
            team: Some(one.team_name.clone()),
            role: Some(one.role_name.clone()),
            role_type: RoleType::Team,
        };
        Self {
            scope: used.scope.to_string(),
            level: used.scope.level,
            by: used.through.iter().map(held).collect(),
            hidden_teams: used.hidden_teams,
        }
    }
}

/// A scope that has no effect.
#[derive(Serialize, ToSchema)]
pub struct IdleScope {
    /// The scope.
    #[schema(example = "teams:update")]
    scope: String,
    /// Why.
    #[schema(example = "No role of its account holds it.")]
    reason: String,
}

/// What a token may do at this moment: its scopes, and what its account may do.
#[derive(Serialize, ToSchema)]
pub struct TokenPermissions {
    /// Each permission that it has.
    permissions: Vec<TokenMay>,
    /// Each scope of an application that it may use.
    application_scopes: Vec<ApplicationUse>,
    /// Each of its scopes that has no effect.
    without_effect: Vec<IdleScope>,
    /// Why it can do nothing at all, where it or its account is over.
    #[schema(required, example = json!(null))]
    stopped: Option<&'static str>,
    /// Whether it acts as an Admin, whatever its account's role and teams.
    global_admin: bool,
}

impl From<Power> for TokenPermissions {
    fn from(power: Power) -> Self {
        let idle = power.idle.into_iter();
        let used = power.in_applications.iter();
        Self {
            permissions: power.uses.into_iter().map(TokenMay::from).collect(),
            application_scopes: used.map(ApplicationUse::from).collect(),
            without_effect: idle.map(|(scope, reason)| IdleScope { scope, reason }).collect(),
            stopped: power.stopped,
            global_admin: power.info.token.global_admin,
        }
    }
}

/// What may a user do
///
/// Each role that counts at this moment, with its permissions; and each scope of an application that it may use.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/permissions", tag = "Users", operation_id = "getUserPermissions",
    params(("id" = i64, Path, description = "The user's id.")),
    responses((status = 200, description = "What it may do.", body = UserPermissions), Reads),
)]
pub async fn of_user(call: Call) -> Answer {
    let effective =
        call.read(user_id(&call), |cx, id| Ok((users::effective(cx, id)?, applications::of_account(cx, id)?)));
    ok(UserPermissions::from(effective.await?))
}

/// What may a token do
///
/// Each permission that it has at this moment, where and why; and each scope that has no effect, with the reason.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/tokens/{token_id}/permissions", tag = "Tokens", operation_id = "getTokenPermissions",
    params(("id" = i64, Path, description = "The user's id."), ("token_id" = i64, Path, description = "The token's id.")),
    responses((status = 200, description = "What it may do.", body = TokenPermissions), Reads),
)]
pub async fn of_token(call: Call) -> Answer {
    let input = (user_id(&call), call.id::<TokenId>("token_id", "token"));
    let power = call.read(input, |cx, (user, token)| tokens::power(cx, user, token));
    ok(TokenPermissions::from(power.await?))
}
