//! What is allowed of access tokens.

use super::{Back, Card, answer, version};
use crate::http::Portal;
use crate::model::error::Problems;
use crate::model::tokens::TokenPolicy;
use crate::model::{Error, Result};
use crate::service::settings;
use crate::web::view::{Field, count};
use crate::web::{Answer, Fields};

/// The fields of days, beside which errors are shown.
const DAYS: [&str; 5] = ["service_max_days", "agent_max_days", "personal_max_days", "default_days", "dormant_days"];

/// The card.
pub(super) struct TokensCard {
    pub error: Option<String>,
    pub personal_tokens: bool,
    pub allow_never: bool,
    pub service: Field,
    pub agent: Field,
    pub personal: Field,
    pub default: Field,
    pub dormant: Field,
    /// What the program was started with, where that is stricter than the settings.
    pub bounds: String,
    /// How many tokens could not be made like this today; empty where there is none.
    pub breaking: String,
}

impl TokensCard {
    pub fn new((kept, in_force): (&TokenPolicy, &TokenPolicy), breaking: i64, back: Option<Back<'_>>) -> Self {
        let ticked = |name, kept| back.map_or(kept, |back: Back<'_>| back.typed.has(name));
        let field = |name, kept: Option<i64>| {
            let kept = kept.map(|days| days.to_string()).unwrap_or_default();
            let value = back.map_or(kept, |back| back.typed.get(name).to_owned());
            Field::new(name, value).judged(back.map(|back| back.error))
        };
        Self {
            error: back.map(|back| back.told(&DAYS)),
            personal_tokens: ticked("personal_tokens", kept.personal_tokens),
            allow_never: ticked("allow_never", kept.allow_never),
            service: field("service_max_days", kept.service_max_days),
            agent: field("agent_max_days", kept.agent_max_days),
            personal: field("personal_max_days", kept.personal_max_days),
            default: field("default_days", kept.default_days),
            dormant: field("dormant_days", kept.dormant_days),
            bounds: bounds(kept, in_force),
            breaking: match breaking {
                0 => String::new(),
                1 => "1 token breaks the policy.".into(),
                n => format!("{} tokens break the policy.", count(n)),
            },
        }
    }
}

fn bounds(kept: &TokenPolicy, in_force: &TokenPolicy) -> String {
    let days = |policy: &TokenPolicy| [policy.service_max_days, policy.agent_max_days, policy.personal_max_days];
    let narrowed = days(kept).into_iter().zip(days(in_force)).find(|(kept, in_force)| kept != in_force);
    let mut told: Vec<String> = Vec::new();
    if let Some((_, Some(days))) = narrowed {
        told.push(format!("at most {days} days"));
    }
    if kept.allow_never && !in_force.allow_never {
        told.push("no token without an end".into());
    }
    told.join(", and ")
}

/// `POST /settings/tokens`.
pub async fn update(portal: Portal, fields: Fields) -> Answer {
    let version = version(&fields);
    let saved = match read(&fields) {
        Ok(policy) => {
            let changed = portal.write(move |cx| settings::update(cx, version, |settings| settings.tokens = policy));
            changed.await.map(|_| "Saved. The policy holds for every token that is made from now on.".to_owned())
        }
        Err(error) => Err(error),
    };
    answer(portal, Card::Tokens, &fields, saved).await
}

/// Reads the form; an empty number is no limit.
fn read(fields: &Fields) -> Result<TokenPolicy, Error> {
    let mut problems = Problems::default();
    let [service_max_days, agent_max_days, personal_max_days, default_days, dormant_days] = DAYS.map(|name| {
        let text = fields.get(name).trim();
        let days = text.parse::<i64>().ok();
        if days.is_none() && !text.is_empty() {
            problems.add(name, "Write a number of days, or leave it empty.");
        }
        days
    });
    problems.check()?;
    Ok(TokenPolicy {
        personal_tokens: fields.has("personal_tokens"),
        personal_max_days,
        service_max_days,
        agent_max_days,
        allow_never: fields.has("allow_never"),
        default_days,
        dormant_days,
    })
}
