//! Suggests skills to try now. First come skills that helped this person, then those in their plan, then
//! favorites, then skills that fit the situation, and last those that did not help them. Each suggestion gives
//! its reason.

use super::evidence::{Claim, Effect, Evidence};
use super::{Choices, Family, SkillDraft, SkillRef, Skills};
use crate::craving::{Intensity, TriggerCategory};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// The most suggestions at once. The list is short because it is for a hard moment.
pub const MOST_SUGGESTIONS: usize = 8;
/// The most suggestions by evidence, so that there is always room for the plan.
pub const MOST_BY_EVIDENCE: usize = 4;
/// From this intensity on, the intensity counts more than the kind of situation.
pub const STRONG: i16 = 7;

words! {
    /// Where a suggestion comes from, the best source first.
    Source {
        /// The person's own practice.
        Evidence = "evidence",
        /// The person's plan, except what did not help them.
        Plan = "plan",
        /// The person's favorites, except what did not help them.
        Favorite = "favorite",
        /// All skills on offer, by fit. Those that did not help them are last.
        Fit = "fit",
    }
}

/// Why a skill is suggested.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = SuggestionReason)]
pub enum Reason {
    /// It helped this person before.
    Helped {
        /// How often they tried it.
        #[schema(minimum = 3)]
        tries: i32,
        /// The mean drop, adjusted toward the person's overall mean.
        #[schema(minimum = 0, maximum = 10)]
        mean_drop: f64,
        /// The kind of situation; null for all situations together.
        trigger: Option<TriggerCategory>,
    },
    /// It is in their plan for this situation.
    Planned,
    /// It is one of their favorites.
    Liked,
    /// It fits the situation or the intensity that they named.
    Fits {
        /// The kind of situation, if it fits.
        trigger: Option<TriggerCategory>,
        /// The intensity, if it fits.
        intensity: Option<Intensity>,
    },
    /// It is on offer, but does not fit what they named.
    WorthATry,
}

/// A skill to try now.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "skill": "library:urge_surfing", "source": "evidence",
    "reason": { "kind": "helped", "tries": 7, "mean_drop": 3.1, "trigger": "urges" }
}))]
pub struct Suggestion {
    /// The skill.
    pub skill: SkillRef,
    /// Where the suggestion comes from.
    pub source: Source,
    /// The reason.
    pub reason: Reason,
}

/// What somebody says when they ask for suggestions. Both are optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The kind of situation.
    pub trigger: Option<TriggerCategory>,
    /// How strong the urge is.
    pub intensity: Option<Intensity>,
}

/// How well a skill fits, the best first. What did not help before comes last.
type Rank = (bool, u8, u8);

impl Asked {
    fn is_strong(self) -> bool {
        self.intensity.is_some_and(|intensity| STRONG <= i16::from(intensity))
    }

    /// 0 if the skill is for this intensity, 1 if it is for no intensity in particular, 2 if it is for another
    /// one.
    fn intensity_rank(self, skill: &SkillDraft) -> u8 {
        match (self.intensity, skill.intensity) {
            (Some(intensity), Some(range)) => {
                if range.contains(intensity) {
                    0
                } else {
                    2
                }
            }
            (Some(_), None) => 1,
            (None, _) => 0,
        }
    }

    fn trigger_rank(self, skill: &SkillDraft) -> u8 {
        u8::from(self.trigger.is_some_and(|trigger| !skill.triggers.contains(&trigger)))
    }

    fn rank(self, skill: &SkillDraft, in_vain: bool) -> Rank {
        let (intensity, trigger) = (self.intensity_rank(skill), self.trigger_rank(skill));
        if self.is_strong() { (in_vain, intensity, trigger) } else { (in_vain, trigger, intensity) }
    }

    fn fit(self, skill: &SkillDraft) -> Reason {
        let trigger = self.trigger.filter(|trigger| skill.triggers.contains(trigger));
        let suits = |intensity: &Intensity| skill.intensity.is_some_and(|range| range.contains(*intensity));
        let intensity = self.intensity.filter(suits);
        if trigger.is_none() && intensity.is_none() {
            Reason::WorthATry
        } else {
            Reason::Fits { trigger, intensity }
        }
    }
}

