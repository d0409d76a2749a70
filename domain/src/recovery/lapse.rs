//! A lapse. It may be reported at any time: no delay and no wrong clock is a reason to refuse it.

use super::Refusal;
use super::debrief::{Debrief, DebriefDraft};
use crate::account::ParticipantId;
use crate::craving::{CravingId, Note, Substance};
use crate::log_entry::{self, EntryTime, Reason, RevisionId, Told};
use crate::value::{Day, Moment, TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    /// Whether there was use, so that a new count begins.
    pub fn is_use(self) -> bool {
        match self {
            Self::SingleLapse | Self::ReturnToUse => true,
            Self::CloseCall => false,
        }
    }
}

/// A lapse as the phone sends it.
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
    /// Whether a correction sent again under this id is the stored one.
    pub fn same(&self, again: &LapseCorrection) -> Result<(), Refusal> {
        Ok(log_entry::same(&(&self.reason, &self.lapse), &(&again.reason, &again.lapse))?)
    }
}

/// The current version of a lapse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lapse {
    /// Its id.
    pub id: LapseId,
    /// Whose it is.
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
    /// When the server first received that there was this use; none of a close call.
    #[serde(skip)]
    pub use_reported_at: Option<Moment>,
    /// Whether the phone's clock was ahead; `received_at` then counts as the time it happened.
    pub clock_suspect: bool,
    /// Its current revision: 1 until corrected.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
    /// What led to it and what would help, as far as the person has said.
    pub debrief: Debrief,
}

impl Lapse {
    /// When it happened: by the phone's clock unless that was ahead.
    pub fn happened_at(&self) -> Moment {
        self.entry_time().effective_at()
    }

    fn entry_time(&self) -> EntryTime {
        let Self { occurred_at, received_at, clock_suspect, .. } = *self;
        EntryTime { occurred_at, received_at, clock_suspect }
    }

    /// The current version as a draft.
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

/// A new lapse, with an empty debrief.
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
        use_reported_at: outcome.is_use().then_some(now),
        clock_suspect,
        revision: 1,
        withdrawn_at: None,
        debrief: Debrief::default(),
    }
}

/// Whether a lapse sent again under its id is the stored one; `first` is the draft of revision 1.
pub fn same(lapse: &Lapse, first: &LapseDraft, again: &LapseDraft) -> Result<(), Refusal> {
    log_entry::standing(lapse.withdrawn_at)?;
    Ok(log_entry::same(first, again)?)
}

/// Corrects a lapse: the new version, and the revisions to store (at the first correction also the one before).
/// Its debrief stays.
pub fn correct(
    lapse: &Lapse,
    id: RevisionId,
    correction: &LapseCorrection,
    now: Moment,
) -> Result<(Lapse, Vec<LapseRevision>), Refusal> {
    log_entry::standing(lapse.withdrawn_at)?;
    let revision = log_entry::next(lapse.revision, id, lapse.id)?;
    let LapseCorrection { reason, lapse: draft } = correction.clone();
    let new = LapseRevision { id, revision, received_at: now, reason, lapse: draft.clone() };
    let Told { day, clock_suspect, .. } =
        Told::corrected(draft.occurred_at, &draft.time_zone, lapse.entry_time(), now);
    // Use of something else, or after a close call, is first reported now.
    let reported_at = lapse.use_reported_at.filter(|_| draft.substance == lapse.substance);
    let use_reported_at = draft.outcome.is_use().then(|| reported_at.unwrap_or(now));
    let corrected = Lapse {
        local_day: day,
        received_at: lapse.received_at,
        use_reported_at,
        clock_suspect,
        revision,
        debrief: lapse.debrief.clone(),
        ..report(lapse.participant, lapse.id, draft, now)
    };
    Ok((corrected, log_entry::kept(lapse.revision, || lapse.first_revision(), new)))
}

/// Withdraws a lapse; it no longer counts anywhere. Withdrawn twice, the first time counts.
#[must_use]
pub fn withdraw(lapse: &Lapse, now: Moment) -> Lapse {
    Lapse { withdrawn_at: log_entry::withdrawn(lapse.withdrawn_at, now), ..lapse.clone() }
}

