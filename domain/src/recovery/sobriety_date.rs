//! Sobriety dates: the first day without a substance, as the participant reports it. After a return to use there is a
//! new one.

use super::Refusal;
use crate::account::ParticipantId;
use crate::craving::Substance;
use crate::log_entry::{self, EntryTime};
use crate::value::{Day, Moment, TimeZone};
use jiff::civil;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

id! {
    /// A sobriety date, or a correction of one, named by the phone; unique for its participant.
    SobrietyDateId
}

/// A sobriety date as the phone sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "substance": "alcohol", "since": "2026-01-31",
    "reported_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York"
}))]
pub struct SobrietyDateDraft {
    /// The substance.
    pub substance: Substance,
    /// The first sober day. It is day 0 of the count.
    pub since: Day,
    /// The time on that day, if known; default: the beginning of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// When the person reported it, by the phone's clock. Of two corrections the later one counts.
    pub reported_at: Moment,
    /// The time zone of these days.
    pub time_zone: TimeZone,
    /// The sobriety date that this one corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<SobrietyDateId>,
}

/// A stored sobriety date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SobrietyDate {
    /// Its id.
    pub id: SobrietyDateId,
    /// Whose it is.
    #[serde(skip)]
    pub participant: ParticipantId,
    /// The substance.
    pub substance: Substance,
    /// The first sober day.
    pub since: Day,
    /// The time on that day, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// When the person reported it, by the phone's clock.
    pub reported_at: Moment,
    /// The time zone of these days.
    pub time_zone: TimeZone,
    /// The sobriety date that this one corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrects: Option<SobrietyDateId>,
    /// When the server received it.
    pub received_at: Moment,
    /// Whether the phone's clock was ahead; `received_at` then counts as the time it was reported.
    pub clock_suspect: bool,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
}

impl SobrietyDate {
    /// When the person reported it: by the phone's clock, unless that was ahead.
    pub fn said_at(&self) -> Moment {
        EntryTime::new(self.reported_at, self.received_at).effective_at()
    }
}

/// The sobriety date that a correction names, the one that this one corrects, and so on, as far as they have arrived.
pub(super) fn chain<'a>(
    corrects: Option<SobrietyDateId>,
    dates: &[&'a SobrietyDate],
) -> Vec<&'a SobrietyDate> {
    let named = |of: Option<SobrietyDateId>| dates.iter().find(|one| Some(one.id) == of).copied();
    // No more steps than dates, in case two name each other.
    std::iter::successors(named(corrects), |one| named(one.corrects)).take(dates.len()).collect()
}

/// Records a sobriety date. `known` are the stored ones. It may be in the past, but not in the future. A correction may
/// arrive before the sobriety date that it corrects.
pub fn record(
    participant: ParticipantId,
    id: SobrietyDateId,
    draft: SobrietyDateDraft,
    known: &[SobrietyDate],
    now: Moment,
) -> Result<SobrietyDate, Refusal> {
    let time = EntryTime::new(draft.reported_at, now);
    if time.local_day(&draft.time_zone) < draft.since
        || draft.at.is_some_and(|at| log_entry::is_ahead(at, now))
    {
        return Err(Refusal::NotYet);
    }
    if draft.since < Day::from(civil::date(1900, 1, 1)) {
        return Err(Refusal::LongAgo);
    }
    if draft.at.is_some_and(|at| at.local_day(&draft.time_zone) != draft.since) {
        return Err(Refusal::OtherDay);
    }
    let chain = chain(draft.corrects, &known.iter().collect::<Vec<_>>());
    let is_own = |of: Option<SobrietyDateId>| of == Some(id);
    if is_own(draft.corrects)
        || chain.iter().any(|one| one.substance != draft.substance || is_own(one.corrects))
    {
        return Err(Refusal::OtherDate);
    }
    let SobrietyDateDraft { substance, since, at, reported_at, time_zone, corrects } = draft;
    Ok(SobrietyDate {
        id,
        participant,
        substance,
        since,
        at,
        reported_at,
        time_zone,
        corrects,
        received_at: now,
        clock_suspect: time.clock_suspect,
        withdrawn_at: None,
    })
}

/// Whether a sobriety date that is sent again under its id has the same content.
pub fn same(start: &SobrietyDate, again: &SobrietyDateDraft) -> Result<(), Refusal> {
    log_entry::not_withdrawn(start.withdrawn_at)?;
    let SobrietyDate { substance, since, at, reported_at, time_zone, corrects, .. } = start.clone();
    let stored = SobrietyDateDraft { substance, since, at, reported_at, time_zone, corrects };
    Ok(log_entry::same(&stored, again)?)
}

