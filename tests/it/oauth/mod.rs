//! What applications and the proxies before them are told of tokens.

mod cached;
mod introspect;
mod kept;
mod proxies;
mod revoke;
mod several;
mod verify;

use latchkey::model::ids::{ApplicationId, RoleId, TeamId, UserId};
use latchkey::model::roles::OrgRole;
use latchkey::model::tokens::Overlap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::support::TestApp;

/// An application that a team may use, and a service account of that team with a token for it.
pub struct Scene<'a> {
    pub app: &'a TestApp,
    pub team: TeamId,
    pub reports: ApplicationId,
    pub job: UserId,
    pub token: String,
    client: Client,
}

/// What was answered.
pub struct Told {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Told {
    async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Self { status, headers, body: serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null) }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl<'a> Scene<'a> {
    /// The application `reports` with the scopes `read`, `write` and `admin`, which the team Data may use; the account API Access is its
    /// Maintainer and has a token for the first two.
    pub fn new(app: &'a TestApp) -> Self {
        let home = app.team("Platform");
        let team = app.team("Data");
        let scopes = ["read read", "write write", "admin admin"];
        let reports = app.opened("reports", home, &scopes, &[team]);
        let job = app.service("API Access", OrgRole::Member, &[(team, RoleId::MAINTAINER)]);
        let token = app.token(job, "reports:read reports:write");
        // Kept connections, since proxies keep theirs.
        Self { app, team, reports, job, token, client: Client::new() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.app.url))
    }

    /// Asks as a proxy before `reports` does.
    pub async fn verify(&self, token: &str) -> Told {
        self.verify_at("/auth/verify/reports", token).await
    }

    pub async fn verify_at(&self, path: &str, token: &str) -> Told {
        Told::of(self.request(Method::GET, path).bearer_auth(token)).await
    }

    /// A form that is posted by an application.
    pub fn form(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::POST, path).form(form)
    }

    /// The id outside by which an application is known.
    pub fn client_id(&self, application: ApplicationId) -> String {
        self.app.write(|cx| latchkey::service::applications::find(cx, application)).uuid.to_string()
    }

    /// A new secret of an application, with nothing left of the one before.
    pub fn secret(&self, application: ApplicationId) -> String {
        self.app.application_secret(application, Overlap::None)
    }
}
