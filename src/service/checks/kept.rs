//! What checks found out, kept in memory within a bound: applications, tokens and accounts as they were read, and what came of a token
//! for an application, each with the change after which it was read.

use std::mem::size_of;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use time::OffsetDateTime;

use super::changed::{Changed, Stamp};
use super::packed::Packed;
use super::secrets::Secrets;
use super::{Answer, Heard, Question, Verdict};
use crate::model::Result;
use crate::model::checks::{AccountFacts, Addressee, Audience, TokenFacts};
use crate::model::ids::{ApplicationId, UserId};
use crate::model::tokens::HashedToken;
use crate::service::metrics::{Counted, Metrics};
use crate::store::checks::Changes;

/// Which parts of the bound, in sixteenths, are for tokens and for their accounts. What is left is for applications and verdicts.
const TOKENS: u64 = 12;
const ACCOUNTS: u64 = 2;
/// About what the cache takes for each thing it keeps, besides its key and its value.
const PLACE: usize = 24;

type Key = (HashedToken, ApplicationId);

/// An account, and the change after which it was read.
struct Account {
    facts: Arc<AccountFacts>,
    stamp: i64,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Arc<Verdict>> for Bytes {
    fn weight(&self, _: &Key, verdict: &Arc<Verdict>) -> u64 {
        (size_of::<(Key, Arc<Verdict>)>() + PLACE + verdict.weight()) as u64
    }
}

impl Weighter<HashedToken, Packed> for Bytes {
    fn weight(&self, _: &HashedToken, packed: &Packed) -> u64 {
        (size_of::<(HashedToken, Packed)>() + PLACE + packed.len().next_multiple_of(16)) as u64
    }
}

impl Weighter<UserId, Arc<Account>> for Bytes {
    fn weight(&self, _: &UserId, account: &Arc<Account>) -> u64 {
        let facts = size_of::<AccountFacts>() + account.facts.username.len() + account.facts.roles.len() * 16;
        (size_of::<(UserId, Account)>() + PLACE + 64 + facts) as u64
    }
}

impl Weighter<Box<str>, Arc<Heard>> for Bytes {
    fn weight(&self, name: &Box<str>, heard: &Arc<Heard>) -> u64 {
        (size_of::<(Box<str>, Heard)>() + PLACE + name.len() + heard.audience.weight()) as u64
    }
}

type Weighed<K, V> = Cache<K, V, Bytes>;

/// A cache of so many bytes, of things that usually take so many. Nothing is remembered of what had to go.
fn cache<K: Eq + std::hash::Hash, V: Clone>(bytes: u64, usual: u64) -> Weighed<K, V>
where
    Bytes: Weighter<K, V>,
{
    let options = OptionsBuilder::new()
        .weight_capacity(bytes)
        .estimated_items_capacity(usize::try_from(bytes / usual).unwrap_or(usize::MAX).max(1))
        .ghost_allocation(0.0)
        .build();
    match options {
        Ok(options) => Cache::with_options(options, Bytes, DefaultHashBuilder::default(), DefaultLifecycle::default()),
        Err(_) => Cache::with_weighter(1, bytes, Bytes),
    }
}

/// Only what the store knows is kept: nobody fills the memory with tokens that they make up.
pub(super) struct Kept {
    applications: Weighed<Box<str>, Arc<Heard>>,
    verdicts: Weighed<Key, Arc<Verdict>>,
    tokens: Weighed<HashedToken, Packed>,
    accounts: Weighed<UserId, Arc<Account>>,
    changed: Changed,
    pub secrets: Secrets,
    pub metrics: Arc<Metrics>,
    issuer: String,
}

/// What memory says of a secret.
enum Known {
    /// What it is good for.
    Verdict(Arc<Verdict>),
    /// Nobody has it.
    Nobody,
    /// Nothing.
    Nothing,
}

impl Kept {
    /// Keeps at most so many bytes.
    pub fn new(bytes: u64, metrics: Arc<Metrics>, secrets: Secrets, issuer: String) -> Self {
        let (tokens, accounts) = (bytes / 16 * TOKENS, bytes / 16 * ACCOUNTS);
        let rest = (bytes - tokens - accounts) / 2;
        Self {
            applications: cache(rest, 2_000),
            verdicts: cache(rest, 1_200),
            tokens: cache(tokens, 136),
            accounts: cache(accounts, 240),
            changed: Changed::default(),
            secrets,
            metrics,
            issuer,
        }
    }

    /// What is known of a question at this revision; `None` where some of it has to be read.
    pub fn answer(&self, question: &Question<'_>, revision: i64) -> Option<Answer> {
        let application = self.application(&question.application, revision)?;
        let verdict = match &question.secret {
            None => None,
            Some(secret) => match self.known(secret, &application, revision) {
                Known::Verdict(verdict) => Some(verdict),
                Known::Nobody => None,
                Known::Nothing => return None,
            },
        };
        self.metrics.hits.inc();
        Some(Answer { application: Some(application), verdict })
    }

    /// The counters of an application that is kept, however old; those of none where it is not.
    pub fn counted(&self, application: &str) -> Counted {
        self.applications.get(application).map_or_else(|| self.metrics.unknown.clone(), |heard| heard.counted.clone())
    }

