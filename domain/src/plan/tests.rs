use proptest::prelude::*;
use uuid::Uuid;

use super::item::{Item, Items, Unfit, Words};
use super::proposal::Proposal;
use super::section::{
    LapseResponseStep, Naloxone, OnlyMe, PlanSign, PlanTrigger, RecoveryReason, TriggerSource,
};
use super::*;
use crate::coping::SkillRef;
use crate::craving::TriggerCategory;
use crate::craving::tests::moment;
use crate::program::LevelOfCare::{ContinuingCare, IntensiveOutpatient};
use crate::recovery::warning::{SignCode, signs};
use crate::value::BoundedList;

pub(super) fn id(number: u128) -> ItemId {
    Uuid::from_u128(number).into()
}
pub(super) fn words(text: &str) -> Words {
    text.to_owned().try_into().unwrap()
}
pub(super) fn link(text: &str) -> SkillRef {
    text.to_owned().try_into().unwrap()
}
pub(super) fn day(text: &str) -> Day {
    Day::from(text.parse::<jiff::civil::Date>().unwrap())
}
pub(super) fn list<T: Item, const MOST: usize>(items: impl Into<Vec<T>>) -> Items<T, MOST> {
    items.into().try_into().unwrap()
}
pub(super) fn only_me(sections: &[PlanSection]) -> OnlyMe {
    sections.to_vec().try_into().unwrap()
}
pub(super) fn reason(number: u128, text: &str) -> RecoveryReason {
    RecoveryReason { id: id(number), words: words(text) }
}
pub(super) fn step(number: u128, text: &str) -> LapseResponseStep {
    LapseResponseStep { id: id(number), words: words(text) }
}
pub(super) fn trigger(number: u128, text: &str, coping: &[&str]) -> PlanTrigger {
    let coping: Vec<SkillRef> = coping.iter().map(|skill| link(skill)).collect();
    PlanTrigger {
        id: id(number),
        category: TriggerCategory::Conflict,
        source: TriggerSource::External,
        words: words(text),
        coping: BoundedList::try_from(coping).unwrap(),
    }
}

/// Some of a few items under a few ids, so that two lists often meet.
fn some<T: Item + std::fmt::Debug + 'static, const MOST: usize>(
    make: fn(u128, &str) -> T,
) -> impl Strategy<Value = Items<T, MOST>> {
    let texts = prop::sample::select(vec!["alpha", "beta", "gamma"]);
    prop::collection::vec((1..6u128, texts), 0..5).prop_map(move |mut chosen| {
        let mut seen = std::collections::BTreeSet::new();
        chosen.retain(|(number, _)| seen.insert(*number));
        let items: Vec<T> = chosen.into_iter().map(|(number, text)| make(number, text)).collect();
        list(items)
    })
}

prop_compose! {
    /// A plan with something in sections of every kind.
    pub(super) fn any_plan()(
        reasons in some(reason),
        triggers in some(|number, text| {
            let skills: &[&str] = if text == "alpha" { &[] } else { &["library:urge_surfing"] };
            trigger(number, text, skills)
        }),
        lapse_response in some(step),
        naloxone in prop::option::of((any::<bool>(), prop::option::of("[ab]"))),
        review_on in prop::option::of(0i32..3),
        hidden in prop::sample::subsequence(vec![PlanSection::Reasons, PlanSection::Triggers], 0..=2),
    ) -> Plan {
        let naloxone = naloxone.map(|(has, location)| Naloxone { has, location: location.map(|text| words(&text)) });
        let review_on = review_on.map(|days| day("2026-03-02").plus(days));
        let only_me = only_me(&hidden);
        Plan { reasons, triggers, lapse_response, naloxone, review_on, only_me, ..Plan::default() }
    }
}

