//! Twelve weeks of one participant's record. Each entry goes through the action of its route.

use std::collections::BTreeMap;

use evenkeel_domain::access::{Action, Actor, Grant, Relation, Request, decide};
use evenkeel_domain::account::Role;
use evenkeel_domain::check_in::{CheckInDraft, CheckInId, UseAnswers};
use evenkeel_domain::coping::assignment::AssignmentDraft;
use evenkeel_domain::coping::skill_practice::SkillPracticeDraft;
use evenkeel_domain::coping::{Choices, Chosen, SkillId, SkillRef};
use evenkeel_domain::craving::{CravingDraft, CravingId, OutcomeDraft, RatingDraft, Substance};
use evenkeel_domain::plan::safety::SafetyPlan;
use evenkeel_domain::plan::{Plan, visible_to};
use evenkeel_domain::program::{LevelOfCare, LevelOfCareChangeDraft};
use evenkeel_domain::recovery::lapse::{LapseDraft, LapseId};
use evenkeel_domain::recovery::sobriety_date::SobrietyDateDraft;
use evenkeel_domain::reminder::Preferences;
use evenkeel_domain::value::{Day, Moment};
use evenkeel_persistence::Tx;
use jiff::civil::{self, Weekday};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use self::Relation::{Caseload, Own};
use super::data::{Demo, Lapse, Record, Scale};
use super::dice::Dice;
use crate::app::problem::Problem;
use crate::coping::{assignment, choice, skill_practice};
use crate::plan::{Change, Written};
use crate::recovery::{self, lapse, use_report};
use crate::{check_in, craving, plan, program, reminder};

/// Days of records, today included.
pub(super) const DAYS: i32 = 12 * 7;
/// The counselor has acknowledged use that is older than this many days.
const ACKNOWLEDGED: i32 = 4;

type Work = Box<dyn FnOnce(&mut Tx, &Grant) -> Result<(), Problem>>;

pub(super) struct Course<'a> {
    demo: &'a Demo,
    record: &'a Record,
    /// The skills that this person practices, and how much each eases a craving.
    skills: Vec<(SkillRef, i32)>,
    dice: &'a mut Dice,
    now: Moment,
    today: Day,
    /// The strongest craving of each day, by how many days ago it was.
    worst: BTreeMap<i32, i32>,
    sent: Vec<(Moment, Relation, Action, Work)>,
}

impl<'a> Course<'a> {
    pub(super) fn of(
        demo: &'a Demo,
        record: &'a Record,
        own_skills: &[SkillId],
        dice: &'a mut Dice,
        now: Moment,
    ) -> Result<Self, Problem> {
        let first = usize::try_from(dice.between(0, 13)).unwrap_or(0);
        let mut skills: Vec<_> = demo.practiced.iter().cycle().skip(first).take(5).cloned().collect();
        if dice.chance(30) {
            skills.push((SkillRef::Organization(*dice.pick(own_skills)), 25));
        }
        let (today, worst) = (now.local_day(&record.zone), BTreeMap::new());
        let mut course = Self { demo, record, skills, dice, now, today, worst, sent: Vec::new() };
        course.sober_since(record.substance, record.sober_days, DAYS - 1)?;
        if let Some(days) = record.nicotine_days {
            course.sober_since(Substance::Nicotine, days, days)?;
        }
        for days_ago in (record.quiet_days..DAYS).rev() {
            course.day(days_ago)?;
        }
        course.treatment()?;
        course.plan()?;
        course.safety_plan()?;
        Ok(course)
    }

    /// Stores the entries until now, in the order of their times.
    pub(super) fn store(mut self, tx: &mut Tx, own: &Actor, counselor: &Actor) -> Result<(), Problem> {
        let participant = own.participant.ok_or_else(Problem::unknown)?;
        self.sent.retain(|(at, ..)| *at <= self.now);
        self.sent.sort_by_key(|(at, ..)| *at);
        for (at, relation, action, work) in self.sent {
            let actor = if relation == Own { own } else { counselor };
            let request = Request { id: self.dice.id(at), now: at };
            let grant = decide(actor, action, participant, relation, request).map_err(Problem::internal)?;
            work(tx, &grant)?;
        }
        Ok(())
    }

    fn send<T>(
        &mut self,
        at: Moment,
        by: Relation,
        action: Action,
        work: impl FnOnce(&mut Tx, &Grant) -> Result<T, Problem> + 'static,
    ) {
        self.sent.push((at, by, action, Box::new(move |tx, grant| work(tx, grant).map(drop))));
    }

