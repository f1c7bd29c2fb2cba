//! The inventory: every token that the caller may see, whoever's it is.

use std::collections::HashMap;

use serde_json::json;

use super::{TokenInfo, access, effective, freshen, rotations};
use crate::model::access::{Place, Standing};
use crate::model::audit::Event;
use crate::model::ids::{TokenId, UserId};
use crate::model::page::{Page, PageRequest};
use crate::model::permissions::{Action, Permission, Resource};
use crate::model::tokens::{Mention, Token, TokenFilter, TokenPolicy, TokenSort, TokenState, Usage};
use crate::model::users::User;
use crate::model::{Error, Result};
use crate::service::app::{Cx, account};
use crate::service::settings;
use crate::service::users::{Rights, row_rights};
use crate::store;
use crate::store::tokens::Reach;

const READ: Permission = Permission::new(Resource::Tokens, Action::Read);

/// A token in the inventory, whose it is, and what the caller may do with that account.
pub struct Listed {
    /// The token.
    pub info: TokenInfo,
    /// Whose it is.
    pub user: User,
    /// What the caller may do.
    pub rights: Rights,
}

/// Whether there is an inventory for the caller: whether they may read tokens besides their own anywhere.
pub fn may_list(cx: &Cx<'_, '_>) -> bool {
    cx.actor.can(READ, Place::Everywhere) || !cx.actor.teams_with(READ).is_empty()
}

fn reach(cx: &mut Cx<'_, '_>) -> Result<Reach> {
    cx.attempt("token.list");
    let sight = cx.actor.sight();
    if cx.actor.can(READ, Place::Everywhere) {
        return Ok(Reach::new(None, None, &sight));
    }
    if !may_list(cx) {
        cx.actor.may(READ, Place::Everywhere)?;
    }
    let own = cx.actor.id().filter(|id| cx.actor.owns(*id, Action::Read));
    Ok(Reach::new(Some(&cx.actor.teams_with(READ)), own, &sight))
}

/// Whether a filter asks of a team that the caller may not know of: then it finds nothing.
fn asks_in_the_dark(cx: &Cx<'_, '_>, filter: &TokenFilter) -> bool {
    filter.team.is_some_and(|team| !crate::service::teams::is_known(cx, team))
}

/// Tells what was used a moment ago, and leaves out what does not belong here for it; a page is that much shorter.
fn freshened(cx: &Cx<'_, '_>, tokens: &mut Vec<Token>, filter: &TokenFilter, policy: &TokenPolicy) {
    tokens.iter_mut().for_each(|token| freshen(cx, token));
    tokens.retain(|token| match filter.usage {
        Some(Usage::Never) => token.last_use.is_none(),
        Some(Usage::Dormant) => token.active_at < policy.dormant_since(cx.now),
        None => true,
    });
}

/// A page of the tokens that the caller may see and `filter` asks for.
///
/// # Errors
/// A refusal, or a cursor that is none.
pub fn list(cx: &mut Cx<'_, '_>, filter: &TokenFilter, sort: TokenSort, request: &PageRequest) -> Result<Page<Listed>> {
    let reach = reach(cx)?;
    if !sort.is_of(filter.usage) {
        return Err(Error::field("sort", "Only dormant tokens are listed in this order."));
    }
    if asks_in_the_dark(cx, filter) {
        return Ok(Page::empty());
    }
    let policy = settings::token_policy(cx)?;
    let order = if request.descending { "-" } else { "" };
    let mut page = request.of_list(&format!("tokens {order}{sort}"), |request| {
        store::tokens::page(cx.tx, &reach, filter, (sort, request), (&policy, cx.now))
    })?;
    freshened(cx, &mut page.items, filter, &policy);
    let owners = owners(cx, &page.items)?;
    let open = access(cx, &page.items)?;
    let mut rotations = rotations(cx, &page.items)?;
    let mut leaks = store::leaks::of(cx.tx, &page.items)?;
    let now = cx.now;
    let listed = |token: Token| {
        let (user, standing, rights) = owners.get(&token.user)?.clone();
        let (rotation, leak) = (rotations.remove(&token.id), leaks.remove(&token.id));
        Some(Listed {
            info: TokenInfo { effective: effective((&user, &standing), &open, &token, now), rotation, leak, token },
            user,
            rights,
        })
    };
    let mut page = page.map(listed);
    Ok(Page {
        items: page.items.drain(..).flatten().collect(),
        next: page.next,
        previous: page.previous,
        by_age: page.by_age,
    })
}

/// The accounts of these tokens, with what each holds and what the caller may do with it.
fn owners(cx: &mut Cx<'_, '_>, tokens: &[Token]) -> Result<HashMap<UserId, (User, Standing, Rights)>> {
    let mut ids: Vec<_> = tokens.iter().map(|token| token.user).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut roles = store::memberships::roles_of(cx.tx, &ids)?;
    let mut owners = HashMap::new();
    let relied = cx.actor.relied();
    for user in store::users::many(cx.tx, &ids)? {
        let standing = user.standing(roles.remove(&user.id).unwrap_or_default());
        let rights = row_rights(cx, &user)?;
        owners.insert(user.id, (user, standing, rights));
    }
    cx.actor.relied_on_no_more_than(relied);
    Ok(owners)
}

