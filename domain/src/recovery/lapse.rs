//! A lapse as it is told. Telling it is always welcome: it is refused for no clock and no delay.

use super::Refusal;
use super::debrief::{Debrief, DebriefDraft};
use crate::account::{AccountId, ParticipantId};
use crate::craving::{CravingId, Note, Substance};
use crate::log_entry::{self, EntryTime, Reason, RevisionId, Told};
use crate::value::{Day, Moment, TimeZone};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long an evening lasts after midnight.
const EVENING: SignedDuration = SignedDuration::from_hours(6);

id! {
    /// A lapse, named by the phone; unique for its participant.
    LapseId
}

words! {
    /// What happened.
    LapseOutcome {
        /// Used once, and stopped.
        SingleLapse = "lapse",
        /// Used, and is using again.
        ReturnToUse = "return_to_use",
        /// Came close and did not use.
        CloseCall = "close_call",
    }
}

impl LapseOutcome {
    /// How grave it is, to tell what was seen of it from what is news.
    fn severity(self) -> u8 {
        match self {
            Self::CloseCall => 0,
            Self::SingleLapse => 1,
            Self::ReturnToUse => 2,
        }
    }

    /// Whether there was use, so that a new count begins.
    pub fn is_use(self) -> bool {
        match self {
            Self::SingleLapse | Self::ReturnToUse => true,
            Self::CloseCall => false,
        }
    }
}

/// A lapse as the phone tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "occurred_at": "2026-03-02T23:40:00Z", "time_zone": "America/New_York",
    "substance": "alcohol", "outcome": "lapse", "note": "Two beers at the game. Went home then."
}))]
pub struct LapseDraft {
    /// When it happened, by the phone's clock; if it went on, when it began.
    pub occurred_at: Moment,
    /// Where the phone was then. The lapse counts on the local day of this zone.
    pub time_zone: TimeZone,
    /// What was used, or almost.
    pub substance: Substance,
    /// What happened.
    pub outcome: LapseOutcome,
    /// Own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// The logged craving that came before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub craving: Option<CravingId>,
}

/// A correction: the whole lapse as it should read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "It was one evening only",
    "lapse": {
        "occurred_at": "2026-03-02T23:40:00Z", "time_zone": "America/New_York",
        "substance": "alcohol", "outcome": "lapse"
    }
}))]
pub struct LapseCorrection {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The lapse as it should read.
    pub lapse: LapseDraft,
}

/// What a lapse said from one correction to the next; the first has the lapse's own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LapseRevision {
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
    /// The lapse as sent.
    pub lapse: LapseDraft,
}

impl LapseRevision {
    /// Whether a correction that came again under this id is the one that was kept.
    pub fn same(&self, again: &LapseCorrection) -> Result<(), Refusal> {
        Ok(log_entry::same(&(&self.reason, &self.lapse), &(&again.reason, &again.lapse))?)
    }
}

/// Who of those who treat the person has seen what was told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Acknowledgement {
    /// Who.
    pub by: AccountId,
    /// When.
    pub at: Moment,
}

impl Acknowledgement {
    /// What stands once somebody has seen a revision of it now; of several, the first. What was told since, they have
    /// not seen.
    pub fn noted(
        earlier: Option<Self>,
        current: i32,
        seen: i32,
        by: AccountId,
        now: Moment,
    ) -> Result<Self, Refusal> {
        match earlier {
            Some(earlier) => Ok(earlier),
            None if current == seen => Ok(Self { by, at: now }),
            None => Err(Refusal::Stale { current }),
        }
    }
}

/// A lapse as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lapse {
    /// Its id.
    pub id: LapseId,
    /// ParticipantRef it is.
    #[serde(skip)]
    pub participant: ParticipantId,
    /// When it happened, by the phone's clock.
    pub occurred_at: Moment,
    /// Where the phone was then.
    pub time_zone: TimeZone,
    /// What was used, or almost.
    pub substance: Substance,
    /// What happened.
    pub outcome: LapseOutcome,
    /// Own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// The logged craving that came before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub craving: Option<CravingId>,
    /// The day it counts on.
    pub local_day: Day,
    /// When the server received it.
    pub received_at: Moment,
    /// Since when the server knows of this use; none of a near miss.
    #[serde(skip)]
    pub use_told_at: Option<Moment>,
    /// Whether the phone's clock was ahead; `received_at` then counts as the time it happened.
    pub clock_suspect: bool,
    /// How often it was written: 1 until corrected.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
    /// Who of those who treat the person has seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub acknowledged: Option<Acknowledgement>,
    /// What led to it and what would help, as far as told.
    pub debrief: Debrief,
}

