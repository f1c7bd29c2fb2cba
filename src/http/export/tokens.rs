//! The inventory of tokens.

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Source;
use crate::model::Result;
use crate::service::Cx;
use crate::service::tokens::{Export, Exported};

impl Source for Export {
    const NAME: &'static str = "tokens";
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "name",
        "description",
        "hint",
        "type",
        "state",
        "account_id",
        "account",
        "account_name",
        "scopes",
        "global_admin",
        "limited_to_teams",
        "networks",
        "expires_at",
        "created_at",
        "created_by",
        "last_used_at",
        "last_used_address",
    ];
    type Row = Exported;

    fn next(&mut self, cx: &mut Cx<'_, '_>) -> Result<Option<Vec<Exported>>> {
        Self::next(self, cx)
    }

    fn cells(Exported { token, user, state }: Exported) -> Vec<String> {
        let time = |at: Option<OffsetDateTime>| at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default();
        let last = token.last_use.as_ref();
        vec![
            token.id.to_string(),
            token.name.clone(),
            token.description.clone(),
            token.hint.clone(),
            token.kind.to_string(),
            state.to_string().to_lowercase(),
            user.id.to_string(),
            user.username,
            user.display_name,
            token.words().join(" "),
            token.global_admin.to_string(),
            token.teams.is_some().to_string(),
            token.networks.to_string(),
            time(token.expires_at),
            time(Some(token.created_at)),
            token.created_by.clone(),
            time(last.map(|last| last.at)),
            last.and_then(|last| last.address.clone()).unwrap_or_default(),
        ]
    }

    fn json(row: Exported) -> Result<Value> {
        let cells = Self::cells(row).into_iter().map(Value::from);
        Ok(Value::Object(Self::COLUMNS.iter().map(|name| (*name).to_owned()).zip(cells).collect::<Map<_, _>>()))
    }
}