    /// A random minute of an hour.
    fn at(&mut self, days_ago: i32, hour: i8) -> Moment {
        let mut sixtieth = || i8::try_from(self.dice.between(0, 59)).unwrap_or(0);
        let local = civil::Date::from(self.today.plus(-days_ago)).at(hour, sixtieth(), sixtieth(), 0);
        let zoned = local.to_zoned(self.record.zone.rules());
        zoned.ok().and_then(|zoned| Timestamp::from(zoned).try_into().ok()).unwrap_or(self.now)
    }

    fn later(&mut self, at: Moment, low: i32, high: i32) -> Moment {
        at.plus(SignedDuration::from_mins(self.dice.between(low, high).into()))
    }

    fn day(&mut self, days_ago: i32) -> Result<(), Problem> {
        let lapse = self.record.lapses.iter().find(|lapse| lapse.days_ago == days_ago);
        let used = self.used(days_ago);
        if lapse.is_none() && !used && !self.dice.chance(self.record.answers) {
            return Ok(());
        }
        let weekday = civil::Date::from(self.today.plus(-days_ago)).weekday();
        let weekend = matches!(weekday, Weekday::Saturday | Weekday::Sunday);
        let hours = if weekend { &self.demo.weekend_hours } else { &self.demo.weekday_hours };
        for _ in 0..self.dice.between(1, 3) {
            let hour = *self.dice.pick(hours);
            self.craving(days_ago, hour, weekend, false)?;
        }
        if let Some(lapse) = lapse {
            self.lapse(lapse, weekend)?;
        }
        if used || self.dice.chance(88) {
            self.daily(days_ago)?;
        }
        if weekday == Weekday::Sunday && self.dice.chance(88) {
            self.weekly(days_ago)?;
        }
        Ok(())
    }

    fn used(&self, days_ago: i32) -> bool {
        let lapsed = |lapse: &Lapse| lapse.days_ago == days_ago && lapse.outcome.is_use();
        self.record.uses.contains(&days_ago) || self.record.lapses.iter().any(lapsed)
    }

    /// A craving with later ratings, an outcome and practice of a skill.
    fn craving(
        &mut self,
        days_ago: i32,
        hour: i8,
        weekend: bool,
        lapsed: bool,
    ) -> Result<CravingId, Problem> {
        let at = self.at(days_ago, hour);
        let id = CravingId::from(self.dice.id(at));
        let week = usize::try_from((DAYS - 1 - days_ago) / 7).unwrap_or(0);
        let tenths = self.record.weeks[week]
            + if weekend { 9 } else { 0 }
            + if 17 <= hour { 5 } else { 0 }
            + if lapsed { 25 } else { 0 }
            + (0..3).map(|_| self.dice.between(-8, 8)).sum::<i32>();
        let strength = ((tenths + 5) / 10).clamp(0, 10);
        let worst = self.worst.entry(days_ago).or_default();
        *worst = strength.max(*worst);
        let draft = self.situation(at, hour, weekend, strength)?;
        let trigger = draft.triggers.iter().next().copied();
        // Some phones were offline for hours.
        let sent = if self.dice.chance(7) { self.later(at, 40, 600) } else { at };
        self.send(sent, Own, Action::RecordCraving, move |tx, grant| craving::record(tx, grant, id, draft));

        let (mut last, mut eased) = (at, strength);
        let outcome = match self.dice.between(1, 100) {
            _ if lapsed => "lapsed",
            ..=85 => "passed",
            86..=90 => "still_going",
            _ => return Ok(id),
        };
        if outcome == "passed" && 3 <= strength && self.dice.chance(45) {
            for _ in 0..self.dice.between(1, 2) {
                last = self.later(last, 8, 12);
                eased = (eased - self.dice.between(1, 3)).max(0);
                let rating = self.dice.id(last).into();
                let draft: RatingDraft = read(json!({ "rated_at": last, "intensity": eased }))?;
                self.send(last.max(sent), Own, Action::RateCraving, move |tx, grant| {
                    craving::rate(tx, grant, id, rating, &draft)
                });
            }
        }
        last = self.later(last, 4, 30);
        let draft: OutcomeDraft = read(json!({ "outcome": outcome, "observed_at": last }))?;
        self.send(last.max(sent), Own, Action::ConcludeCraving, move |tx, grant| {
            craving::conclude(tx, grant, id, &draft)
        });
        if !lapsed && 2 <= strength && self.dice.chance(25) {
            let (skill, effect) = self.dice.pick(&self.skills).clone();
            let drop = (effect + self.dice.between(-9, 9) + 5).div_euclid(10);
            let tried = self.later(at, 4, 25);
            let draft: SkillPracticeDraft = read(json!({
                "occurred_at": tried, "time_zone": self.record.zone, "skill": skill, "craving": id, "trigger": trigger,
                "before": strength, "after": (strength - drop).clamp(0, 10), "helpful": (drop + 1).clamp(0, 4),
                "minutes": self.dice.pick(&[5, 5, 10, 10, 15, 20]), "note": self.text(12, "practice"),
            }))?;
            let practice = self.dice.id(tried).into();
            self.send(tried.max(sent), Own, Action::RecordSkillPractice, move |tx, grant| {
                skill_practice::record(tx, grant, practice, draft)
            });
        }
        Ok(id)
    }

