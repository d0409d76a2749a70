//! Check-ins: every sending of one, and the one that stands for each day or week.

use std::collections::BTreeSet;

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::check_in::{
    CheckIn, CheckInDraft, CheckInId, CheckInKind, CheckInRevision, DayFigures, Figure,
};
use evenkeel_domain::log_entry::EntryTime;
use evenkeel_domain::value::{Day, Moment};

use crate::column::{At, Id, Json, On, broken};
use crate::schema::{check_in_revisions, check_ins};
use crate::{Error, Tx};

// What was sent

type RevisionRow = (Id, i32, At, On, bool, bool, Json);

macro_rules! revision_columns {
    () => {
        (
            check_in_revisions::id,
            check_in_revisions::revision,
            check_in_revisions::received_at,
            check_in_revisions::day,
            check_in_revisions::clock_suspect,
            check_in_revisions::late,
            check_in_revisions::draft,
        )
    };
}

fn revision_of(
    (id, revision, received_at, day, clock_suspect, late, draft): RevisionRow,
) -> Result<CheckInRevision, Error> {
    Ok(CheckInRevision {
        id: id.to(),
        revision,
        received_at: received_at.0,
        day: day.0,
        clock_suspect,
        late,
        check_in: draft.read()?,
    })
}

/// All that was sent for a day, or for the week that begins on it, in the order it came.
pub fn revisions(
    tx: &mut Tx,
    grant: &Grant,
    kind: CheckInKind,
    day: Day,
) -> Result<Vec<CheckInRevision>, Error> {
    let rows: Vec<RevisionRow> = check_in_revisions::table
        .filter(check_in_revisions::participant_id.eq(Id::of(grant.participant())))
        .filter(check_in_revisions::kind.eq(kind.as_str()))
        .filter(check_in_revisions::day.eq(On(day)))
        .order(check_in_revisions::revision)
        .select(revision_columns!())
        .load(tx)?;
    rows.into_iter().map(revision_of).collect()
}

/// What was sent under an id, for whichever day.
pub fn revision(tx: &mut Tx, grant: &Grant, id: CheckInId) -> Result<Option<CheckInRevision>, Error> {
    let row: Option<RevisionRow> = check_in_revisions::table
        .filter(check_in_revisions::participant_id.eq(Id::of(grant.participant())))
        .filter(check_in_revisions::id.eq(Id::of(id)))
        .select(revision_columns!())
        .get_result(tx)
        .optional()?;
    row.map(revision_of).transpose()
}

/// Keeps what was sent; false if the participant sent something under that id before, for whichever day.
pub fn add_revision(tx: &mut Tx, grant: &Grant, revision: &CheckInRevision) -> Result<bool, Error> {
    let row = (
        check_in_revisions::participant_id.eq(Id::of(grant.participant())),
        check_in_revisions::kind.eq(revision.check_in.kind.as_str()),
        check_in_revisions::day.eq(On(revision.day)),
        check_in_revisions::revision.eq(revision.revision),
        check_in_revisions::id.eq(Id::of(revision.id)),
        check_in_revisions::received_at.eq(At(revision.received_at)),
        check_in_revisions::clock_suspect.eq(revision.clock_suspect),
        check_in_revisions::late.eq(revision.late),
        check_in_revisions::draft.eq(Json::of(&revision.check_in)?),
    );
    let of = (check_in_revisions::participant_id, check_in_revisions::id);
    let added = each!(tx, conn => diesel::insert_into(check_in_revisions::table).values(row).on_conflict(of).do_nothing().execute(conn))?;
    Ok(added == 1)
}

// What stands