fn now() -> Moment {
    moment("2026-03-02T18:40:00Z")
}
fn today() -> Day {
    day("2026-03-02")
}
fn sam() -> Author {
    Author { account: Uuid::from_u128(1).into(), role: Role::Participant }
}
fn counselor() -> Author {
    Author { account: Uuid::from_u128(2).into(), role: Role::Counselor }
}
fn saved(current: Option<&Revision<Plan>>, draft: Plan, by: Author) -> Revision<Plan> {
    let based_on = current.map_or(0, |current| current.revision);
    save(current, based_on, draft, by, IntensiveOutpatient, today(), now()).unwrap()
}
/// What a counselor's draft makes of the current plan when it is merged and saved.
fn reconciled(base: &Plan, current: &Plan, draft: Plan) -> Result<Plan, Conflict<PlanSection>> {
    let draft = reconcile(base, current, draft, Role::Counselor)?;
    assert_eq!(check_hidden(current, &draft, Role::Counselor), Ok(()));
    Ok(apply(current, draft, Role::Counselor))
}
fn sample() -> Plan {
    Plan {
        reasons: list([reason(1, "My daughter")]),
        triggers: list([trigger(2, "payday", &["library:urge_surfing"])]),
        lapse_response: list([step(3, "Call Sam")]),
        ..Plan::default()
    }
}

#[test]
fn each_save_is_a_new_revision_and_the_same_again_is_a_repeat() {
    let first = saved(None, sample(), sam());
    assert_eq!((first.revision, first.author, first.agreement()), (1, sam(), Agreement::Draft));
    let again = save(Some(&first), 0, sample(), sam(), IntensiveOutpatient, today(), now());
    assert_eq!(again.as_ref(), Ok(&first), "sent again from the same base");
    let second = saved(Some(&first), Plan { reasons: Items::default(), ..sample() }, counselor());
    assert_eq!((second.revision, second.author), (2, counselor()));
}

#[test]
fn a_save_from_an_old_revision_is_refused() {
    let first = saved(None, sample(), sam());
    let second = saved(Some(&first), Plan::default(), sam());
    let late = Plan { triggers: Items::default(), ..sample() };
    let stale = save(Some(&second), 1, late.clone(), sam(), IntensiveOutpatient, today(), now());
    assert_eq!(stale, Err(Refusal::Stale { current: 2 }));
    let ghost = save(None, 1, late, sam(), IntensiveOutpatient, today(), now());
    assert_eq!(ghost, Err(Refusal::Stale { current: 0 }));
}

#[test]
fn a_review_is_at_most_as_far_ahead_as_the_level_of_care_allows() {
    let on = |days| Plan { review_on: Some(today().plus(days)), ..sample() };
    let try_save =
        |current, based_on, plan, level| save(current, based_on, plan, sam(), level, today(), now());
    assert!(try_save(None, 0, on(14), IntensiveOutpatient).is_ok());
    assert_eq!(try_save(None, 0, on(15), IntensiveOutpatient), Err(Refusal::ReviewTooFar { most: 14 }));
    let far = try_save(None, 0, on(90), ContinuingCare).unwrap();
    assert_eq!(try_save(None, 0, on(91), ContinuingCare), Err(Refusal::ReviewTooFar { most: 90 }));

    assert!(try_save(None, 0, on(0), IntensiveOutpatient).is_ok(), "today is not past");
    assert_eq!(try_save(None, 0, on(-1), IntensiveOutpatient), Err(Refusal::ReviewPast));
    let past = Revision { content: on(-30), ..far.clone() };
    let later = Plan { reasons: Items::default(), ..on(-30) };
    assert!(
        try_save(Some(&past), 1, later, IntensiveOutpatient).is_ok(),
        "a date that passed blocks nothing"
    );
    assert_eq!(try_save(Some(&past), 1, on(-29), IntensiveOutpatient), Err(Refusal::ReviewPast));

    let edited = Plan { reasons: Items::default(), ..on(90) };
    assert!(
        try_save(Some(&far), 1, edited, IntensiveOutpatient).is_ok(),
        "back in IOP, the old date blocks nothing"
    );
}

#[test]
fn a_revision_is_agreed_when_both_signed_that_one() {
    let first = saved(None, sample(), sam());
    let once = sign(&first, 1, sam(), now()).unwrap();
    assert_eq!(once.agreement(), Agreement::Participant);
    assert_eq!(sign(&once, 1, sam(), moment("2026-03-03T08:00:00Z")).unwrap(), once, "the first one remains");
    assert_eq!(sign(&first, 1, counselor(), now()).unwrap().agreement(), Agreement::Counselor);
    let agreed = sign(&once, 1, counselor(), now()).unwrap();
    assert_eq!((agreed.agreement(), &agreed.content), (Agreement::Agreed, &first.content));

    let edited = saved(Some(&agreed), Plan::default(), sam());
    assert_eq!((edited.agreement(), &edited.signatures[..]), (Agreement::Draft, &[][..]));
    assert_eq!(sign(&edited, 1, sam(), now()), Err(Refusal::NotCurrent { current: 2 }));
    let history = [agreed.clone(), edited];
    assert_eq!(agreed_revision(&history), Some(&agreed), "the last agreed one stays");
    assert_eq!(agreed_revision(&history[1..]), None);
}

