//! Access tokens: how they are written, kept and aged.

use std::collections::BTreeSet;

use time::{Date, Duration, OffsetDateTime, Time};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::error::FieldError;
use super::ids::{TeamId, TokenId, UserId};
use super::permissions::PermissionSet;
use super::roles::words;
use super::users::Kind;
use crate::base::{crypto, random};

const RANDOM_LEN: usize = 32;
const CHECKSUM_LEN: usize = 6;

words! {
    /// What kind of token it is; it follows from the account's kind.
    TokenType: "a type of token" {
        /// A person's.
        Personal = "Personal",
        /// A service account's.
        Service = "Service",
        /// An AI agent's.
        Agent = "Agent",
    }
}

impl TokenType {
    /// What tokens of this type begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Personal => "lk_pat_",
            Self::Service => "lk_svc_",
            Self::Agent => "lk_agt_",
        }
    }
}

impl From<Kind> for TokenType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Person => Self::Personal,
            Kind::Service => Self::Service,
            Kind::Agent => Self::Agent,
        }
    }
}

/// A token as its user's programs send it. It exists while it is made and while it is checked, is wiped when dropped,
/// and has neither `Debug` nor `Serialize`.
pub struct PlainToken(Zeroizing<String>);

/// All that is kept of a token's secret.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedToken(pub [u8; 32]);

impl PlainToken {
    /// Makes a token from the operating system's randomness.
    pub fn generate(kind: TokenType) -> Self {
        let body = Zeroizing::new(format!("{}{}", kind.prefix(), *Zeroizing::new(random::base62(RANDOM_LEN))));
        let checksum = checksum(&body);
        Self(Zeroizing::new(format!("{}{checksum}", *body)))
    }

    /// Reads a token as it was sent. One with a typing mistake is found by its checksum, before any look-up.
    pub fn parse(text: &str) -> Option<Self> {
        let kind = TokenType::ALL.iter().find(|kind| text.starts_with(kind.prefix()))?;
        let right_length = text.len() == kind.prefix().len() + RANDOM_LEN + CHECKSUM_LEN;
        if !text.is_ascii() || !right_length {
            return None;
        }
        let (body, sum) = text.split_at(text.len() - CHECKSUM_LEN);
        (checksum(body) == sum).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The token itself, for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept: 190 random bits need no salt and no work factor.
    pub fn hash(&self) -> HashedToken {
        HashedToken(crypto::sha256(self.0.as_bytes()))
    }

    /// What tells tokens apart on pages: the prefix and the last four characters, which belong to the checksum.
    pub fn hint(&self) -> String {
        let prefix = TokenType::ALL.iter().map(|kind| kind.prefix()).find(|prefix| self.0.starts_with(prefix));
        format!("{}…{}", prefix.unwrap_or_default(), &self.0[self.0.len() - 4..])
    }
}

/// CRC-32 (ISO 3309) of `body` in six base-62 digits.
fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes()) as usize;
    let mut digits = [b'0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = random::BASE62[rest % 62];
        rest /= 62;
    }
    digits.iter().map(|byte| char::from(*byte)).collect()
}

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id inside and in REST.
    pub id: TokenId,
    /// Its id outside.
    pub uuid: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// Unique among the account's tokens that are not revoked, without regard to case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// From the account's kind when it was made.
    pub kind: TokenType,
    /// Whether it acts as an Admin.
    pub global_admin: bool,
    /// What it may be used for.
    pub scopes: PermissionSet,
    /// The teams it is limited to.
    pub teams: Option<BTreeSet<TeamId>>,
    /// Prefix and last four.
    pub hint: String,
    /// When it ends.
    pub expires_at: Option<OffsetDateTime>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Its last use.
    pub last_use: Option<LastUse>,
    /// When it was revoked.
    pub revoked_at: Option<OffsetDateTime>,
    /// Counts changes, for `If-Match` and for two people editing at once.
    pub version: i64,
}

/// When and from where a token was last used. Kept to the minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When.
    pub at: OffsetDateTime,
    /// From which address.
    pub address: Option<String>,
    /// By which program.
    pub user_agent: Option<String>,
}

