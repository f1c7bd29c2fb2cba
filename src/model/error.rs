//! The one error of the layers below the faces; each face turns it into its own answer.

use super::effects::Unseen;
use super::ids::UserId;
use super::permissions::Permission;
use super::roles::words;

/// What the use cases answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done. Every variant can be told to whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Input that has to be mended; nothing was written.
    #[error("{}", .0.iter().map(|e| format!("{}: {}", e.field, e.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// There is no such thing, or none that the caller may know of.
    #[error("There is no such {0}.")]
    NotFound(&'static str),
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(Refusal),
    /// The caller is not known: no session, no token, or one that is no longer good.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The password has to be typed again first.
    #[error("This needs your password again, because you last typed it more than 10 minutes ago.")]
    PasswordNeeded,
    /// Somebody else changed it meanwhile.
    #[error("Somebody else changed this while you were editing it.")]
    Stale,
    /// It was already done by the same form or request; the id is what it made.
    #[error("This was already done.")]
    AlreadyDone(i64),
    /// It cannot be done in the present state, for the reason given.
    #[error("{0}")]
    Conflict(String),
    /// It cannot be done while these accounts keep it as it is.
    #[error("{reason}")]
    Kept {
        /// What happened, why, and what to do.
        reason: String,
        /// The accounts, those that the caller may see.
        by: Vec<UserId>,
    },
    /// It does something to others, which has to be looked at first; nothing was written.
    #[error("This does something to those who have it. Look at what it does first.")]
    Unseen(Box<Unseen>),
    /// More was sent than anything here takes.
    #[error("{0}")]
    TooLarge(&'static str),
    /// Too much at once; it may be tried again.
    #[error("{0}")]
    Busy(&'static str),
    /// Too many tries; the next is heard after so many seconds.
    #[error("{told} Wait {} and try again.", counted(*.seconds))]
    TooMany {
        /// What there were too many of.
        told: &'static str,
        /// How long to wait.
        seconds: u64,
    },
    /// A fault of the program or of what it stands on. The detail is for the log alone.
    #[error("Something went wrong on our side.")]
    Internal(String),
}

fn counted(seconds: u64) -> String {
    if seconds == 1 { "1 second".into() } else { format!("{seconds} seconds") }
}

/// What a refusal ends with that measured what somebody holds: what stands before tells of it.
pub const NOBODY_GRANTS_MORE: &str = "Nobody grants more than they hold.";
/// What stands in a refusal between what was not done and the name of the account that was in the way.
pub const BECAUSE_OF: &str = ", because of ";

words! {
    /// What was not done, because of one account among several. A refusal that names that account begins with it.
    Undone: "what was not done" {
        /// Nothing of it.
        Nothing = "Nothing was done",
        /// No home was changed.
        Homes = "Nobody was moved",
    }
}

/// A refusal, told to the caller and written to the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The permission that is missing, where it is one.
    pub missing: Option<Permission>,
    /// What happened and why, in a sentence or two.
    pub reason: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name as forms and JSON bodies spell it.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl FieldError {
    /// Something wrong with `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl Error {
    /// One field is wrong.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// The caller lacks `permission`.
    pub fn lacks(permission: Permission) -> Self {
        Self::Forbidden(Refusal {
            missing: Some(permission),
            reason: format!("This needs the permission {permission}, which you do not have here."),
        })
    }

    /// Refused since it would give more than the caller holds, or more than what it is given by does: `what` tells of that power.
    pub fn beyond(missing: Option<Permission>, what: impl std::fmt::Display) -> Self {
        Self::Forbidden(Refusal { missing, reason: format!("{what} {NOBODY_GRANTS_MORE}") })
    }

    /// Refused for a reason other than one missing permission.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Forbidden(Refusal { missing: None, reason: reason.into() })
    }

    /// A fault; `detail` goes to the log and nowhere else.
    pub fn internal(detail: impl std::fmt::Display) -> Self {
        Self::Internal(detail.to_string())
    }

    /// What is wrong with `field`, if anything is.
    pub fn of_field(&self, field: &str) -> Option<&str> {
        match self {
            Self::Invalid(errors) => errors.iter().find(|e| e.field == field).map(|e| e.message.as_str()),
            _ => None,
        }
    }
}

/// Gathers what is wrong with a form, so that every field is told at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<FieldError>);

impl Problems {
    /// Keeps the error of `result`, or gives its value.
    pub fn take<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Adds one.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError::new(field, message));
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what another check found wrong with fields.
    ///
    /// # Errors
    /// Any other error of that check.
    pub fn merge<T>(&mut self, found: Result<T>) -> Result<()> {
        self.gather(found).map(drop)
    }

    /// Gives what another check found, or adds what it found wrong with fields.
    ///
    /// # Errors
    /// Any other error of that check.
    pub fn gather<T>(&mut self, found: Result<T>) -> Result<Option<T>> {
        match found {
            Err(Error::Invalid(errors)) => {
                self.0.extend(errors);
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Nothing wrong, or all that is.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything gathered.
    pub fn check(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}