/// The columns that a newer answer may change.
macro_rules! standing {
    ($check_in:expr) => {{
        let check_in: &CheckIn = $check_in;
        let figures = DayFigures::of(check_in);
        let sleep_tenths = figures.sleep_hours.map(|hours| i16::try_from(hours.tenths()));
        (
            check_ins::id.eq(Id::of(check_in.id)),
            check_ins::received_at.eq(At(check_in.received_at)),
            check_ins::clock_suspect.eq(check_in.clock_suspect),
            check_ins::late.eq(check_in.late),
            check_ins::revision.eq(check_in.revision),
            check_ins::mood.eq(figures.mood),
            check_ins::sleep_tenths.eq(sleep_tenths.transpose().map_err(broken)?),
            check_ins::stress.eq(figures.stress),
            check_ins::confidence.eq(figures.confidence),
            check_ins::craving_worst.eq(figures.craving_worst),
            check_ins::any_use.eq(figures.any_use),
            check_ins::draft.eq(Json::of(&draft(check_in))?),
        )
    }};
}

fn draft(check_in: &CheckIn) -> CheckInDraft {
    CheckInDraft {
        kind: check_in.kind,
        version: check_in.version,
        day: Some(check_in.day),
        occurred_at: check_in.occurred_at,
        time_zone: check_in.time_zone.clone(),
        answers: check_in.answers.clone(),
        reason: None,
    }
}

/// Stores the first check-in of a day or week.
pub fn add(tx: &mut Tx, grant: &Grant, check_in: &CheckIn) -> Result<(), Error> {
    let row = (
        check_ins::participant_id.eq(Id::of(grant.participant())),
        check_ins::kind.eq(check_in.kind.as_str()),
        check_ins::day.eq(On(check_in.day)),
        standing!(check_in),
    );
    diesel::insert_into(check_ins::table).values(row).execute(tx)?;
    Ok(())
}

/// Replaces the check-in of a day or week by what it has become.
pub fn put(tx: &mut Tx, grant: &Grant, check_in: &CheckIn) -> Result<(), Error> {
    let target =
        check_ins::table.find((Id::of(grant.participant()), check_in.kind.as_str(), On(check_in.day)));
    diesel::update(target).set(standing!(check_in)).execute(tx)?;
    Ok(())
}

type Row = (Id, At, bool, bool, i32, On, Json);

macro_rules! check_in_columns {
    () => {
        (
            check_ins::id,
            check_ins::received_at,
            check_ins::clock_suspect,
            check_ins::late,
            check_ins::revision,
            check_ins::day,
            check_ins::draft,
        )
    };
}

fn check_in(grant: &Grant, row: Row) -> Result<CheckIn, Error> {
    let (id, received_at, clock_suspect, late, revision, day, draft) = row;
    let CheckInDraft { kind, version, occurred_at, time_zone, answers, .. } = draft.read()?;
    Ok(CheckIn {
        id: id.to(),
        participant: grant.participant(),
        kind,
        version,
        day: day.0,
        occurred_at,
        time_zone,
        answers,
        received_at: received_at.0,
        clock_suspect,
        late,
        revision,
    })
}

/// The check-in of a day, or of the week that begins on it.
pub fn find(tx: &mut Tx, grant: &Grant, kind: CheckInKind, day: Day) -> Result<Option<CheckIn>, Error> {
    let row: Option<Row> = check_ins::table
        .find((Id::of(grant.participant()), kind.as_str(), On(day)))
        .select(check_in_columns!())
        .get_result(tx)
        .optional()?;
    row.map(|row| check_in(grant, row)).transpose()
}

/// A page of check-ins of one kind, the latest day first: those of the days from `from` to `to`, both included,
/// before the day that a page before ended with.
pub fn list(
    tx: &mut Tx,
    grant: &Grant,
    kind: CheckInKind,
    from: Option<Day>,
    to: Option<Day>,
    before: Option<Day>,
    limit: i64,
) -> Result<Vec<CheckIn>, Error> {
    let mut query = check_ins::table
        .filter(check_ins::participant_id.eq(Id::of(grant.participant())))
        .filter(check_ins::kind.eq(kind.as_str()))
        .order(check_ins::day.desc())
        .select(check_in_columns!())
        .limit(limit)
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(check_ins::day.ge(On(from)));
    }
    if let Some(to) = to {
        query = query.filter(check_ins::day.le(On(to)));
    }
    if let Some(before) = before {
        query = query.filter(check_ins::day.lt(On(before)));
    }
    let rows: Vec<Row> = query.load(tx)?;
    rows.into_iter().map(|row| check_in(grant, row)).collect()
}

