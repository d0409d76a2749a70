//! What works for somebody, by their own practice: how much each skill eased cravings, and how sure that is.
//!
//! Practice while calm, from 0 to 0, is no try: there was nothing to ease
//! ([`SkillPracticeDraft::is_evidence`]). A craving that stayed at 5 or rose from 0 does count.
//!
//! Three good tries may be luck. So each skill's mean is adjusted toward the person's overall mean, more so the
//! fewer tries it has: empirical Bayes with a normal mean and a normal prior.
//!
//! Source: Efron & Morris 1975, Data analysis using Stein's estimator and its generalizations; Casella 1985, An
//! introduction to empirical Bayes data analysis.
//!
//! For a skill tried `n` times with mean drop `y` (drop = before - after), overall mean drop `m`, variance `s2`
//! of single tries and variance `t2` between skills:
//!
//! ```text
//! weight    b = t2 / (t2 + s2 / n)
//! estimate  m + b (y - m)
//! variance  1 / (1 / t2 + n / s2)      margin = 1.96 sqrt(variance)
//! ```
//!
//! `m` is the mean of all the person's tries of any skill in any situation. `s2` and `t2` come from the
//! selected tries, each blended with a prior that counts as a few observations, and never below a floor:
//!
//! ```text
//! s2 = max(1.00, (4 * 4.00 + squares within skills)              / (4 + tries - skills))
//! t2 = max(0.25, (2 * 2.25 + squares between means of skills)    / (2 + skills - 1))    skills of 3 tries or more
//! ```
//!
//! With few data the priors dominate: a skill with three equal tries has a weight of about two thirds and a
//! margin of about 1.6 points. Below three tries nothing is claimed.
//!
//! The margin of a skill shrinks with its own `n` and grows with `s2` and `t2`. So more tries never widen it as
//! long as they do not increase `s2` (how far tries of one skill differ) or `t2` (how far the skills differ).
//! Repeated outcomes do not, nor do tries at the mean of their skill. A try that is very different from those before
//! it does: the margin may widen for this skill and for the others, because `s2` is that of all tries. It may also
//! widen when the third try of another skill shows that skills differ more. A fixed spread would avoid this, but
//! would claim the same certainty for somebody whose tries vary widely.
//!
//! The textbook subtracts the noise of the means, `s2 / n`, from `t2`. That is left out on purpose: `t2`, and
//! so the margin, would grow with every repeat of the same values. Means are then adjusted a little less.
//!
//! The estimate uses the other skills, so it may be above 0 for a skill that never eased anything. Whether a
//! skill helped is therefore decided by its own tries ([`Effect`]): with `y <= 0` it did not, and it helped
//! only if the 95 % interval around `y` is above 0, with the `s2` of these tries and the prior. So tries of
//! which all but one eased nothing never count as help, however large that one: with a drop of `d` in one of
//! `n` tries, `y = d / n`, and `1.96 sqrt(s2 / n)` is more than that for each `n >= 3` and `d <= 10`.

use super::SkillRef;
use super::skill_practice::{SkillPractice, SkillPracticeDraft};
use crate::craving::{Craving, TriggerCategory};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// The fewest tries of a skill for a claim about it.
pub const FEWEST_TRIES: i32 = 3;

/// The prior variance of single tries of one skill, the number of tries it counts as, and the smallest value.
/// Two points up or down between tries are usual; ratings in whole points leave about one.
const WITHIN: Variance = Variance { prior: 4.0, counts_as: 4.0, floor: 1.0 };
/// The same for the true means of one person's skills.
const BETWEEN: Variance = Variance { prior: 2.25, counts_as: 2.0, floor: 0.25 };
/// Standard deviations on either side of a 95 % interval.
const TWO_SIDED_95: f64 = 1.96;

words! {
    /// What a person's tries of a skill show.
    Effect {
        /// It eased cravings, by more than chance explains.
        Helped = "helped",
        /// It eased them a little or sometimes, which may be chance.
        Unclear = "unclear",
        /// On the whole it did not ease them, or they got worse.
        NotHelped = "not_helped",
    }
}

