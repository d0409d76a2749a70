use super::*;
use evenkeel_domain::craving::{CravingDraft, CravingId, Outcome};
use jiff::Timestamp;
use jiff::{SignedDuration, civil};
use std::collections::BTreeSet;

fn now() -> Moment {
    "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap().try_into().unwrap()
}
fn zone() -> TimeZone {
    value(ZONES[0]).unwrap()
}
fn all(seed: u64) -> Vec<Vec<(Moment, Step)>> {
    let one = |number| {
        let mut dice = Dice::new(seed, number);
        course(&Person::new(number, &mut dice), &zone(), &mut dice, now())
    };
    (0..PEOPLE).map(one).collect()
}
fn drafts(courses: &[Vec<(Moment, Step)>]) -> Vec<(CravingId, &CravingDraft)> {
    let draft = |step: &'_ Step| matches!(step, Step::Record(..));
    let steps = courses.iter().flatten().filter(|(_, step)| draft(step));
    steps
        .filter_map(|(_, step)| if let Step::Record(id, draft) = step { Some((*id, draft)) } else { None })
        .collect()
}
/// Mean intensity in hundredths.
fn mean<'a>(drafts: impl Iterator<Item = &'a CravingDraft>) -> i64 {
    let (sum, count) =
        drafts.fold((0, 0), |(sum, count), draft| (sum + i64::from(draft.intensity), count + 1));
    sum * 100 / count
}

#[test]
fn the_same_number_makes_the_same_people() {
    let sent =
        |seed| drafts(&all(seed)).into_iter().map(|(id, draft)| (id, draft.clone())).collect::<Vec<_>>();
    assert!(sent(1) == sent(1));
    assert!(sent(1) != sent(2));
}

#[test]
fn logs_have_the_shape_of_weeks_and_days() {
    let courses = all(2026);
    let drafts = drafts(&courses);
    let ids: BTreeSet<_> = drafts.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), drafts.len());
    assert!((8_000..14_000).contains(&drafts.len()), "{}", drafts.len());
    let local = |draft: &CravingDraft| draft.occurred_at.in_zone(&draft.time_zone);
    let mean_where = |is: &dyn Fn(&CravingDraft) -> bool| {
        mean(drafts.iter().map(|(_, draft)| *draft).filter(|draft| is(draft)))
    };
    let evening = drafts.iter().filter(|(_, draft)| 17 <= local(draft).hour()).count();
    assert!(drafts.len() < evening * 2, "evenings have the most");
    let weekend = |draft: &CravingDraft| {
        matches!(local(draft).weekday(), civil::Weekday::Saturday | civil::Weekday::Sunday)
    };
    assert!(mean_where(&|draft| !weekend(draft)) + 30 < mean_where(&weekend));
    let age = |draft: &CravingDraft| draft.occurred_at.local_day(&zone()).until(now().local_day(&zone()));
    assert!(mean_where(&|draft| age(draft) < 14) + 80 < mean_where(&|draft| DAYS - 14 <= age(draft)));
    assert!(drafts.iter().all(|(_, draft)| (0..DAYS).contains(&age(draft)) && draft.occurred_at <= now()));
}

#[test]
fn most_cravings_pass_and_few_end_in_use() {
    let courses = all(2026);
    let told = |wanted: Outcome| {
        let is = |step: &Step| match step {
            Step::Record(_, draft) => draft.outcome == Some(wanted),
            Step::Conclude(_, draft) => draft.outcome == wanted,
            _ => false,
        };
        courses.iter().flatten().filter(|(_, step)| is(step)).count()
    };
    let all = drafts(&courses).len();
    assert!(all * 70 < told(Outcome::Passed) * 100);
    assert!((all / 300..all / 40).contains(&told(Outcome::Lapsed)), "{} of {all}", told(Outcome::Lapsed));
    assert!(0 < told(Outcome::StillGoing));
}

#[test]
fn nothing_is_sent_before_its_craving_or_after_now_and_some_people_fall_quiet() {
    let courses = all(2026);
    let mut quiet = 0;
    for course in &courses {
        let mut known = BTreeSet::new();
        for (at, step) in course {
            assert!(*at <= now());
            match step {
                Step::Record(id, draft) => assert!(known.insert(*id) && draft.occurred_at <= *at),
                Step::Rate(id, _, draft) => assert!(known.contains(id) && draft.rated_at <= *at),
                Step::Conclude(id, draft) => assert!(known.contains(id) && draft.observed_at <= *at),
                _ => panic!("a course is of cravings"),
            }
        }
        let (last, _) = course.last().unwrap();
        quiet += usize::from(*last < later(now(), -4 * 24 * 60));
    }
    assert!((4..15).contains(&quiet), "{quiet}");
    let ratings = courses.iter().flatten().filter(|(_, step)| matches!(step, Step::Rate(..))).count();
    assert!(drafts(&courses).len() < ratings * 3);
}

/// What there is of a person besides the cravings.
fn pocket(number: u64) -> Vec<(Moment, Step)> {
    let mut dice = Dice::new(2026, number);
    let person = Person::new(number, &mut dice);
    let course = course(&person, &zone(), &mut dice, now());
    rest(&person, number, &zone(), &[], &course, &mut dice, now()).unwrap()
}

#[test]
fn a_pocket_is_the_same_again_and_never_too_full() {
    let mut lapses = 0;
    for number in 0..PEOPLE {
        let steps = pocket(number);
        assert!(steps == pocket(number));
        let count = |is: &dyn Fn(&Step) -> bool| steps.iter().filter(|(_, step)| is(step)).count();
        let check_ins = count(&|step| matches!(step, Step::CheckIn(..)));
        assert!((15..=96).contains(&check_ins), "{number}: {check_ins}");
        let practices = count(&|step| matches!(step, Step::SkillPractice(..)));
        assert!((10..=40).contains(&practices), "{number}: {practices}");
        lapses += usize::from(0 < count(&|step| matches!(step, Step::Debrief(..))));
    }
    assert!((5..50).contains(&lapses), "some looked back at a lapse: {lapses}");
}

#[test]
fn the_counselor_has_seen_all_lapses_but_those_of_the_last_days() {
    let mut unseen = 0;
    for number in 0..PEOPLE {
        let steps = pocket(number);
        let seen = |reported: Moment| {
            steps.iter().any(|(at, step)| *step == Step::AcknowledgeUse && reported < *at && *at <= now())
        };
        for (at, step) in &steps {
            if matches!(step, Step::Lapse(..)) && *at <= now() && !seen(*at) {
                assert!(now().plus(SignedDuration::from_hours(-10 * 24)) <= *at, "{number}");
                unseen += 1;
            }
        }
    }
    assert!((1..=8).contains(&unseen), "{unseen}");
}

#[test]
fn those_who_stepped_down_to_continuing_care_look_at_their_plan_later() {
    let mut later = 0;
    for number in 0..PEOPLE {
        let steps = pocket(number);
        let step = steps.iter().find(|(_, step)| matches!(step, Step::Care(..)));
        let revised = steps.iter().find_map(|(at, step)| match step {
            Step::Revise(_, plan) => Some((*at, plan.review_on.unwrap())),
            _ => None,
        });
        let Some((at, review_on)) = revised else { continue };
        let ahead = at.local_day(&zone()).until(review_on);
        match step {
            Some((since, _)) => assert!(*since < at && (30..=90).contains(&ahead), "{number}: {ahead}"),
            None => assert!((9..=14).contains(&ahead), "{number}: {ahead}"),
        }
        later += usize::from(step.is_some());
    }
    assert!((3..=6).contains(&later), "{later} of 60");
}
