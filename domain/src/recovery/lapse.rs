//! A lapse. It may be reported at any time: no delay and no wrong clock is a reason to refuse it.

use super::Refusal;
use super::debrief::{Debrief, DebriefDraft};
use crate::account::ParticipantId;
use crate::craving::{CravingId, Note, Substance};
use crate::log_entry::{self, Corrected, Correction, Draft, Entry, Revision, RevisionId};
use crate::value::{Moment, TimeZone};
use serde::{Deserialize, Serialize};
use std::ops::Deref;
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

impl Draft for LapseDraft {
    type Id = LapseId;
    fn occurred_at(&self) -> Moment {
        self.occurred_at
    }
    fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }
}

/// A lapse in its current revision, with its debrief.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lapse {
    /// What it shares with all entries.
    #[serde(flatten)]
    #[schema(inline)]
    pub entry: Entry<LapseDraft>,
    /// When the server first received that there was this use; none of a close call.
    #[serde(skip)]
    pub use_reported_at: Option<Moment>,
    /// What led to it and what would help, as far as the person has said.
    pub debrief: Debrief,
}

impl Deref for Lapse {
    type Target = Entry<LapseDraft>;
    fn deref(&self) -> &Self::Target {
        &self.entry
    }
}

/// A new lapse, with an empty debrief.
pub fn report(participant: ParticipantId, id: LapseId, draft: LapseDraft, now: Moment) -> Lapse {
    let use_reported_at = draft.outcome.is_use().then_some(now);
    Lapse { entry: Entry::new(participant, id, draft, now), use_reported_at, debrief: Debrief::default() }
}

/// Corrects a lapse: as it is afterwards, and the revisions to store; none if the same correction came before.
/// `revisions` are all until now. Its debrief stays.
pub fn correct(
    lapse: &Lapse,
    revisions: &[Revision<LapseDraft>],
    id: RevisionId,
    correction: &Correction<LapseDraft>,
    now: Moment,
) -> Result<Corrected<Lapse, LapseDraft>, Refusal> {
    let Some((entry, new)) = lapse.entry.correct(revisions, id, correction, now)? else {
        return Ok(None);
    };
    // Use of something else, or after a close call, is first reported now.
    let reported_at = lapse.use_reported_at.filter(|_| entry.draft.substance == lapse.draft.substance);
    let use_reported_at = entry.draft.outcome.is_use().then(|| reported_at.unwrap_or(now));
    Ok(Some((Lapse { entry, use_reported_at, debrief: lapse.debrief.clone() }, new)))
}

/// Withdraws a lapse; it no longer counts anywhere. Of two withdrawals the first counts.
#[must_use]
pub fn withdraw(lapse: &Lapse, now: Moment) -> Lapse {
    Lapse { entry: lapse.entry.withdraw(now), ..lapse.clone() }
}

/// Saves a debrief on top of the revision that the phone knows. The same content again changes nothing, whatever the
/// revision: the phone may not have received the first answer.
pub fn save_debrief(lapse: &Lapse, draft: &DebriefDraft, known: i32, now: Moment) -> Result<Lapse, Refusal> {
    log_entry::not_withdrawn(lapse.withdrawn_at)?;
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
    fn a_correction_leaves_the_debrief_and_use_of_something_else_is_first_reported_then() {
        let sent = draft("2026-07-01T00:30:00Z", Substance::Alcohol, LapseOutcome::SingleLapse);
        let now = moment("2026-07-02T00:00:00Z");
        let debrief = Debrief { revision: 1, saved_at: Some(now), ..Debrief::default() };
        let lapse = Lapse { debrief, ..reported(sent.clone(), "2026-07-01T00:31:00Z") };
        let corrected = |lapse: &Lapse, entry: LapseDraft| {
            let correction = Correction { reason: None, entry };
            correct(lapse, &[lapse.first_revision()], Uuid::from_u128(7).into(), &correction, now)
        };
        let earlier = LapseDraft { occurred_at: moment("2026-06-30T23:00:00Z"), ..sent.clone() };
        let (same_use, revisions) = corrected(&lapse, earlier).unwrap().unwrap();
        assert_eq!((same_use.local_day.to_string().as_str(), revisions.len()), ("2026-06-30", 2));
        assert_eq!((&same_use.debrief, same_use.use_reported_at), (&lapse.debrief, lapse.use_reported_at));
        let other = LapseDraft { substance: Substance::Opioids, ..sent };
        let (opioid, _) = corrected(&lapse, other.clone()).unwrap().unwrap();
        assert_eq!((&opioid.debrief, opioid.use_reported_at), (&lapse.debrief, Some(now)));
        let gone = withdraw(&lapse, now);
        assert_eq!(withdraw(&gone, moment("2026-07-03T00:00:00Z")), gone);
        assert_eq!(corrected(&gone, other), Err(log_entry::Refusal::Withdrawn.into()));
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