#[test]
fn only_the_participant_and_a_counselor_sign() {
    let first = saved(None, sample(), sam());
    for role in [Role::Supervisor, Role::Admin, Role::Supporter] {
        let by = Author { role, ..counselor() };
        assert_eq!(sign(&first, 1, by, now()), Err(Refusal::NotASigner), "{role:?}");
    }
}

#[test]
fn sections_that_may_save_a_life_are_never_hidden_from_the_care_team() {
    use PlanSection as S;
    for section in [S::LocalCrisisLines, S::LapseResponse, S::Naloxone, S::Review, S::Sharing] {
        assert_eq!(OnlyMe::try_from(vec![S::Reasons, section]), Err(Unfit::AlwaysShared), "{section:?}");
    }
    let json = r#"{"only_me":["lapse_response"]}"#;
    assert!(serde_json::from_str::<Plan>(json).is_err());
    assert!(serde_json::from_str::<Plan>(r#"{"only_me":["reasons"]}"#).is_ok());
    assert_eq!(OnlyMe::try_from(vec![S::Reasons, S::Triggers, S::Reasons]), Err(Unfit::NamedTwice));
}

#[test]
fn a_section_hidden_now_or_in_a_revision_is_hidden_in_that_revision() {
    let shared = sample();
    let hiding = Plan { only_me: only_me(&[PlanSection::Reasons]), ..sample() };
    for (old, current) in [(&shared, &hiding), (&hiding, &shared)] {
        let view = visible_to(old, current, Role::Counselor);
        assert_eq!(view.withheld, [PlanSection::Reasons]);
        assert!(view.plan.reasons.is_empty() && !view.plan.triggers.is_empty());
        assert_eq!(visible_to(old, current, Role::Participant).plan, *old);
    }
    let other = Plan { reasons: Items::default(), triggers: Items::default(), ..hiding.clone() };
    let seen = compare_visible(&hiding, &other, &shared, Role::Supervisor);
    assert_eq!(seen.iter().map(|difference| difference.section).collect::<Vec<_>>(), [PlanSection::Triggers]);
    assert_eq!(visible_to(&shared, &shared, Role::Supporter).withheld, PlanSection::ALL);
}

#[test]
fn a_counselor_edits_only_what_is_not_hidden_and_cannot_change_what_is_hidden() {
    let hiding = Plan { only_me: only_me(&[PlanSection::Reasons]), ..sample() };
    let first = saved(None, hiding.clone(), sam());
    let mut draft = visible_to(&hiding, &hiding, Role::Counselor).plan;
    draft.lapse_response = list([step(3, "Call Sam"), step(9, "Go to a meeting")]);
    let second = saved(Some(&first), draft.clone(), counselor());
    assert_eq!((&second.content.reasons, &second.content.only_me), (&hiding.reasons, &hiding.only_me));
    assert_eq!(second.content.lapse_response.len(), 2);

    let try_save = |based_on, draft| {
        save(Some(&second), based_on, draft, counselor(), IntensiveOutpatient, today(), now())
    };
    let open = Plan { only_me: OnlyMe::default(), ..draft.clone() };
    assert_eq!(try_save(2, open.clone()), Err(Refusal::Sharing));
    assert_eq!(
        try_save(1, open),
        Err(Refusal::Stale { current: 2 }),
        "it may have been allowed in revision 1"
    );
    for text in ["Because I say so", "My daughter"] {
        let filled = Plan { reasons: list([reason(1, text)]), ..draft.clone() };
        assert_eq!(try_save(2, filled), Err(Refusal::Hidden { section: PlanSection::Reasons }), "{text}");
    }
    assert_eq!(try_save(1, draft).as_ref(), Ok(&second));
}

#[test]
fn a_proposal_for_a_hidden_section_is_refused() {
    let hiding = Plan { only_me: only_me(&[PlanSection::Triggers, PlanSection::Reasons]), ..sample() };
    let skill = Proposal::RemoveSkill { skill: link("library:urge_surfing") };
    let accept = |proposal| accept_proposal(&hiding, proposal, id(9), Role::Counselor, |_| false);
    let refused = accept(&skill);
    assert_eq!(refused, Err(Refusal::Hidden { section: PlanSection::Triggers }));
    let step = Proposal::AddLapseResponseStep { words: words("Breathe") };
    let draft = accept(&step).unwrap();
    let first = saved(None, hiding.clone(), sam());
    let second = saved(Some(&first), draft, counselor()).content;
    assert_eq!((second.lapse_response.len(), &second.reasons), (2, &hiding.reasons));
}

#[test]
fn a_section_hidden_while_a_counselor_wrote_is_neither_lost_nor_overwritten() {
    let base = sample();
    let current = Plan { only_me: only_me(&[PlanSection::Triggers]), ..sample() };
    let emptied = visible_to(&base, &current, Role::Counselor).plan;
    assert_eq!(reconciled(&base, &current, emptied), Ok(current.clone()));
    assert_eq!(reconciled(&base, &current, base.clone()), Ok(current.clone()), "nothing new in it");
    let draft = Plan { triggers: list([trigger(7, "a bar", &[])]), ..sample() };
    let conflict = Conflict { sections: vec![(PlanSection::Triggers, Clash::Hidden)] };
    assert_eq!(reconciled(&base, &current, draft), Err(conflict));
    let filled = Plan { only_me: current.only_me.clone(), ..base.clone() };
    let conflict = Conflict { sections: vec![(PlanSection::Triggers, Clash::Hidden)] };
    assert_eq!(reconciled(&current, &base, filled), Err(conflict), "hidden when the draft was started");
    let open = Plan { only_me: OnlyMe::default(), triggers: Items::default(), ..current.clone() };
    let conflict = Conflict { sections: vec![(PlanSection::Sharing, Clash::Sharing)] };
    assert_eq!(reconciled(&current, &current, open), Err(conflict));
}

#[test]
fn a_warning_sign_stays_the_sign_it_came_from_when_its_words_change() {
    let known = &signs()[0];
    let of = |code: Option<&SignCode>, text: &str| Plan {
        warning_signs: list([PlanSign {
            id: id(1),
            code: code.cloned(),
            stage: known.stage,
            words: words(text),
        }]),
        ..Plan::default()
    };
    let coded = of(Some(&known.code), &known.words);
    let first = saved(None, coded.clone(), sam());
    let plain = of(None, &known.words);
    let again = save(Some(&first), 1, plain.clone(), sam(), IntensiveOutpatient, today(), now());
    assert_eq!(again, Ok(first.clone()), "a phone that does not know codes");
    let own = of(None, "I go quiet");
    assert_eq!(saved(Some(&first), own.clone(), sam()).content, of(Some(&known.code), "I go quiet"));
    let uncoded = saved(None, plain.clone(), sam());
    assert_eq!(uncoded.content, plain, "the first revision stays as it was written");
    assert_eq!(saved(Some(&uncoded), own.clone(), sam()).content, of(Some(&known.code), "I go quiet"));
    assert_eq!(
        reconciled(&coded, &of(Some(&known.code), "I hide"), plain),
        Ok(of(Some(&known.code), "I hide"))
    );
    let other = saved(None, own.clone(), sam());
    let reworded = of(None, "I go quiet with Sam");
    assert_eq!(saved(Some(&other), reworded.clone(), sam()).content, reworded, "a sign without a code");
    let differences = serde_json::to_value(compare(&own, &of(Some(&known.code), "I go quiet"))).unwrap();
    assert_eq!(
        differences[0]["fields"],
        serde_json::json!([{ "field": "code", "after": known.code.as_ref() }])
    );
}

#[test]
fn a_plan_reads_back_as_written_and_refuses_what_it_does_not_know() {
    let json = serde_json::json!({
        "triggers": [{
            "id": "00000000-0000-0000-0000-000000000002",
            "category": "conflict",
            "source": "external",
            "words": "payday",
            "coping": ["library:urge_surfing"],
        }],
        "naloxone": { "has": true },
        "review_on": "2026-03-10",
        "only_me": ["reasons"],
    });
    let plan: Plan = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&plan).unwrap(), json);
    assert!(serde_json::from_str::<Plan>(r#"{"horoscope":[]}"#).is_err());
    let item = serde_json::to_value(step(1, "Call")).unwrap();
    let twice = serde_json::json!({ "lapse_response": [item, item] });
    assert!(serde_json::from_value::<Plan>(twice).is_err(), "one id, one item");
}

/// The largest possible plan.
pub(super) fn fullest(letter: &str) -> Plan {
    let text = letter.repeat(160);
    let short = letter.repeat(60);
    let item = |number: usize, fields: serde_json::Value| {
        let mut item = fields;
        item["id"] = Uuid::from_u128(u128::MAX - number as u128).to_string().into();
        item
    };
    let many = |most: usize, fields: serde_json::Value| {
        (0..most).map(|number| item(number, fields.clone())).collect::<Vec<_>>()
    };
    let skills: Vec<String> = (0..4).map(|n| format!("library:s{}", n.to_string().repeat(39))).collect();
    serde_json::from_value(serde_json::json!({
        "reasons": many(8, serde_json::json!({ "words": text })),
        "triggers": many(16, serde_json::json!({
            "category": "physical_discomfort", "source": "external", "words": text, "coping": skills,
        })),
        "warning_signs": many(16, serde_json::json!({ "code": "s".repeat(40), "stage": "emotional", "words": text })),
        "situations": many(8, serde_json::json!({
            "words": text, "avoid": text, "escape": text, "cope": text, "call": text,
        })),
        "supports": many(10, serde_json::json!({
            "name": short, "role": "counselor", "reach": short, "ask": text,
        })),
        "lapse_response": many(10, serde_json::json!({ "words": text })),
        "medications": many(12, serde_json::json!({ "words": text })),
        "naloxone": { "has": false, "location": text },
        "routine": many(12, serde_json::json!({ "words": text })),
        "local_crisis_lines": many(6, serde_json::json!({ "name": short, "reach": short })),
        "milestones": many(8, serde_json::json!({ "words": text, "reward": text })),
        "review_on": "2026-03-10",
        "only_me": ["reasons", "triggers", "warning_signs", "situations", "supports", "medications", "routine",
            "milestones"],
    }))
    .unwrap()
}

#[test]
fn the_largest_plan_fits_a_request_unless_its_letters_are_long() {
    let full = fullest("x");
    assert!(full.reasons.len() == 8 && full.milestones.len() == 8);
    let bytes = serde_json::to_vec(&full).unwrap().len();
    assert!(bytes <= MOST_BYTES, "{bytes}");
    let plan = save(None, 0, Plan { review_on: None, ..full }, sam(), IntensiveOutpatient, today(), now());
    assert!(plan.is_ok());
    let longer = Plan { review_on: None, ..fullest("🌊") };
    assert_eq!(save(None, 0, longer, sam(), IntensiveOutpatient, today(), now()), Err(Refusal::TooLarge));
}

proptest! {
    #[test]
    fn a_view_sent_back_changes_nothing(current in any_plan(), role in prop::sample::select(Role::ALL)) {
        let view = visible_to(&current, &current, role);
        prop_assert_eq!(apply(&current, view.plan, role), current);
    }

    #[test]
    fn a_counselors_draft_never_changes_what_is_hidden(current in any_plan(), draft in any_plan()) {
        let after = apply(&current, draft.clone(), Role::Counselor);
        prop_assert_eq!(&after.only_me, &current.only_me);
        for section in withheld(&current, &current, Role::Counselor) {
            prop_assert!(compare(&current, &after).iter().all(|difference| difference.section != section));
        }
        prop_assert_eq!(apply(&current, draft.clone(), Role::Participant), draft);
    }

    #[test]
    fn an_unchanged_view_of_any_age_merges_into_nothing_new(base in any_plan(), current in any_plan()) {
        for seen_in in [&base, &current] {
            let view = visible_to(&base, seen_in, Role::Counselor).plan;
            prop_assert_eq!(reconciled(&base, &current, view), Ok(current.clone()));
        }
    }
}
