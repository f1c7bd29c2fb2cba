//! Slows guessing: how many wrong passwords are listened to, for one account, from one address, from one browser, in one
//! session. Whoever is over a limit is refused before anything is looked up or hashed, and nobody for good.
//!
//! Only what was wrong counts: the charge is made before the password is checked, so that a thousand tries at once are no
//! better than a thousand in a row, and given back where it was right.

mod table;

use std::net::IpAddr;
use std::time::Duration;

use self::table::{Charge, Full, Table};
use super::app::{App, Caller, Cx, account};
use super::known;
use super::passwords::Verdict;
use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::model::actor::{Actor, Via};
use crate::model::names::fold;
use crate::model::users::User;
use crate::model::{Error, Result};
use crate::store;

/// Wrong passwords for one account, one known browser or one session: ten at once, more than anybody mistypes before
/// asking for a link, then one every 10 seconds. That is 8,650 in a day, of some 10^12 that a fair password asks for.
const PASSWORDS: (u32, Duration) = (10, Duration::from_secs(10));
/// Wrong passwords from one address, which a whole office may share: 30 at once, then one every 5 seconds.
const ADDRESSES: (u32, Duration) = (30, Duration::from_secs(5));
/// Entries of the audit log about one session, token or account that anybody with it could cause without end: one a minute.
const ENTRIES: (u32, Duration) = (1, Duration::from_secs(60));
/// Requests for a mail to one account: three at once, then one every 10 minutes, so that nobody's mailbox is filled.
const MAILS: (u32, Duration) = (3, Duration::from_secs(600));

const LOG_IN_TOLD: &str = "Too many attempts to log in as this account, or from here.";
const AGAIN_TOLD: &str = "Too many wrong passwords were typed here.";
const LEAK_TOLD: &str = "Too many tokens were reported from here.";
const MAIL_TOLD: &str = "This was asked for too often, for this account or from here.";

/// The limits of one portal, in its memory.
pub struct Throttle {
    passwords: Table,
    addresses: Table,
    mails: Table,
    entries: Table,
}

impl Throttle {
    /// Nobody is slowed yet.
    pub(super) fn new(clock: &Clock) -> Self {
        let table = |(burst, each)| Table::new(burst, each, clock);
        Self { passwords: table(PASSWORDS), addresses: table(ADDRESSES), mails: table(MAILS), entries: table(ENTRIES) }
    }

    /// Whether it is time again for an entry of the audit log about `key`, of the kind that `label` names. For what somebody does who has
    /// no right to anything: as often as they like, and the one writer and the log are everybody's.
    pub(super) fn is_worth_an_entry(&self, label: &str, key: i64) -> bool {
        self.entries.charge(label, &key.to_string()).is_ok()
    }

    /// A stranger's try: the address first, so that one address cannot use up many accounts.
    fn stranger(&self, address: Option<&str>, login: &str) -> Result<Guess<'_>, Over> {
        let there = self.addresses.charge("log-in", &network(address)).map_err(Over::of_address)?;
        match self.passwords.charge("account", &fold(login)) {
            Ok(account) => Ok(Guess(vec![there, account])),
            Err(full) => {
                there.give_back();
                Err(Over { full, reason: "too many attempts to log in as this account", of_account: true })
            }
        }
    }
}

/// A try that was charged for.
pub(super) struct Guess<'a>(Vec<Charge<'a>>);

impl Guess<'_> {
    /// It was no wrong guess.
    pub(super) fn give_back(self) {
        self.0.into_iter().for_each(Charge::give_back);
    }

    /// Whether `password` belongs to `hash`; if so, or if it could not be checked, the try was free.
    pub(super) fn verify(self, app: &App, password: &Secret, hash: Option<String>) -> Result<bool> {
        let verdict = app.passwords.verify(password, hash);
        if !matches!(verdict, Ok(Verdict { right: false, .. })) {
            self.give_back();
        }
        verdict.map(|verdict| verdict.right)
    }
}

/// A try that is over a limit.
struct Over {
    full: Full,
    /// For the audit log.
    reason: &'static str,
    of_account: bool,
}

impl Over {
    fn of_address(full: Full) -> Self {
        Self { full, reason: "too many attempts from this address", of_account: false }
    }

    /// The refusal. It stands in the audit log once a minute for each limit that is reached, however many there are.
    fn refuse(
        self,
        (app, caller): (&App, &Caller),
        action: &'static str,
        told: &'static str,
        whom: impl FnOnce(&mut Cx<'_, '_>) -> Result<Option<User>>,
    ) -> Error {
        let seconds = self.full.seconds;
        let refused = || Error::TooMany { told, seconds };
        let Some(unheard) = self.full.unheard else { return refused() };
        tracing::warn!(unheard, action, "{}: further ones are refused, unread and not written down", self.reason);
        let noted = app.read(caller, |cx| -> Result<()> {
            cx.attempt(action);
            if let Some(user) = whom(cx)?.filter(|_| self.of_account) {
                cx.on(account(&user));
            }
            cx.refused_because(self.reason);
            Err(refused())
        });
        noted.err().unwrap_or_else(refused)
    }
}

