//! Check-ins: all revisions, and the current one of each day or week.

use std::collections::BTreeSet;

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::check_in::{
    CheckIn, CheckInDraft, CheckInId, CheckInKind, CheckInRevision, DayFigures, Figure,
};
use evenkeel_domain::log_entry::EntryTime;
use evenkeel_domain::value::{Day, Moment};

use crate::column::{AsJson, Stored, broken};
use crate::schema::{check_in_revisions, check_ins};
use crate::{Error, Tx};

// Revisions

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = check_in_revisions, treat_none_as_default_value = false)]
struct RevisionRow {
    day: Stored<Day>,
    revision: i32,
    id: Stored<CheckInId>,
    received_at: Stored<Moment>,
    clock_suspect: bool,
    late: bool,
    draft: AsJson<CheckInDraft>,
}

impl From<RevisionRow> for CheckInRevision {
    fn from(row: RevisionRow) -> Self {
        Self {
            id: row.id.0,
            revision: row.revision,
            received_at: row.received_at.0,
            day: row.day.0,
            clock_suspect: row.clock_suspect,
            late: row.late,
            check_in: row.draft.0,
        }
    }
}

/// All revisions of a day, or of the week that begins on it, in the order in which they arrived.
pub fn revisions(
    tx: &mut Tx,
    grant: &Grant,
    kind: CheckInKind,
    day: Day,
) -> Result<Vec<CheckInRevision>, Error> {
    let rows = check_in_revisions::table
        .filter(check_in_revisions::participant_id.eq(Stored(grant.participant())))
        .filter(check_in_revisions::kind.eq(Stored(kind)))
        .filter(check_in_revisions::day.eq(Stored(day)))
        .order(check_in_revisions::revision)
        .select(RevisionRow::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(CheckInRevision::from).collect())
}

/// The revision with an id, for any day.
pub fn revision(tx: &mut Tx, grant: &Grant, id: CheckInId) -> Result<Option<CheckInRevision>, Error> {
    let query = check_in_revisions::table
        .filter(check_in_revisions::participant_id.eq(Stored(grant.participant())))
        .filter(check_in_revisions::id.eq(Stored(id)))
        .select(RevisionRow::as_select());
    Ok(query.get_result(tx).optional()?.map(CheckInRevision::from))
}

/// Stores a revision. False if the participant already has one with this id, for any day.
pub fn add_revision(tx: &mut Tx, grant: &Grant, revision: &CheckInRevision) -> Result<bool, Error> {
    let row = (
        check_in_revisions::participant_id.eq(Stored(grant.participant())),
        check_in_revisions::kind.eq(Stored(revision.check_in.kind)),
        RevisionRow {
            day: Stored(revision.day),
            revision: revision.revision,
            id: Stored(revision.id),
            received_at: Stored(revision.received_at),
            clock_suspect: revision.clock_suspect,
            late: revision.late,
            draft: AsJson(revision.check_in.clone()),
        },
    );
    let of = (check_in_revisions::participant_id, check_in_revisions::id);
    let added = each!(tx, conn => diesel::insert_into(check_in_revisions::table).values(row).on_conflict(of).do_nothing().execute(conn))?;
    Ok(added == 1)
}

// Current check-ins

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = check_ins, primary_key(participant_id, kind, day), treat_none_as_default_value = false)]
struct Row {
    participant_id: Stored<ParticipantId>,
    kind: Stored<CheckInKind>,
    day: Stored<Day>,
    id: Stored<CheckInId>,
    received_at: Stored<Moment>,
    clock_suspect: bool,
    late: bool,
    revision: i32,
    #[diesel(embed)]
    figures: FiguresRow,
    draft: AsJson<CheckInDraft>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = check_ins, treat_none_as_default_value = false, treat_none_as_null = true)]
struct FiguresRow {
    mood: Option<i16>,
    sleep_tenths: Option<i16>,
    stress: Option<i16>,
    confidence: Option<i16>,
    craving_worst: Option<i16>,
    any_use: Option<bool>,
}