/// What a pasted secret is the secret of.
#[derive(Debug, PartialEq, Eq)]
pub enum Pasted {
    /// This token, which the caller may see.
    Known(TokenId),
    /// It has the form of a token, but none that the caller may see.
    Unknown,
    /// It begins as a token does, but is cut short or mistyped.
    Broken,
}

/// Finds the token that was pasted, by the secret in force or the one before it; nothing where none was. The secret itself goes
/// nowhere; that it was looked up is written down.
///
/// # Errors
/// A refusal.
pub fn pasted(cx: &mut Cx<'_, '_>, mention: Option<Mention>) -> Result<Option<Pasted>> {
    let reach = reach(cx)?;
    let plain = match mention {
        None => return Ok(None),
        Some(Mention::Piece) => return Ok(Some(Pasted::Broken)),
        Some(Mention::Whole(plain)) => plain,
    };
    let found = store::secrets::find(cx.tx, &plain.hash())?.map(|found| found.token.id);
    let Some(id) = found else { return Ok(Some(Pasted::Unknown)) };
    let policy = settings::token_policy(cx)?;
    let alone = TokenFilter { id: Some(id), ..TokenFilter::default() };
    let sort = (TokenSort::Created, &PageRequest::first(1));
    let Some(token) = store::tokens::page(cx.tx, &reach, &alone, sort, (&policy, cx.now))?.items.pop() else {
        return Ok(Some(Pasted::Unknown));
    };
    let user = store::users::get(cx.tx, token.user)?;
    cx.attempt("token.look_up");
    cx.done(account(&user), None, Some(json!({ "token": { "id": token.id, "name": token.name } })))?;
    Ok(Some(Pasted::Known(id)))
}

/// The account of this username, for a filter.
///
/// # Errors
/// [`Error::Invalid`] at `account` where the caller knows none.
pub fn account_named(cx: &mut Cx<'_, '_>, username: &str) -> Result<UserId> {
    let found = crate::service::users::by_username(cx, username)?;
    found.ok_or_else(|| Error::field("account", format!("There is no account {username} that you may see.")))
}

/// How many tokens are read at once; see the export of the audit log.
const BATCH: i64 = 100;

/// An export of the inventory under way. It goes by the ids of the tokens, since whatever else they are sorted by may change
/// under it, and a token would be missed or told twice.
pub struct Export {
    filter: TokenFilter,
    /// What the caller saw when it began.
    reach: Reach,
    /// Where it goes on; nothing at the end.
    rest: Option<PageRequest>,
}

/// A token that is exported.
pub struct Exported {
    /// The token.
    pub token: Token,
    /// Whose it is.
    pub user: User,
    /// How it stands.
    pub state: TokenState,
}

impl Export {
    /// Begins one, of the account of this username where there is one, and writes down that it was made. What is wrong with the
    /// filter is told to those alone who may list tokens.
    ///
    /// # Errors
    /// A refusal, or what is wrong with the filter.
    pub fn begin(cx: &mut Cx<'_, '_>, filter: Result<TokenFilter>, account: &str, descending: bool) -> Result<Self> {
        let export = Self::of(cx, filter, account, descending)?;
        cx.attempt("token.export");
        cx.record(Event::done("token.export", None))?;
        Ok(export)
    }

    /// One that nobody has begun, for whoever only asks whether they could.
    ///
    /// # Errors
    /// As [`Export::begin`].
    pub fn of(cx: &mut Cx<'_, '_>, filter: Result<TokenFilter>, account: &str, descending: bool) -> Result<Self> {
        let reach = reach(cx)?;
        let mut filter = filter?;
        if !account.is_empty() {
            filter.account = Some(account_named(cx, account)?);
        }
        let dark = asks_in_the_dark(cx, &filter);
        let rest = (!dark).then_some(PageRequest { limit: BATCH, cursor: None, descending });
        Ok(Self { filter, reach, rest })
    }

    /// The next tokens; `None` at the end. Whoever asks must still be allowed to see just as much: a part is not to look whole.
    ///
    /// # Errors
    /// A refusal, or that the session or token is over.
    pub fn next(&mut self, cx: &mut Cx<'_, '_>) -> Result<Option<Vec<Exported>>> {
        if reach(cx)? != self.reach {
            return Err(Error::refused("What you may see changed while this was exported. Begin again."));
        }
        let Some(request) = self.rest.take() else { return Ok(None) };
        let policy = settings::token_policy(cx)?;
        let sort = (TokenSort::Created, &request);
        let mut page = store::tokens::page(cx.tx, &self.reach, &self.filter, sort, (&policy, cx.now))?;
        let cursor = page.next.take();
        freshened(cx, &mut page.items, &self.filter, &policy);
        self.rest = cursor.map(|cursor| PageRequest { cursor: Some(cursor), ..request });
        let mut ids: Vec<_> = page.items.iter().map(|token| token.user).collect();
        ids.sort_unstable();
        ids.dedup();
        let users: HashMap<_, _> = store::users::many(cx.tx, &ids)?.into_iter().map(|user| (user.id, user)).collect();
        let now = cx.now;
        let exported = |token: Token| {
            let user = users.get(&token.user)?.clone();
            Some(Exported { state: token.state(now), token, user })
        };
        Ok(Some(page.items.into_iter().filter_map(exported).collect()))
    }
}
