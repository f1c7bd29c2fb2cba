//! Which passwords are good enough: 12 to 128 characters of any kind, and none that is easily guessed.

use super::error::FieldError;

/// The fewest characters.
pub const MIN: usize = 12;
/// The most characters.
pub const MAX: usize = 128;

/// Checks a new password. `about` are words an attacker would try first: the person's names and address.
///
/// # Errors
/// What is wrong, at the field `password`.
pub fn check(password: &str, about: &[&str]) -> Result<(), FieldError> {
    let fail = |message: &str| Err(FieldError::new("password", message));
    let len = password.chars().count();
    if len < MIN {
        return fail("Use at least 12 characters. A few unrelated words are easy to remember.");
    }
    if len > MAX {
        return fail("Use at most 128 characters.");
    }
    let mut words: Vec<&str> = about.iter().flat_map(|text| text.split(['@', '.', ' ', '_', '-'])).collect();
    words.extend(about);
    words.push("latchkey");
    if u8::from(zxcvbn::zxcvbn(password, &words).score()) < 3 {
        return fail("This password is among the first that would be guessed. A few unrelated words are better.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_guessability_count_and_composition_does_not() {
        assert!(check("short", &[]).is_err());
        assert!(check("passwordpassword", &[]).is_err());
        assert!(check("ada.okafor@example.com", &["ada.okafor@example.com"]).is_err());
        assert!(check("plum harbour ticket seven", &[]).is_ok());
        assert!(check("日本語の長い合言葉です確かに", &[]).is_ok());
        assert!(check(&"x7$kq".repeat(30), &[]).is_err());
    }
}
