//! How long tokens may live.

use time::{Date, Duration, OffsetDateTime, Time};

use crate::model::error::FieldError;

/// How long a token lives that had no end and is renewed where tokens must have one.
const RENEWED_DAYS: i64 = 365;

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

    #[test]
    fn what_is_renewed_ends_no_later_than_policy_has_it() {
        let now = datetime!(2026-11-22 10:00 UTC);
        let in_days = |days| Some(now + Duration::days(days));
        let free = Policy { max_days: None, allow_never: true };
        assert_eq!((free.capped(None, now), free.capped(in_days(900), now)), (None, in_days(900)));
        let strict = Policy { max_days: Some(90), allow_never: true };
        assert_eq!((strict.capped(None, now), strict.capped(in_days(900), now)), (in_days(90), in_days(90)));
        assert_eq!(strict.capped(in_days(30), now), in_days(30));
        let ending = Policy { max_days: None, allow_never: false };
        assert_eq!((ending.capped(None, now), ending.capped(in_days(900), now)), (in_days(365), in_days(900)));
    }
}