words! {
    /// How a token stands.
    TokenState: "a state" {
        /// Good.
        Active = "Active",
        /// Good, for 20 days at most.
        Expiring = "Expiring",
        /// Its time is over.
        Expired = "Expired",
        /// Ended for good.
        Revoked = "Revoked",
    }
}

/// How long before its end a token counts as expiring.
pub const EXPIRING_WITHIN: Duration = Duration::days(20);

impl Token {
    /// How it stands at `now`.
    pub fn state(&self, now: OffsetDateTime) -> TokenState {
        match (self.revoked_at, self.expires_at) {
            (Some(_), _) => TokenState::Revoked,
            (None, Some(end)) if end <= now => TokenState::Expired,
            (None, Some(end)) if end - now <= EXPIRING_WITHIN => TokenState::Expiring,
            _ => TokenState::Active,
        }
    }

    /// Whether it is good at `now`.
    pub fn is_usable(&self, now: OffsetDateTime) -> bool {
        matches!(self.state(now), TokenState::Active | TokenState::Expiring)
    }

    /// Whether it could be used for anything that it could not be used for when it was `before`: for another scope, even one
    /// that sleeps, or in another team. What is neither cannot do more either, as scopes and teams only ever take away.
    pub fn is_wider_than(&self, before: &Self) -> bool {
        let other_teams = match (&before.teams, &self.teams) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(before), Some(now)) => !now.is_subset(before),
        };
        let other_scopes = !self.scopes.without(before.scopes).is_empty();
        other_teams || other_scopes || (self.global_admin && !before.global_admin)
    }
}

/// What a list of users tells of each one's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many are good.
    pub usable: i64,
    /// How many of those never expire.
    pub endless: i64,
    /// When the first of those ends, where that is soon.
    pub soonest_end: Option<OffsetDateTime>,
    /// How many of those end soon.
    pub ending: i64,
}

/// How long a new token is to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// So many days from now.
    Days(i64),
    /// Through this day, in UTC.
    Through(Date),
    /// Until this moment.
    Until(OffsetDateTime),
    /// Without end.
    Never,
}

/// What is allowed of new tokens: one policy for every path that makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The longest life, in days.
    pub max_days: Option<i64>,
    /// Whether a token may live without end.
    pub allow_never: bool,
}

impl Policy {
    /// Whether tokens without end may be made; a longest life rules them out.
    pub fn never_allowed(&self) -> bool {
        self.allow_never && self.max_days.is_none()
    }

