//! A practice: which skill was tried, how strong the urge or distress was before and after, whether it helped.
//!
//! It is a log entry like a craving, under the same rules ([`crate::log_entry`]). It is also refused for no
//! unknown skill: the phone's library may be newer than the server's.

use super::{Refusal, SkillRef};
use crate::account::ParticipantId;
use crate::craving::{CravingId, Note, TriggerCategory};
use crate::log_entry::{self, EntryTime, Reason, RevisionId, Told};
use crate::value::{Day, Moment, TimeZone, entry_schema};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

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

/// A practice as the phone tells it.
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
    /// How strong it was after.
    pub after: Distress,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<PracticeMinutes>,
    /// How much it helped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helpful: Option<Helpful>,
    /// Own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// The kind of situation it was used in. Without it, it counts for those of `craving`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TriggerCategory>,
    /// The craving it was used in; the phone may send that one later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub craving: Option<CravingId>,
}

/// A correction: the whole practice as it should read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "Wrong skill",
    "practice": {
        "occurred_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York",
        "skill": "library:delay_15", "before": 8, "after": 4
    }
}))]
pub struct SkillPracticeCorrection {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The practice as it should read.
    pub practice: SkillPracticeDraft,
}

/// What a practice said from one correction to the next; the first has the practice's own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SkillPracticeRevision {
    /// Its id.
    pub id: RevisionId,
    /// Its number, from 1.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When the server received it.
    pub received_at: Moment,
    /// Why it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The practice as sent.
    pub practice: SkillPracticeDraft,
}

impl SkillPracticeRevision {
    /// Whether a correction that came again under this id is the one that was kept.
    pub fn same(&self, again: &SkillPracticeCorrection) -> Result<(), Refusal> {
        Ok(log_entry::same(&(&self.reason, &self.practice), &(&again.reason, &again.practice))?)
    }
}

/// A practice as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkillPractice {
    /// Its id.
    pub id: SkillPracticeId,
    /// ParticipantRef it is.
    #[serde(skip)]
    pub participant: ParticipantId,
    /// The practice, with later corrections in it.
    #[serde(flatten)]
    pub draft: SkillPracticeDraft,
    /// The day it counts on.
    pub local_day: Day,
    /// When the server first received it.
    pub received_at: Moment,
    /// Whether the phone's clock was ahead; `received_at` then counts as the time of the practice.
    pub clock_suspect: bool,
    /// How often it was written: 1 until corrected.
    pub revision: i32,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
}

/// What a practice says beyond its draft, for the schema.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Standing {
    /// Its id.
    id: SkillPracticeId,
    /// The day it counts on, by its own time zone.
    local_day: Day,
    /// When the server first received it.
    received_at: Moment,
    /// Whether the phone's clock was more than 5 minutes ahead; `received_at` then counts as the time of the
    /// practice.
    clock_suspect: bool,
    /// How often it was written: 1 until corrected.
    #[schema(minimum = 1)]
    revision: i32,
    /// When it was withdrawn.
    #[schema(nullable = false)]
    withdrawn_at: Option<Moment>,
}

impl PartialSchema for SkillPractice {
    fn schema() -> RefOr<Schema> {
        entry_schema("A practice as it stands", Standing::schema(), SkillPracticeDraft::schema())
    }
}
impl ToSchema for SkillPractice {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Standing::schemas(schemas);
        SkillPracticeDraft::schemas(schemas);
    }
}

impl SkillPracticeDraft {
    /// By how much it eased, -10 to 10; negative if it grew.
    pub fn eased_by(&self) -> i16 {
        i16::from(self.before) - i16::from(self.after)
    }

    /// The craving for whose kinds of situation it counts, as it names none itself.
    pub fn situation_of(&self) -> Option<CravingId> {
        self.craving.filter(|_| self.trigger.is_none())
    }

    /// Whether it says anything about easing. A rehearsal while calm, from 0 to 0, does not: there was nothing to
    /// ease.
    pub fn is_evidence(&self) -> bool {
        0 < i16::from(self.before) || self.eased_by() != 0
    }
}

impl SkillPractice {
    /// When it was practiced: by the phone's clock unless that was ahead.
    pub fn practiced_at(&self) -> Moment {
        self.entry_time().effective_at()
    }

    fn entry_time(&self) -> EntryTime {
        let Self { received_at, clock_suspect, .. } = *self;
        EntryTime { occurred_at: self.draft.occurred_at, received_at, clock_suspect }
    }

    /// What the practice says until its first correction.
    pub fn first_revision(&self) -> SkillPracticeRevision {
        SkillPracticeRevision {
            id: uuid::Uuid::from(self.id).into(),
            revision: 1,
            received_at: self.received_at,
            reason: None,
            practice: self.draft.clone(),
        }
    }
}

/// A new practice. However late it comes, it counts on the local day it was done; told from the future, on the
/// day it was received.
pub fn record(
    participant: ParticipantId,
    id: SkillPracticeId,
    draft: SkillPracticeDraft,
    now: Moment,
) -> SkillPractice {
    let Told { day, clock_suspect, .. } = Told::new(draft.occurred_at, &draft.time_zone, now);
    SkillPractice {
        id,
        participant,
        local_day: day,
        received_at: now,
        clock_suspect,
        revision: 1,
        withdrawn_at: None,
        draft,
    }
}

/// Whether a practice that came again under its id is the one that was first sent; `first` is the draft of
/// revision 1.
pub fn same(
    practice: &SkillPractice,
    first: &SkillPracticeDraft,
    again: &SkillPracticeDraft,
) -> Result<(), Refusal> {
    log_entry::standing(practice.withdrawn_at)?;
    Ok(log_entry::same(first, again)?)
}

