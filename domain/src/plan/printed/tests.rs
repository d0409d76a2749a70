//! Printed plans: what is on them and what is left out.

use super::*;
use crate::coping::Precaution;
use crate::coping::library::library;
use crate::coping::organization::tests::added;
use crate::coping::tests::{skill, tea};
use crate::plan::item::Called;
use crate::plan::lines::crisis_lines;
use crate::plan::section::{LocalCrisisLine, SupportRole};
use crate::plan::tests::{any_plan, day, fullest, id, list, reason, step, trigger, words};
use crate::plan::{Author, Signature};
use proptest::prelude::*;

const TEA: &str = "organization:00000000-0000-0000-0000-000000000002";

fn of(plan: &Plan, choices: &Choices) -> PrintedPlan {
    let own = [added(2, tea())];
    let skills = Skills::new(library(), &own);
    printed_plan(plan, &[], &crisis_lines().lines, &skills, choices, day("2026-03-02"))
}
fn text(group: &PrintedGroup) -> Vec<String> {
    group.lines.iter().map(ToString::to_string).collect()
}
fn support(number: u128, name: &str, reach: Option<&str>) -> Support {
    Support {
        id: id(number),
        name: Called::try_from(name.to_owned()).unwrap(),
        role: SupportRole::Sponsor,
        reach: reach.map(|reach| Reach::try_from(reach.to_owned()).unwrap()),
        ask: None,
    }
}

#[test]
fn a_printed_plan_reads_from_the_most_urgent_to_the_reasons() {
    let plan = Plan {
        reasons: list([reason(1, "My daughter")]),
        triggers: list([
            trigger(2, "boredom", &["library:juggling"]),
            trigger(3, "payday", &["library:urge_surfing", TEA]),
            trigger(4, "a row", &["library:urge_surfing", "library:brisk_walk"]),
        ]),
        supports: list([support(5, "Sam", Some("555-0100")), support(6, "Ann", None)]),
        lapse_response: list([step(7, "Stop"), step(8, "Call Sam")]),
        naloxone: Some(Naloxone { has: true, location: Some(words("kitchen drawer")) }),
        ..Plan::default()
    };
    let printed = of(&plan, &Choices::default());
    let said: Vec<(&str, Vec<String>)> =
        printed.groups.iter().map(|group| (group.heading.as_str(), text(group))).collect();
    let tea = tea().name;
    let tea: &str = tea.as_ref();
    let payday = format!("payday: Urge surfing, {tea}");
    let boredom = "boredom: Urge surfing";
    let expected = [
        ("When a craving comes", vec!["Urge surfing", tea, "Take a brisk walk"]),
        ("Who I call", vec!["Sam (sponsor): 555-0100"]),
        (LAPSE, vec!["Stop", "Call Sam"]),
        (
            "What sets it off, and what I do",
            vec![payday.as_str(), "a row: Urge surfing, Take a brisk walk", boredom],
        ),
        ("Why I do this", vec!["My daughter"]),
    ];
    let expected = expected.map(|(heading, lines)| (heading, lines.into_iter().map(str::to_owned).collect()));
    assert_eq!(said, expected);
    assert!(printed.groups.iter().all(|group| group.left_out == 0));
    assert!(printed.groups.iter().all(|group| group.is_numbered == (group.heading == LAPSE)));
    assert_eq!(printed.note, None);
}