    fn application(&self, name: &str, revision: i64) -> Option<Arc<Heard>> {
        self.applications.get(name).filter(|heard| self.changed.holds(&heard.stamp, revision))
    }

    fn known(&self, secret: &HashedToken, heard: &Heard, revision: i64) -> Known {
        let key = (secret.clone(), heard.audience.id);
        if let Some(verdict) = self.verdicts.get(&key).filter(|verdict| verdict.holds(&self.changed, revision)) {
            return Known::Verdict(verdict);
        }
        let facts = self.tokens.get(secret).and_then(|packed| packed.open());
        if let Some((_, facts)) = facts.filter(|(stamp, facts)| self.changed.holds_token(*stamp, facts.id)) {
            let account = self.accounts.get(&facts.user);
            if let Some(account) = account.filter(|account| self.changed.holds_user(account.stamp, facts.user)) {
                return Known::Verdict(self.judge(key, (facts, account.facts.clone()), heard, revision));
            }
        }
        if self.secrets.may_have(secret) { Known::Nothing } else { Known::Nobody }
    }

    fn judge(
        &self,
        key: Key,
        (facts, account): (TokenFacts, Arc<AccountFacts>),
        heard: &Heard,
        revision: i64,
    ) -> Arc<Verdict> {
        let verdict = Arc::new(Verdict::of(facts, account, heard, revision));
        self.verdicts.insert(key, verdict.clone());
        verdict
    }

    /// Reads what is not known of a question at this revision, and keeps it.
    pub fn read(
        &self,
        question: &Question<'_>,
        revision: i64,
        audience: impl FnOnce(&str) -> Result<Option<Audience>>,
        facts: impl FnOnce(&HashedToken) -> Result<Option<(TokenFacts, AccountFacts)>>,
    ) -> Result<Answer> {
        self.metrics.misses.inc();
        let application = match self.application(&question.application, revision) {
            Some(application) => application,
            None => {
                let Some(audience) = audience(&question.application)? else {
                    return Ok(Answer { application: None, verdict: None });
                };
                self.hear(&question.application, audience, revision)
            }
        };
        let Some(secret) = &question.secret else {
            return Ok(Answer { application: Some(application), verdict: None });
        };
        let verdict = match self.known(secret, &application, revision) {
            Known::Verdict(verdict) => Some(verdict),
            Known::Nobody => None,
            Known::Nothing => facts(secret)?.map(|(token, account)| {
                let account = self.keep(secret.clone(), &token, account, revision);
                self.judge((secret.clone(), application.audience.id), (token, account), &application, revision)
            }),
        };
        Ok(Answer { application: Some(application), verdict })
    }

    fn hear(&self, name: &str, audience: Audience, revision: i64) -> Arc<Heard> {
        let counted = self.metrics.of(&audience.slug);
        let asked_at = AtomicI64::new(i64::MIN);
        let (slug, issuer) = (audience.slug.clone(), self.issuer.clone());
        let addressee = Arc::new(Addressee { slug, audience: audience.audience.clone(), issuer });
        let heard = Heard { audience, addressee, stamp: Stamp::new(revision), counted, asked_at };
        let heard = Arc::new(heard);
        self.applications.insert(name.into(), heard.clone());
        heard
    }

    fn keep(&self, secret: HashedToken, token: &TokenFacts, account: AccountFacts, revision: i64) -> Arc<AccountFacts> {
        if let Some(packed) = Packed::of(token, revision) {
            self.tokens.insert(secret, packed);
        }
        let facts = Arc::new(account);
        self.accounts.insert(facts.id, Arc::new(Account { facts: facts.clone(), stamp: revision }));
        facts
    }

    /// Keeps what was read beforehand after this revision; breaks where there is no room for more.
    pub fn fill(&self, known: Vec<(HashedToken, (TokenFacts, AccountFacts))>, revision: i64) -> ControlFlow<()> {
        for (secret, (token, account)) in known {
            self.keep(secret, &token, account, revision);
        }
        let full = self.tokens.weight() >= self.tokens.capacity() / 100 * 95;
        if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Notes in what is kept of a token when its use was last noted: the store may not know of it yet.
    pub fn noted(&self, secret: &HashedToken, at: OffsetDateTime) {
        let Some((stamp, facts)) = self.tokens.get(secret).and_then(|packed| packed.open()) else { return };
        if let Some(packed) = Packed::of(&TokenFacts { noted_at: Some(at), ..facts }, stamp) {
            self.tokens.insert(secret.clone(), packed);
        }
    }

    /// Notes changes: what they are of is read again. Where it is not known what they are of, everything is.
    pub fn note(&self, changes: &Changes) {
        self.changed.note(changes);
        if changes.of.is_none() {
            self.applications.clear();
            self.verdicts.clear();
            self.tokens.clear();
            self.accounts.clear();
        }
    }

    /// How many tokens are kept, and about how many bytes everything takes.
    pub fn size(&self) -> (u64, u64) {
        let found = self.applications.weight() + self.verdicts.weight();
        (self.tokens.len() as u64, self.tokens.weight() + self.accounts.weight() + found)
    }
}
