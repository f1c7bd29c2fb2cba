//! `latchkey token`.

use clap::Subcommand;

use super::{Outcome, open, say};
use crate::base::clock::Clock;
use crate::base::config::Config;
use crate::model::applications::{Written, apart};
use crate::model::tokens::{Lifetime, Networks};
use crate::service::tokens::{self, NewToken};
use crate::service::{Caller, users};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make a token and print it, alone, on standard output
    Create {
        /// Whose token it is: a username
        #[arg(long)]
        user: String,
        /// Its name, unique for the account
        #[arg(long)]
        name: String,
        /// A scope, for example users:read; may be given several times
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<Written>,
        /// Let it act as an Admin everywhere
        #[arg(long, conflicts_with = "scopes")]
        global_admin: bool,
        /// A network from which it may be used, for example 10.20.0.0/16; may be given several times. Without one it works from anywhere
        #[arg(long = "network", value_name = "CIDR", value_parser = network)]
        networks: Vec<Networks>,
        /// How long it lives: 30d, 90d, 1y or never
        #[arg(long, default_value = "90d", value_parser = lifetime)]
        expires: Lifetime,
    },
}

pub(super) fn run(command: Command, config: Config) -> Outcome {
    let Command::Create { user, name, scopes, global_admin, networks, expires } = command;
    let app = open::app(config, Clock::System)?;
    let (scopes, app_scopes) = apart(scopes);
    let new = NewToken {
        name,
        description: String::new(),
        life: expires,
        life_field: "expires",
        scopes,
        app_scopes,
        teams: None,
        global_admin,
        networks: networks.iter().flat_map(Networks::iter).collect::<Vec<_>>().join(" ").parse()?,
        form_key: None,
    };
    let minted = app.write(&Caller::cli(), |cx| {
        let id = users::by_username(cx, &user)?.ok_or(crate::model::Error::NotFound("user"))?;
        tokens::create(cx, id, new)
    })?;
    say(minted.plain.reveal())
}

/// Nothing is no network: taken for one, it would let in everybody.
fn network(text: &str) -> Result<Networks, String> {
    let network = text.parse::<Networks>()?;
    if network.is_anywhere() { Err("write a network, for example 10.20.0.0/16".into()) } else { Ok(network) }
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    let number = |unit| text.strip_suffix(unit).and_then(|digits: &str| digits.parse::<i64>().ok()).filter(|n| *n > 0);
    match (text, number('d'), number('y')) {
        ("never", ..) => Ok(Lifetime::Never),
        (_, Some(days), _) => Ok(Lifetime::Days(days)),
        (.., Some(years)) => Ok(Lifetime::Days(years.saturating_mul(365))),
        _ => Err("write 30d, 90d, 1y or never".into()),
    }
}
