use super::*;
use crate::coping::skill_practice::tests::practiced;
use crate::coping::tests::skill;
use crate::craving::{self, tests::moment};
use proptest::prelude::*;
use rstest::rstest;

type Try = (&'static str, Option<TriggerCategory>, i32);
const NAMES: [&str; 4] =
    ["library:urge_surfing", "library:five_senses", "library:call_someone", "library:delay_15"];

pub(crate) fn evidence(tries: &[Try]) -> Evidence {
    tries
        .iter()
        .map(|(name, trigger, drop)| {
            let tries = Tries { count: 1, sum: *drop, squares: drop * drop };
            (skill(name), trigger.iter().copied().collect(), tries)
        })
        .collect()
}
pub(crate) fn repeated(name: &'static str, trigger: Option<TriggerCategory>, drops: &[i32]) -> Vec<Try> {
    drops.iter().map(|drop| (name, trigger, *drop)).collect()
}
fn claim_of(worked: &[Worked], name: &str) -> Option<Claim> {
    worked.iter().find(|one| one.skill == skill(name)).and_then(|one| one.claim.clone())
}
fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.0051
}

#[test]
fn two_tries_are_not_enough_and_three_are() {
    let two = evidence(&repeated(NAMES[0], None, &[5, 6])).what_works(None);
    assert_eq!((two[0].tries, &two[0].claim), (2, &None));
    let three = evidence(&repeated(NAMES[0], None, &[5, 6, 4])).what_works(None);
    let claim = three[0].claim.clone().unwrap();
    // By hand: s2 = (16 + 2) / 6 = 3, t2 = 4.5 / 2 = 2.25, variance = 1 / (1 / 2.25 + 3 / 3) = 0.6923.
    assert!(close(claim.mean_drop, 5.0) && close(claim.margin, 1.63), "{claim:?}");
    assert!(close(claim.low, 3.37) && close(claim.high, 6.63), "{claim:?}");
}

#[test]
fn a_mean_is_adjusted_toward_the_persons_overall_mean() {
    let tries = [repeated(NAMES[0], None, &[6, 6, 6]), repeated(NAMES[1], None, &[0; 9])].concat();
    let worked = evidence(&tries).what_works(None);
    // m = 1.5, s2 = 16 / 14 = 1.1429, t2 = (4.5 + 18) / 3 = 7.5, b = 7.5 / (7.5 + 0.3810) = 0.9517.
    assert!(close(claim_of(&worked, NAMES[0]).unwrap().mean_drop, 5.78), "{worked:?}");
    assert!(0.0 < claim_of(&worked, NAMES[1]).unwrap().mean_drop);
    assert_eq!(worked[0].skill, skill(NAMES[0]));
}

#[rstest]
#[case::too_few(&[9, 9], None)]
#[case::a_lot_each_time(&[4, 4, 4], Some(Effect::Helped))]
#[case::a_little_each_time(&[1, 1, 1], Some(Effect::Unclear))]
#[case::a_little_often(&[1; 12], Some(Effect::Helped))]
#[case::one_lucky_try(&[10, 0, 0], Some(Effect::Unclear))]
#[case::never(&[-1, -1, 0], Some(Effect::NotHelped))]
#[case::nothing(&[0; 9], Some(Effect::NotHelped))]
#[case::up_and_down(&[5, -5, 0], Some(Effect::NotHelped))]
fn the_effect_follows_from_the_tries_of_the_skill(#[case] drops: &[i32], #[case] shown: Option<Effect>) {
    // Another skill that always helps raises the estimate.
    let tries = [repeated(NAMES[0], None, drops), repeated(NAMES[1], None, &[8; 9])].concat();
    let worked = evidence(&tries).what_works(None);
    assert_eq!(claim_of(&worked, NAMES[0]).map(|claim| claim.effect), shown);
}

#[test]
fn skills_that_did_not_help_come_after_those_that_may_help_a_little() {
    let tries = [
        repeated(NAMES[0], None, &[0, -1, 1]),
        repeated(NAMES[1], None, &[8; 20]),
        repeated(NAMES[2], None, &[1; 30]),
        repeated(NAMES[3], None, &[9]),
    ];
    let worked = evidence(&tries.concat()).what_works(None);
    let order: Vec<_> = worked.iter().map(|one| one.skill.clone()).collect();
    assert_eq!(order, [NAMES[1], NAMES[2], NAMES[0], NAMES[3]].map(skill));
}

#[test]
fn what_works_in_conflicts_is_read_from_tries_in_conflicts() {
    use TriggerCategory::{Conflict, Urges};
    let tries = [
        repeated(NAMES[0], Some(Conflict), &[1, 0, 1]),
        repeated(NAMES[0], Some(Urges), &[6, 7, 6]),
        repeated(NAMES[1], Some(Conflict), &[4, 4, 5]),
        repeated(NAMES[2], None, &[3]),
    ];
    let evidence = evidence(&tries.concat());
    let conflict = evidence.what_works(Some(Conflict));
    assert_eq!(conflict.iter().map(|one| one.tries).collect::<Vec<_>>(), [3, 3]);
    assert_eq!(conflict[0].skill, skill(NAMES[1]));
    let overall = evidence.what_works(None);
    assert_eq!(overall.iter().map(|one| one.tries).collect::<Vec<_>>(), [3, 6, 1]);
    assert_eq!(evidence.what_works(Some(TriggerCategory::PleasantTimes)), []);
}

