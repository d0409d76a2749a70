//! How long a device stays signed in, what happens to its refresh tokens, and the wait after failed sign-ins.

use super::{DAY, HOUR, Role};
use crate::value::Moment;
use jiff::{SignedDuration, Timestamp};

/// The refresh tokens of one device. Only hashes of the newest one and the one before it are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshFamily {
    /// The number of tokens before the current one.
    pub generation: i32,
    /// The SHA-256 of the newest token.
    pub current: [u8; 32],
    /// The SHA-256 of the token that was exchanged for the newest one.
    pub previous: Option<[u8; 32]>,
    /// When `previous` was first exchanged.
    pub rotated_at: Moment,
    /// How often `previous` was exchanged again because the answer was lost.
    pub reissues: i16,
    /// When the device signed in.
    pub created_at: Moment,
    /// When a token was last exchanged.
    pub last_used_at: Moment,
    /// When the device was signed out.
    pub revoked_at: Option<Moment>,
}

/// What happens to a refresh token that is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshDecision {
    /// It is the newest token. Issue its successor.
    Rotate,
    /// It was exchanged a moment ago, and the successor is unused: the answer was lost. Issue another
    /// successor; the lost one is no longer valid.
    Reissue,
    /// It was already exchanged: two clients have tokens of this family, and one may be an attacker. Revoke the
    /// family.
    Replayed,
    /// It was unused for too long, or the sign-in is too long ago.
    Expired,
    /// The device was signed out.
    Revoked,
}

impl RefreshFamily {
    /// The family of a device that has just signed in.
    pub fn first(current: [u8; 32], now: Moment) -> Self {
        Self {
            generation: 0,
            current,
            previous: None,
            rotated_at: now,
            reissues: 0,
            created_at: now,
            last_used_at: now,
            revoked_at: None,
        }
    }

    /// The family after [`RefreshDecision::Rotate`], with the hash of the successor.
    #[must_use]
    pub fn rotated(self, next: [u8; 32], now: Moment) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            current: next,
            previous: Some(self.current),
            rotated_at: now,
            reissues: 0,
            last_used_at: now,
            ..self
        }
    }

    /// The family after [`RefreshDecision::Reissue`], with the hash of the new successor.
    #[must_use]
    pub fn reissued(self, next: [u8; 32], now: Moment) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            current: next,
            reissues: self.reissues.saturating_add(1),
            last_used_at: now,
            ..self
        }
    }
}

const MOST_REISSUES: i16 = 3;
const REISSUE_WITHIN: i64 = 10 * 60;

/// Decides on a refresh token by its hash. A participant's session ends after 30 days without use or 180 days
/// in total, a staff session after 1 hour without use or 24 hours in total.
///
/// Source: RFC 9700 4.14 (rotation, replay, inactivity); NIST SP 800-63B-4 2.2.3 (staff).
pub fn refresh(family: &RefreshFamily, presented_hash: [u8; 32], role: Role, now: Moment) -> RefreshDecision {
    if family.revoked_at.is_some() {
        return RefreshDecision::Revoked;
    }
    let (idle, absolute) = if role.is_staff() { (HOUR, DAY) } else { (30 * DAY, 180 * DAY) };
    if has_passed(family.last_used_at, idle, now) || has_passed(family.created_at, absolute, now) {
        return RefreshDecision::Expired;
    }
    if presented_hash == family.current {
        return RefreshDecision::Rotate;
    }
    let can_reissue = family.previous == Some(presented_hash)
        && family.reissues < MOST_REISSUES
        && now <= family.rotated_at.plus(SignedDuration::from_secs(REISSUE_WITHIN));
    if can_reissue { RefreshDecision::Reissue } else { RefreshDecision::Replayed }
}

/// The failed sign-ins of an account since its last successful one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInThrottle {
    /// How many failures in a row.
    pub failures: i32,
    /// When the first of them was.
    pub first_failed_at: Moment,
    /// When the last of them was.
    pub last_failed_at: Moment,
}

