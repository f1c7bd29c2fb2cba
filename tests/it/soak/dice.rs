//! Numbers that proptest throws, and shrinks towards 0; each choice takes the next one.

use std::collections::BTreeSet;

use latchkey::model::permissions::{Permission, PermissionSet, Resource};
use latchkey::model::roles::{AppLevel, Grants};

pub struct Dice {
    thrown: Vec<u32>,
    at: usize,
}

impl Dice {
    pub fn new(thrown: &[u32]) -> Self {
        Self { thrown: thrown.to_vec(), at: 0 }
    }

    pub fn next(&mut self) -> u32 {
        self.at += 1;
        self.thrown.get(self.at - 1).copied().unwrap_or_default()
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end.max(1)
    }

    pub fn once_in(&mut self, n: u32) -> bool {
        self.next() % n == n - 1
    }

    /// One of `from`, which is not empty.
    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// One of those, where there is any.
    pub fn any<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| self.pick(from))
    }

    /// Some of `from`.
    pub fn some<T: Ord + Copy>(&mut self, from: &[T]) -> BTreeSet<T> {
        let bits = self.next();
        from.iter().enumerate().filter(|(at, _)| bits >> (at % 32) & 1 == 1).map(|(_, one)| *one).collect()
    }

    /// Some permissions of `from`.
    pub fn permissions(&mut self, from: PermissionSet) -> PermissionSet {
        let bits = u64::from(self.next()) << 32 | u64::from(self.next());
        let all = Permission::all().enumerate();
        all.filter(|(at, permission)| bits >> at & 1 == 1 && from.has(*permission)).map(|(_, one)| one).collect()
    }

    /// What a custom role might give.
    pub fn grants(&mut self) -> Grants {
        let of_teams = PermissionSet::everything().without(PermissionSet::all_of(&[
            Resource::Users,
            Resource::Roles,
            Resource::Settings,
            Resource::Own,
        ]));
        Grants { permissions: self.permissions(of_teams), level: self.pick(AppLevel::ALL) }
    }
}