#[test]
fn a_withdrawn_practice_is_no_evidence() {
    let valid = practiced(NAMES[0], "2026-03-02T18:40:00Z", 8, 3);
    let gone = valid.withdraw(moment("2026-03-03T00:00:00Z"));
    assert_eq!(Evidence::of([&valid, &gone], &[]), evidence(&[(NAMES[0], None, 5)]));
    assert_eq!(Evidence::of([&gone], &[]).what_works(None), []);
}

#[test]
fn a_practice_in_a_craving_counts_for_each_of_its_kinds_of_situation() {
    use TriggerCategory::{Conflict, SocialPressure, Urges};
    let at = "2026-03-02T18:40:00Z";
    let mut felt = craving::tests::draft(at, "America/New_York", 8);
    felt.triggers = vec![Conflict, SocialPressure].try_into().unwrap();
    let felt = craving::tests::recorded(felt, at);
    let mut linked = practiced(NAMES[0], at, 8, 3);
    linked.draft.craving = Some(felt.id);
    let mut named = practiced(NAMES[1], at, 6, 5);
    (named.draft.craving, named.draft.trigger) = (Some(felt.id), Some(Urges));
    let tries = [linked, named];
    let counted = |cravings: &[Craving], of| {
        let worked = Evidence::of(&tries, cravings).what_works(of).into_iter();
        worked.map(|one| (one.skill, one.tries)).collect::<Vec<_>>()
    };
    let both = [(skill(NAMES[1]), 1), (skill(NAMES[0]), 1)];
    let first = &both[1..];
    let valid = std::slice::from_ref(&felt);
    let withdrawn = [craving::withdraw(&felt, moment(at))];
    assert_eq!(
        (counted(valid, Some(Conflict)), counted(valid, Some(SocialPressure))),
        (first.to_vec(), first.to_vec())
    );
    assert_eq!(counted(valid, Some(Urges)), both[..1], "its own trigger replaces the craving's");
    for cravings in [valid, &withdrawn, &[]] {
        assert_eq!(counted(cravings, None), both, "once");
    }
    for cravings in [&withdrawn[..], &[]] {
        assert_eq!(counted(cravings, Some(Conflict)), []);
    }
}

#[test]
fn a_try_unlike_the_others_may_make_every_claim_less_sure() {
    let tries = [repeated(NAMES[0], None, &[5; 6]), repeated(NAMES[1], None, &[5; 6])].concat();
    let before = evidence(&tries).what_works(None);
    let after = evidence(&[tries, vec![(NAMES[0], None, -10)]].concat()).what_works(None);
    for name in &NAMES[..2] {
        assert!(
            claim_of(&before, name).unwrap().margin < claim_of(&after, name).unwrap().margin,
            "{after:?}"
        );
    }
}

#[test]
fn practice_while_calm_is_no_evidence() {
    let at = "2026-03-02T18:40:00Z";
    let calm = practiced(NAMES[0], at, 0, 0);
    assert_eq!(Evidence::of(&vec![calm.clone(); 5], &[]).what_works(None), []);
    let tries = [practiced(NAMES[0], at, 8, 3), practiced(NAMES[0], at, 5, 5), practiced(NAMES[0], at, 0, 2)];
    let expected = evidence(&repeated(NAMES[0], None, &[5, 0, -2]));
    assert_eq!(
        Evidence::of(tries.iter().chain(&vec![calm; 9]), &[]),
        expected,
        "what stayed the same and what got worse count"
    );
}

fn any_try() -> impl Strategy<Value = Try> {
    let trigger = prop::option::of(prop::sample::select(TriggerCategory::ALL));
    (prop::sample::select(&NAMES[..]), trigger, -10i32..=10)
}

