//! What a caseload shows of lapses, so that nobody has to open a record to learn of one.

use super::guidance::may_be_opioid;
use super::lapse::{LapseId, LapseOutcome};
use crate::craving::Substance;
use crate::value::{Day, Moment};
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;

/// How long a lapse stands in a caseload after it was told, in days; longer until somebody has acknowledged it.
const LATELY: i64 = 14;

/// A lapse that stands, as a caseload shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LastLapse {
    /// Its id.
    pub id: LapseId,
    /// What was used, or almost.
    pub substance: Substance,
    /// What happened.
    pub outcome: LapseOutcome,
    /// When it happened, by the phone's clock.
    pub occurred_at: Moment,
    /// The day it counts on.
    pub local_day: Day,
    /// When it was told: when the server received it.
    pub received_at: Moment,
    /// How often it was written: 1 until corrected.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// Whether somebody who treats the person has acknowledged it.
    pub acknowledged: bool,
}

impl LastLapse {
    /// Whether somebody has to look after the person: there was use, or an opioid came close, and nobody has
    /// acknowledged it. Source: clinical.md 3.6 and 3.9.
    pub fn needs_attention(&self) -> bool {
        0 < self.urgency()
    }

    /// How soon: what may be an opioid first, use before what came close; 0 not at all.
    fn urgency(&self) -> u8 {
        match (self.acknowledged, self.substance, self.outcome.is_use()) {
            (false, used, true) if may_be_opioid(used) => 3,
            (false, Substance::Opioids, false) => 2,
            (false, _, true) => 1,
            (true, ..) | (false, _, false) => 0,
        }
    }
}

/// Since when a lapse must be told to stand in a caseload although it needs no attention.
pub fn lately(now: Moment) -> Moment {
    now.plus(SignedDuration::from_hours(-24 * LATELY))
}

/// The lapse that a caseload shows of those that stand: the one told last, one that needs attention before all
/// others and of those an opioid first; none that needs none and was told longer ago than [`lately`].
pub fn last(lapses: &[LastLapse], now: Moment) -> Option<LastLapse> {
    let shown = lapses.iter().filter(|one| one.needs_attention() || lately(now) <= one.received_at);
    shown.max_by_key(|one| (one.urgency(), one.received_at, one.id)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::craving::tests::moment;
    use crate::value::TimeZone;
    use uuid::Uuid;

    #[test]
    fn a_caseload_shows_what_needs_attention_until_it_is_acknowledged() {
        let told = |id: u128, on: &str, substance, outcome, acknowledged| LastLapse {
            id: Uuid::from_u128(id).into(),
            substance,
            outcome,
            occurred_at: moment(&format!("{on}T12:00:00Z")),
            local_day: moment(&format!("{on}T12:00:00Z"))
                .local_day(&TimeZone::try_from("UTC".to_owned()).unwrap()),
            received_at: moment(&format!("{on}T12:00:00Z")),
            revision: 1,
            acknowledged,
        };
        let shown = |all: &[LastLapse]| last(all, moment("2026-07-20T12:00:00Z"));
        let old = told(1, "2026-01-01", Substance::Alcohol, LapseOutcome::SingleLapse, false);
        let close = told(2, "2026-07-19", Substance::Alcohol, LapseOutcome::CloseCall, false);
        let opioid = told(3, "2026-01-02", Substance::Opioids, LapseOutcome::CloseCall, false);
        assert_eq!(shown(&[old, close]), Some(old));
        assert_eq!(shown(&[old, close, opioid]), Some(opioid));
        let later = told(5, "2026-07-18", Substance::Alcohol, LapseOutcome::ReturnToUse, false);
        assert_eq!(shown(&[opioid, later]), Some(opioid), "what can kill comes first");
        let used = told(6, "2026-01-03", Substance::Opioids, LapseOutcome::SingleLapse, false);
        let close_again = told(7, "2026-07-18", Substance::Opioids, LapseOutcome::CloseCall, false);
        assert_eq!(shown(&[used, close_again, later]), Some(used));
        let seen = |lapse: LastLapse| LastLapse { acknowledged: true, ..lapse };
        assert_eq!(shown(&[seen(old), close, seen(opioid)]), Some(close));
        let (within, before) =
            (told(4, "2026-07-06", Substance::Alcohol, LapseOutcome::SingleLapse, true), seen(old));
        assert_eq!((shown(&[within]), shown(&[before]), shown(&[])), (Some(within), None, None));
    }
}