/// All check-ins of one kind of the days from `from` to `to`, both included, in order.
pub fn days(
    tx: &mut Tx,
    grant: &Grant,
    kind: CheckInKind,
    from: Day,
    to: Day,
) -> Result<Vec<CheckIn>, Error> {
    let rows: Vec<Row> = check_ins::table
        .filter(check_ins::participant_id.eq(Id::of(grant.participant())))
        .filter(check_ins::kind.eq(kind.as_str()))
        .filter(check_ins::day.between(On(from), On(to)))
        .order(check_ins::day)
        .select(check_in_columns!())
        .load(tx)?;
    rows.into_iter().map(|row| check_in(grant, row)).collect()
}

/// What the daily check-ins say in figures, for the days from `from` to `to`, both included, in order.
pub fn figures(tx: &mut Tx, grant: &Grant, from: Day, to: Day) -> Result<Vec<(Day, DayFigures)>, Error> {
    type Row = (On, Option<i16>, Option<i16>, Option<i16>, Option<i16>, Option<i16>, Option<bool>);
    let query = check_ins::table
        .filter(check_ins::participant_id.eq(Id::of(grant.participant())))
        .filter(check_ins::kind.eq(CheckInKind::Daily.as_str()))
        .filter(check_ins::day.between(On(from), On(to)))
        .order(check_ins::day)
        .select((
            check_ins::day,
            check_ins::mood,
            check_ins::sleep_tenths,
            check_ins::stress,
            check_ins::confidence,
            check_ins::craving_worst,
            check_ins::any_use,
        ));
    let rows: Vec<Row> = each!(tx, conn => query.load(conn))?;
    rows.into_iter()
        .map(|(day, mood, sleep_tenths, stress, confidence, craving_worst, any_use)| {
            let hours = sleep_tenths.map(|tenths| Figure::try_from(f64::from(tenths) / 10.0));
            let sleep_hours = hours.transpose().map_err(broken)?;
            Ok((day.0, DayFigures { mood, sleep_hours, stress, confidence, craving_worst, any_use }))
        })
        .collect()
}

/// The days from `from` to `to`, both included, that have a daily check-in.
pub fn answered_days(tx: &mut Tx, grant: &Grant, from: Day, to: Day) -> Result<BTreeSet<Day>, Error> {
    let days: Vec<On> = check_ins::table
        .filter(check_ins::participant_id.eq(Id::of(grant.participant())))
        .filter(check_ins::kind.eq(CheckInKind::Daily.as_str()))
        .filter(check_ins::day.between(On(from), On(to)))
        .select(check_ins::day)
        .load(tx)?;
    Ok(days.into_iter().map(|day| day.0).collect())
}

/// Whether a participant answered the daily check-in of a day, for the worker that would remind of it.
pub fn is_answered(tx: &mut Tx, participant: ParticipantId, day: Day) -> Result<bool, Error> {
    let revision: Option<i32> = check_ins::table
        .find((Id::of(participant), CheckInKind::Daily.as_str(), On(day)))
        .select(check_ins::revision)
        .get_result(tx)
        .optional()?;
    Ok(revision.is_some())
}