/// At most 8 skills to try now, the best first. `plan` has the skills of the person's plan for this situation.
/// No skill is retired, has a precaution that applies to this person, or comes twice. A skill that did not help
/// this person comes last, also if it is in their plan or a favorite. There is at least one suggestion if any
/// skill on offer is allowed.
pub fn suggest(
    asked: Asked,
    evidence: &Evidence,
    plan: &[SkillRef],
    choices: &Choices,
    skills: &Skills,
) -> Vec<Suggestion> {
    let allowed: Vec<_> = skills.iter().filter(|(_, skill)| choices.allow(skill)).collect();
    let find: BTreeMap<_, _> = allowed.iter().map(|(name, skill)| (name, *skill)).collect();
    let (helped, in_vain) = own(asked, evidence);
    // In a strong urge, skills for that intensity come first within each source. Otherwise the order stays.
    let ordered = |mut some: Vec<(SkillRef, Reason)>, most| {
        some.retain(|(name, _)| find.contains_key(name) && !in_vain.contains(name));
        some.truncate(most);
        if asked.is_strong() {
            some.sort_by_key(|(name, _)| find.get(name).map(|skill| asked.intensity_rank(skill)));
        }
        some
    };
    let planned = plan.iter().map(|name| (name.clone(), Reason::Planned)).collect();
    let liked = choices.favorites.iter().map(|name| (name.clone(), Reason::Liked)).collect();
    let sources = [
        (Source::Evidence, ordered(helped, MOST_BY_EVIDENCE)),
        (Source::Plan, ordered(planned, usize::MAX)),
        (Source::Favorite, ordered(liked, usize::MAX)),
        (Source::Fit, by_fit(asked, &allowed, &in_vain)),
    ];
    let mut taken = BTreeSet::new();
    let each = sources.into_iter().flat_map(|(source, some)| {
        some.into_iter().map(move |(skill, reason)| Suggestion { skill, source, reason })
    });
    each.filter(|one| taken.insert(one.skill.clone())).take(MOST_SUGGESTIONS).collect()
}

/// The skills that helped this person, the best first, and those that did not. Tries in this kind of situation
/// count first. If they are unclear, all tries of the skill count.
fn own(asked: Asked, evidence: &Evidence) -> (Vec<(SkillRef, Reason)>, BTreeSet<SkillRef>) {
    let (mut helped, mut in_vain, mut known) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let situations = asked.trigger.map(Some).into_iter().chain([None]);
    for (trigger, worked) in
        situations.flat_map(|of| evidence.what_works(of).into_iter().map(move |one| (of, one)))
    {
        let Some(Claim { effect, mean_drop, .. }) = worked.claim else { continue };
        if effect == Effect::Unclear || !known.insert(worked.skill.clone()) {
            continue;
        }
        if effect == Effect::NotHelped {
            in_vain.insert(worked.skill);
        } else if 0.0 < mean_drop {
            // An adjusted drop of 0 or below is nothing to show a person as help.
            helped.push((worked.skill, Reason::Helped { tries: worked.tries, mean_drop, trigger }));
        }
    }
    (helped, in_vain)
}