/// Lets a try to log in through. A browser that this account has logged in from before has a limit of its own, and is
/// not held up by what strangers do.
///
/// # Errors
/// [`Error::TooMany`], in the same words whether there is such an account or not.
pub(super) fn log_in<'a>(app: &'a App, caller: &Caller, login: &str, known: Option<&str>) -> Result<Guess<'a>> {
    let browser = match known.and_then(|text| known::read(app, text)) {
        // Looked up only for a browser that we gave this to, and then by the name that is typed, as the log-in itself does.
        Some(browser)
            if app.store.read(|tx| store::users::by_login(tx, login))?.is_some_and(|u| u.id == browser.user) =>
        {
            Some(browser)
        }
        _ => None,
    };
    let asked = match browser {
        Some(browser) => {
            let charged = app.throttle.passwords.charge("browser", &browser.nonce);
            let reason = "too many attempts to log in as this account from a known browser";
            charged.map(|charge| Guess(vec![charge])).map_err(|full| Over { full, reason, of_account: true })
        }
        None => app.throttle.stranger(caller.origin.address.as_deref(), login),
    };
    let whom = |cx: &mut Cx<'_, '_>| store::users::by_login(cx.tx, login);
    asked.map_err(|over| over.refuse((app, caller), "session.create", LOG_IN_TOLD, whom))
}

/// Lets somebody type their password again. Each session has a limit of its own, so that whoever has stolen one does not
/// keep its owner, who has another, from changing the password.
///
/// # Errors
/// [`Error::TooMany`].
pub(super) fn again<'a>(app: &'a App, caller: &Caller, action: &'static str, typist: Typist) -> Result<Guess<'a>> {
    let Typist { user, means } = typist;
    let reason = "too many wrong passwords in this session";
    let charged = app.throttle.passwords.charge("again", &means);
    charged.map(|charge| Guess(vec![charge])).map_err(|full| {
        let over = Over { full, reason, of_account: true };
        over.refuse((app, caller), action, AGAIN_TOLD, |_| Ok(Some(user)))
    })
}

/// Who types their password again, and by what means they are here.
pub(super) struct Typist {
    user: User,
    means: String,
}

impl Typist {
    pub(super) fn of(actor: &Actor, user: &User) -> Self {
        let means = match &actor.via {
            Via::Session { id, .. } => format!("session {id}"),
            _ => format!("user {}", user.id),
        };
        Self { user: user.clone(), means }
    }
}

/// Lets somebody ask for a mail to the account that they name. Every one counts, since none can be right or wrong.
///
/// # Errors
/// [`Error::TooMany`], in the same words whether there is such an account or not.
pub fn forgotten(app: &App, caller: &Caller, login: &str) -> Result<()> {
    let there = app.throttle.addresses.charge("forgotten", &network(caller.origin.address.as_deref()));
    let asked = there.map_err(Over::of_address).and_then(|_| {
        let reason = "too many requests for a mail to this account";
        let charged = app.throttle.mails.charge("account", &fold(login));
        charged.map(drop).map_err(|full| Over { full, reason, of_account: true })
    });
    let whom = |cx: &mut Cx<'_, '_>| store::users::by_login(cx.tx, login);
    asked.map_err(|over| over.refuse((app, caller), "user.forgotten", MAIL_TOLD, whom))
}

/// Lets somebody report a token that they found. Every report counts, since nobody is told which was right.
///
/// # Errors
/// [`Error::TooMany`].
pub(super) fn leak(app: &App, caller: &Caller) -> Result<()> {
    let charged = app.throttle.addresses.charge("leak", &network(caller.origin.address.as_deref()));
    charged
        .map(drop)
        .map_err(|full| Over::of_address(full).refuse((app, caller), "token.leak", LEAK_TOLD, |_| Ok(None)))
}

/// What counts as one address: of IPv6 the first 64 bits, since whoever has one address there has all of them.
fn network(address: Option<&str>) -> String {
    match address.and_then(|text| text.parse().ok()) {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::network;

    #[test]
    fn one_subscriber_is_one_address() {
        assert_eq!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:2:ffff::9")));
        assert_ne!(network(Some("2001:db8:1:2::1")), network(Some("2001:db8:1:3::1")));
        assert_ne!(network(Some("192.0.2.1")), network(Some("192.0.2.2")));
    }
}
