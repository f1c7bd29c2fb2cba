//! Figures for Prometheus, in the OpenMetrics text format.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::app::App;

/// The bounds of the histogram of latencies, in seconds: from what an answer from memory takes to what nobody should wait.
const BOUNDS: [f64; 12] =
    [0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 0.5, 2.0];

/// By which way a token was checked.
#[derive(Clone, Copy)]
pub enum Endpoint {
    /// `/auth/verify`, for proxies.
    Verify,
    /// `/oauth/introspect`, for applications.
    Introspect,
}

/// How a check ended.
#[derive(Clone, Copy)]
pub enum Outcome {
    /// The token is good there.
    Allowed,
    /// There is no token, or it is not good there.
    Refused,
    /// It is good there, but not for what was asked.
    Forbidden,
    /// Whoever asked may not ask.
    Unauthorized,
    /// The store could not be asked.
    Unavailable,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Check {
    application: String,
    endpoint: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PoolLabel {
    pool: &'static str,
}

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    checks: Family<Check, Counter>,
    seconds: Histogram,
    /// Checks that were answered from memory.
    pub(super) hits: Counter,
    /// Checks for which the store was asked.
    pub(super) misses: Counter,
    kept: Gauge,
    kept_bytes: Gauge,
    open: Family<PoolLabel, Gauge>,
    used: Family<PoolLabel, Gauge>,
    /// What is counted where no application is known.
    pub unknown: Counted,
}

/// The counters of one application, at hand without looking them up.
#[derive(Clone)]
pub struct Counted(Arc<[[Counter; OUTCOMES.len()]; ENDPOINTS.len()]>);

/// The words of [`Endpoint`], in its order.
const ENDPOINTS: [&str; 2] = ["verify", "introspect"];
/// The words of [`Outcome`], in its order.
const OUTCOMES: [&str; 5] = ["allowed", "refused", "forbidden", "unauthorized", "unavailable"];

impl Counted {
    fn of(checks: &Family<Check, Counter>, application: &str) -> Self {
        let by = |endpoint| {
            OUTCOMES.map(|outcome| {
                let check = Check { application: application.to_owned(), endpoint, outcome };
                checks.get_or_create(&check).clone()
            })
        };
        Self(Arc::new(ENDPOINTS.map(by)))
    }

    /// Counts a check.
    pub fn count(&self, endpoint: Endpoint, outcome: Outcome) {
        self.0[endpoint as usize][outcome as usize].inc();
    }
}

impl Metrics {
    /// Counts from nothing.
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("latchkey");
        let checks = Family::<Check, Counter>::default();
        let seconds = Histogram::new(BOUNDS);
        let (hits, misses) = (Counter::default(), Counter::default());
        let (kept, kept_bytes) = (Gauge::default(), Gauge::default());
        let (open, used) = (Family::<PoolLabel, Gauge>::default(), Family::<PoolLabel, Gauge>::default());
        registry.register("checks", "Checks of tokens by application, endpoint and outcome", checks.clone());
        registry.register_with_unit("check_duration", "How long checks took", Unit::Seconds, seconds.clone());
        registry.register("check_cache_hits", "Checks that were answered from memory", hits.clone());
        registry.register("check_cache_misses", "Checks for which the store was asked", misses.clone());
        registry.register("check_cache_entries", "Tokens that are kept in memory", kept.clone());
        registry.register_with_unit(
            "check_cache",
            "About how much memory all takes that is kept for checks",
            Unit::Bytes,
            kept_bytes.clone(),
        );
        registry.register("store_connections", "Connections to the store that are open, by pool", open.clone());
        registry.register(
            "store_connections_in_use",
            "Connections to the store that are in use, by pool",
            used.clone(),
        );
        let unknown = Counted::of(&checks, "unknown");
        Self { registry, checks, seconds, hits, misses, kept, kept_bytes, open, used, unknown }
    }

    /// The counters of the application of this slug.
    pub(super) fn of(&self, application: &str) -> Counted {
        Counted::of(&self.checks, application)
    }

    /// Notes how long a check took.
    pub fn took(&self, time: Duration) {
        self.seconds.observe(time.as_secs_f64());
    }
}

/// All figures at this moment, in the OpenMetrics text format.
pub fn text(app: &App) -> String {
    let metrics = &app.metrics;
    let (entries, bytes) = app.checks.size();
    metrics.kept.set(entries.try_into().unwrap_or(i64::MAX));
    metrics.kept_bytes.set(bytes.try_into().unwrap_or(i64::MAX));
    for (pool, open, used) in app.store.connections() {
        metrics.open.get_or_create(&PoolLabel { pool }).set(open.into());
        metrics.used.get_or_create(&PoolLabel { pool }).set(used.into());
    }
    let mut text = String::new();
    if encode(&mut text, &metrics.registry).is_err() {
        // Writing to memory does not fail; whatever stands there is no whole answer.
        text.clear();
        let _ = text.write_str("# EOF\n");
    }
    text
}
