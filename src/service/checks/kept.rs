//! What checks found out, kept in memory within a bound.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::{Answer, Heard, Question, Verdict};
use crate::model::Result;
use crate::model::checks::{Audience, Facts};
use crate::model::ids::ApplicationId;
use crate::model::tokens::HashedToken;
use crate::service::metrics::{Counted, Metrics};

/// How many applications are kept.
const APPLICATIONS: usize = 1_000;
/// About what a verdict takes, for the first size of the tables.
const USUAL: u64 = 900;

type Key = (HashedToken, ApplicationId);

#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Arc<Verdict>> for Bytes {
    fn weight(&self, _: &Key, verdict: &Arc<Verdict>) -> u64 {
        verdict.weight()
    }
}

/// Applications and verdicts. Only what the store knows is kept: nobody fills the memory with tokens that they make up.
pub(super) struct Kept {
    applications: Cache<Box<str>, Arc<Heard>>,
    verdicts: Cache<Key, Arc<Verdict>, Bytes>,
    pub metrics: Arc<Metrics>,
    issuer: String,
}

impl Kept {
    /// Keeps at most so many bytes of verdicts.
    pub fn new(bytes: u64, metrics: Arc<Metrics>, issuer: String) -> Self {
        let usual = usize::try_from(bytes / USUAL).unwrap_or(usize::MAX).max(1);
        Self {
            applications: Cache::new(APPLICATIONS),
            verdicts: Cache::with_weighter(usual, bytes, Bytes),
            metrics,
            issuer,
        }
    }

    /// What is known of a question at this revision; `None` where some of it has to be read.
    pub fn answer(&self, question: &Question<'_>, revision: i64) -> Option<Answer> {
        let application = self.application(&question.application, revision)?;
        let Some(secret) = &question.secret else {
            return Some(Answer { application: Some(application), verdict: None });
        };
        let known = self.verdicts.get(&(secret.clone(), application.audience.id));
        let verdict = known.filter(|verdict| verdict.revision == revision)?;
        self.metrics.hits.inc();
        Some(Answer { application: Some(application), verdict: Some(verdict) })
    }

    /// The counters of an application that is kept, however old; those of none where it is not.
    pub fn counted(&self, application: &str) -> Counted {
        self.applications.get(application).map_or_else(|| self.metrics.unknown.clone(), |heard| heard.counted.clone())
    }

    fn application(&self, name: &str, revision: i64) -> Option<Arc<Heard>> {
        self.applications.get(name).filter(|heard| heard.revision == revision)
    }

    /// Reads what is not known of a question at this revision, and keeps it.
    pub fn read(
        &self,
        question: &Question<'_>,
        revision: i64,
        audience: impl FnOnce(&str) -> Result<Option<Audience>>,
        facts: impl FnOnce(&HashedToken) -> Result<Option<Facts>>,
    ) -> Result<Answer> {
        let application = match self.application(&question.application, revision) {
            Some(application) => application,
            None => {
                let Some(audience) = audience(&question.application)? else {
                    return Ok(Answer { application: None, verdict: None });
                };
                let counted = self.metrics.of(&audience.slug);
                let heard = Arc::new(Heard { audience, revision, counted, asked_at: AtomicI64::new(i64::MIN) });
                self.applications.insert(question.application.as_ref().into(), heard.clone());
                heard
            }
        };
        let Some(secret) = &question.secret else {
            return Ok(Answer { application: Some(application), verdict: None });
        };
        let key = (secret.clone(), application.audience.id);
        let before = self.verdicts.get(&key);
        if let Some(known) = before.as_ref().filter(|verdict| verdict.revision == revision) {
            return Ok(Answer { application: Some(application), verdict: Some(known.clone()) });
        }
        self.metrics.misses.inc();
        let verdict = facts(secret)?.map(|facts| {
            let verdict = Verdict::of(&facts, &application.audience, revision, &self.issuer);
            let verdict = Arc::new(verdict.noted_as(before.as_deref()));
            self.verdicts.insert(key, verdict.clone());
            verdict
        });
        Ok(Answer { application: Some(application), verdict })
    }

    /// How many verdicts are kept, and about how many bytes they take.
    pub fn size(&self) -> (u64, u64) {
        (self.verdicts.len() as u64, self.verdicts.weight())
    }
}