proptest! {
    #[test]
    fn the_order_of_tries_does_not_matter(
        (tries, shuffled) in prop::collection::vec(any_try(), 0..60)
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        trigger in prop::option::of(prop::sample::select(TriggerCategory::ALL)),
    ) {
        prop_assert_eq!(evidence(&tries).what_works(trigger), evidence(&shuffled).what_works(trigger));
    }

    #[test]
    fn the_same_tries_again_never_make_a_claim_less_sure(
        tries in prop::collection::vec(any_try(), 1..60), name in prop::sample::select(&NAMES[..]),
        trigger in prop::option::of(prop::sample::select(&TriggerCategory::ALL[..2])), times in 1usize..4
    ) {
        let before = evidence(&tries).what_works(trigger);
        let its: Vec<_> = tries.iter().filter(|(of, ..)| *of == name).copied().collect();
        let after = evidence(&[tries, its.repeat(times)].concat()).what_works(trigger);
        if let Some(before) = claim_of(&before, name) {
            prop_assert!(claim_of(&after, name).unwrap().margin <= before.margin);
        }
    }

    #[test]
    fn all_tries_again_make_every_claim_at_least_as_sure(tries in prop::collection::vec(any_try(), 1..60)) {
        // Only skills with a claim: one that only now has enough tries may show that skills differ more.
        let times = |name| tries.iter().filter(|(of, ..)| *of == name).count();
        let tries: Vec<_> = tries.iter().filter(|(name, ..)| 3 <= times(*name)).copied().collect();
        let before = evidence(&tries).what_works(None);
        let after = evidence(&tries.repeat(2)).what_works(None);
        for one in before {
            let name = String::from(one.skill);
            prop_assert!(claim_of(&after, &name).unwrap().margin <= one.claim.unwrap().margin);
        }
    }

    #[test]
    fn more_tries_of_the_same_spread_never_make_a_claim_less_sure(
        tries in prop::collection::vec(any_try(), 1..40), more in prop::collection::vec(any_try(), 1..10),
        trigger in prop::option::of(prop::sample::select(&TriggerCategory::ALL[..2]))
    ) {
        let spread = |tries: &[Try]| {
            let of = |name| tries.iter().filter(move |(of, at, _)| *of == name && (trigger.is_none() || trigger == *at));
            let added = NAMES.map(|name| of(name).fold(Tries::default(), |mut sum, (.., drop)| {
                sum.add(Tries { count: 1, sum: *drop, squares: drop * drop });
                sum
            }));
            let Prior { within, between, .. } = Prior::of(&added, 0.0);
            (within, between)
        };
        let grown = [&tries[..], &more].concat();
        let ((within, between), (within_after, between_after)) = (spread(&tries), spread(&grown));
        let widened = within < within_after || between < between_after;
        let after = evidence(&grown).what_works(trigger);
        for one in evidence(&tries).what_works(trigger) {
            let (Some(before), name) = (one.claim, String::from(one.skill)) else { continue };
            prop_assert!(widened || claim_of(&after, &name).unwrap().margin <= before.margin);
        }
    }

    #[test]
    fn tries_at_the_mean_of_their_skill_make_every_claim_at_least_as_sure(
        means in prop::collection::vec(-8i32..=8, 1..4), off in prop::collection::vec(0i32..=2, 4),
        more in prop::collection::vec(0usize..4, 1..20)
    ) {
        let skills = || NAMES.into_iter().zip(&means).zip(&off);
        let tries: Vec<_> = skills()
            .flat_map(|((name, mean), off)| repeated(name, None, &[*mean, mean - off, mean + off]))
            .collect();
        let more = more.iter().filter_map(|at| Some((NAMES[*at], None, *means.get(*at)?)));
        let after = evidence(&tries.iter().copied().chain(more).collect::<Vec<_>>()).what_works(None);
        for one in evidence(&tries).what_works(None) {
            let name = String::from(one.skill);
            prop_assert!(claim_of(&after, &name).unwrap().margin <= one.claim.unwrap().margin);
        }
    }

    #[test]
    fn one_lucky_try_never_outranks_many_good_ones(
        good in prop::collection::vec(1i32..=10, 3..30), others in prop::collection::vec(any_try(), 0..30),
        lucky in -10i32..=10
    ) {
        let others: Vec<_> = others.into_iter().filter(|(of, ..)| *of != NAMES[0] && *of != NAMES[1]).collect();
        let tries = [repeated(NAMES[0], None, &good), others, vec![(NAMES[1], None, lucky)]].concat();
        let worked = evidence(&tries).what_works(None);
        let place = |name| worked.iter().position(|one| one.skill == skill(name)).unwrap();
        prop_assert!(place(NAMES[0]) < place(NAMES[1]));
    }

    #[test]
    fn a_skill_that_eased_at_most_once_never_counts_as_help(
        lucky in -10i32..=10, rest in prop::collection::vec(-10i32..=0, 2..40),
        others in prop::collection::vec(any_try(), 0..30)
    ) {
        let others: Vec<_> = others.into_iter().filter(|(of, ..)| *of != NAMES[0]).collect();
        let tries = [vec![(NAMES[0], None, lucky)], repeated(NAMES[0], None, &rest), others].concat();
        let effect = claim_of(&evidence(&tries).what_works(None), NAMES[0]).map(|claim| claim.effect);
        prop_assert_ne!(effect, Some(Effect::Helped));
        let sum = lucky + rest.iter().sum::<i32>();
        prop_assert_eq!(effect == Some(Effect::NotHelped), sum <= 0);
    }

    #[test]
    fn every_claim_is_on_the_scale_and_has_three_tries(tries in prop::collection::vec(any_try(), 0..60)) {
        for Worked { tries, claim, .. } in evidence(&tries).what_works(None) {
            prop_assert_eq!(claim.is_some(), 3 <= tries);
            let Some(Claim { mean_drop, margin, low, high, .. }) = claim else { continue };
            prop_assert!(-10.0 <= low && low <= mean_drop && mean_drop <= high && high <= 10.0);
            prop_assert!(0.0 < margin);
        }
    }
}