/// When the daily check-in of a day was filled in, for the worker that reminded of it; none if it was not.
pub fn answered_at(tx: &mut Tx, participant: ParticipantId, day: Day) -> Result<Option<Moment>, Error> {
    let row: Option<(At, bool, Json)> = check_ins::table
        .find((Id::of(participant), CheckInKind::Daily.as_str(), On(day)))
        .select((check_ins::received_at, check_ins::clock_suspect, check_ins::draft))
        .get_result(tx)
        .optional()?;
    let filled_in = |(received_at, clock_suspect, draft): (At, bool, Json)| {
        let draft: CheckInDraft = draft.read()?;
        let entry_time =
            EntryTime { occurred_at: draft.occurred_at, received_at: received_at.0, clock_suspect };
        Ok(entry_time.effective_at())
    };
    row.map(filled_in).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{PARTICIPANT, at, day, grant, id, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::check_in::{Answered, answer, place};

    fn sent(kind: &str, occurred_at: &str, answers: &serde_json::Value) -> CheckInDraft {
        value(serde_json::json!({ "kind": kind, "version": 1, "occurred_at": occurred_at,
            "time_zone": "America/New_York", "answers": answers }))
    }
    fn daily(occurred_at: &str, mood: i16) -> CheckInDraft {
        let answers = serde_json::json!({
            "mood": mood, "sleep_hours": 7.5, "craving_worst": 4, "confidence": 8, "connected": true,
        });
        sent("daily", occurred_at, &answers)
    }
    fn stored(tx: &mut Tx, number: u128, draft: &CheckInDraft) -> CheckIn {
        let own = grant(Action::AnswerCheckIn);
        let now = at("2026-03-05T18:00:00Z");
        let kept = revisions(tx, &own, draft.kind, place(draft, now).unwrap().day).unwrap();
        let Answered { check_in, new } = answer(id(PARTICIPANT), &kept, id(number), draft, now).unwrap();
        let new = new.unwrap();
        assert!(add_revision(tx, &own, &new).unwrap());
        assert!(!add_revision(tx, &own, &CheckInRevision { day: day("2020-01-01"), ..new.clone() }).unwrap());
        assert_eq!(revision(tx, &own, new.id).unwrap().as_ref(), Some(&new));
        if kept.is_empty() {
            add(tx, &own, &check_in).unwrap();
        } else {
            put(tx, &own, &check_in).unwrap();
        }
        assert_eq!(find(tx, &own, check_in.kind, check_in.day).unwrap().as_ref(), Some(&check_in));
        let kept = revisions(tx, &own, check_in.kind, check_in.day).unwrap();
        assert_eq!(CheckIn::current(id(PARTICIPANT), &kept).as_ref(), Some(&check_in));
        check_in
    }

    #[test]
    fn check_ins_read_back_with_their_revisions_and_figures() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ReadCheckIns);
        let weekly = sent(
            "weekly",
            "2026-03-04T23:00:00Z",
            &serde_json::json!({
                "low_days": 2, "craving": 3, "confidence": 7, "support_days": 4, "poor_sleep_days": 1,
            }),
        );
        let monday = stored(tx, 1, &daily("2026-03-02T22:00:00Z", 6));
        let again = stored(tx, 2, &daily("2026-03-02T23:00:00Z", 3));
        assert_eq!((monday.id, again.id, again.revision), (id(1), id(1), 2));
        let wednesday = stored(tx, 3, &daily("2026-03-04T22:00:00Z", 5));
        let week = stored(tx, 4, &weekly);
        assert_eq!(week.day, monday.day);

        let (from, to) = (day("2026-03-02"), day("2026-03-04"));
        let both = [again.clone(), wednesday.clone()];
        assert_eq!(days(tx, &own, CheckInKind::Daily, from, to).unwrap(), both);
        assert_eq!(days(tx, &own, CheckInKind::Weekly, from, to).unwrap(), [week]);
        let expected = both.iter().map(|one| (one.day, DayFigures::of(one))).collect::<Vec<_>>();
        assert_eq!(figures(tx, &own, from, to).unwrap(), expected);
        assert_eq!(expected[0].1.sleep_hours.map(Figure::tenths), Some(75));
        assert_eq!(answered_days(tx, &own, from, to).unwrap(), [from, to].into());
        assert!(is_answered(tx, id(PARTICIPANT), from).unwrap());
        assert!(!is_answered(tx, id(PARTICIPANT), day("2026-03-03")).unwrap());

        let page = |tx: &mut Tx, before, limit| {
            list(tx, &own, CheckInKind::Daily, Some(from), Some(to), before, limit).unwrap()
        };
        assert_eq!(page(tx, None, 1), [wednesday]);
        assert_eq!(page(tx, Some(to), 9), [again]);
    }
}
