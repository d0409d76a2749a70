//! A lapse as it is told. Telling it is always welcome: it is refused for no clock and no delay.

use super::Refusal;
use super::debrief::Debrief;
use crate::account::ParticipantId;
use crate::craving::{CravingId, Note, Substance};
use crate::journal::words;
use crate::log_entry::{self, Told};
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
        SingleUse = "single_use",
        /// Used, and is using again.
        ReturnedToUse = "returned_to_use",
        /// Came close and did not use.
        NearMiss = "near_miss",
    }
}

impl LapseOutcome {
    /// Whether there was use, so that a new count begins.
    pub fn is_use(self) -> bool {
        match self {
            Self::SingleUse | Self::ReturnedToUse => true,
            Self::NearMiss => false,
        }
    }
}

/// A lapse as the phone tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "occurred_at": "2026-03-02T23:40:00Z", "time_zone": "America/New_York",
    "substance": "alcohol", "outcome": "single_use", "note": "Two beers at the game. Went home then."
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

/// A lapse as it stands.
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
    /// Whether the phone's clock was ahead; `received_at` then counts as the time it happened.
    pub clock_suspect: bool,
    /// When it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
    /// What led to it and what would help, as far as told.
    pub debrief: Debrief,
}

impl Lapse {
    /// When it happened: by the phone's clock unless that was ahead.
    pub fn happened_at(&self) -> Moment {
        log_entry::believed(self.occurred_at, self.received_at)
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
        clock_suspect,
        withdrawn_at: None,
        debrief: Debrief::default(),
    }
}

/// Whether a lapse that came again under its id is the one that was kept.
pub fn same(lapse: &Lapse, again: &LapseDraft) -> Result<(), Refusal> {
    if lapse.withdrawn_at.is_some() {
        return Err(Refusal::Withdrawn);
    }
    let Lapse { occurred_at, time_zone, substance, outcome, note, craving, .. } = lapse.clone();
    let kept = LapseDraft { occurred_at, time_zone, substance, outcome, note, craving };
    if kept == *again { Ok(()) } else { Err(Refusal::Different) }
}

/// Takes a lapse back; it counts in nothing any more. Done twice, the first time stands.
#[must_use]
pub fn withdraw(lapse: &Lapse, now: Moment) -> Lapse {
    Lapse { withdrawn_at: lapse.withdrawn_at.or(Some(now)), ..lapse.clone() }
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
    fn a_lapse_told_late_counts_on_the_day_it_happened() {
        let told = draft("2026-07-01T00:30:00Z", Substance::Alcohol, LapseOutcome::SingleUse);
        let lapse = reported(told, "2026-09-01T12:00:00Z");
        assert_eq!((lapse.local_day.to_string().as_str(), lapse.clock_suspect), ("2026-06-30", false));
        assert_eq!(lapse.debrief, Debrief::default());
    }

    #[test]
    fn a_clock_that_is_ahead_is_kept_and_flagged_and_counts_on_the_day_received() {
        let told = draft("2031-01-01T03:00:00Z", Substance::Opioids, LapseOutcome::SingleUse);
        let lapse = reported(told, "2026-03-02T18:40:00Z");
        assert!(lapse.clock_suspect);
        assert_eq!(
            (lapse.local_day.to_string(), lapse.happened_at()),
            ("2026-03-02".to_owned(), lapse.received_at)
        );
    }

    #[test]
    fn the_same_lapse_again_is_the_same_and_another_under_its_id_is_refused() {
        let told = draft("2026-07-01T00:30:00Z", Substance::Alcohol, LapseOutcome::SingleUse);
        let lapse = reported(told.clone(), "2026-07-01T00:31:00Z");
        assert_eq!(same(&lapse, &told), Ok(()));
        let other = LapseDraft { outcome: LapseOutcome::NearMiss, ..told.clone() };
        assert_eq!(same(&lapse, &other), Err(Refusal::Different));
        let gone = withdraw(&lapse, moment("2026-07-02T00:00:00Z"));
        assert_eq!(same(&gone, &told), Err(Refusal::Withdrawn));
        assert_eq!(withdraw(&gone, moment("2026-07-03T00:00:00Z")), gone);
    }

    #[test]
    fn a_bare_draft_is_four_fields_and_an_unknown_one_is_refused() {
        let json = serde_json::json!({
            "occurred_at": "2026-07-01T00:30:00Z", "time_zone": "America/New_York",
            "substance": "alcohol", "outcome": "single_use"
        });
        let read: LapseDraft = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), json);
        let mut odd = json;
        odd["fault"] = "mine".into();
        assert!(serde_json::from_value::<LapseDraft>(odd).is_err());
    }
}