struct Variance {
    prior: f64,
    counts_as: f64,
    floor: f64,
}

impl Variance {
    /// The variance after these squares, with these degrees of freedom.
    fn after(&self, squares: f64, freedom: i32) -> f64 {
        let seen = self.counts_as * self.prior + squares;
        (seen / (self.counts_as + f64::from(freedom.max(0)))).max(self.floor)
    }
}

/// The sums over a number of tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// The number of tries.
    pub count: i32,
    /// The sum of the drops, each -10 to 10.
    pub sum: i32,
    /// The sum of their squares.
    pub squares: i32,
}

impl Tries {
    /// One try with this drop.
    pub fn once(eased_by: i16) -> Self {
        let drop = i32::from(eased_by);
        Self { count: 1, sum: drop, squares: drop * drop }
    }

    /// Adds tries of the same skill.
    pub fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
    }

    fn mean(self) -> f64 {
        f64::from(self.sum) / f64::from(self.count.max(1))
    }

    /// The sum of squared distances from the mean.
    fn spread(self) -> f64 {
        (f64::from(self.squares) - f64::from(self.sum) * self.mean()).max(0.0)
    }

    fn enough(self) -> bool {
        FEWEST_TRIES <= self.count
    }

    /// What these tries show; none if there are fewer than three.
    pub fn effect(self) -> Option<Effect> {
        let noise = WITHIN.after(self.spread(), self.count - 1) / f64::from(self.count.max(1));
        self.enough().then_some(if self.sum <= 0 {
            Effect::NotHelped
        } else if TWO_SIDED_95 * noise.sqrt() < self.mean() {
            Effect::Helped
        } else {
            Effect::Unclear
        })
    }
}

/// The kinds of situation of a try: there may be none or several.
pub type Situations = BTreeSet<TriggerCategory>;

/// The sums of one person's tries by skill, and by kind of situation and skill. A try in several kinds of
/// situation counts in each of them, and once overall. The database can compute the same sums as
/// [`Evidence::of`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    overall: BTreeMap<SkillRef, Tries>,
    within: BTreeMap<TriggerCategory, BTreeMap<SkillRef, Tries>>,
}

impl Evidence {
    /// Adds up practices, with the cravings they were used in. Withdrawn practices and practice while calm do
    /// not count.
    pub fn of<'a>(practices: impl IntoIterator<Item = &'a SkillPractice>, cravings: &[Craving]) -> Self {
        let situations = |draft: &SkillPracticeDraft| {
            let valid = cravings.iter().filter(|craving| craving.withdrawn_at.is_none());
            let used_in = valid.filter(|craving| Some(craving.id) == draft.situation_of());
            let triggers = used_in.flat_map(|craving| craving.draft.triggers.iter().copied());
            draft.trigger.into_iter().chain(triggers).collect()
        };
        let valid = practices.into_iter().filter(|practice| practice.withdrawn_at.is_none());
        valid
            .filter(|practice| practice.draft.is_evidence())
            .map(|SkillPractice { draft, .. }| {
                (draft.skill.clone(), situations(draft), Tries::once(draft.eased_by()))
            })
            .collect()
    }

    /// How each skill worked in one kind of situation, or overall. Skills with a claim come first, the best one
    /// first and those that did not help last. Then come skills with too few tries.
    pub fn what_works(&self, trigger: Option<TriggerCategory>) -> Vec<Worked> {
        let mut all = Tries::default();
        for tries in self.overall.values() {
            all.add(*tries);
        }
        let skills = match trigger {
            Some(of) => self.within.get(&of),
            None => Some(&self.overall),
        };
        let Some(skills) = skills else { return Vec::new() };
        let prior = Prior::of(&skills.values().copied().collect::<Vec<_>>(), all.mean());
        let mut worked: Vec<_> = skills
            .iter()
            .filter(|(_, tries)| 0 < tries.count)
            .map(|(skill, tries)| Worked {
                skill: skill.clone(),
                tries: tries.count,
                claim: prior.claim(*tries),
            })
            .collect();
        worked.sort_by(|one, other| {
            let place = |of: &Worked| {
                of.claim.as_ref().map(|claim| (claim.effect != Effect::NotHelped, claim.mean_drop))
            };
            let best = place(other).partial_cmp(&place(one)).unwrap_or(std::cmp::Ordering::Equal);
            best.then(other.tries.cmp(&one.tries)).then_with(|| one.skill.cmp(&other.skill))
        });
        worked
    }
}