impl Lapse {
    /// When it happened: by the phone's clock unless that was ahead.
    pub fn happened_at(&self) -> Moment {
        self.entry_time().effective_at()
    }

    /// The day it counts on or, before 6 in the morning, the one before: an evening may end after midnight.
    pub fn evening(&self) -> Day {
        self.happened_at().plus(-EVENING).local_day(&self.time_zone)
    }

    fn entry_time(&self) -> EntryTime {
        let Self { occurred_at, received_at, clock_suspect, .. } = *self;
        EntryTime { occurred_at, received_at, clock_suspect }
    }

    /// The lapse as the phone would tell it now.
    pub fn draft(&self) -> LapseDraft {
        let Self { occurred_at, time_zone, substance, outcome, note, craving, .. } = self.clone();
        LapseDraft { occurred_at, time_zone, substance, outcome, note, craving }
    }

    /// What the lapse says until its first correction.
    pub fn first_revision(&self) -> LapseRevision {
        let id = RevisionId::from(uuid::Uuid::from(self.id));
        LapseRevision { id, revision: 1, received_at: self.received_at, reason: None, lapse: self.draft() }
    }
}

/// A lapse that is told for the first time, with an empty debrief opened for it.
pub fn report(participant: ParticipantId, id: LapseId, draft: LapseDraft, now: Moment) -> Lapse {
    let Told { day, clock_suspect, .. } = Told::new(draft.occurred_at, &draft.time_zone, now);
    let LapseDraft { occurred_at, time_zone, substance, outcome, note, craving } = draft;
    Lapse {
        id,
        participant,
        occurred_at,
        time_zone,
        substance,
        outcome,
        note,
        craving,
        local_day: day,
        received_at: now,
        use_told_at: outcome.is_use().then_some(now),
        clock_suspect,
        revision: 1,
        withdrawn_at: None,
        acknowledged: None,
        debrief: Debrief::default(),
    }
}

/// Whether a lapse that came again under its id is the one that was first sent; `first` is the draft of
/// revision 1.
pub fn same(lapse: &Lapse, first: &LapseDraft, again: &LapseDraft) -> Result<(), Refusal> {
    log_entry::standing(lapse.withdrawn_at)?;
    Ok(log_entry::same(first, again)?)
}

/// Corrects a lapse: as it now stands, and the revisions to keep (at the first correction also the one before).
/// Its debrief stays. Where something else was used, worse happened, or it was on another day or after another
/// craving, nobody has seen that yet.
pub fn correct(
    lapse: &Lapse,
    id: RevisionId,
    correction: &LapseCorrection,
    now: Moment,
) -> Result<(Lapse, Vec<LapseRevision>), Refusal> {
    log_entry::standing(lapse.withdrawn_at)?;
    let revision = log_entry::next(lapse.revision, id, lapse.id)?;
    let LapseCorrection { reason, lapse: draft } = correction.clone();
    let is_less = draft.outcome.severity() <= lapse.outcome.severity();
    let kept = LapseRevision { id, revision, received_at: now, reason, lapse: draft.clone() };
    let Told { day, clock_suspect, .. } =
        Told::corrected(draft.occurred_at, &draft.time_zone, lapse.entry_time(), now);
    // Use of something else, or after a near miss, is news of today.
    let known_since = lapse.use_told_at.filter(|_| draft.substance == lapse.substance);
    let use_told_at = draft.outcome.is_use().then(|| known_since.unwrap_or(now));
    let corrected = Lapse {
        local_day: day,
        received_at: lapse.received_at,
        use_told_at,
        clock_suspect,
        revision,
        debrief: lapse.debrief.clone(),
        ..report(lapse.participant, lapse.id, draft, now)
    };
    let what = |one: &Lapse| (one.substance, one.local_day, one.evening(), one.craving);
    let acknowledged = lapse.acknowledged.filter(|_| is_less && what(&corrected) == what(lapse));
    let corrected = Lapse { acknowledged, ..corrected };
    Ok((corrected, log_entry::kept(lapse.revision, || lapse.first_revision(), kept)))
}

/// Takes a lapse back; it counts in nothing any more. Done twice, the first time stands.
#[must_use]
pub fn withdraw(lapse: &Lapse, now: Moment) -> Lapse {
    Lapse { withdrawn_at: log_entry::withdrawn(lapse.withdrawn_at, now), ..lapse.clone() }
}

/// Notes who has seen a lapse as of this revision; of several, the first stands.
pub fn acknowledge(lapse: &Lapse, revision: i32, by: AccountId, now: Moment) -> Result<Lapse, Refusal> {
    log_entry::standing(lapse.withdrawn_at)?;
    let acknowledged = Acknowledgement::noted(lapse.acknowledged, lapse.revision, revision, by, now)?;
    Ok(Lapse { acknowledged: Some(acknowledged), ..lapse.clone() })
}

