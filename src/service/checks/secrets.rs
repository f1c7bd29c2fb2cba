//! Which secrets there may be in the embedded store: one that nobody has is told without a look into it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use arc_swap::ArcSwapOption;
use fastbloom::AtomicBloomFilter;
use std::hash::RandomState;

use crate::model::tokens::HashedToken;

/// How often a secret that nobody has is looked up all the same.
const FALSE_POSITIVES: f64 = 0.001;
/// How many secrets there is room for at least.
const LEAST: usize = 10_000;

/// A Bloom filter over all secrets, while there is one.
pub(super) struct Secrets {
    filter: ArcSwapOption<Filter>,
    wanted: SyncSender<()>,
}

/// A filter, which is asked only when it is whole.
pub(super) struct Filter {
    bits: AtomicBloomFilter<RandomState>,
    room: usize,
    taken: AtomicUsize,
    whole: AtomicBool,
}

impl Secrets {
    /// Without a filter; whoever makes one hears when it is wanted.
    pub fn new() -> (Self, Receiver<()>) {
        let (wanted, hears) = sync_channel(1);
        (Self { filter: ArcSwapOption::empty(), wanted }, hears)
    }

    /// Whether this secret may be one of the store's, as of the last change that was added.
    pub fn may_have(&self, secret: &HashedToken) -> bool {
        let filter = self.filter.load();
        filter.as_ref().is_none_or(|filter| !filter.whole.load(Ordering::Acquire) || filter.bits.contains(secret))
    }

    /// Whether secrets of changed tokens are to be added at all.
    pub fn is_kept(&self) -> bool {
        self.filter.load().is_some()
    }

    /// Adds secrets. Where there is no room for them, another filter is wanted.
    pub fn add(&self, secrets: &[HashedToken]) {
        if let Some(filter) = &*self.filter.load()
            && !filter.add(secrets)
        {
            self.forget();
        }
    }

    /// Does without the filter until there is another one.
    pub fn forget(&self) {
        if self.filter.swap(None).is_some() {
            // Where one is wanted already, that will do.
            let _ = self.wanted.try_send(());
        }
    }

    /// Keeps a filter with room for so many secrets and as many again. It counts once it is whole.
    pub fn keep(&self, secrets: usize) -> Arc<Filter> {
        let room = secrets.saturating_mul(2).max(LEAST);
        let bits = AtomicBloomFilter::with_false_pos(FALSE_POSITIVES).hasher(RandomState::new()).expected_items(room);
        let filter = Arc::new(Filter { bits, room, taken: AtomicUsize::new(0), whole: AtomicBool::new(false) });
        self.filter.store(Some(filter.clone()));
        filter
    }
}

impl Filter {
    /// Adds secrets; whether there is room for them.
    pub fn add(&self, secrets: &[HashedToken]) -> bool {
        for secret in secrets {
            self.bits.insert(secret);
        }
        self.taken.fetch_add(secrets.len(), Ordering::Relaxed) + secrets.len() <= self.room
    }

    /// All secrets are in it.
    pub fn is_whole(&self) {
        self.whole.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(n: u32) -> HashedToken {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        HashedToken(bytes)
    }

    #[test]
    fn nothing_is_told_before_the_filter_is_whole_and_no_secret_is_missed_after() {
        let (secrets, _hears) = Secrets::new();
        assert!(secrets.may_have(&secret(1)) && !secrets.is_kept());
        let filter = secrets.keep(1);
        assert!(secrets.may_have(&secret(1)), "half of a filter says nothing");
        let all: Vec<_> = (0..5_000).map(secret).collect();
        assert!(filter.add(&all));
        filter.is_whole();
        assert!(all.iter().all(|known| secrets.may_have(known)));
        let others = (10_000..20_000).filter(|n| secrets.may_have(&secret(*n))).count();
        assert!(others < 100, "{others} of 10,000 are taken for known ones");
        secrets.add(&[secret(30_000)]);
        assert!(secrets.may_have(&secret(30_000)));
    }

    #[test]
    fn another_filter_is_wanted_where_there_is_no_room() {
        let (secrets, hears) = Secrets::new();
        secrets.keep(0).is_whole();
        assert!(!secrets.may_have(&secret(1)));
        secrets.add(&(0..=10_000).map(secret).collect::<Vec<_>>());
        assert!(!secrets.is_kept() && secrets.may_have(&secret(70_000)) && hears.try_recv().is_ok());
    }
}