impl FromIterator<(SkillRef, Situations, Tries)> for Evidence {
    fn from_iter<I: IntoIterator<Item = (SkillRef, Situations, Tries)>>(all: I) -> Self {
        let mut evidence = Self::default();
        for (skill, situations, tries) in all {
            for situation in situations {
                let within = evidence.within.entry(situation).or_default();
                within.entry(skill.clone()).or_default().add(tries);
            }
            evidence.overall.entry(skill).or_default().add(tries);
        }
        evidence
    }
}

/// The prior for any skill of this person, before its own tries.
struct Prior {
    mean: f64,
    within: f64,
    between: f64,
}

impl Prior {
    fn of(skills: &[Tries], mean: f64) -> Self {
        let tried: Vec<_> = skills.iter().filter(|tries| 0 < tries.count).collect();
        let freedom = tried.iter().map(|tries| tries.count - 1).sum();
        let within = WITHIN.after(tried.iter().map(|tries| tries.spread()).sum(), freedom);
        let means: Vec<_> = tried.iter().filter(|tries| tries.enough()).map(|tries| tries.mean()).collect();
        let known = i32::try_from(means.len()).unwrap_or(i32::MAX);
        let middle = means.iter().sum::<f64>() / f64::from(known.max(1));
        let between = BETWEEN.after(means.iter().map(|mean| (mean - middle).powi(2)).sum(), known - 1);
        Self { mean, within, between }
    }

    fn claim(&self, tries: Tries) -> Option<Claim> {
        let effect = tries.effect()?;
        let noise = self.within / f64::from(tries.count);
        let weight = self.between / (self.between + noise);
        let mean = self.mean + weight * (tries.mean() - self.mean);
        let margin = TWO_SIDED_95 * (1.0 / (1.0 / self.between + 1.0 / noise)).sqrt();
        Some(Claim {
            effect,
            mean_drop: hundredths(mean),
            margin: hundredths(margin),
            low: hundredths((mean - margin).max(-10.0)),
            high: hundredths((mean + margin).min(10.0)),
        })
    }
}

/// Rounds to two decimals, and never to a negative zero.
fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0 + 0.0
}

/// How a skill worked for somebody.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "skill": "library:urge_surfing", "tries": 7,
    "claim": { "effect": "helped", "mean_drop": 3.1, "margin": 1.22, "low": 1.88, "high": 4.32 }
}))]
pub struct Worked {
    /// The skill.
    pub skill: SkillRef,
    /// The number of tries. Practice while calm, from 0 to 0, is no try.
    #[schema(minimum = 1)]
    pub tries: i32,
    /// What the tries show; null below 3 tries.
    pub claim: Option<Claim>,
}

/// How much a skill eases an urge or distress, on the scale of 0 to 10, rounded to two decimals.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Claim {
    /// What the tries of this skill show on their own.
    pub effect: Effect,
    /// The mean drop, adjusted toward the person's overall mean; negative if it got worse.
    #[schema(minimum = -10, maximum = 10)]
    pub mean_drop: f64,
    /// Half the width of the 95 % interval. More tries like those before never widen it; a very different one
    /// may.
    #[schema(minimum = 0)]
    pub margin: f64,
    /// The lower end of the interval, at least -10.
    #[schema(minimum = -10, maximum = 10)]
    pub low: f64,
    /// The upper end of the interval, at most 10.
    #[schema(minimum = -10, maximum = 10)]
    pub high: f64,
}

#[cfg(test)]
pub(crate) mod tests;
