//! argon2id, with memory that is used again while there is something to do: to have 19 MiB mapped and unmapped for each password keeps
//! the whole core for milliseconds, checks of tokens among what waits.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::Zeroize;

use super::Verdict;
use crate::base::crypto::same;
use crate::base::random;
use crate::base::secret::Secret;

/// OWASP's first choice for argon2id that fits 19 MiB: m=19456 KiB, t=2, p=1.
const TODAY: Params = Params::DEFAULT;
const SALT: usize = 16;
const OUTPUT: usize = Params::DEFAULT_OUTPUT_LEN;

/// Hashes one password after the other.
pub(super) struct Hasher {
    memory: Vec<Block>,
    /// The hash of no password, for accounts without one: to check it takes as long, so that the time of the answer tells nothing.
    nobody: String,
}

impl Hasher {
    /// Takes no memory yet.
    pub fn new() -> Self {
        // What it is made of is random, so no password belongs to it, and none has to be hashed to make it.
        let nobody = phc(&random::bytes::<SALT>(), &random::bytes::<OUTPUT>());
        Self { memory: Vec::new(), nobody: nobody.unwrap_or_default() }
    }

    /// The PHC string of a password under today's parameters.
    pub fn hash(&mut self, password: &Secret) -> Option<String> {
        let (salt, mut output) = (random::bytes::<SALT>(), [0; OUTPUT]);
        self.fill(&Argon2::new(Algorithm::Argon2id, Version::V0x13, TODAY), password, &salt, &mut output)?;
        phc(&salt, &output)
    }

    /// Whether a password belongs to a hash. Where there is no hash it is never right, and takes as long.
    pub fn verify(&mut self, password: &Secret, known: Option<&str>) -> Verdict {
        let hash = known.map_or_else(|| self.nobody.clone(), str::to_owned);
        let verdict = self.compare(password, &hash).unwrap_or_default();
        if known.is_some() { verdict } else { Verdict::default() }
    }

    fn compare(&mut self, password: &Secret, hash: &str) -> Option<Verdict> {
        let hash = PasswordHash::new(hash).ok()?;
        let (params, version) = (Params::try_from(&hash).ok()?, hash.version.map(Version::try_from).transpose().ok()?);
        let used = (params.m_cost(), params.t_cost(), params.p_cost());
        let outdated = used != (TODAY.m_cost(), TODAY.t_cost(), TODAY.p_cost());
        let argon2 =
            Argon2::new(Algorithm::try_from(hash.algorithm.as_str()).ok()?, version.unwrap_or_default(), params);
        let wanted = hash.hash?;
        let mut output = vec![0; wanted.len()];
        self.fill(&argon2, password, hash.salt?.as_ref(), &mut output)?;
        Some(Verdict { right: same(&output, wanted.as_bytes()), outdated })
    }

    fn fill(&mut self, argon2: &Argon2<'_>, password: &Secret, salt: &[u8], output: &mut [u8]) -> Option<()> {
        let blocks = argon2.params().block_count();
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::new());
        }
        let memory = self.memory.get_mut(..blocks)?;
        argon2.hash_password_into_with_memory(password.reveal().as_bytes(), salt, output, memory).ok()
    }

    /// Whether it takes memory.
    pub fn takes_memory(&self) -> bool {
        !self.memory.is_empty()
    }

    /// Wipes the memory and gives it back.
    pub fn rest(&mut self) {
        self.memory.zeroize();
        self.memory = Vec::new();
    }
}

fn phc(salt: &[u8], output: &[u8]) -> Option<String> {
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&TODAY).ok()?,
        salt: Some(Salt::new(salt).ok()?),
        hash: Some(Output::new(output).ok()?),
    };
    Some(hash.to_string())
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordHasher, PasswordVerifier};

    use super::*;

    #[test]
    fn its_hashes_are_those_of_the_crate_and_the_other_way_round() {
        let (mut hasher, secret) = (Hasher::new(), Secret::new("plum harbour ticket seven".into()));
        let ours = hasher.hash(&secret).unwrap();
        assert!(Argon2::default().verify_password(secret.reveal().as_bytes(), ours.as_str()).is_ok());
        let theirs = Argon2::default().hash_password(secret.reveal().as_bytes()).unwrap().to_string();
        assert_eq!(hasher.verify(&secret, Some(&theirs)), Verdict { right: true, outdated: false });
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let old = cheap.hash_password(secret.reveal().as_bytes()).unwrap().to_string();
        assert_eq!(hasher.verify(&secret, Some(&old)), Verdict { right: true, outdated: true });
        assert!(!hasher.verify(&Secret::new("another".into()), Some(&ours)).right);
        assert_eq!(hasher.verify(&secret, Some("$argon2id$nonsense")), Verdict::default());
    }

    #[test]
    fn nobody_s_hash_is_of_today_and_of_no_password() {
        let mut hasher = Hasher::new();
        assert!(hasher.nobody.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hasher.nobody);
        let nobody = hasher.nobody.clone();
        assert!(!hasher.verify(&Secret::new(String::new()), Some(&nobody)).right);
        assert!(hasher.takes_memory(), "it takes as long as any other");
        hasher.rest();
        assert!(!hasher.takes_memory());
    }
}
