//! How long tokens may live.

use time::{Date, Duration, OffsetDateTime, Time};

use super::TokenType;
use crate::model::error::{FieldError, Problems};
use crate::model::{Error, Result};

/// How long a token lives that had no end and is renewed where tokens must have one.
const RENEWED_DAYS: i64 = 365;
/// The most days that can be set: a hundred years.
const MOST_DAYS: i64 = 36_500;
/// After how many days without use a token counts as dormant where nothing is set.
const DORMANT_DAYS: i64 = 90;

/// What administrators allow of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenPolicy {
    /// Whether people may have tokens at all.
    pub personal_tokens: bool,
    /// The longest life of people's tokens, in days.
    pub personal_max_days: Option<i64>,
    /// That of service accounts' tokens.
    pub service_max_days: Option<i64>,
    /// That of AI agents' tokens.
    pub agent_max_days: Option<i64>,
    /// Whether a token may live without end, where its type has no longest life. An agent's never may.
    pub allow_never: bool,
    /// The life that forms begin with, in days; or the longest that they offer, where that is less.
    pub default_days: Option<i64>,
    /// After how many days without use a token is suspended; never without it.
    pub dormant_days: Option<i64>,
}

impl Default for TokenPolicy {
    fn default() -> Self {
        Self {
            personal_tokens: true,
            personal_max_days: None,
            service_max_days: None,
            agent_max_days: None,
            allow_never: true,
            default_days: None,
            dormant_days: None,
        }
    }
}

impl TokenPolicy {
    /// What it says of tokens of this type.
    pub fn of(&self, kind: TokenType) -> Policy {
        let max_days = match kind {
            TokenType::Personal => self.personal_max_days,
            TokenType::Service => self.service_max_days,
            TokenType::Agent => self.agent_max_days,
        };
        Policy {
            allowed: self.personal_tokens || kind != TokenType::Personal,
            max_days,
            allow_never: self.allow_never && !kind.always_ends(),
            default_days: self.default_days,
        }
    }

    /// The stricter of this and what the program's own settings leave.
    pub fn within(mut self, max_days: Option<i64>, allow_never: bool) -> Self {
        for days in [&mut self.personal_max_days, &mut self.service_max_days, &mut self.agent_max_days] {
            *days = days.iter().copied().chain(max_days).min();
        }
        self.allow_never &= allow_never;
        self
    }

    /// After how many days without use a token counts as dormant, whether or not it is suspended for it.
    pub fn dormant_after(&self) -> i64 {
        self.dormant_days.unwrap_or(DORMANT_DAYS)
    }

    /// Since when a token that is dormant at `now` was not used.
    pub fn dormant_since(&self, now: OffsetDateTime) -> OffsetDateTime {
        now - Duration::days(self.dormant_after())
    }

    /// Whether each number can be meant.
    ///
    /// # Errors
    /// What is wrong, at its field.
    pub fn check(&self) -> Result<()> {
        let mut problems = Problems::default();
        let days = [
            ("personal_max_days", self.personal_max_days),
            ("service_max_days", self.service_max_days),
            ("agent_max_days", self.agent_max_days),
            ("default_days", self.default_days),
            ("dormant_days", self.dormant_days),
        ];
        for (field, days) in days {
            if days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
                problems.add(field, format!("Choose from 1 to {MOST_DAYS} days, or leave it empty."));
            }
        }
        problems.check()
    }
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

/// What is allowed of new tokens of one type: one policy for every path that makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether there may be any.
    pub allowed: bool,
    /// The longest life, in days.
    pub max_days: Option<i64>,
    /// Whether a token may live without end.
    pub allow_never: bool,
    /// The life that forms begin with, in days; or the longest that they offer, where that is less.
    pub default_days: Option<i64>,
}

impl Policy {
    /// Lets those go on who make, renew or wake a token of this type.
    ///
    /// # Errors
    /// [`Error::Conflict`] where there may be none.
    pub fn permits(&self) -> Result<()> {
        if self.allowed {
            return Ok(());
        }
        Err(Error::Conflict("People have no tokens of their own here. Give the program a service account.".into()))
    }

    /// Whether tokens without end may be made; a longest life rules them out.
    pub fn never_allowed(&self) -> bool {
        self.allow_never && self.max_days.is_none()
    }

    /// How late a token may end that is made at `now`, where there is a longest life.
    pub fn latest(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.max_days.and_then(|days| now.checked_add(Duration::days(days)))
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

    /// When a token that would end at `wanted` may end at the latest, where it is not made but renewed, so that nobody is there
    /// to be asked for another end.
    pub fn capped(&self, wanted: Option<OffsetDateTime>, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let longest = match self.max_days {
            Some(days) => Some(days),
            None if wanted.is_none() && !self.allow_never => Some(RENEWED_DAYS),
            None => None,
        };
        let latest = longest.and_then(|days| now.checked_add(Duration::days(days)));
        match (wanted, latest) {
            (Some(wanted), Some(latest)) => Some(wanted.min(latest)),
            (wanted, latest) => wanted.or(latest),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    const FREE: Policy = Policy { allowed: true, max_days: None, allow_never: true, default_days: None };

    #[test]
    fn policy_limits_every_way_to_say_how_long() {
        let now = datetime!(2026-11-22 10:00 UTC);
        let free = FREE;
        assert_eq!(free.end_of(Lifetime::Never, now, "expires"), Ok(None));
        assert_eq!(
            free.end_of(Lifetime::Through(date!(2026 - 11 - 22)), now, "e"),
            Ok(Some(datetime!(2026-11-23 0:00 UTC)))
        );
        assert!(free.end_of(Lifetime::Through(date!(2026 - 11 - 21)), now, "e").is_err());
        assert!(free.end_of(Lifetime::Days(0), now, "e").is_err());
        assert!(free.end_of(Lifetime::Days(i64::MAX), now, "e").is_err());
        let strict = Policy { max_days: Some(365), ..FREE };
        assert!(strict.end_of(Lifetime::Never, now, "e").is_err());
        assert!(strict.end_of(Lifetime::Days(365), now, "e").is_ok());
        assert!(strict.end_of(Lifetime::Days(366), now, "e").is_err());
        assert!(strict.end_of(Lifetime::Until(datetime!(2030-01-01 0:00 UTC)), now, "e").is_err());
        assert!(strict.end_of(Lifetime::Through(date!(2027 - 11 - 22)), now, "e").is_ok());
        assert!(strict.end_of(Lifetime::Through(date!(2027 - 11 - 23)), now, "e").is_err());
    }

    #[test]
    fn what_is_renewed_ends_no_later_than_policy_has_it() {
        let now = datetime!(2026-11-22 10:00 UTC);
        let in_days = |days| Some(now + Duration::days(days));
        let free = FREE;
        assert_eq!((free.capped(None, now), free.capped(in_days(900), now)), (None, in_days(900)));
        let strict = Policy { max_days: Some(90), ..FREE };
        assert_eq!((strict.capped(None, now), strict.capped(in_days(900), now)), (in_days(90), in_days(90)));
        assert_eq!(strict.capped(in_days(30), now), in_days(30));
        let ending = Policy { allow_never: false, ..FREE };
        assert_eq!((ending.capped(None, now), ending.capped(in_days(900), now)), (in_days(365), in_days(900)));
    }
}