impl Row {
    fn new(grant: &Grant, check_in: &CheckIn) -> Result<Self, Error> {
        let figures = DayFigures::of(check_in);
        let sleep_tenths = figures.sleep_hours.map(|hours| i16::try_from(hours.tenths()));
        Ok(Self {
            participant_id: Stored(grant.participant()),
            kind: Stored(check_in.kind),
            day: Stored(check_in.day),
            id: Stored(check_in.id),
            received_at: Stored(check_in.received_at),
            clock_suspect: check_in.clock_suspect,
            late: check_in.late,
            revision: check_in.revision,
            figures: FiguresRow {
                mood: figures.mood,
                sleep_tenths: sleep_tenths.transpose().map_err(broken)?,
                stress: figures.stress,
                confidence: figures.confidence,
                craving_worst: figures.craving_worst,
                any_use: figures.any_use,
            },
            draft: AsJson(CheckInDraft {
                kind: check_in.kind,
                version: check_in.version,
                day: Some(check_in.day),
                occurred_at: check_in.occurred_at,
                time_zone: check_in.time_zone.clone(),
                answers: check_in.answers.clone(),
                reason: None,
            }),
        })
    }
}

impl From<Row> for CheckIn {
    fn from(row: Row) -> Self {
        let CheckInDraft { kind, version, occurred_at, time_zone, answers, .. } = row.draft.0;
        Self {
            id: row.id.0,
            participant: row.participant_id.0,
            kind,
            version,
            day: row.day.0,
            occurred_at,
            time_zone,
            answers,
            received_at: row.received_at.0,
            clock_suspect: row.clock_suspect,
            late: row.late,
            revision: row.revision,
        }
    }
}

impl TryFrom<FiguresRow> for DayFigures {
    type Error = Error;
    fn try_from(row: FiguresRow) -> Result<Self, Error> {
        let FiguresRow { mood, sleep_tenths, stress, confidence, craving_worst, any_use } = row;
        let hours = sleep_tenths.map(|tenths| Figure::try_from(f64::from(tenths) / 10.0));
        let sleep_hours = hours.transpose().map_err(broken)?;
        Ok(Self { mood, sleep_hours, stress, confidence, craving_worst, any_use })
    }
}

/// Stores the first check-in of a day or week.
pub fn add(tx: &mut Tx, grant: &Grant, check_in: &CheckIn) -> Result<(), Error> {
    diesel::insert_into(check_ins::table).values(Row::new(grant, check_in)?).execute(tx)?;
    Ok(())
}

/// Replaces the check-in of a day or week.
pub fn put(tx: &mut Tx, grant: &Grant, check_in: &CheckIn) -> Result<(), Error> {
    let key = (Stored(grant.participant()), Stored(check_in.kind), Stored(check_in.day));
    diesel::update(check_ins::table.find(key)).set(Row::new(grant, check_in)?).execute(tx)?;
    Ok(())
}

/// The check-in of a day, or of the week that begins on it.
pub fn find(tx: &mut Tx, grant: &Grant, kind: CheckInKind, day: Day) -> Result<Option<CheckIn>, Error> {
    let query = check_ins::table.find((Stored(grant.participant()), Stored(kind), Stored(day)));
    Ok(query.select(Row::as_select()).get_result(tx).optional()?.map(CheckIn::from))
}

/// A page of check-ins of one kind, the latest day first: those from `from` to `to`, both included, before the last day
/// of the page before.
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
        .filter(check_ins::participant_id.eq(Stored(grant.participant())))
        .filter(check_ins::kind.eq(Stored(kind)))
        .order(check_ins::day.desc())
        .select(Row::as_select())
        .limit(limit)
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(check_ins::day.ge(Stored(from)));
    }
    if let Some(to) = to {
        query = query.filter(check_ins::day.le(Stored(to)));
    }
    if let Some(before) = before {
        query = query.filter(check_ins::day.lt(Stored(before)));
    }
    let rows: Vec<Row> = query.load(tx)?;
    Ok(rows.into_iter().map(CheckIn::from).collect())
}

