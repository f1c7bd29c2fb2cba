//! Names: how they are checked, and how they are folded so that uniqueness does not depend on case.

use super::error::FieldError;
use super::users::Kind;

/// The longest username, in characters.
pub const USERNAME_MAX: usize = 64;
/// The longest display name, team name or token name, in characters.
pub const NAME_MAX: usize = 100;
/// The longest description, in characters.
pub const DESCRIPTION_MAX: usize = 1_000;
/// The longest email address, in characters (RFC 5321, section 4.5.3.1.3, less the angle brackets).
pub const EMAIL_MAX: usize = 254;

/// The form under which two names are the same name.
pub fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Checks a username: 1 to 64 of letters, digits, `.`, `_`, `-` and `+`, beginning with a letter or digit.
///
/// Accounts of the kinds service and agent may end in `@service` or `@agent`; otherwise there is no `@` in it, so that no
/// username is ever somebody's address.
///
/// # Errors
/// What is wrong, at the field `username`.
pub fn username(text: &str, kind: Kind) -> Result<String, FieldError> {
    let fail = |message: &str| Err(FieldError::new("username", message));
    let name = text.trim();
    let starts_well = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if name.is_empty() {
        return fail("Type a username.");
    }
    if name.chars().count() > USERNAME_MAX {
        return fail("A username has at most 64 characters.");
    }
    let folded = fold(name);
    let endings = [Kind::Service, Kind::Agent].map(|kind| (kind, kind.suffix().unwrap_or_default()));
    if endings.iter().any(|(other, ending)| kind != *other && folded.ends_with(ending)) {
        return fail("The endings @service and @agent are kept for service accounts and AI agents.");
    }
    let ending = kind.suffix().filter(|ending| folded.ends_with(ending)).map_or(0, str::len);
    let stem = &name[..name.len() - ending];
    if !starts_well || !stem.chars().all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c)) {
        return fail("Use letters a to z, digits, and . _ - + only, and begin with a letter or a digit.");
    }
    Ok(name.to_owned())
}

/// Checks a name of one line that people read: 1 to 100 characters, no control characters.
///
/// # Errors
/// What is wrong, at `field`.
pub fn display(field: &str, text: &str) -> Result<String, FieldError> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() {
        return Err(FieldError::new(field, "Type a name."));
    }
    if name.chars().count() > NAME_MAX {
        return Err(FieldError::new(field, "A name has at most 100 characters."));
    }
    if name.chars().any(is_deceptive) {
        return Err(FieldError::new(field, "A name cannot hold invisible or control characters."));
    }
    Ok(name)
}

/// Control characters, the marks that reorder or join text, and signs that show nothing.
pub(in crate::model) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{e0000}'..='\u{e01ef}')
}

/// What the audit log keeps of a name that nobody has checked yet.
pub fn tidy(text: &str) -> String {
    text.chars().filter(|c| !is_deceptive(*c)).take(NAME_MAX).collect()
}

/// Checks a description: at most 1,000 characters, line breaks allowed.
///
/// # Errors
/// What is wrong, at the field `description`.
pub fn description(text: &str) -> Result<String, FieldError> {
    let text = text.trim().replace("\r\n", "\n");
    if text.chars().count() > DESCRIPTION_MAX {
        return Err(FieldError::new("description", "A description has at most 1,000 characters."));
    }
    if text.chars().any(|c| c != '\n' && c != '\t' && is_deceptive(c)) {
        return Err(FieldError::new("description", "A description cannot hold invisible or control characters."));
    }
    Ok(text)
}