#[test]
fn what_saves_a_life_comes_first_and_its_first_lines_are_on_every_page() {
    let called = |text: &str| Called::try_from(text.to_owned()).unwrap();
    let reach = Reach::try_from("555-0142".to_owned()).unwrap();
    let with = |location: Option<&str>| Plan {
        naloxone: Some(Naloxone { has: true, location: location.map(words) }),
        local_crisis_lines: list([LocalCrisisLine {
            id: id(1),
            name: called("Night line"),
            reach: reach.clone(),
        }]),
        ..Plan::default()
    };
    let printed = of(&with(Some("kitchen drawer")), &Choices::default());
    let lines = [
        "Emergency: overdose, or a life in danger: call 911",
        "Naloxone: kitchen drawer",
        "988 Suicide & Crisis Lifeline: call or text 988",
        "SAMHSA National Helpline: call 1-800-662-4357",
        "Crisis Text Line: text HOME to 741741",
        "Night line: 555-0142",
    ];
    assert_eq!((text(&printed.emergency_box), printed.repeated), (lines.map(str::to_owned).to_vec(), 3));
    assert_eq!(text(&of(&with(None), &Choices::default()).emergency_box)[1], "Naloxone: at hand");
    let bare = of(&Plan::default(), &Choices::default());
    assert_eq!((&text(&bare.emergency_box)[1], bare.repeated), (&lines[2].to_owned(), 2));
}

#[test]
fn where_to_get_naloxone_comes_after_the_crisis_lines() {
    let without = |location: Option<&str>| {
        let naloxone = Some(Naloxone { has: false, location: location.map(words) });
        of(&Plan { naloxone, ..Plan::default() }, &Choices::default())
    };
    for (location, line) in [
        (Some("Free at the pharmacy on 5th"), "Naloxone: none yet. Get it: Free at the pharmacy on 5th"),
        (None, "Naloxone: none yet. Ask your counselor or a pharmacy."),
    ] {
        let printed = without(location);
        assert_eq!((text(&printed.emergency_box).last().unwrap().as_str(), printed.repeated), (line, 2));
    }
}

#[test]
fn a_skill_with_a_precaution_that_applies_to_this_person_is_not_printed() {
    let plan = Plan {
        triggers: list([trigger(1, "a row", &["library:cold_water", "library:urge_surfing"])]),
        ..Plan::default()
    };
    let cautious =
        Choices { precautions: vec![Precaution::HeartCondition].try_into().unwrap(), ..Choices::default() };
    let named = |choices: &Choices| {
        of(&plan, choices).groups.iter().map(text).filter(|lines| !lines.is_empty()).collect::<Vec<_>>()
    };
    assert_eq!(
        named(&Choices::default()),
        [vec!["Cold water on the face", "Urge surfing"], vec!["a row: Cold water on the face, Urge surfing"]]
    );
    assert_eq!(named(&cautious), [["Urge surfing"], ["a row: Urge surfing"]]);
}

#[test]
fn a_trigger_without_a_skill_for_this_person_still_has_an_answer() {
    let plan = Plan {
        triggers: list([trigger(1, "a row", &["library:cold_water"]), trigger(2, "boredom", &[])]),
        ..Plan::default()
    };
    let favorite = |precautions: &[Precaution], skills: &[&str]| Choices {
        precautions: precautions.to_vec().try_into().unwrap(),
        favorites: skills.iter().map(|code| skill(code)).collect::<Vec<_>>().try_into().unwrap(),
    };
    let answers = |plan: &Plan, choices: &Choices| {
        let printed = of(plan, choices);
        text(printed.groups.iter().find(|group| group.heading == TRIGGERS).unwrap())
    };
    let heart = [Precaution::HeartCondition];
    assert_eq!(
        answers(&plan, &Choices::default()),
        ["a row: Cold water on the face", "boredom: Cold water on the face"],
        "another skill of the plan"
    );
    assert_eq!(
        answers(&plan, &favorite(&heart, &["library:cold_water", "library:urge_surfing"])),
        ["a row: Urge surfing", "boredom: Urge surfing"],
        "a favorite without such a precaution"
    );
    let reachable = Plan {
        supports: list([support(5, "Ann", None), support(6, "Sam", Some("555-0100"))]),
        ..plan.clone()
    };
    assert_eq!(
        answers(&reachable, &favorite(&heart, &[])),
        ["a row: Talk to Sam", "boredom: Talk to Sam"],
        "somebody who can be reached"
    );
    assert_eq!(
        answers(&plan, &favorite(&heart, &[])),
        ["a row: Call someone on this page", "boredom: Call someone on this page"]
    );
}

