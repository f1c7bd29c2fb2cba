//! How an application checks tokens: its credential, and what to paste.

use askama::Template;
use time::OffsetDateTime;

use super::{AppHead, home};
use crate::http::Portal;
use crate::model::ids::ApplicationId;
use crate::service::applications::{self, ApplicationInfo, Credential, Secret};
use crate::web::tokens::once::Snippet;
use crate::web::view::When;
use crate::web::{Answer, Id, Page, Shell, render};

#[derive(Template)]
#[template(path = "applications/checking.html")]
struct Checking {
    page: Page,
    head: AppHead,
    client_id: String,
    audience: String,
    secrets: Vec<SecretRow>,
    issue: String,
    remove: String,
    introspect: String,
    verify: String,
    snippets: Vec<Snippet>,
}

struct SecretRow {
    label: &'static str,
    hint: String,
    created: When,
    creator: String,
    last_used: Option<When>,
    ends: Option<When>,
    finish: String,
}

/// `GET /applications/{id}/checking`.
pub async fn page(portal: Portal, Id(id): Id<ApplicationId>) -> Answer {
    let found = portal.read(move |cx| {
        let found = AppHead::find(cx, id, "Checking tokens")?;
        let origin = cx.app.config.origin();
        Ok((Shell::of(cx)?, found, applications::credential(cx, id)?, origin, cx.now))
    });
    let (shell, (info, rights, head), credential, origin, now) = found.await?;
    let act = |name: &str| if rights.update { format!("{}/credential/{name}", home(id)) } else { String::new() };
    let has_one = credential.secret.is_some();
    render(&Checking {
        page: Page::of(&portal, shell, "applications", format!("Checking tokens for {}", head.name)),
        client_id: info.application.uuid.to_string(),
        audience: info.application.audience.clone(),
        secrets: rows(credential, &act("finish"), now),
        issue: act("issue"),
        remove: if has_one { act("remove") } else { String::new() },
        introspect: format!("{origin}/oauth/introspect"),
        verify: format!("{origin}/auth/verify/{}", info.application.slug),
        snippets: snippets(&info, &origin),
        head,
    })
}

fn rows(credential: Credential, finish: &str, now: OffsetDateTime) -> Vec<SecretRow> {
    let row = |(label, secret): (&'static str, Secret)| SecretRow {
        label,
        hint: secret.hint,
        created: When::of(secret.created_at, now),
        creator: secret.created_by,
        last_used: secret.last_used_at.map(|at| When::of(at, now)),
        finish: if secret.ends_at.is_some() { finish.to_owned() } else { String::new() },
        ends: secret.ends_at.map(|at| When::of(at, now)),
    };
    let new = credential.secret.map(|secret| ("In force", secret));
    let old = credential.old.map(|secret| ("Before", secret));
    new.into_iter().chain(old).map(row).collect()
}

/// What is ready to paste. No secret stands in it.
pub(super) fn snippets(info: &ApplicationInfo, origin: &str) -> Vec<Snippet> {
    let application = &info.application;
    // The one that the most tokens may have.
    let scope = info.scopes.iter().min_by_key(|scope| scope.level);
    let scope = scope.map(|scope| format!("?scope={}", scope.of(application))).unwrap_or_default();
    let snippet = |label, text| Snippet { label, text };
    vec![
        snippet(
            "A proxy asks",
            format!(
                "# 200 lets the request through, 401 and 403 do not.\n\
                 curl -i -H \"Authorization: Bearer $TOKEN\" \\\n     \
                 \"{origin}/auth/verify/{}{scope}\"",
                application.slug
            ),
        ),
        snippet(
            "The application asks",
            format!(
                "curl -u \"{}:$CLIENT_SECRET\" \\\n     \
                 -d token=\"$TOKEN\" \\\n     \
                 {origin}/oauth/introspect",
                application.uuid
            ),
        ),
    ]
}