/// Saves a debrief on top of the revision that the phone knows. The same content again changes nothing, whatever the
/// revision: the phone may not have received the first answer.
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
    fn a_lapse_reported_late_counts_on_the_day_it_happened() {
        let sent = draft("2026-07-01T00:30:00Z", Substance::Alcohol, LapseOutcome::SingleLapse);
        let lapse = reported(sent, "2026-09-01T12:00:00Z");
        assert_eq!((lapse.local_day.to_string().as_str(), lapse.clock_suspect), ("2026-06-30", false));
        assert_eq!(lapse.debrief, Debrief::default());
    }

    #[test]
    fn a_lapse_with_a_clock_ahead_is_flagged_and_counts_on_the_day_received() {
        let sent = draft("2031-01-01T03:00:00Z", Substance::Opioids, LapseOutcome::SingleLapse);
        let lapse = reported(sent, "2026-03-02T18:40:00Z");
        assert!(lapse.clock_suspect);
        assert_eq!(
            (lapse.local_day.to_string(), lapse.happened_at()),
            ("2026-03-02".to_owned(), lapse.received_at)
        );
    }

    #[test]
    fn the_same_lapse_again_is_the_same_and_another_under_its_id_is_refused() {
        let sent = draft("2026-07-01T00:30:00Z", Substance::Alcohol, LapseOutcome::SingleLapse);
        let lapse = reported(sent.clone(), "2026-07-01T00:31:00Z");
        assert_eq!(same(&lapse, &sent, &sent), Ok(()));
        let other = LapseDraft { outcome: LapseOutcome::CloseCall, ..sent.clone() };
        assert_eq!(same(&lapse, &sent, &other), Err(Refusal::Different));
        let gone = withdraw(&lapse, moment("2026-07-02T00:00:00Z"));
        assert_eq!(same(&gone, &sent, &sent), Err(Refusal::Withdrawn));
        assert_eq!(withdraw(&gone, moment("2026-07-03T00:00:00Z")), gone);
    }

    #[test]
    fn a_correction_keeps_the_version_before_it_and_the_debrief() {
        let sent = draft("2026-07-01T00:30:00Z", Substance::Alcohol, LapseOutcome::SingleLapse);
        let now = moment("2026-07-02T00:00:00Z");
        let lapse = reported(sent.clone(), "2026-07-01T00:31:00Z");
        let debrief = Debrief { revision: 1, saved_at: Some(now), ..Debrief::default() };
        let lapse = Lapse { debrief, ..lapse };
        let earlier = LapseDraft { occurred_at: moment("2026-06-30T23:00:00Z"), ..sent.clone() };
        let correction = LapseCorrection { reason: None, lapse: earlier.clone() };
        let (corrected, stored) = correct(&lapse, Uuid::from_u128(7).into(), &correction, now).unwrap();
        assert_eq!((corrected.local_day.to_string().as_str(), corrected.revision), ("2026-06-30", 2));
        assert_eq!((&corrected.debrief, corrected.received_at), (&lapse.debrief, lapse.received_at));
        assert_eq!(stored.iter().map(|one| &one.lapse).collect::<Vec<_>>(), [&sent, &earlier]);
        assert_eq!(stored[1].same(&correction), Ok(()));
        let other =
            LapseCorrection { lapse: LapseDraft { substance: Substance::Opioids, ..sent }, ..correction };
        assert_eq!(stored[1].same(&other), Err(Refusal::Different));
        let (opioid, stored) = correct(&corrected, Uuid::from_u128(8).into(), &other, now).unwrap();
        assert_eq!((opioid.revision, stored.len(), opioid.use_reported_at), (3, 1, Some(now)));
        let own = correct(&opioid, Uuid::from_u128(2).into(), &other, now);
        assert_eq!(own, Err(Refusal::Different), "its own id names what was sent first");
        let gone = withdraw(&opioid, now);
        assert_eq!(correct(&gone, Uuid::from_u128(9).into(), &other, now), Err(Refusal::Withdrawn));
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