/// Checks an email address as HTML's `input type=email` does, and refuses the reserved `.invalid`.
///
/// # Errors
/// What is wrong, at the field `email`.
pub fn email(text: &str) -> Result<String, FieldError> {
    let fail = |message: &str| Err(FieldError::new("email", message));
    let email = text.trim();
    if email.is_empty() {
        return fail("Type an email address.");
    }
    let Some((local, domain)) = email.rsplit_once('@') else {
        return fail("An email address has the form name@example.com.");
    };
    let local_ok =
        !local.is_empty() && local.chars().all(|c| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c));
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if email.chars().count() > EMAIL_MAX || !local_ok || !domain.split('.').all(label_ok) {
        return fail("An email address has the form name@example.com.");
    }
    let domain = fold(domain);
    if domain.split('.').next_back() == Some("invalid") || matches!(domain.as_str(), "service" | "agent") {
        return fail("Addresses under .invalid, and at @service and @agent, are kept for service accounts.");
    }
    Ok(email.to_owned())
}

/// The username that a service or agent account gets from its name: lower case, blanks to `_`, other signs dropped, the kind's ending added.
///
/// `None` where nothing is left of the name.
pub fn account_id(name: &str, kind: Kind) -> Option<String> {
    let suffix = kind.suffix()?;
    let words = name.split_whitespace().map(|word| {
        word.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || "_-.".contains(*c)).collect::<String>()
    });
    let joined = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_");
    let local: String = joined
        .trim_start_matches(|c: char| !c.is_ascii_alphanumeric())
        .chars()
        .take(USERNAME_MAX - suffix.len())
        .collect();
    (!local.is_empty()).then(|| local + suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_account_is_named_after_what_it_is_called() {
        let id = |name| account_id(name, Kind::Service);
        assert_eq!(id("API Access").as_deref(), Some("api_access@service"));
        assert_eq!(id("  Nightly   backup! (v2.1)").as_deref(), Some("nightly_backup_v2.1@service"));
        assert_eq!(id("Straße 7").as_deref(), Some("strae_7@service"));
        assert_eq!(id("!!! ???"), None);
        assert_eq!(id(&"x".repeat(200)).map(|id| id.len()), Some(USERNAME_MAX));
        assert_eq!(account_id("Release notes", Kind::Agent).as_deref(), Some("release_notes@agent"));
        assert_eq!(account_id("Ada", Kind::Person), None);
    }

    #[test]
    fn what_a_name_folds_to_is_always_a_username() {
        for name in ["API Access", "_x", "-.-a", "日本 tokyo", "A@B"] {
            if let Some(id) = account_id(name, Kind::Service) {
                assert!(username(&id, Kind::Service).is_ok(), "{name} gives {id}");
            }
        }
    }

    #[test]
    fn people_cannot_look_like_machines() {
        assert!(username("ada@service", Kind::Person).is_err());
        assert!(username("ada@Agent", Kind::Service).is_err());
        assert!(username("ada.okafor", Kind::Person).is_ok());
        assert!(username("", Kind::Person).is_err());
        assert!(username("a b", Kind::Person).is_err());
        assert!(
            username("ada@example.com", Kind::Person).is_err() && username("ada@example.com", Kind::Service).is_err()
        );
        assert!(username("api@x@service", Kind::Service).is_err() && username("API@Service", Kind::Service).is_ok());
        assert!(email("api_access@service").is_err());
        assert!(username(&"a".repeat(65), Kind::Person).is_err());
    }

    #[test]
    fn emails_are_checked_as_browsers_do() {
        assert!(email("ada@example.com").is_ok());
        assert!(email("ada@localhost").is_ok());
        for bad in ["", "ada", "@example.com", "a da@example.com", "ada@-x.com", "x@latchkey.invalid"] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_hold_nothing_invisible() {
        for hidden in ["Ada\u{202e}nimdA", "\u{3164}", "\u{2800}", "a\u{ad}b", "x\u{fe0f}", "\u{e0041}"] {
            assert!(display("name", hidden).is_err(), "{hidden:?}");
        }
        assert_eq!(tidy("a\0b\u{202e}c"), "abc");
        assert_eq!(display("name", "  Ada   Okafor ").as_deref(), Ok("Ada Okafor"));
    }
}