/// Corrects a practice: as it now stands, and the revisions to keep (at the first correction also the one before).
pub fn correct(
    practice: &SkillPractice,
    id: RevisionId,
    correction: &SkillPracticeCorrection,
    now: Moment,
) -> Result<(SkillPractice, Vec<SkillPracticeRevision>), Refusal> {
    log_entry::standing(practice.withdrawn_at)?;
    let revision = log_entry::next(practice.revision, id, practice.id)?;
    let SkillPracticeCorrection { reason, practice: draft } = correction.clone();
    let kept = SkillPracticeRevision { id, revision, received_at: now, reason, practice: draft.clone() };
    let kept = log_entry::kept(practice.revision, || practice.first_revision(), kept);
    let Told { day, clock_suspect, .. } =
        Told::corrected(draft.occurred_at, &draft.time_zone, practice.entry_time(), now);
    Ok((SkillPractice { draft, local_day: day, clock_suspect, revision, ..practice.clone() }, kept))
}

/// Withdraws a practice; it counts in nothing any more. Done twice, the first time stands.
#[must_use]
pub fn withdraw(practice: &SkillPractice, now: Moment) -> SkillPractice {
    SkillPractice { withdrawn_at: log_entry::withdrawn(practice.withdrawn_at, now), ..practice.clone() }
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
        record(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), draft, moment(now))
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
        assert_eq!((late.draft.eased_by(), late.practiced_at()), (5, moment("2026-07-01T00:30:00Z")));
    }

    #[test]
    fn a_clock_that_is_ahead_is_kept_and_flagged_until_it_is_corrected() {
        let told = draft("library:delay_15", "2031-01-01T03:00:00Z", 6, 5);
        let practice = recorded(told.clone(), "2026-03-02T18:40:00Z");
        assert!(practice.clock_suspect);
        assert_eq!(practice.draft, told);
        assert_eq!(practice.local_day.to_string(), "2026-03-02");
        let right = draft("library:delay_15", "2026-03-01T18:00:00Z", 6, 5);
        let correction = SkillPracticeCorrection { reason: None, practice: right };
        let now = moment("2026-03-02T18:45:00Z");
        let (corrected, _) = correct(&practice, Uuid::from_u128(9).into(), &correction, now).unwrap();
        assert_eq!(
            (corrected.clock_suspect, corrected.local_day.to_string().as_str()),
            (false, "2026-03-01")
        );
    }

    #[test]
    fn a_correction_keeps_the_old_revision_and_the_first_sending_stays_the_same() {
        let now = moment("2026-07-02T08:00:00Z");
        let before = evening();
        let practice = SkillPracticeDraft { after: distress(6), ..before.draft.clone() };
        let reason = Some(Reason::try_from("Slipped".to_owned()).unwrap());
        let correction = SkillPracticeCorrection { reason, practice };
        let (corrected, kept) = correct(&before, Uuid::from_u128(9).into(), &correction, now).unwrap();
        assert_eq!((corrected.revision, corrected.draft.eased_by()), (2, 2));
        assert_eq!(corrected.received_at, before.received_at);
        assert_eq!(kept.iter().map(|one| one.revision).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((kept[0].id, &kept[0].practice), (Uuid::from_u128(2).into(), &before.draft));
        assert_eq!(kept[1].same(&correction), Ok(()));
        assert_eq!(
            kept[1].same(&SkillPracticeCorrection { reason: None, ..correction }),
            Err(Refusal::Different)
        );
        assert_eq!(same(&corrected, &kept[0].practice, &before.draft), Ok(()));
        assert_eq!(same(&corrected, &kept[0].practice, &corrected.draft), Err(Refusal::Different));
        let again = SkillPracticeCorrection { reason: None, practice: before.draft };
        let (third, kept) = correct(&corrected, Uuid::from_u128(10).into(), &again, now).unwrap();
        assert_eq!((third.revision, kept.len()), (3, 1));
    }

    #[test]
    fn a_withdrawn_practice_changes_no_more() {
        let now = moment("2026-07-02T08:00:00Z");
        let gone = withdraw(&evening(), now);
        assert_eq!(withdraw(&gone, moment("2026-07-03T08:00:00Z")), gone);
        assert_eq!(same(&gone, &gone.draft, &gone.draft), Err(Refusal::Withdrawn));
        let correction = SkillPracticeCorrection { reason: None, practice: gone.draft.clone() };
        assert_eq!(correct(&gone, Uuid::from_u128(9).into(), &correction, now), Err(Refusal::Withdrawn));
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

    #[test]
    fn the_schema_of_a_practice_names_exactly_what_its_json_holds() {
        let schema = serde_json::to_value(SkillPractice::schema()).unwrap();
        let full = SkillPracticeDraft {
            minutes: Some(PracticeMinutes::try_from(10i64).unwrap()),
            helpful: Some(Helpful::try_from(3i64).unwrap()),
            note: Some(Note::try_from("hard".to_owned()).unwrap()),
            trigger: Some(TriggerCategory::Urges),
            craving: Some(Uuid::from_u128(7).into()),
            ..evening().draft
        };
        let now = moment("2026-07-02T08:00:00Z");
        let whole = serde_json::to_value(withdraw(&recorded(full, "2026-07-01T00:30:00Z"), now)).unwrap();
        let names = |value: &serde_json::Value| -> std::collections::BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(names(&schema["properties"]), names(&whole));
        let least = names(&serde_json::to_value(evening()).unwrap());
        let required = schema["required"].as_array().unwrap();
        assert_eq!(
            required
                .iter()
                .map(|key| key.as_str().unwrap().to_owned())
                .collect::<std::collections::BTreeSet<_>>(),
            least
        );
    }
}
