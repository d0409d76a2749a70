//! The content of `demo.json`. Days count back from today, and strengths are in tenths of a point.

use std::collections::BTreeMap;

use evenkeel_domain::account::{DisplayName, OrganizationName, Role};
use evenkeel_domain::coping::{Precaution, SkillDraft, SkillRef};
use evenkeel_domain::craving::{Substance, TriggerCategory};
use evenkeel_domain::recovery::lapse::LapseOutcome;
use evenkeel_domain::value::{TimeOfDay, TimeZone};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Demo {
    pub(super) organization: OrganizationName,
    pub(super) people: Vec<Person>,
    /// The hours of cravings; the usual ones are in the list more than once.
    pub(super) weekday_hours: Vec<i8>,
    pub(super) weekend_hours: Vec<i8>,
    pub(super) scenes: Vec<Scene>,
    /// The organization's own skills.
    pub(super) skills: Vec<SkillDraft>,
    /// Skills that people practice and how much each eases a craving.
    pub(super) practiced: Vec<(SkillRef, i32)>,
    pub(super) assignments: Vec<Value>,
    /// Answers that follow from craving: in a daily check-in from the day's worst, in a weekly one from the mean.
    pub(super) scales: BTreeMap<String, BTreeMap<String, Scale>>,
    pub(super) texts: BTreeMap<String, Vec<String>>,
    pub(super) lapse_texts: Vec<Value>,
    /// Plans whose items have no ids.
    pub(super) plans: BTreeMap<String, Value>,
    pub(super) safety_plans: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) sign_in: String,
    pub(super) role: Role,
    pub(super) name: DisplayName,
    pub(super) record: Option<Record>,
}

/// Twelve weeks of a participant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    pub(super) zone: TimeZone,
    pub(super) substance: Substance,
    /// The kind of situation that is hardest.
    pub(super) hardest: TriggerCategory,
    pub(super) sober_days: i32,
    pub(super) nicotine_days: Option<i32>,
    /// The strength of an ordinary craving in each week.
    pub(super) weeks: [i32; 12],
    /// Percent of days with entries.
    pub(super) answers: i32,
    /// Days since the last entry.
    #[serde(default)]
    pub(super) quiet_days: i32,
    #[serde(default)]
    pub(super) lapses: Vec<Lapse>,
    /// Days on which only the check-in reports use.
    #[serde(default)]
    pub(super) uses: Vec<i32>,
    /// The plan and its state: 1 begun, 2 written, 3 reviewed, 4 signed by one, 5 signed by both.
    pub(super) plan: Option<(String, i32)>,
    pub(super) safety_plan: Option<usize>,
    pub(super) reminder: Option<TimeOfDay>,
    pub(super) precaution: Option<Precaution>,
    #[serde(default)]
    pub(super) continuing_care: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lapse {
    pub(super) days_ago: i32,
    pub(super) outcome: LapseOutcome,
    /// The number of its text.
    pub(super) text: usize,
    #[serde(default)]
    pub(super) debrief: bool,
    pub(super) sober_again: Option<i32>,
}

/// A situation in which somebody craves, between two hours, on weekends, weekdays or both.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scene {
    pub(super) from: i8,
    pub(super) until: i8,
    pub(super) weekend: Option<bool>,
    pub(super) craving: Map<String, Value>,
}

/// The value of an answer without craving, its change for each point of craving, and its maximum.
#[derive(Deserialize)]
pub(super) struct Scale(pub(super) i32, pub(super) i32, pub(super) i32);