    /// When a token with this lifetime ends.
    ///
    /// # Errors
    /// A life that has passed or that policy forbids, at `field`.
    pub fn end_of(
        &self,
        life: Lifetime,
        now: OffsetDateTime,
        field: &str,
    ) -> Result<Option<OffsetDateTime>, FieldError> {
        let fail = |message: String| Err(FieldError::new(field, message));
        let end = match life {
            Lifetime::Never if self.never_allowed() => return Ok(None),
            Lifetime::Never => return fail("Tokens must expire here. Choose a date.".into()),
            Lifetime::Days(days) if days < 1 => return fail("Choose at least one day.".into()),
            Lifetime::Days(days) => Duration::days(1)
                .checked_mul(i32::try_from(days).unwrap_or(i32::MAX))
                .and_then(|life| now.checked_add(life)),
            Lifetime::Through(day) => day.next_day().map(|next| next.with_time(Time::MIDNIGHT).assume_utc()),
            Lifetime::Until(end) => Some(end),
        };
        let Some(end) = end.filter(|end| end.year() < 10_000) else {
            return fail("That is too far in the future.".into());
        };
        if end <= now {
            return fail("Choose a date in the future.".into());
        }
        match self.max_days {
            // A day given by its date ends at midnight, so the last allowed day is allowed whole.
            Some(days) if end > now + Duration::days(days + i64::from(matches!(life, Lifetime::Through(_)))) => {
                fail(format!("Tokens may live for at most {days} days here."))
            }
            _ => Ok(Some(end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn a_token_is_read_back_and_a_mistyped_one_is_not() {
        for kind in TokenType::ALL {
            let token = PlainToken::generate(*kind);
            let text = token.reveal().to_owned();
            assert_eq!(text.len(), 7 + 32 + 6);
            assert!(PlainToken::parse(&text).is_some_and(|read| read.hash() == token.hash()));
            for at in 0..text.len() {
                let mut wrong = text.clone().into_bytes();
                wrong[at] = if wrong[at] == b'a' { b'b' } else { b'a' };
                assert!(PlainToken::parse(std::str::from_utf8(&wrong).unwrap()).is_none(), "at {at}");
            }
        }
        for nonsense in ["", "lk_svc_", "lk_svc_é", "Bearer", "lk_svc_7Qm2Zt0vK9dYx4LwB1nRcE6sHa3uJp8F2xKq9D"] {
            assert!(PlainToken::parse(nonsense).is_none());
        }
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        // The check value of CRC-32 (ISO 3309) for these nine digits is 0xCBF43926.
        let digits = checksum("123456789");
        let value = digits.bytes().fold(0_u64, |sum, digit| {
            sum * 62 + random::BASE62.iter().position(|known| *known == digit).unwrap() as u64
        });
        assert_eq!((digits.len(), value), (6, 0xCBF4_3926));
    }

    #[test]
    fn policy_limits_every_way_to_say_how_long() {
        let now = datetime!(2026-11-22 10:00 UTC);
        let free = Policy { max_days: None, allow_never: true };
        assert_eq!(free.end_of(Lifetime::Never, now, "expires"), Ok(None));
        assert_eq!(
            free.end_of(Lifetime::Through(date!(2026 - 11 - 22)), now, "e"),
            Ok(Some(datetime!(2026-11-23 0:00 UTC)))
        );
        assert!(free.end_of(Lifetime::Through(date!(2026 - 11 - 21)), now, "e").is_err());
        assert!(free.end_of(Lifetime::Days(0), now, "e").is_err());
        assert!(free.end_of(Lifetime::Days(i64::MAX), now, "e").is_err());
        let strict = Policy { max_days: Some(365), allow_never: true };
        assert!(strict.end_of(Lifetime::Never, now, "e").is_err());
        assert!(strict.end_of(Lifetime::Days(365), now, "e").is_ok());
        assert!(strict.end_of(Lifetime::Days(366), now, "e").is_err());
        assert!(strict.end_of(Lifetime::Until(datetime!(2030-01-01 0:00 UTC)), now, "e").is_err());
        assert!(strict.end_of(Lifetime::Through(date!(2027 - 11 - 22)), now, "e").is_ok());
        assert!(strict.end_of(Lifetime::Through(date!(2027 - 11 - 23)), now, "e").is_err());
    }

    fn limited(scopes: &str, teams: Option<&[i64]>) -> Token {
        let now = datetime!(2026-11-22 10:00 UTC);
        Token {
            id: TokenId(1),
            uuid: Uuid::nil(),
            user: UserId(1),
            name: "ci".into(),
            description: String::new(),
            kind: TokenType::Service,
            global_admin: false,
            scopes: scopes.parse().unwrap(),
            teams: teams.map(|ids| ids.iter().copied().map(TeamId).collect()),
            hint: String::new(),
            expires_at: None,
            created_by: String::new(),
            created_at: now,
            last_use: None,
            revoked_at: None,
            version: 1,
        }
    }

    #[test]
    fn another_scope_or_another_team_is_wider_and_less_is_not() {
        let before = limited("users:read teams:read", Some(&[7, 8]));
        for wider in [
            limited("users:read teams:read audit:read", Some(&[7, 8])),
            limited("audit:read", Some(&[7])),
            limited("users:read", Some(&[7, 9])),
            limited("users:read", None),
            Token { global_admin: true, ..limited("", None) },
        ] {
            assert!(wider.is_wider_than(&before), "{wider:?}");
        }
        for not in [before.clone(), limited("users:read", Some(&[7])), limited("", Some(&[])), limited("", Some(&[8]))]
        {
            assert!(!not.is_wider_than(&before), "{not:?}");
        }
        let unlimited = limited("users:read", None);
        assert!(!limited("users:read", Some(&[7])).is_wider_than(&unlimited), "any limit is less than none");
        let root = Token { global_admin: true, ..limited("", None) };
        assert!(!limited("", None).is_wider_than(&root), "taking it away only takes away");
        assert!(limited("users:read", None).is_wider_than(&root), "what it is left with is given anew");
    }
}
