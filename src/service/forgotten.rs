//! Forgotten passwords: a reset link, mailed to whoever reads the account's mail.

use time::Duration;

use super::app::{App, Caller, account};
use super::auth::barred;
use super::links;
use crate::model::audit::Event;
use crate::model::users::User;
use crate::model::{Error, Result};
use crate::store;

/// How often an account is heard, and in what time: enough for whoever has lost a mail or two, too seldom to fill a mailbox.
const TIMES: i64 = 3;
const WITHIN: Duration = Duration::hours(1);

/// Lets those go on who ask where mail is set up.
///
/// # Errors
/// [`Error::NotFound`] where it is not: an administrator is to be asked then.
pub fn asking(app: &App) -> Result<()> {
    if app.mails() { Ok(()) } else { Err(Error::NotFound("page")) }
}

/// Somebody says that they have forgotten the password of the account with this username or email address. If it belongs to a
/// person who could log in with it, they are mailed a reset link.
///
/// Whoever asks is told nothing of what comes of it, and is not made to wait for it either: how long this takes tells whether
/// there is such an account.
///
/// # Errors
/// A fault.
pub fn ask(app: &App, caller: &Caller, login: &str) -> Result<()> {
    asking(app)?;
    // Looked up without writing, so that names of nobody cost the one writer nothing.
    let found = app.store.read(|tx| {
        let found = store::users::by_login(tx, login)?;
        found.map(|user| Ok((store::links::asked(tx, user.id, app.clock.now() - WITHIN)?, user))).transpose()
    })?;
    let Some((_, user)) = found.filter(|(times, _)| *times < TIMES) else { return Ok(()) };
    app.write(caller, |cx| {
        cx.attempt("user.forgotten");
        let since = cx.now - WITHIN;
        let Some(user) = store::users::find(cx.tx, user.id)? else { return Ok(()) };
        if store::links::asked(cx.tx, user.id, since)? >= TIMES {
            return Ok(());
        }
        store::links::note_ask(cx.tx, user.id, since, cx.now)?;
        match refusal(&user) {
            // Kept together with the note, so that this is not written down without end either.
            Some(reason) => cx.record(Event::refused("user.forgotten", Some(account(&user)), reason)),
            None => {
                cx.done(account(&user), None, None)?;
                links::mail_reset(cx, &user)
            }
        }
    })
}

fn refusal(user: &User) -> Option<&'static str> {
    if !user.kind.may_enter_portal() || !user.is_enabled() {
        Some(barred(user))
    } else if !user.has_password {
        Some("the account has no password yet")
    } else {
        None
    }
}