    fn situation(
        &mut self,
        at: Moment,
        hour: i8,
        weekend: bool,
        strength: i32,
    ) -> Result<CravingDraft, Problem> {
        let fits = self.demo.scenes.iter().filter(|scene| {
            (scene.from..=scene.until).contains(&hour) && scene.weekend.is_none_or(|only| only == weekend)
        });
        let mut scenes: Vec<_> = fits.collect();
        let hardest = json!([self.record.hardest]);
        if self.dice.chance(30) && scenes.iter().any(|scene| scene.craving["triggers"] == hardest) {
            scenes.retain(|scene| scene.craving["triggers"] == hardest);
        }
        let mut draft = self.dice.pick(&scenes).craving.clone();
        for (member, percent) in [("note", 25), ("cues", 40), ("halt", 60), ("company", 80)] {
            if !self.dice.chance(percent) {
                draft.remove(member);
            }
        }
        let mut draft = Value::Object(draft);
        (draft["occurred_at"], draft["time_zone"]) = (json!(at), json!(self.record.zone));
        (draft["intensity"], draft["substance"]) = (json!(strength), json!(self.record.substance));
        draft["coping_used"] = json!(self.text(65, "coping_used").into_iter().collect::<Vec<_>>());
        read(draft)
    }

    /// A text of this kind, with this chance in percent.
    fn text(&mut self, percent: i32, kind: &str) -> Option<&'a str> {
        let texts = &self.demo.texts[kind];
        self.dice.chance(percent).then(|| self.dice.pick(texts).as_str())
    }

    fn lapse(&mut self, lapse: &Lapse, weekend: bool) -> Result<(), Problem> {
        let is_use = lapse.outcome.is_use();
        let craving = is_use.then(|| self.craving(lapse.days_ago, 20, weekend, true)).transpose()?;
        let text = &self.demo.lapse_texts[lapse.text];
        let at = self.at(lapse.days_ago, 21);
        let reported = self.later(at, 30, 16 * 60);
        let id = LapseId::from(self.dice.id(at));
        let draft: LapseDraft = read(json!({
            "occurred_at": at, "time_zone": self.record.zone, "substance": self.record.substance,
            "outcome": lapse.outcome, "craving": craving, "note": is_use.then_some(&text["note"]),
        }))?;
        self.send(reported, Own, Action::ReportLapse, move |tx, grant| lapse::report(tx, grant, id, &draft));
        if lapse.debrief {
            let (at, debrief) = (self.later(reported, 1440, 1600), read(text["debrief"].clone())?);
            self.send(at, Own, Action::SaveDebrief, move |tx, grant| {
                lapse::save_debrief(tx, grant, id, &debrief, 0)
            });
        }
        self.acknowledge_use(lapse.days_ago, reported);
        match lapse.sober_again {
            Some(days_ago) => self.sober_since(self.record.substance, days_ago, days_ago),
            None => Ok(()),
        }
    }

    /// The counselor acknowledges all use reported until then, unless it is too recent.
    fn acknowledge_use(&mut self, days_ago: i32, sent: Moment) {
        if ACKNOWLEDGED < days_ago {
            let at = self.later(sent, 700, 5000);
            self.send(at, Caseload, Action::AcknowledgeUse, move |tx, grant| {
                let mut groups = use_report::groups(tx, grant)?.into_iter();
                groups.try_for_each(|group| use_report::acknowledge(tx, grant, group.day, &group.etag))
            });
        }
    }

    fn daily(&mut self, days_ago: i32) -> Result<(), Problem> {
        let worst = self.worst.get(&days_ago).copied().unwrap_or(0);
        let medicine = match self.record.substance {
            Substance::Alcohol | Substance::Opioids if self.dice.chance(86) => "yes",
            Substance::Alcohol | Substance::Opioids => "no",
            _ => "not_prescribed",
        };
        let half_hours = 16 - worst * 6 / 10 + self.dice.between(-2, 2);
        let answers = json!({
            "craving_worst": worst, "sleep_hours": f64::from(half_hours) / 2.0, "any_use": self.used(days_ago),
            "connected": self.dice.chance(82 - worst * 4), "medicine": medicine,
        });
        let note = self.text(14, if 6 <= worst { "hard_day" } else { "good_day" });
        self.check_in("daily", days_ago, worst, answers, note)
    }

    fn weekly(&mut self, days_ago: i32) -> Result<(), Problem> {
        let week = days_ago..days_ago + 7;
        let worst: Vec<i32> = self.worst.range(week.clone()).map(|(_, worst)| *worst).collect();
        let mean = worst.iter().sum::<i32>() / i32::try_from(worst.len()).unwrap_or(1).max(1);
        let used = week.filter(|day| self.used(*day)).count();
        let drinks = self.record.substance == Substance::Alcohol;
        let (health, signs) = match mean {
            ..4 => ("good", "calm_signs"),
            4..7 => ("fair", "strained_signs"),
            _ => ("poor", "hard_signs"),
        };
        let answers = json!({
            "alcohol_days": if drinks { used } else { 0 }, "drug_days": if drinks { 0 } else { used },
            "health": health, "needs_met": self.dice.chance(85), "signs": self.demo.texts[signs],
        });
        let note = self.text(25, "week");
        self.check_in("weekly", days_ago, mean, answers, note)
    }

    /// A check-in whose answers follow from the craving of the day or week.
    fn check_in(
        &mut self,
        kind: &str,
        days_ago: i32,
        craving: i32,
        mut answers: Value,
        note: Option<&str>,
    ) -> Result<(), Problem> {
        for (code, Scale(base, slope, most)) in &self.demo.scales[kind] {
            let tenths = base + slope * craving + self.dice.between(-9, 9);
            answers[code] = json!(((tenths + 5).div_euclid(10)).clamp(0, *most));
        }
        if let Some(note) = note {
            answers["note"] = json!(note);
        }
        let at = self.at(days_ago, 21);
        let sent = if self.dice.chance(6) { self.later(at, 60, 900) } else { at };
        let id = CheckInId::from(self.dice.id(at));
        let draft: CheckInDraft = read(json!({
            "kind": kind, "version": 1, "occurred_at": at, "time_zone": self.record.zone, "answers": answers,
        }))?;
        if UseAnswers::of(&draft.answers).is_use() {
            self.acknowledge_use(days_ago, sent);
        }
        self.send(sent, Own, Action::AnswerCheckIn, move |tx, grant| check_in::answer(tx, grant, id, &draft));
        Ok(())
    }

    fn sober_since(&mut self, substance: Substance, days_ago: i32, reported: i32) -> Result<(), Problem> {
        let at = self.at(reported, 13);
        let id = self.dice.id(at).into();
        let draft: SobrietyDateDraft = read(json!({
            "substance": substance, "since": self.today.plus(-days_ago), "reported_at": at,
            "time_zone": self.record.zone,
        }))?;
        self.send(at, Own, Action::RecordSobrietyDate, move |tx, grant| {
            recovery::record_date(tx, grant, id, &draft)
        });
        Ok(())
    }

    /// Favorite skills, an assignment, the level of care, reminders.
    fn treatment(&mut self) -> Result<(), Problem> {
        let liked = self.skills.iter().filter(|(_, eases)| 15 <= *eases).take(3);
        let liked: Vec<_> = liked.map(|(skill, _)| skill).collect();
        let precautions: Vec<_> = self.record.precaution.iter().collect();
        let choices: Choices = read(json!({ "favorites": liked, "precautions": precautions }))?;
        let at = self.at(DAYS - 15, 20);
        self.send(at, Own, Action::ChooseSkills, move |tx, grant| {
            choice::change(tx, grant, |before: &Chosen| {
                before.replaced(Some(before.revision), choices.clone())
            })
        });

        let days_ago = self.dice.between(3, 24);
        let mut draft = self.dice.pick(&self.demo.assignments).clone();
        draft["until"] = json!(self.today.plus(self.dice.between(7, 14) - days_ago));
        let draft: AssignmentDraft = read(draft)?;
        let at = self.at(days_ago, 11);
        let id = self.dice.id(at).into();
        self.send(at, Caseload, Action::AssignSkill, move |tx, grant| {
            assignment::assign(tx, grant, id, draft)
        });

        if self.record.continuing_care {
            let days_ago = self.dice.between(22, 28);
            let (level, since) = (LevelOfCare::ContinuingCare, self.today.plus(-days_ago));
            let at = self.at(days_ago, 10);
            let id = self.dice.id(at).into();
            self.send(at, Caseload, Action::ChangeLevelOfCare, move |tx, grant| {
                program::record(tx, grant, id, LevelOfCareChangeDraft { level, since })
            });
        }
        if let Some(at) = self.record.reminder {
            let wish = Preferences { enabled: true, at, ..Preferences::default() };
            // As of now, so that no past reminder is due.
            self.send(self.now, Own, Action::ChangeReminders, |tx, grant| reminder::change(tx, grant, wish));
        }
        Ok(())
    }

    /// The plan: begun early, completed, reviewed with the counselor, then signed.
    fn plan(&mut self) -> Result<(), Problem> {
        let Some((name, steps)) = &self.record.plan else { return Ok(()) };
        let begun = self.dice.between(72, 80);
        let at = self.at(begun, 15);
        let whole: Plan = self.with_ids(&self.demo.plans[name], at)?;
        let first = Plan {
            reasons: whole.reasons.clone(),
            triggers: whole.triggers.clone(),
            supports: whole.supports.clone(),
            ..Plan::default()
        };
        let reviewed = self.dice.between(3, 6) + self.record.quiet_days;
        let ahead = if self.record.continuing_care { 60 } else { self.dice.between(7, 14) };
        let review_on = Some(self.today.plus(ahead - reviewed));
        let seen = Plan { review_on, ..visible_to(&whole, &whole, Role::Counselor).plan };
        let written = self.dice.between(56, 68);
        let revisions =
            [(at, Own, first), (self.at(written, 16), Own, whole), (self.at(reviewed, 11), Caseload, seen)];
        for (number, (at, by, plan)) in (0..*steps).zip(revisions) {
            self.send(at, by, Action::ChangePlan, move |tx, grant| {
                saved(&plan::change(tx, grant, number, plan, false)?)
            });
        }
        for (step, hour, by) in [(4, 12, Own), (5, 13, Caseload)] {
            if step <= *steps {
                let at = self.at(reviewed, hour);
                self.send(at, by, Action::SignPlan, |tx, grant| plan::sign::<Plan>(tx, grant, 3));
            }
        }
        Ok(())
    }

    fn safety_plan(&mut self) -> Result<(), Problem> {
        if let Some(which) = self.record.safety_plan {
            let days_ago = self.dice.between(12, 40);
            let at = self.at(days_ago, 14);
            let plan: SafetyPlan = self.with_ids(&self.demo.safety_plans[which], at)?;
            self.send(at, Own, Action::ChangePlan, move |tx, grant| {
                saved(&plan::change(tx, grant, 0, plan, false)?)
            });
        }
        Ok(())
    }

    fn with_ids<T: DeserializeOwned>(&mut self, plan: &Value, at: Moment) -> Result<T, Problem> {
        let mut plan = plan.clone();
        for section in plan.as_object_mut().into_iter().flat_map(Map::values_mut) {
            for item in section.as_array_mut().into_iter().flatten().filter(|item| item.is_object()) {
                item["id"] = json!(self.dice.id(at));
            }
        }
        read(plan)
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(Problem::internal)
}

/// Nobody else changes the plan, so a stale revision is a mistake in this file.
fn saved<D: Written>(change: &Change<D>) -> Result<(), Problem> {
    match change {
        Change::New(_) | Change::Known(_) => Ok(()),
        Change::Stale(_) | Change::Unmergeable(..) => Err(Problem::stale()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_the_same_each_time() {
        let demo: Demo = serde_json::from_str(include_str!("demo.json")).unwrap();
        let now = "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap().try_into().unwrap();
        for person in &demo.people {
            let Some(record) = &person.record else { continue };
            let draw = || {
                let mut dice = Dice::new(&person.sign_in);
                let own_skills = [dice.id(now).into()];
                let course = Course::of(&demo, record, &own_skills, &mut dice, now).unwrap();
                let sent: Vec<_> = course.sent.iter().map(|(at, _, action, _)| (*at, *action)).collect();
                (sent, dice.id(now))
            };
            assert_eq!(draw(), draw(), "{}", person.sign_in);
        }
    }
}
