//! What is written to people: once in words, and set twice, as plain text and as HTML.

use askama::Template;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::base::random;
use crate::base::secret::Secret;
use crate::model::actor::{Actor, Who};
use crate::model::links::Purpose;
use crate::model::mail::Mail;
use crate::model::users::User;
use crate::model::{Error, Result};

/// What is mailed.
pub(in crate::service) enum Letter<'a> {
    /// A new person's invitation, with its link's secret.
    Invitation(&'a Actor, &'a Secret),
    /// A reset link that an administrator made.
    ResetMade(&'a Actor, &'a Secret),
    /// A reset link that was asked for at the log-in page.
    ResetAsked(&'a Secret),
    /// To whomever the account belongs: its password was changed.
    PasswordChanged,
    /// To the address that was the account's: it is no longer.
    AddressChanged(&'a Actor),
}

/// The words of a letter.
#[derive(Default)]
struct Words {
    subject: String,
    hello: String,
    before: Vec<String>,
    /// What the link does, and the link.
    link: Option<(&'static str, String)>,
    after: Vec<String>,
    place: String,
    origin: String,
}

#[derive(Template)]
#[template(path = "mail/letter.txt", escape = "none")]
struct AsText<'a> {
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct AsHtml<'a> {
    words: &'a Words,
}

impl Letter<'_> {
    /// What it is about, in the audit log's words.
    pub fn about(&self) -> &'static str {
        match self {
            Self::Invitation(..) => "invitation",
            Self::ResetMade(..) | Self::ResetAsked(_) => "reset link",
            Self::PasswordChanged => "password changed",
            Self::AddressChanged(_) => "address changed",
        }
    }

    /// The mail to `to`, from the portal at `origin`.
    ///
    /// # Errors
    /// A template failed, which is a fault.
    pub fn write(&self, to: &User, origin: &str, now: OffsetDateTime) -> Result<Mail> {
        let words = self.words(to, origin, now);
        let html = AsHtml { words: &words }.render().map_err(Error::internal)?;
        let text = AsText { words: &words }.render().map_err(Error::internal)?;
        Ok(Mail {
            id: random::uuid(),
            at: now,
            name: to.display_name.clone(),
            address: to.email.clone(),
            subject: words.subject,
            text: Secret::new(text),
            html: Secret::new(html),
        })
    }

    fn words(&self, to: &User, origin: &str, now: OffsetDateTime) -> Words {
        // The address without its scheme is how people call the place; it comes from the settings, never from a request.
        let place = origin.split_once("://").map_or(origin, |(_, rest)| rest);
        let frame = Words {
            hello: format!("Hello {},", to.display_name),
            place: place.into(),
            origin: origin.into(),
            ..Words::default()
        };
        let named = format!("your account {} in Latchkey at {place}", to.username);
        match self {
            Self::Invitation(by, secret) => invitation(by, to, frame, (link(origin, Purpose::Invitation, secret), now)),
            Self::ResetMade(by, secret) => Words {
                subject: "Choose a new password for Latchkey".into(),
                before: vec![format!("{} made a link with which you choose a new password for {named}.", person(by))],
                link: Some(("Choose a new password", link(origin, Purpose::Reset, secret))),
                after: vec![
                    good_for(Purpose::Reset, now),
                    "Until you use it your password stays as it is. If you need no new one, do nothing.".into(),
                ],
                ..frame
            },
            Self::ResetAsked(secret) => Words {
                subject: "Choose a new password for Latchkey".into(),
                before: vec![format!("Somebody, you we hope, asked for a new password for {named}.")],
                link: Some(("Choose a new password", link(origin, Purpose::Reset, secret))),
                after: vec![
                    good_for(Purpose::Reset, now),
                    "If it was not you, do nothing: your password stays as it is, and nobody but you has this link. If it \
                     happens again and again, tell an administrator."
                        .into(),
                ],
                ..frame
            },
            Self::PasswordChanged => Words {
                subject: "Your Latchkey password was changed".into(),
                before: vec![
                    format!("The password of {named} was changed on {}.", moment(now)),
                    "If it was you, there is nothing to do.".into(),
                    "If it was not, somebody else can log in as you. Go to the log-in page, ask there for a new password, and \
                     tell an administrator."
                        .into(),
                ],
                link: Some(("Go to the log-in page", format!("{origin}/login"))),
                ..frame
            },
            Self::AddressChanged(by) => Words {
                subject: "Your Latchkey account has another email address now".into(),
                before: vec![
                    format!(
                        "{} gave {named} another email address on {}. Mail about it no longer comes here, and links that \
                         were mailed here no longer work.",
                        if by.id() == Some(to.id) { "You, or somebody logged in as you,".into() } else { person(by) },
                        moment(now)
                    ),
                    "If you know of this, there is nothing to do.".into(),
                    "If you do not, tell an administrator at once: whoever reads the mail of an account can choose its \
                     password."
                        .into(),
                ],
                ..frame
            },
        }
    }
}

fn invitation(by: &Actor, to: &User, frame: Words, (link, now): (String, OffsetDateTime)) -> Words {
    Words {
        subject: match &by.who {
            Who::User(identity) => format!("{} invites you to Latchkey", identity.display_name),
            Who::Application { .. } | Who::Cli | Who::System | Who::Anonymous => "You are invited to Latchkey".into(),
        },
        before: vec![
            format!(
                "{} made an account for you in Latchkey at {}, which looks after users, teams and access tokens. Your \
                 username is {}.",
                person(by),
                frame.place,
                to.username
            ),
            "Choose a password, and the account is ready.".into(),
        ],
        link: Some(("Choose a password", link)),
        after: vec![
            good_for(Purpose::Invitation, now),
            "Whoever has it can choose the password, so pass it on to nobody. If you did not expect this, do nothing: \
             without a password nobody can log in to the account."
                .into(),
        ],
        ..frame
    }
}

fn link(origin: &str, purpose: Purpose, secret: &Secret) -> String {
    format!("{origin}/{purpose}/{}", secret.reveal())
}

/// Whoever did it, as the recipient may know them.
fn person(by: &Actor) -> String {
    match &by.who {
        Who::User(identity) => identity.display_name.clone(),
        Who::Application { .. } | Who::Cli | Who::System | Who::Anonymous => "An administrator".into(),
    }
}

fn good_for(purpose: Purpose, now: OffsetDateTime) -> String {
    let life = purpose.life();
    format!("The link works once, for {} hours: until {}.", life.whole_hours(), moment(now + life))
}

fn moment(at: OffsetDateTime) -> String {
    let format = format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    // It cannot fail: the format asks for nothing that a date does not have.
    at.format(format).unwrap_or_default()
}