/// All skills by fit. Among those that fit equally well the families take turns, so that the list is varied.
fn by_fit(
    asked: Asked,
    allowed: &[(SkillRef, &SkillDraft)],
    in_vain: &BTreeSet<SkillRef>,
) -> Vec<(SkillRef, Reason)> {
    let mut turns: BTreeMap<(Rank, Family), usize> = BTreeMap::new();
    let mut ranked: Vec<_> = allowed
        .iter()
        .map(|(name, skill)| {
            let rank = asked.rank(skill, in_vain.contains(name));
            let turn = turns.entry((rank, skill.family)).or_insert(0);
            *turn += 1;
            ((rank, *turn), name, skill)
        })
        .collect();
    ranked.sort_by_key(|(place, ..)| *place);
    ranked.into_iter().map(|(_, name, skill)| (name.clone(), asked.fit(skill))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coping::Precaution;
    use crate::coping::evidence::tests::{evidence, repeated};
    use crate::coping::library::library;
    use crate::coping::organization::tests::added;
    use crate::coping::organization::{OrganizationSkill, retire};
    use crate::coping::tests::{skill, tea};
    use crate::craving::tests::{intensity, moment};
    use proptest::prelude::*;
    use rstest::rstest;

    const TEA: &str = "organization:00000000-0000-0000-0000-000000000002";

    fn asked(trigger: TriggerCategory, strength: i64) -> Asked {
        Asked { trigger: Some(trigger), intensity: Some(intensity(strength)) }
    }
    fn names(suggestions: &[Suggestion]) -> Vec<String> {
        suggestions.iter().map(|one| one.skill.clone().into()).collect()
    }
    fn choices(favorites: &[&str], precautions: &[Precaution]) -> Choices {
        let favorites: Vec<_> = favorites.iter().map(|name| skill(name)).collect();
        Choices {
            favorites: favorites.try_into().unwrap(),
            precautions: precautions.to_vec().try_into().unwrap(),
        }
    }
    fn from_library(asked: Asked) -> Vec<Suggestion> {
        suggest(asked, &Evidence::default(), &[], &Choices::default(), &Skills::new(library(), &[]))
    }

    #[test]
    fn evidence_comes_first_then_the_plan_then_favorites_then_what_fits() {
        let own = evidence(&repeated("library:brisk_walk", None, &[4, 5, 4]));
        let plan = [skill("library:call_someone"), skill("library:brisk_walk")];
        let chosen = choices(&["library:call_someone", "library:self_soothe"], &[]);
        let list =
            suggest(asked(TriggerCategory::Urges, 5), &own, &plan, &chosen, &Skills::new(library(), &[]));
        let first = ["library:brisk_walk", "library:call_someone", "library:self_soothe"];
        assert_eq!(names(&list)[..3], first);
        let sources: Vec<_> = list.iter().map(|one| one.source).collect();
        assert_eq!(sources[..4], [Source::Evidence, Source::Plan, Source::Favorite, Source::Fit]);
        assert_eq!(list.len(), MOST_SUGGESTIONS);
        let reason = serde_json::to_value(&list[0]).unwrap();
        assert_eq!(reason["reason"]["kind"], "helped");
        assert_eq!((&reason["reason"]["tries"], &reason["reason"]["trigger"]), (&3.into(), &().into()));
    }

    #[test]
    fn a_skill_that_did_not_help_in_conflicts_is_not_suggested_as_help_in_a_conflict() {
        use TriggerCategory::{Conflict, Urges};
        let name = "library:stop_and_step_back";
        let tries = [repeated(name, Some(Conflict), &[-4; 5]), repeated(name, Some(Urges), &[6; 9])].concat();
        let skills = Skills::new(library(), &[]);
        let in_conflict = suggest(asked(Conflict, 6), &evidence(&tries), &[], &Choices::default(), &skills);
        assert!(!names(&in_conflict).contains(&name.to_owned()));
        let in_urge = suggest(asked(Urges, 6), &evidence(&tries), &[], &Choices::default(), &skills);
        assert_eq!(names(&in_urge)[0], name);
    }

    #[test]
    fn a_skill_that_never_eased_a_craving_comes_last() {
        let name = "library:brisk_walk";
        let tries = [repeated(name, None, &[-1, -1, 0]), repeated("library:urge_surfing", None, &[6; 6])];
        let own = evidence(&tries.concat());
        let list = suggest(Asked::default(), &own, &[], &Choices::default(), &Skills::new(library(), &[]));
        let helped = |one: &&Suggestion| one.source == Source::Evidence;
        assert_eq!(list.iter().filter(helped).count(), 1);
        assert!(!names(&list).contains(&name.to_owned()), "{list:?}");
    }

    #[rstest]
    #[case::of_the_plan(&["library:brisk_walk", "library:call_someone"], &[])]
    #[case::a_favorite(&["library:call_someone"], &["library:brisk_walk"])]
    #[case::of_the_plan_and_a_favorite(&["library:brisk_walk", "library:call_someone"], &["library:brisk_walk"])]
    fn a_skill_that_did_not_help_is_not_suggested_first_because_it_was_chosen(
        #[case] plan: &[&str],
        #[case] liked: &[&str],
    ) {
        let name = "library:brisk_walk";
        let plan: Vec<_> = plan.iter().map(|name| skill(name)).collect();
        let suggested = |drops: &[i32], strength| {
            let own = evidence(&repeated(name, None, drops));
            let asked = asked(TriggerCategory::Urges, strength);
            names(&suggest(asked, &own, &plan, &choices(liked, &[]), &Skills::new(library(), &[])))
        };
        for strength in [5, 9] {
            let before = suggested(&[0, 0], strength);
            assert!(before[..2].contains(&name.to_owned()), "{before:?}");
            let after = suggested(&[0, -1, 0], strength);
            assert_eq!((&*after[0], after.len()), ("library:call_someone", MOST_SUGGESTIONS));
            assert!(!after.contains(&name.to_owned()), "{after:?}");
        }
    }

    #[test]
    fn where_one_kind_of_situation_is_unclear_all_tries_count() {
        use TriggerCategory::{Conflict, Urges};
        let name = "library:brisk_walk";
        let tries =
            [repeated(name, Some(Conflict), &[9, 0, 0]), repeated(name, Some(Urges), &[6; 9])].concat();
        let list = suggest(
            asked(Conflict, 5),
            &evidence(&tries),
            &[],
            &Choices::default(),
            &Skills::new(library(), &[]),
        );
        assert_eq!(list[0].skill, skill(name));
        assert!(matches!(list[0].reason, Reason::Helped { tries: 12, trigger: None, .. }), "{list:?}");
    }

    #[test]
    fn in_a_strong_urge_skills_for_strong_urges_are_suggested() {
        let list = from_library(asked(TriggerCategory::Urges, 9));
        assert_eq!(list.len(), MOST_SUGGESTIONS);
        let fits = Reason::Fits { trigger: Some(TriggerCategory::Urges), intensity: Some(intensity(9)) };
        assert!(list.iter().all(|one| one.reason == fits), "{list:?}");
        let plan = [skill("library:pros_and_cons"), skill("library:five_senses")];
        let skills = Skills::new(library(), &[]);
        let at = |strength| {
            let asked = asked(TriggerCategory::Urges, strength);
            names(&suggest(asked, &Evidence::default(), &plan, &Choices::default(), &skills))[0].clone()
        };
        assert_eq!((at(6), at(7)), ("library:pros_and_cons".to_owned(), "library:five_senses".to_owned()));
    }

    #[test]
    fn families_take_turns() {
        let skills = Skills::new(library(), &[]);
        let families: BTreeSet<_> = from_library(Asked::default())
            .iter()
            .map(|one| skills.find(&one.skill).unwrap().family)
            .collect();
        assert_eq!(families.len(), MOST_SUGGESTIONS);
    }

    #[test]
    fn an_organizations_skill_is_suggested_until_it_is_retired() {
        let own = added(2, tea());
        let gone = retire(&own, moment("2026-03-03T09:00:00Z"));
        let plan = [skill(TEA), skill("library:juggling")];
        let suggested = |own: &[OrganizationSkill]| {
            let skills = Skills::new(library(), own);
            names(&suggest(Asked::default(), &Evidence::default(), &plan, &choices(&[TEA], &[]), &skills))
        };
        assert_eq!(suggested(&[own])[0], TEA);
        let without = suggested(&[gone]);
        assert_eq!((without.contains(&TEA.to_owned()), without.len()), (false, MOST_SUGGESTIONS));
    }

    fn any_name() -> impl Strategy<Value = SkillRef> {
        let library = library().skills.iter().map(|one| SkillRef::Library(one.code.clone()));
        let all: Vec<_> = library.chain([skill(TEA), skill("library:juggling")]).collect();
        prop::sample::select(all)
    }
    fn any_evidence() -> impl Strategy<Value = Evidence> {
        let trigger = prop::option::of(prop::sample::select(TriggerCategory::ALL));
        prop::collection::vec((any_name(), trigger, -10i32..=10, 1i32..6), 0..30).prop_map(|tries| {
            let tries = tries.into_iter().map(|(name, trigger, drop, count)| {
                let squares = count * drop * drop;
                let tries = crate::coping::evidence::Tries { count, sum: count * drop, squares };
                (name, trigger.into_iter().collect(), tries)
            });
            tries.collect()
        })
    }

    /// The skills that did not help in this kind of situation, or where that is unclear, over all tries.
    fn failed(asked: Asked, own: &Evidence) -> BTreeSet<SkillRef> {
        let shown =
            |of| own.what_works(of).into_iter().filter_map(|one| Some((one.skill, one.claim?.effect)));
        let clear = |(_, effect): &(SkillRef, Effect)| *effect != Effect::Unclear;
        let here: BTreeMap<_, _> =
            asked.trigger.into_iter().flat_map(|of| shown(Some(of))).filter(clear).collect();
        let whole: BTreeMap<_, _> = shown(None).filter(clear).collect();
        let known = whole.into_iter().chain(here).collect::<BTreeMap<_, _>>().into_iter();
        known.filter(|(_, effect)| *effect == Effect::NotHelped).map(|(name, _)| name).collect()
    }

    proptest! {
        #[test]
        fn suggestions_are_safe_unique_few_and_in_order(
            trigger in prop::option::of(prop::sample::select(TriggerCategory::ALL)),
            strength in prop::option::of(0i64..=10),
            own in any_evidence(),
            plan in prop::collection::vec(any_name(), 0..6),
            favorites in prop::collection::vec(any_name(), 0..6),
            precautions in prop::collection::vec(prop::sample::select(Precaution::ALL), 0..6),
        ) {
            let offered = [added(2, tea())];
            let skills = Skills::new(library(), &offered);
            let chosen =
                Choices { favorites: favorites.try_into().unwrap(), precautions: precautions.try_into().unwrap() };
            let asked = Asked { trigger, intensity: strength.map(intensity) };
            let list = suggest(asked, &own, &plan, &chosen, &skills);
            for one in &list {
                let skill = skills.find(&one.skill);
                prop_assert!(skill.is_some_and(|skill| chosen.allow(skill)), "{one:?}");
                if let Reason::Helped { tries, mean_drop, .. } = one.reason {
                    prop_assert!(3 <= tries && 0.0 < mean_drop);
                }
                prop_assert_eq!(one.source == Source::Evidence, matches!(one.reason, Reason::Helped { .. }));
            }
            let once: BTreeSet<_> = list.iter().map(|one| &one.skill).collect();
            prop_assert_eq!(once.len(), list.len());
            prop_assert!((1..=MOST_SUGGESTIONS).contains(&list.len()));
            prop_assert!(list.is_sorted_by_key(|one| one.source));
            let failed = failed(asked, &own);
            prop_assert!(list.is_sorted_by_key(|one| failed.contains(&one.skill)));
            let others = skills.iter().filter(|(name, skill)| chosen.allow(skill) && !failed.contains(name)).count();
            let shown = list.iter().filter(|one| !failed.contains(&one.skill)).count();
            prop_assert_eq!(shown, others.min(MOST_SUGGESTIONS));
            prop_assert_eq!(suggest(asked, &own, &plan, &chosen, &skills), list);
        }

        #[test]
        fn a_skill_that_never_eased_a_craving_is_never_called_helpful_in_any_order_of_tries(
            (own, shuffled) in prop::collection::vec(
                (any_name(), prop::option::of(prop::sample::select(&TriggerCategory::ALL[..2])), -10i32..=10), 0..60
            ).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
            lucky in 0i32..=10,
        ) {
            let never = skill("library:brisk_walk");
            let summed = |tries: &[(SkillRef, Option<TriggerCategory>, i32)]| -> Evidence {
                let once = |drop: i32| crate::coping::evidence::Tries { count: 1, sum: drop, squares: drop * drop };
                // No try of this skill helped, except perhaps one.
                let own = tries.iter().map(|(name, trigger, drop)| {
                    (name.clone(), trigger.iter().copied().collect(), once(if *name == never { -drop.abs() } else { *drop }))
                });
                own.chain([(never.clone(), BTreeSet::new(), once(lucky))]).collect()
            };
            let asked = asked(TriggerCategory::ALL[0], 5);
            let skills = Skills::new(library(), &[]);
            let list = suggest(asked, &summed(&own), &[], &Choices::default(), &skills);
            prop_assert!(!list.iter().any(|one| one.skill == never && one.source == Source::Evidence), "{list:?}");
            prop_assert_eq!(suggest(asked, &summed(&shuffled), &[], &Choices::default(), &skills), list);
        }

        #[test]
        fn a_library_with_one_allowed_skill_still_has_something(
            index in 0usize..40, own in any_evidence(), strength in 0i64..=10
        ) {
            let mut small = library().clone();
            small.skills = vec![small.skills[index].clone()];
            let skills = Skills::new(&small, &[]);
            let list = suggest(asked(TriggerCategory::Conflict, strength), &own, &[], &Choices::default(), &skills);
            prop_assert_eq!(list.len(), 1);
        }
    }
}