/// Saves a debrief on top of the revision that the phone knows. What is there already is not saved again,
/// whatever the revision: a phone that did not hear the answer may ask again.
pub fn save_debrief(lapse: &Lapse, draft: &DebriefDraft, known: i32, now: Moment) -> Result<Lapse, Refusal> {
    if lapse.withdrawn_at.is_some() {
        return Err(Refusal::Withdrawn);
    }
    let Debrief { revision, content, .. } = &lapse.debrief;
    if content == draft {
        return Ok(lapse.clone());
    }
    if *revision != known {
        return Err(Refusal::Stale { current: *revision });
    }
    let debrief = Debrief { revision: revision + 1, saved_at: Some(now), content: draft.clone() };
    Ok(Lapse { debrief, ..lapse.clone() })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::craving::tests::moment;
    use rstest::rstest;
    use uuid::Uuid;

    pub(crate) fn draft(at: &str, substance: Substance, outcome: LapseOutcome) -> LapseDraft {
        LapseDraft {
            occurred_at: moment(at),
            time_zone: TimeZone::try_from("America/New_York".to_owned()).unwrap(),
            substance,
            outcome,
            note: None,
            craving: None,
        }
    }
    pub(crate) fn reported(draft: LapseDraft, now: &str) -> Lapse {
        report(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), draft, moment(now))
    }

    #[test]
    fn a_lapse_told_late_counts_on_the_day_it_happened() {
        let told = draft("2026-07-01T00:30:00Z", Substance::Alcohol, LapseOutcome::SingleLapse);
        let lapse = reported(told, "2026-09-01T12:00:00Z");
        assert_eq!((lapse.local_day.to_string().as_str(), lapse.clock_suspect), ("2026-06-30", false));
        assert_eq!(lapse.debrief, Debrief::default());
    }

    #[test]
    fn a_clock_that_is_ahead_is_kept_and_flagged_and_counts_on_the_day_received() {
        let told = draft("2031-01-01T03:00:00Z", Substance::Opioids, LapseOutcome::SingleLapse);
        let lapse = reported(told, "2026-03-02T18:40:00Z");
        assert!(lapse.clock_suspect);
        assert_eq!(
            (lapse.local_day.to_string(), lapse.happened_at()),
            ("2026-03-02".to_owned(), lapse.received_at)
        );
    }

    #[test]
    fn the_same_lapse_again_is_the_same_and_another_under_its_id_is_refused() {
        let told = draft("2026-07-01T00:30:00Z", Substance::Alcohol, LapseOutcome::SingleLapse);
        let lapse = reported(told.clone(), "2026-07-01T00:31:00Z");
        assert_eq!(same(&lapse, &told, &told), Ok(()));
        let other = LapseDraft { outcome: LapseOutcome::CloseCall, ..told.clone() };
        assert_eq!(same(&lapse, &told, &other), Err(Refusal::Different));
        let gone = withdraw(&lapse, moment("2026-07-02T00:00:00Z"));
        assert_eq!(same(&gone, &told, &told), Err(Refusal::Withdrawn));
        assert_eq!(withdraw(&gone, moment("2026-07-03T00:00:00Z")), gone);
    }

    #[test]
    fn a_lapse_is_acknowledged_once_and_not_when_it_was_taken_back() {
        let told = draft("2026-07-01T00:30:00Z", Substance::Opioids, LapseOutcome::SingleLapse);
        let lapse = reported(told, "2026-07-01T00:31:00Z");
        let now = moment("2026-07-02T00:00:00Z");
        let seen = acknowledge(&lapse, 1, Uuid::from_u128(5).into(), now).unwrap();
        assert_eq!(seen.acknowledged, Some(Acknowledgement { by: Uuid::from_u128(5).into(), at: now }));
        let again = acknowledge(&seen, 1, Uuid::from_u128(6).into(), moment("2026-07-03T00:00:00Z"));
        assert_eq!(again, Ok(seen));
        let other = acknowledge(&lapse, 2, Uuid::from_u128(5).into(), now);
        assert_eq!(other, Err(Refusal::Stale { current: 1 }), "another revision than the one that stands");
        let gone = withdraw(&lapse, now);
        assert_eq!(acknowledge(&gone, 1, Uuid::from_u128(5).into(), now), Err(Refusal::Withdrawn));
    }

    #[test]
    fn a_correction_keeps_what_stood_before_it_and_the_debrief() {
        let told = draft("2026-07-01T00:30:00Z", Substance::Alcohol, LapseOutcome::SingleLapse);
        let now = moment("2026-07-02T00:00:00Z");
        let lapse = reported(told.clone(), "2026-07-01T00:31:00Z");
        let debrief = Debrief { revision: 1, saved_at: Some(now), ..Debrief::default() };
        let lapse = acknowledge(&Lapse { debrief, ..lapse }, 1, Uuid::from_u128(5).into(), now).unwrap();
        let earlier = LapseDraft { occurred_at: moment("2026-06-30T23:00:00Z"), ..told.clone() };
        let correction = LapseCorrection { reason: None, lapse: earlier.clone() };
        let (corrected, kept) = correct(&lapse, Uuid::from_u128(7).into(), &correction, now).unwrap();
        assert_eq!((corrected.local_day.to_string().as_str(), corrected.revision), ("2026-06-30", 2));
        assert_eq!((&corrected.debrief, corrected.received_at), (&lapse.debrief, lapse.received_at));
        assert_eq!(corrected.acknowledged, lapse.acknowledged);
        assert_eq!(kept.iter().map(|one| &one.lapse).collect::<Vec<_>>(), [&told, &earlier]);
        assert_eq!(kept[1].same(&correction), Ok(()));
        let other =
            LapseCorrection { lapse: LapseDraft { substance: Substance::Opioids, ..told }, ..correction };
        assert_eq!(kept[1].same(&other), Err(Refusal::Different));
        let (opioid, kept) = correct(&corrected, Uuid::from_u128(8).into(), &other, now).unwrap();
        assert_eq!((opioid.revision, kept.len(), opioid.acknowledged), (3, 1, None), "that nobody has seen");
        let own = correct(&opioid, Uuid::from_u128(2).into(), &other, now);
        assert_eq!(own, Err(Refusal::Different), "its own id stands for what was sent first");
        let gone = withdraw(&opioid, now);
        assert_eq!(correct(&gone, Uuid::from_u128(9).into(), &other, now), Err(Refusal::Withdrawn));
    }

    #[rstest]
    #[case::what_came_close(LapseOutcome::CloseCall, true)]
    #[case::the_same(LapseOutcome::SingleLapse, true)]
    #[case::worse(LapseOutcome::ReturnToUse, false)]
    fn a_lapse_that_was_seen_is_news_again_when_worse_is_told(
        #[case] outcome: LapseOutcome,
        #[case] seen: bool,
    ) {
        let told = draft("2026-07-01T00:30:00Z", Substance::Opioids, LapseOutcome::SingleLapse);
        let now = moment("2026-07-02T00:00:00Z");
        let lapse = reported(told.clone(), "2026-07-01T00:31:00Z");
        let lapse = acknowledge(&lapse, 1, Uuid::from_u128(5).into(), now).unwrap();
        let correction = LapseCorrection { reason: None, lapse: LapseDraft { outcome, ..told } };
        let (corrected, _) = correct(&lapse, Uuid::from_u128(7).into(), &correction, now).unwrap();
        assert_eq!(corrected.acknowledged.is_some(), seen);
    }

    #[test]
    fn a_lapse_that_was_seen_is_news_again_when_it_was_on_another_day() {
        let told = draft("2026-07-01T00:30:00Z", Substance::Opioids, LapseOutcome::SingleLapse);
        let now = moment("2026-07-09T00:00:00Z");
        let lapse =
            acknowledge(&reported(told.clone(), "2026-07-01T00:31:00Z"), 1, Uuid::from_u128(5).into(), now);
        for (at, seen) in
            [("2026-06-30T00:30:00Z", false), ("2026-06-30T20:30:00Z", true), ("2026-07-08T20:30:00Z", false)]
        {
            let later = LapseDraft { occurred_at: moment(at), ..told.clone() };
            let correction = LapseCorrection { reason: None, lapse: later };
            let (corrected, _) =
                correct(lapse.as_ref().unwrap(), Uuid::from_u128(7).into(), &correction, now).unwrap();
            assert_eq!(corrected.acknowledged.is_some(), seen, "{at}");
        }
    }

    #[test]
    fn a_bare_draft_is_four_fields_and_an_unknown_one_is_refused() {
        let json = serde_json::json!({
            "occurred_at": "2026-07-01T00:30:00Z", "time_zone": "America/New_York",
            "substance": "alcohol", "outcome": "lapse"
        });
        let read: LapseDraft = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), json);
        let mut odd = json;
        odd["fault"] = "mine".into();
        assert!(serde_json::from_value::<LapseDraft>(odd).is_err());
    }
}
