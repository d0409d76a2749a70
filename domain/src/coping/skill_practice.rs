//! A practice: which skill was tried, how strong the urge or distress was before and after, whether it helped.
//!
//! It is a log entry like a craving, under the same rules ([`crate::log_entry`]). It may name an
//! unknown skill: the phone's library may be newer than the server's.

use super::SkillRef;
use crate::craving::{CravingId, Note, TriggerCategory};
use crate::log_entry::{Draft, Entry};
use crate::value::{Moment, TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

id! {
    /// A practice of a skill, named by the phone; unique for its participant.
    SkillPracticeId
}
whole_number! {
    /// Strength of an urge or of distress: 0 none, 10 the strongest ever.
    Distress: 0 to 10, such as 7
}
whole_number! {
    /// How long a skill was practiced, in minutes.
    PracticeMinutes: 0 to 600, such as 10
}
whole_number! {
    /// How much it helped: 0 not at all, 4 very much.
    Helpful: 0 to 4, such as 3
}

/// A practice as the phone sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "occurred_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York", "skill": "library:urge_surfing",
    "before": 8, "after": 4, "minutes": 10, "helpful": 3, "trigger": "conflict", "note": "It passed."
}))]
pub struct SkillPracticeDraft {
    /// When it was practiced, by the phone's clock.
    pub occurred_at: Moment,
    /// Where the phone was then. The entry counts on the local day of this zone.
    pub time_zone: TimeZone,
    /// The skill.
    pub skill: SkillRef,
    /// How strong the urge or distress was before.
    pub before: Distress,
    /// How strong it was afterwards.
    pub after: Distress,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<PracticeMinutes>,
    /// How much it helped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helpful: Option<Helpful>,
    /// A note in the person's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// The kind of situation it was used in; default: those of `craving`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TriggerCategory>,
    /// The craving it was used in. The phone may send that craving later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub craving: Option<CravingId>,
}

/// A practice in its current revision.
pub type SkillPractice = Entry<SkillPracticeDraft>;

impl Draft for SkillPracticeDraft {
    type Id = SkillPracticeId;
    fn occurred_at(&self) -> Moment {
        self.occurred_at
    }
    fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }
}

impl SkillPracticeDraft {
    /// By how much the urge or distress eased, -10 to 10; negative if it grew.
    pub fn eased_by(&self) -> i16 {
        i16::from(self.before) - i16::from(self.after)
    }

    /// The craving for whose kinds of situation it counts, if it names none itself.
    pub fn situation_of(&self) -> Option<CravingId> {
        self.craving.filter(|_| self.trigger.is_none())
    }

    /// Whether it shows if the skill eases anything. Practice while calm, from 0 to 0, does not.
    pub fn is_evidence(&self) -> bool {
        0 < i16::from(self.before) || self.eased_by() != 0
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::coping::tests::skill;
    use crate::craving::tests::moment;
    use rstest::rstest;
    use uuid::Uuid;

    pub(crate) fn distress(number: i64) -> Distress {
        Distress::try_from(number).unwrap()
    }
    fn draft(name: &str, at: &str, before: i64, after: i64) -> SkillPracticeDraft {
        SkillPracticeDraft {
            occurred_at: moment(at),
            time_zone: TimeZone::try_from("America/New_York".to_owned()).unwrap(),
            skill: skill(name),
            before: distress(before),
            after: distress(after),
            minutes: None,
            helpful: None,
            note: None,
            trigger: None,
            craving: None,
        }
    }
    fn recorded(draft: SkillPracticeDraft, now: &str) -> SkillPractice {
        SkillPractice::new(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), draft, moment(now))
    }
    pub(crate) fn practiced(name: &str, at: &str, before: i64, after: i64) -> SkillPractice {
        recorded(draft(name, at, before, after), at)
    }
    fn evening() -> SkillPractice {
        practiced("library:urge_surfing", "2026-07-01T00:30:00Z", 8, 3)
    }

    #[test]
    fn a_practice_logged_offline_counts_on_the_day_it_was_done() {
        let late = recorded(evening().draft, "2026-07-11T09:00:00Z");
        assert_eq!((late.local_day.to_string().as_str(), late.clock_suspect), ("2026-06-30", false));
        assert_eq!((late.draft.eased_by(), late.happened_at()), (5, moment("2026-07-01T00:30:00Z")));
    }

    #[test]
    fn a_bare_draft_is_five_fields_and_a_full_one_reads_back_as_written() {
        let bare = serde_json::json!({
            "occurred_at": "2026-07-01T00:30:00Z", "time_zone": "America/New_York",
            "skill": "library:urge_surfing", "before": 8, "after": 3
        });
        assert_eq!(serde_json::to_value(evening().draft).unwrap(), bare);
        let mut full = bare;
        full.as_object_mut().unwrap().extend(
            serde_json::json!({
                "minutes": 600, "helpful": 4, "note": "two\nlines", "trigger": "conflict",
                "craving": "00000000-0000-0000-0000-000000000007"
            })
            .as_object()
            .unwrap()
            .clone(),
        );
        let read: SkillPracticeDraft = serde_json::from_value(full.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), full);
    }

    #[rstest]
    #[case::eleven(serde_json::json!({ "before": 11 }))]
    #[case::below_zero(serde_json::json!({ "after": -1 }))]
    #[case::too_long(serde_json::json!({ "minutes": 601 }))]
    #[case::too_helpful(serde_json::json!({ "helpful": 5 }))]
    #[case::no_skill(serde_json::json!({ "skill": "urge surfing" }))]
    #[case::unknown_trigger(serde_json::json!({ "trigger": "rain" }))]
    #[case::unknown_field(serde_json::json!({ "mood": 1 }))]
    fn a_bad_draft_is_refused(#[case] change: serde_json::Value) {
        let mut json = serde_json::to_value(evening().draft).unwrap();
        json.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        assert!(serde_json::from_value::<SkillPracticeDraft>(json).is_err());
    }
}