const MOST_FAILURES: i32 = 100;

/// How many seconds an account must still wait before the next password is checked: 1, 3, 5 and then 10 after
/// each failure. After 100 failures in a day, it must wait until a day after the first one.
///
/// Source: NIST SP 800-63B-4 3.2.2 (at most 100 failures in a row).
pub fn sign_in_wait(throttle: &Option<SignInThrottle>, now: Moment) -> Option<u32> {
    let throttle = throttle.as_ref()?;
    let step = match throttle.failures {
        ..=0 => return None,
        1 => 1,
        2 => 3,
        3 => 5,
        4.. => 10,
    };
    let after_last = seconds_left(throttle.last_failed_at, step, now);
    let after_first = match throttle.failures {
        ..MOST_FAILURES => None,
        MOST_FAILURES.. => seconds_left(throttle.first_failed_at, DAY, now),
    };
    after_last.max(after_first)
}

/// The throttle after another failure. A day after the first failure the count starts again.
pub fn failed(throttle: Option<SignInThrottle>, now: Moment) -> SignInThrottle {
    match throttle {
        Some(before) if !has_passed(before.first_failed_at, DAY, now) => {
            SignInThrottle { failures: before.failures.saturating_add(1), last_failed_at: now, ..before }
        }
        _ => SignInThrottle { failures: 1, first_failed_at: now, last_failed_at: now },
    }
}

fn has_passed(since: Moment, seconds: i64, now: Moment) -> bool {
    SignedDuration::from_secs(seconds) <= Timestamp::from(now).duration_since(since.into())
}