#[test]
fn a_printed_plan_for_somebody_else_says_that_parts_are_left_out() {
    let skills = Skills::new(library(), &[]);
    let of = |withheld| {
        printed_plan(&Plan::default(), withheld, &[], &skills, &Choices::default(), day("2026-03-02")).note
    };
    assert_eq!(of(&[]), None);
    assert!(of(&[PlanSection::Reasons]).is_some_and(|note| note.contains("left out")));
}

#[test]
fn a_printed_plan_shows_its_revision_and_whether_both_have_signed_it() {
    let bare = of(&Plan::default(), &Choices::default());
    let zone = TimeZone::try_from("America/New_York".to_owned()).unwrap();
    let account = uuid::Uuid::from_u128(1).into();
    let footer = |signed: &[(Role, &str)]| {
        let signature = |(role, at): &(Role, &str)| Signature {
            by: account,
            role: *role,
            at: at.parse().unwrap(),
            revision: 3,
        };
        let author = Author { account, role: Role::Counselor };
        let made_at = "2026-03-01T12:00:00Z".parse().unwrap();
        let signatures = signed.iter().map(signature).collect();
        let revision = Revision { revision: 3, author, made_at, content: Plan::default(), signatures };
        bare.clone().of_revision(Some(&revision), &zone).footer()
    };
    let participant = (Role::Participant, "2026-03-01T15:00:00Z");
    let counselor = (Role::Counselor, "2026-03-02T03:00:00Z");
    let open = "Revision 3, not yet signed by both · printed Mar 2, 2026";
    for signed in [vec![], vec![participant], vec![counselor], vec![counselor, counselor]] {
        assert_eq!(footer(&signed), open, "{signed:?}");
    }
    let later = (Role::Counselor, "2026-03-04T12:00:00Z");
    let agreed = "Revision 3, agreed Mar 1, 2026 · printed Mar 2, 2026";
    assert_eq!(footer(&[counselor, later, participant]), agreed, "the first of each, by the zone's calendar");
    assert_eq!(bare.clone().of_revision::<Plan>(None, &zone).footer(), "printed Mar 2, 2026");
}

#[test]
fn reasons_are_left_out_first_and_people_last_and_left_out_lines_are_counted() {
    let mut printed = of(&fullest("x"), &Choices::default());
    let counts =
        |printed: &PrintedPlan| printed.groups.iter().map(|group| group.lines.len()).collect::<Vec<_>>();
    assert_eq!(counts(&printed), [0, 10, 10, 16, 8]);
    assert!(printed.shorten());
    assert_eq!(counts(&printed), [0, 10, 10, 16, 7]);
    for _ in 0..5 + 10 + 5 {
        assert!(printed.shorten());
    }
    assert_eq!(counts(&printed), [0, 5, 10, 6, 2]);
    assert!(printed.shorten());
    assert!(!printed.shorten(), "the rest stays");
    let left_out: Vec<_> = printed.groups.iter().map(|group| group.left_out).collect();
    assert_eq!(left_out, [0, 6, 0, 10, 6]);
}

proptest! {
    #[test]
    fn a_shortened_plan_cuts_no_line_and_leaves_out_no_critical_one(plan in any_plan()) {
        let whole = of(&plan, &Choices::default());
        let mut short = whole.clone();
        while short.shorten() {}
        for (whole, short) in whole.groups.iter().zip(&short.groups) {
            prop_assert!(whole.lines.starts_with(&short.lines));
            prop_assert_eq!(whole.lines.len() + whole.left_out, short.lines.len() + short.left_out);
        }
        prop_assert_eq!((&whole.emergency_box, &whole.groups[2]), (&short.emergency_box, &short.groups[2]));
    }

    #[test]
    fn every_trigger_on_a_printed_plan_has_an_answer(plan in any_plan()) {
        let printed = of(&plan, &Choices::default());
        let triggers = printed.groups.iter().find(|group| group.heading == TRIGGERS).unwrap();
        prop_assert!(triggers.lines.iter().all(|line| line.answer.as_ref().is_some_and(|a| !a.is_empty())));
    }
}
