//! Rules by which scanners find our tokens in texts, made from what the tokens are made of.

use serde::Serialize;

use super::TokenType;
use super::secret::{CHECKSUM_LEN, RANDOM_LEN, SECRET_LEN};

/// Everything that a scanner may want to know.
#[derive(Serialize)]
pub struct Patterns {
    name: &'static str,
    length: usize,
    random: Random,
    checksum: Checksum,
    report: Report,
    patterns: Vec<Pattern>,
    gitleaks: String,
    trufflehog: String,
}

#[derive(Serialize)]
struct Random {
    characters: usize,
    alphabet: &'static str,
    entropy_bits: usize,
}

#[derive(Serialize)]
struct Checksum {
    characters: usize,
    algorithm: &'static str,
    over: &'static str,
    written: &'static str,
}

#[derive(Serialize)]
struct Report {
    method: &'static str,
    url: String,
    body: serde_json::Value,
}

/// The rule for one type of token.
#[derive(Serialize)]
pub struct Pattern {
    /// Its id in rule files.
    pub id: String,
    /// What the tokens are called.
    pub name: String,
    /// What they begin with.
    pub prefix: &'static str,
    /// What they look like, for RE2 and its like; the first group is the token.
    pub regex: String,
}

/// The rules, one for each type of token.
pub fn all() -> Vec<Pattern> {
    let rule = |kind: &TokenType| Pattern {
        id: format!("latchkey-{}-token", kind.to_string().to_lowercase()),
        name: format!("Latchkey {} token", kind.to_string().to_lowercase()),
        prefix: kind.prefix(),
        // What stands before may be an underscore, as in KEY_lk_svc_…; `\b` would not see a token there.
        regex: format!("(?:^|[^0-9A-Za-z])({}[0-9A-Za-z]{{{SECRET_LEN}}})(?:[^0-9A-Za-z]|$)", kind.prefix()),
    };
    TokenType::ALL.iter().map(rule).collect()
}

impl Patterns {
    /// What is published by the portal at `origin`.
    pub fn of(origin: &str) -> Self {
        let patterns = all();
        let url = format!("{origin}/api/v1/leaks");
        Self {
            name: "Latchkey access tokens",
            length: patterns.iter().map(|pattern| pattern.prefix.len()).max().unwrap_or_default() + SECRET_LEN,
            random: Random {
                characters: RANDOM_LEN,
                alphabet: "0-9A-Za-z",
                // Of 62 signs each is worth 5.954 bits.
                entropy_bits: RANDOM_LEN * 5954 / 1000,
            },
            checksum: Checksum {
                characters: CHECKSUM_LEN,
                algorithm: "CRC-32 (ISO 3309)",
                over: "all that stands before it, the prefix included",
                written: "in base 62 by the alphabet 0-9A-Za-z, most significant digit first, padded with 0",
            },
            report: Report {
                method: "POST",
                url: url.clone(),
                body: serde_json::json!({ "token": "the token", "found_at": "where it was found" }),
            },
            gitleaks: gitleaks(&patterns),
            trufflehog: trufflehog(&patterns),
            patterns,
        }
    }
}

/// A file of rules for gitleaks (TOML).
fn gitleaks(patterns: &[Pattern]) -> String {
    let rule = |pattern: &Pattern| {
        let Pattern { id, name, prefix, regex } = pattern;
        format!(
            "[[rules]]\nid = \"{id}\"\ndescription = \"{name}\"\nregex = '''{regex}'''\nsecretGroup = 1\nentropy = 3.5\nkeywords = [\"{prefix}\"]\n"
        )
    };
    patterns.iter().map(rule).collect::<Vec<_>>().join("\n")
}

/// A file of detectors for TruffleHog (YAML).
fn trufflehog(patterns: &[Pattern]) -> String {
    let rule = |pattern: &Pattern| {
        let Pattern { id, prefix, regex, .. } = pattern;
        format!("  - name: {id}\n    keywords:\n      - {prefix}\n    regex:\n      token: '{regex}'\n")
    };
    format!("detectors:\n{}", patterns.iter().map(rule).collect::<String>())
}
