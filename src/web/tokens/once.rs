//! The one time that a token is seen: the answer of the POST that made it.

use askama::Template;
use time::{Duration, OffsetDateTime};

use crate::model::users::User;
use crate::service::Cx;
use crate::service::tokens::Minted;
use crate::web::view::{When, Who, day};
use crate::web::{Answer, Page, render};

/// What the page tells besides the secret.
pub struct Made {
    /// The account.
    pub user: User,
    /// Its new token.
    pub minted: Minted,
    /// The names of the teams in which it acts.
    pub teams: Vec<String>,
    /// The portal's address.
    pub origin: String,
    /// When it was made.
    pub now: OffsetDateTime,
}

impl Made {
    /// What was made, in the transaction that made it.
    ///
    /// # Errors
    /// A fault.
    pub fn of(cx: &mut Cx<'_, '_>, user: User, minted: Minted) -> crate::model::Result<Self> {
        let teams = crate::service::users::get(cx, user.id)?.teams;
        let limit = minted.token.teams.as_ref();
        let acts_in = teams.iter().filter(|team| limit.is_none_or(|limit| limit.contains(&team.team)));
        let public = limit.is_none().then(|| "Public".to_owned());
        let everywhere = minted.token.global_admin.then(|| vec!["Every team".to_owned()]);
        Ok(Self {
            teams: everywhere.unwrap_or_else(|| {
                let named = acts_in.map(|team| team.team_name.clone());
                public.into_iter().chain(named).collect()
            }),
            origin: cx.app.config.origin(),
            now: cx.now,
            user,
            minted,
        })
    }
}

/// Something ready to paste.
pub struct Snippet {
    /// Where it goes.
    pub label: &'static str,
    /// The text. No secret stands in it.
    pub text: String,
}

/// An address that holds a text, so that a browser can save it.
pub fn data_link(text: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    format!("data:text/plain;charset=utf-8,{encoded}")
}

#[derive(Template)]
#[template(path = "tokens/once.html")]
struct OncePage {
    page: Page,
    who: Who,
    title: String,
    secret: String,
    file: String,
    data: String,
    snippets: Vec<Snippet>,
    token_name: String,
    global_admin: bool,
    expires: Option<When>,
    scopes: Vec<String>,
    teams: Vec<String>,
    again: String,
    done: String,
}

/// The page. `again` is where another one is made, `done` where it leads on.
///
/// # Errors
/// The template failed, which is a fault.
pub fn show(page: Page, made: Made, title: impl Into<String>, (again, done): (String, String)) -> Answer {
    let Made { user, minted, teams, origin, now } = made;
    let secret = minted.plain.reveal().to_owned();
    render(&OncePage {
        page,
        title: title.into(),
        file: file_name(&user.username, &minted.token.name),
        data: data_link(&secret),
        secret,
        snippets: snippets(&origin),
        token_name: minted.token.name.clone(),
        global_admin: minted.token.global_admin,
        expires: minted.token.expires_at.map(|end| When {
            // A token that lives through a day ends at the midnight after it.
            exact: day(end - Duration::SECOND),
            ..When::of(end, now)
        }),
        scopes: minted.token.words(),
        teams,
        again,
        done,
        who: Who::of(&user),
    })
}

/// `api_access-pipeline.txt`.
fn file_name(username: &str, token: &str) -> String {
    let plain = |text: &str| -> String {
        let kept = text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' });
        kept.take(60).collect()
    };
    let account = username.split('@').next().unwrap_or(username);
    format!("{}-{}.txt", plain(account), plain(&token.to_lowercase()))
}

fn snippets(origin: &str) -> Vec<Snippet> {
    let snippet = |label, text| Snippet { label, text };
    vec![
        snippet("curl", format!("curl -H \"Authorization: Bearer $LATCHKEY_TOKEN\" \\\n     {origin}/api/v1/me")),
        snippet(
            "Environment",
            format!(
                "# Paste the token at the prompt: it stays out of the shell's history.\n\
                 read -rs LATCHKEY_TOKEN && export LATCHKEY_TOKEN\n\
                 export LATCHKEY_URL={origin}"
            ),
        ),
        snippet(
            "GitHub Actions",
            format!(
                "# Settings, Secrets and variables, Actions: add the secret LATCHKEY_TOKEN\n\
                 - run: curl -fsS -H \"Authorization: Bearer $LATCHKEY_TOKEN\" {origin}/api/v1/me\n  \
                 env:\n    \
                 LATCHKEY_TOKEN: ${{{{ secrets.LATCHKEY_TOKEN }}}}"
            ),
        ),
        snippet(
            "GitLab CI",
            format!(
                "# Settings, CI/CD, Variables: add LATCHKEY_TOKEN, masked\n\
                 whoami:\n  \
                 script:\n    \
                 - 'curl -fsS -H \"Authorization: Bearer $LATCHKEY_TOKEN\" {origin}/api/v1/me'"
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_download_is_named_after_account_and_token() {
        assert_eq!(file_name("api_access@service", "Pipeline (EU)/x"), "api_access-pipeline--eu--x.txt");
    }

    #[test]
    fn what_is_pasted_is_written_as_each_system_wants_it() {
        let all = snippets("https://keys.example.com");
        assert!(all[2].text.contains("\n  env:\n    LATCHKEY_TOKEN: ${{ secrets.LATCHKEY_TOKEN }}"));
        assert!(all[3].text.starts_with("# Settings") && all[3].text.contains("\n  script:\n    - 'curl"));
        assert!(all.iter().all(|snippet| !snippet.text.contains("lk_")));
    }
}
