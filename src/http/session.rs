//! actix-session's store over our own table: the key is 256 random bits, and only its hash is kept.

use std::collections::HashMap;

use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionExt, SessionMiddleware};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::ServiceRequest;
use serde::{Deserialize, Serialize};

use super::{Data, blocking};
use crate::base::random;
use crate::model::actor::Origin;
use crate::model::ids::{SessionId, UserId};
use crate::model::{Error, Result};
use crate::service::{App, Caller, sessions};

type State = HashMap<String, String>;

/// Who has just logged in; present only in the state that opens the session.
const LOGIN: &str = "login";
/// Which row of the store the session is; put in when it is loaded, and never kept.
const ROW: &str = "row";
const FLASH: &str = "flash";

/// The cookie's name: with `__Host-` under TLS, which browsers accept only from this host and only secure.
pub fn cookie_name(app: &App) -> &'static str {
    if app.config.is_tls() { "__Host-latchkey" } else { "latchkey" }
}

/// The session middleware of the pages.
pub fn middleware(app: &Data) -> SessionMiddleware<Store> {
    let life = PersistentSession::default()
        .session_ttl(Duration::hours(app.config.session_hours))
        .session_ttl_extension_policy(TtlExtensionPolicy::OnStateChanges);
    SessionMiddleware::builder(Store(app.clone()), Key::from(app.cookie_key()))
        .cookie_name(cookie_name(app).to_owned())
        .cookie_secure(app.config.is_tls())
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(life)
        .build()
}

/// The typed face of a session: handlers never see its keys.
pub struct Typed(pub(super) Session);

#[derive(Serialize, Deserialize)]
struct Login {
    user: UserId,
    address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
}

/// What the next page tells about what was just done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flash {
    /// `good`, `caution` or `danger`.
    pub kind: String,
    /// One or two sentences.
    pub text: String,
}

impl Typed {
    /// The session of a request.
    pub fn of(request: &ServiceRequest) -> Self {
        Self(request.get_session())
    }

    /// The store's row of this session.
    pub fn row(&self) -> Option<SessionId> {
        self.0.get(ROW).ok().flatten()
    }

    /// Has the answer open a session, with a new id, for someone who has just shown their password.
    ///
    /// # Errors
    /// A fault.
    pub fn log_in(&self, user: UserId, origin: &Origin) -> Result<()> {
        let Origin { address, user_agent, request_id, .. } = origin.clone();
        self.0.clear();
        self.0.renew();
        self.0.insert(LOGIN, Login { user, address, user_agent, request_id }).map_err(Error::internal)
    }

    /// Has the answer end the session and remove the cookie.
    pub fn end(&self) {
        self.0.purge();
    }

    /// Has the next page say something.
    ///
    /// # Errors
    /// A fault.
    pub fn flash(&self, kind: &str, text: impl Into<String>) -> Result<()> {
        self.0.insert(FLASH, Flash { kind: kind.into(), text: text.into() }).map_err(Error::internal)
    }

    /// What this page has to say, once.
    pub fn take_flash(&self) -> Option<Flash> {
        self.0.get::<Flash>(FLASH).ok().flatten().inspect(|_| {
            self.0.remove(FLASH);
        })
    }
}

/// The store of sessions.
#[derive(Clone)]
pub struct Store(Data);

impl SessionStore for Store {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let (app, key) = (self.0.clone(), key.as_ref().to_owned());
        let found = match sessions::look_up(&app, &key) {
            Some(found) => found,
            None => blocking::run(move || sessions::load(&app, &key)).await,
        };
        let found = found.map_err(|error| LoadError::Other(error.into()))?;
        let Some((session, data)) = found else { return Ok(None) };
        let mut state: State = serde_json::from_str(&data).map_err(|error| LoadError::Deserialization(error.into()))?;
        state.insert(ROW.into(), session.id.to_string());
        Ok(Some(state))
    }

    async fn save(&self, mut state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        let login = state.remove(LOGIN).and_then(|text| serde_json::from_str::<Login>(&text).ok());
        let Some(login) = login else {
            // Only those who log in have a session; what a visitor's page wanted to remember is let go.
            return key(String::new()).map_err(SaveError::Other);
        };
        let data = data(state).map_err(SaveError::Serialization)?;
        let secret = random::secret();
        let (app, opened) = (self.0.clone(), secret.clone());
        let origin = Origin {
            address: login.address,
            user_agent: login.user_agent,
            request_id: login.request_id,
            operation: None,
        };
        blocking::run(move || sessions::open(&app, &Caller::nobody(origin), opened.reveal(), login.user, &data))
            .await
            .map_err(|error| SaveError::Other(error.into()))?;
        key(secret.reveal().to_owned()).map_err(SaveError::Other)
    }

    async fn update(&self, key: SessionKey, state: State, ttl: &Duration) -> Result<SessionKey, UpdateError> {
        let data = data(state.clone()).map_err(UpdateError::Serialization)?;
        let (app, name) = (self.0.clone(), key.as_ref().to_owned());
        let kept = blocking::run(move || sessions::save(&app, &name, &data)).await;
        match kept {
            Ok(true) => Ok(key),
            // It ended while the page was being made.
            Ok(false) => self.save(state, ttl).await.map_err(|error| UpdateError::Other(error.into())),
            Err(error) => Err(UpdateError::Other(error.into())),
        }
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let (app, key) = (self.0.clone(), key.as_ref().to_owned());
        Ok(blocking::run(move || sessions::close(&app, &key)).await?)
    }
}

fn key(text: String) -> Result<SessionKey, anyhow::Error> {
    SessionKey::try_from(text).map_err(|error| anyhow::anyhow!("{error}"))
}

fn data(mut state: State) -> Result<String, anyhow::Error> {
    state.remove(ROW);
    state.remove(LOGIN);
    Ok(serde_json::to_string(&state)?)
}