/// Whole seconds, rounded up, until `seconds` after `since`. It is never more than that, even if the clock is
/// set back.
fn seconds_left(since: Moment, seconds: i64, now: Moment) -> Option<u32> {
    let passed = Timestamp::from(now).duration_since(since.into()).max(SignedDuration::ZERO);
    let left = SignedDuration::from_secs(seconds).saturating_sub(passed);
    let whole = left.as_secs() + i64::from(0 < left.subsec_nanos());
    u32::try_from(whole).ok().filter(|&wait| 0 < wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::tests::at;
    use proptest::prelude::*;
    use rstest::rstest;

    fn hash(number: usize) -> [u8; 32] {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_le_bytes());
        hash
    }

    #[rstest]
    #[case::participant_idle(Role::Participant, 30 * DAY, 30 * DAY)]
    #[case::participant_in_all(Role::Participant, DAY, 180 * DAY)]
    #[case::staff_idle(Role::Counselor, HOUR, HOUR)]
    #[case::staff_in_all(Role::Admin, HOUR / 2, DAY)]
    fn a_session_ends(#[case] role: Role, #[case] used_every: i64, #[case] ends: i64) {
        let mut family = RefreshFamily::first(hash(0), at(0));
        let mut now = used_every;
        while now < ends {
            assert_eq!(refresh(&family, family.current, role, at(now)), RefreshDecision::Rotate);
            family = family.rotated(hash(usize::try_from(now).unwrap()), at(now));
            now += used_every;
        }
        assert_eq!(refresh(&family, family.current, role, at(ends - 1)), RefreshDecision::Rotate);
        assert_eq!(refresh(&family, family.current, role, at(ends)), RefreshDecision::Expired);
    }

    #[test]
    fn a_token_is_reissued_three_times_within_ten_minutes() {
        let mut family = RefreshFamily::first(hash(0), at(0)).rotated(hash(1), at(10));
        assert_eq!(refresh(&family, hash(0), Role::Participant, at(10 + 600)), RefreshDecision::Reissue);
        assert_eq!(refresh(&family, hash(0), Role::Participant, at(10 + 601)), RefreshDecision::Replayed);
        for again in 2..5 {
            assert_eq!(refresh(&family, hash(0), Role::Participant, at(20)), RefreshDecision::Reissue);
            family = family.reissued(hash(again), at(20));
        }
        assert_eq!(refresh(&family, hash(0), Role::Participant, at(20)), RefreshDecision::Replayed);
        assert_eq!(refresh(&family, hash(1), Role::Participant, at(20)), RefreshDecision::Replayed);
        assert_eq!(refresh(&family, hash(4), Role::Participant, at(20)), RefreshDecision::Rotate);
    }

    #[test]
    fn a_signed_out_device_stays_signed_out() {
        let family = RefreshFamily { revoked_at: Some(at(5)), ..RefreshFamily::first(hash(0), at(0)) };
        assert_eq!(refresh(&family, hash(0), Role::Participant, at(6)), RefreshDecision::Revoked);
    }

    #[test]
    fn each_failure_makes_the_wait_longer() {
        assert_eq!(sign_in_wait(&None, at(0)), None);
        let mut throttle = None;
        for expected in [1, 3, 5, 10, 10] {
            throttle = Some(failed(throttle, at(0)));
            assert_eq!(sign_in_wait(&throttle, at(0)), Some(expected));
            assert_eq!(sign_in_wait(&throttle, at(i64::from(expected) - 1)), Some(1));
            assert_eq!(sign_in_wait(&throttle, at(i64::from(expected))), None);
        }
    }

    #[test]
    fn the_fastest_guessing_gets_100_guesses_a_day() {
        let (mut throttle, mut now, mut guesses) = (None, 0, 0);
        while now < DAY {
            now += i64::from(sign_in_wait(&throttle, at(now)).unwrap_or(0));
            if now < DAY {
                (throttle, guesses) = (Some(failed(throttle, at(now))), guesses + 1);
            }
        }
        assert_eq!((guesses, now), (100, DAY));
        assert_eq!(sign_in_wait(&throttle, at(now)), None, "nobody is locked out permanently");
        assert_eq!(failed(throttle, at(now)).failures, 1);
    }

    proptest! {
        /// The model knows every issued token. The family knows two hashes and must decide the same.
        #[test]
        fn a_token_is_exchanged_only_while_nobody_else_can_have_used_its_successor(
            steps in prop::collection::vec((0usize..4, 0i64..400), 1..40)
        ) {
            struct Issued { from: Option<usize>, uses: usize, first_use: i64 }
            let mut issued = vec![Issued { from: None, uses: 0, first_use: 0 }];
            let mut family = RefreshFamily::first(hash(0), at(0));
            let mut now = 0;
            for (back, pause) in steps {
                now += pause;
                let newest = issued.len() - 1;
                let token = newest.saturating_sub(back);
                let expected = if token == newest {
                    RefreshDecision::Rotate
                } else if issued[newest].from == Some(token) && issued[token].uses <= 3 && now - issued[token].first_use <= 600 {
                    RefreshDecision::Reissue
                } else {
                    RefreshDecision::Replayed
                };
                let decision = refresh(&family, hash(token), Role::Participant, at(now));
                prop_assert_eq!(decision, expected);
                family = match decision {
                    RefreshDecision::Rotate => family.rotated(hash(newest + 1), at(now)),
                    RefreshDecision::Reissue => family.reissued(hash(newest + 1), at(now)),
                    _ => break,
                };
                if issued[token].uses == 0 {
                    issued[token].first_use = now;
                }
                issued[token].uses += 1;
                issued.push(Issued { from: Some(token), uses: 0, first_use: 0 });
            }
        }

        #[test]
        fn a_wait_is_bounded_whatever_the_clock_does(failures in any::<i32>(), first: u32, last: u32, now: u32) {
            let throttle = SignInThrottle {
                failures, first_failed_at: at(first.into()), last_failed_at: at(last.into())
            };
            let wait = sign_in_wait(&Some(throttle), at(now.into())).unwrap_or(0);
            let most = if failures < 100 { 10 } else { 86_400 };
            prop_assert!(wait <= most);
            prop_assert!(failed(Some(throttle), at(now.into())).last_failed_at == at(now.into()));
        }
    }
}
