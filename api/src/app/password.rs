//! Hashes passwords with argon2id, on separate threads so that sign-ins do not slow down other requests.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use crossbeam_channel::{Sender, TrySendError, bounded};
use evenkeel_domain::account::Password;
use tokio::sync::oneshot;

use crate::app::problem::Problem;
use crate::app::secret::random;

/// How many requests may wait for a hash. The next one is answered 429.
const QUEUE: usize = 32;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Seconds after which a request that found the queue full may try again.
const RETRY_AFTER: u32 = 2;

/// The result of checking a password.
pub struct Verdict {
    /// Whether it is the stored password.
    pub matches: bool,
    /// A hash with the current parameters, to replace a stored one with older parameters.
    pub rehashed: Option<String>,
}

/// The threads that hash passwords.
pub struct Passwords {
    params: Params,
    jobs: Sender<Box<dyn FnOnce() + Send>>,
}

impl Passwords {
    /// Starts one thread for each core; `memory` in KiB for each hash.
    pub fn new(memory: u32) -> Result<Self, String> {
        let params = Params::new(memory, PASSES, 1, None).map_err(|error| error.to_string())?;
        let (jobs, queue) = bounded::<Box<dyn FnOnce() + Send>>(QUEUE);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for number in 0..cores {
            let queue = queue.clone();
            let thread = std::thread::Builder::new().name(format!("password-{number}"));
            thread
                .spawn(move || queue.iter().for_each(|job| job()))
                .map_err(|error| format!("no thread for passwords: {error}"))?;
        }
        Ok(Self { params, jobs })
    }

    /// Hashes a password to be stored.
    pub async fn hash(&self, password: Password) -> Result<String, Problem> {
        let params = self.params.clone();
        self.run(move || hash(params, &password)).await?
    }

    /// Compares a password with the stored hash. `None`, for an unknown account, takes as long and never matches.
    pub async fn verify(&self, stored: Option<String>, password: Password) -> Result<Verdict, Problem> {
        let params = self.params.clone();
        self.run(move || {
            let Some(stored) = stored else {
                let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
                let none =
                    argon2id(params).hash_password_into(password.as_bytes(), &random::<16>(), &mut out);
                none.map_err(Problem::internal)?;
                return Ok(Verdict { matches: false, rehashed: None });
            };
            let stored = PasswordHash::new(&stored).map_err(Problem::internal)?;
            let matches = argon2id(params.clone()).verify_password(password.as_bytes(), &stored).is_ok();
            let is_today = Params::try_from(&stored).is_ok_and(|stored| {
                (stored.m_cost(), stored.t_cost(), stored.p_cost())
                    == (params.m_cost(), params.t_cost(), params.p_cost())
            });
            let rehashed = if matches && !is_today { Some(hash(params, &password)?) } else { None };
            Ok(Verdict { matches, rehashed })
        })
        .await?
    }

    async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            // Skip the hash if the client has disconnected.
            if !answer.is_closed() {
                drop(answer.send(job()));
            }
        });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Problem::too_many(RETRY_AFTER),
            TrySendError::Disconnected(_) => Problem::unavailable(),
        })?;
        answered.await.map_err(|_| Problem::unavailable())
    }
}

fn argon2id(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(params: Params, password: &Password) -> Result<String, Problem> {
    let hash = argon2id(params).hash_password_with_salt(password.as_bytes(), &random::<16>());
    hash.map(|hash| hash.to_string()).map_err(Problem::internal)
}

/// Refuses a new password that is easy to guess, also from `known` facts about its owner.
pub fn strong(password: &Password, known: &[&str]) -> Result<(), Problem> {
    // The estimate is slow for long passwords and gains nothing after this length.
    let start: String = String::from_utf8_lossy(password.as_bytes()).chars().take(72).collect();
    let known: Vec<&str> = known.iter().copied().chain(["evenkeel", "recovery", "sober"]).collect();
    let words = known.iter().flat_map(|known| known.split(|c: char| !c.is_alphanumeric()));
    let words = words.filter(|word| 2 < word.len()).map(str::to_lowercase);
    // Known words protect nothing: the password must be strong enough without them.
    let rest = words.fold(start.to_lowercase(), |rest, word| rest.replace(&word, ""));
    let is_short = rest.chars().filter(|c| c.is_alphanumeric()).count() < 8;
    if is_short || zxcvbn::zxcvbn(&start, &known).score() < zxcvbn::Score::Three {
        return Err(Problem::invalid(
            "/password",
            "is easy to guess; choose another, such as four unrelated words",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::try_from(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn only_the_same_password_matches() {
        let passwords = Passwords::new(64).unwrap();
        let hash = passwords.hash(password("lamp river seven coat")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{hash}");
        let right = passwords.verify(Some(hash.clone()), password("lamp river seven coat")).await.unwrap();
        assert!(right.matches && right.rehashed.is_none());
        assert!(
            !passwords.verify(Some(hash.clone()), password("lamp river seven boat")).await.unwrap().matches
        );
        assert!(!passwords.verify(None, password("lamp river seven coat")).await.unwrap().matches);
        let stronger = Passwords::new(128).unwrap();
        let again = stronger.verify(Some(hash), password("lamp river seven coat")).await.unwrap();
        assert!(again.rehashed.unwrap().contains("m=128"));
    }

    #[test]
    fn a_password_of_known_words_is_refused() {
        assert!(strong(&password("lamp river seven coat"), &[]).is_ok());
        assert!(strong(&password("sam.rivers.sam.rivers"), &["sam.rivers"]).is_err());
    }
}