/// All check-ins of one kind from `from` to `to`, both included, in order.
pub fn days(
    tx: &mut Tx,
    grant: &Grant,
    kind: CheckInKind,
    from: Day,
    to: Day,
) -> Result<Vec<CheckIn>, Error> {
    let rows = check_ins::table
        .filter(check_ins::participant_id.eq(Stored(grant.participant())))
        .filter(check_ins::kind.eq(Stored(kind)))
        .filter(check_ins::day.between(Stored(from), Stored(to)))
        .order(check_ins::day)
        .select(Row::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(CheckIn::from).collect())
}

/// The figures of the daily check-ins from `from` to `to`, both included, in order.
pub fn figures(tx: &mut Tx, grant: &Grant, from: Day, to: Day) -> Result<Vec<(Day, DayFigures)>, Error> {
    let query = check_ins::table
        .filter(check_ins::participant_id.eq(Stored(grant.participant())))
        .filter(check_ins::kind.eq(Stored(CheckInKind::Daily)))
        .filter(check_ins::day.between(Stored(from), Stored(to)))
        .order(check_ins::day);
    let rows: Vec<(Day, FiguresRow)> =
        each!(tx, conn => query.select((check_ins::day, FiguresRow::as_select())).load(conn))?;
    rows.into_iter().map(|(day, row)| Ok((day, row.try_into()?))).collect()
}

/// The days from `from` to `to`, both included, that have a daily check-in.
pub fn answered_days(tx: &mut Tx, grant: &Grant, from: Day, to: Day) -> Result<BTreeSet<Day>, Error> {
    let days: Vec<Day> = check_ins::table
        .filter(check_ins::participant_id.eq(Stored(grant.participant())))
        .filter(check_ins::kind.eq(Stored(CheckInKind::Daily)))
        .filter(check_ins::day.between(Stored(from), Stored(to)))
        .select(check_ins::day)
        .load(tx)?;
    Ok(days.into_iter().collect())
}

/// Whether a participant answered the daily check-in of a day, for the worker that sends reminders.
pub fn is_answered(tx: &mut Tx, participant: ParticipantId, day: Day) -> Result<bool, Error> {
    let revision: Option<i32> = check_ins::table
        .find((Stored(participant), Stored(CheckInKind::Daily), Stored(day)))
        .select(check_ins::revision)
        .get_result(tx)
        .optional()?;
    Ok(revision.is_some())
}

/// When the daily check-in of a day was filled in, for the worker that sends reminders; none if it was not.
pub fn answered_at(tx: &mut Tx, participant: ParticipantId, day: Day) -> Result<Option<Moment>, Error> {
    let row: Option<(Moment, bool, AsJson<CheckInDraft>)> = check_ins::table
        .find((Stored(participant), Stored(CheckInKind::Daily), Stored(day)))
        .select((check_ins::received_at, check_ins::clock_suspect, check_ins::draft))
        .get_result(tx)
        .optional()?;
    let filled_in = |(received_at, clock_suspect, draft): (_, _, AsJson<CheckInDraft>)| {
        EntryTime { occurred_at: draft.0.occurred_at, received_at, clock_suspect }.effective_at()
    };
    Ok(row.map(filled_in))
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
        let stored = revisions(tx, &own, draft.kind, place(draft, now).unwrap().day).unwrap();
        let Answered { check_in, new } = answer(id(PARTICIPANT), &stored, id(number), draft, now).unwrap();
        let new = new.unwrap();
        assert!(add_revision(tx, &own, &new).unwrap());
        assert!(!add_revision(tx, &own, &CheckInRevision { day: day("2020-01-01"), ..new.clone() }).unwrap());
        assert_eq!(revision(tx, &own, new.id).unwrap().as_ref(), Some(&new));
        if stored.is_empty() {
            add(tx, &own, &check_in).unwrap();
        } else {
            put(tx, &own, &check_in).unwrap();
        }
        assert_eq!(find(tx, &own, check_in.kind, check_in.day).unwrap().as_ref(), Some(&check_in));
        let stored = revisions(tx, &own, check_in.kind, check_in.day).unwrap();
        assert_eq!(CheckIn::current(id(PARTICIPANT), &stored).as_ref(), Some(&check_in));
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
