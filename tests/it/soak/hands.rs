//! What the set has in its hands: passwords, tokens, links, mailboxes.

use std::collections::BTreeSet;

use latchkey::base::secret::Secret;
use latchkey::model::ids::{TokenId, UserId};
use latchkey::model::links::Purpose;
use latchkey::model::permissions::{PermissionSet, Resource};
use latchkey::service::tokens::Minted;

use super::power::{Power, Reading};

/// Where the set gets its mail. Forgotten passwords go by mail, so whoever has an account's address has the account.
pub const MAILBOX: &str = "@taken.example";

#[derive(Clone)]
pub struct KnownToken {
    pub id: TokenId,
    pub plain: Secret,
    /// Which of the token's secrets it is.
    hint: String,
    /// The scopes that somebody outside the set put on it.
    given: PermissionSet,
}

impl KnownToken {
    /// One that the set made.
    pub fn made(minted: &Minted) -> Self {
        Self { given: PermissionSet::EMPTY, ..Self::given(minted) }
    }

    /// One that somebody outside the set made.
    pub fn given(minted: &Minted) -> Self {
        let plain = Secret::new(minted.plain.reveal().to_owned());
        Self { id: minted.token.id, plain, hint: minted.token.hint.clone(), given: minted.token.scopes }
    }
}

#[derive(Clone)]
pub struct KnownLink {
    /// Its row, once it was looked up.
    pub id: i64,
    pub user: UserId,
    pub purpose: Purpose,
    pub secret: Secret,
}

/// A way in.
#[derive(Clone)]
pub enum Key {
    Password(UserId),
    Token(KnownToken),
}

#[derive(Clone, Default)]
pub struct Hands {
    pub passwords: BTreeSet<UserId>,
    pub tokens: Vec<KnownToken>,
    pub links: Vec<KnownLink>,
}

/// What a step taught the set.
pub enum Learned {
    Token(KnownToken),
    Link(UserId, Purpose, Secret),
    Password(UserId),
}

impl Hands {
    /// Takes in what was learnt; `reading` is of after the step.
    pub fn learn(&mut self, learned: Vec<Learned>, reading: &Reading) {
        for one in learned {
            match one {
                Learned::Token(token) => self.tokens.push(token),
                Learned::Password(user) => drop(self.passwords.insert(user)),
                Learned::Link(user, purpose, secret) => {
                    let of_user = reading.links.iter().filter(|(_, (of, _))| *of == user).map(|(id, _)| *id);
                    let id = of_user.max().expect("a link that was handed out is kept");
                    self.links.push(KnownLink { id, user, purpose, secret });
                }
            }
        }
    }

    /// Every way in that may still be good.
    pub fn keys(&self, reading: &Reading) -> Vec<Key> {
        let people = self.passwords.iter().filter(|id| reading.accounts.contains_key(id)).map(|id| Key::Password(*id));
        let tokens = self.tokens.iter().filter(|token| reading.tokens.get(&token.id).is_some_and(|pass| !pass.revoked));
        people.chain(tokens.cloned().map(Key::Token)).collect()
    }

    /// What one way in gives at `now`; `None` where it is not good.
    pub fn by_key(key: &Key, reading: &Reading, now: i64) -> Option<Power> {
        match key {
            Key::Password(user) => reading.by_password(*user),
            Key::Token(token) => reading.by_token(token.id, &token.hint, now),
        }
    }

    /// All that the set controls at `now` by passwords, mailboxes and tokens. Links end when their account grows, so what an
    /// account is given is not given to whoever had a link for it.
    pub fn lasting(&self, reading: &Reading, now: i64) -> Power {
        let mut power = Power::default();
        for key in self.keys(reading) {
            Self::by_key(&key, reading, now).iter().for_each(|more| power.add(more));
        }
        for (id, account) in &reading.accounts {
            if account.email.ends_with(MAILBOX) {
                reading.by_link(*id).iter().for_each(|more| power.add(more));
            }
        }
        power
    }

    /// In words, the scopes that the set put on tokens and that it holds nowhere: they sleep until somebody outside makes an
    /// account grow. A machine's own things are whoever manages it.
    pub fn laid_by(&self, reading: &Reading, ceiling: &Power) -> Option<String> {
        let known = self.tokens.iter().filter_map(|token| Some((token, reading.tokens.get(&token.id)?)));
        let mut beyond = known.map(|(token, pass)| {
            let had = token.given.or(ceiling.anywhere()).or(PermissionSet::all_of(&[Resource::Own]));
            (token.id, pass.scopes.without(had))
        });
        beyond.find(|(_, scopes)| !scopes.is_empty()).map(|(id, scopes)| format!("{scopes} on token {id}"))
    }

    /// All that the set controls at `now`.
    pub fn control(&self, reading: &Reading, now: i64) -> Power {
        let mut power = self.lasting(reading, now);
        for link in &self.links {
            if reading.links.get(&link.id).is_some_and(|(_, ends)| *ends > now) {
                reading.by_link(link.user).iter().for_each(|more| power.add(more));
            }
        }
        power
    }
}