/// Withdraws a sobriety date, so that it no longer counts. Doing it again changes nothing.
#[must_use]
pub fn withdraw(start: &SobrietyDate, now: Moment) -> SobrietyDate {
    SobrietyDate { withdrawn_at: log_entry::withdrawn(start.withdrawn_at, now), ..start.clone() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::craving::tests::moment;
    use crate::log_entry::Refusal::{Different, Withdrawn};
    use rstest::rstest;
    use uuid::Uuid;

    pub(crate) fn day(text: &str) -> Day {
        text.parse::<civil::Date>().unwrap().into()
    }
    pub(crate) fn draft(since: &str, reported_at: &str) -> SobrietyDateDraft {
        SobrietyDateDraft {
            substance: Substance::Alcohol,
            since: day(since),
            at: None,
            reported_at: moment(reported_at),
            time_zone: TimeZone::try_from("America/New_York".to_owned()).unwrap(),
            corrects: None,
        }
    }
    fn recorded(draft: SobrietyDateDraft, now: &str) -> Result<SobrietyDate, Refusal> {
        record(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), draft, &[], moment(now))
    }

    #[rstest]
    #[case::today("2026-06-30", None, Ok(()))]
    #[case::tomorrow_here_but_today_in_london("2026-07-01", None, Err(Refusal::NotYet))]
    #[case::long_ago("1987-02-01", None, Ok(()))]
    #[case::too_long_ago("1899-12-31", None, Err(Refusal::LongAgo))]
    #[case::at_a_time_of_that_day("2026-06-30", Some("2026-06-30T12:00:00Z"), Ok(()))]
    #[case::at_a_time_of_another("2026-06-29", Some("2026-06-30T12:00:00Z"), Err(Refusal::OtherDay))]
    #[case::at_a_time_to_come("2026-06-30", Some("2026-07-01T03:00:00Z"), Err(Refusal::NotYet))]
    fn a_sobriety_date_may_be_in_the_past_but_not_in_the_future(
        #[case] since: &str,
        #[case] at: Option<&str>,
        #[case] expected: Result<(), Refusal>,
    ) {
        let now = "2026-07-01T00:30:00Z";
        let sent = SobrietyDateDraft { at: at.map(moment), ..draft(since, now) };
        assert_eq!(recorded(sent, now).map(|_| ()), expected);
    }

    #[test]
    fn a_correction_names_another_sobriety_date_of_the_same_substance() {
        let now = moment("2026-07-01T00:30:00Z");
        let correcting = |id: u128, substance, of: u128, known: &[SobrietyDate]| {
            let corrects = Some(Uuid::from_u128(of).into());
            let sent =
                SobrietyDateDraft { substance, corrects, ..draft("2026-06-01", "2026-07-01T00:30:00Z") };
            record(Uuid::from_u128(1).into(), Uuid::from_u128(id).into(), sent, known, now)
        };
        let first = recorded(draft("2026-01-31", "2026-02-01T12:00:00Z"), "2026-02-01T12:00:00Z").unwrap();
        let gone = withdraw(&first, now);
        assert_eq!(
            correcting(3, Substance::Nicotine, 2, std::slice::from_ref(&first)),
            Err(Refusal::OtherDate)
        );
        assert_eq!(correcting(2, Substance::Alcohol, 2, &[]), Err(Refusal::OtherDate), "itself");
        let second = correcting(3, Substance::Alcohol, 2, &[gone]).unwrap();
        assert_eq!(correcting(2, Substance::Alcohol, 3, &[second]), Err(Refusal::OtherDate), "in a ring");
    }

    #[test]
    fn the_same_sobriety_date_again_is_the_same_and_another_under_its_id_is_refused() {
        let sent = draft("2026-01-31", "2026-02-01T12:00:00Z");
        let start = recorded(sent.clone(), "2026-02-01T12:00:00Z").unwrap();
        assert_eq!(same(&start, &sent), Ok(()));
        assert_eq!(same(&start, &draft("2026-01-30", "2026-02-01T12:00:00Z")), Err(Different.into()));
        let gone = withdraw(&start, moment("2026-02-02T00:00:00Z"));
        assert_eq!(same(&gone, &sent), Err(Withdrawn.into()));
    }
}
