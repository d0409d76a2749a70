//! Use reports of cravings, check-ins and lapses.

use diesel::prelude::*;
use evenkeel_domain::access::{Grant, Permit};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::craving::Substance;
use evenkeel_domain::recovery::lapse::LapseOutcome;
use evenkeel_domain::recovery::use_report::{Acknowledgement, ReportSource, Use, UseReport, UseReportId};
use evenkeel_domain::value::Moment;

use crate::column::{At, Id, On, read};
use crate::schema::use_reports;
use crate::{Error, Tx};

type Seen = (Option<Id>, Option<At>, Option<i32>);
type Row = (String, Id, (On, On, Option<String>, Option<String>), At, i32, Seen, Option<At>);

macro_rules! use_report_columns {
    () => {
        (
            use_reports::source,
            use_reports::id,
            (use_reports::first_day, use_reports::last_day, use_reports::substance, use_reports::outcome),
            use_reports::reported_at,
            use_reports::revision,
            (use_reports::acknowledged_by, use_reports::acknowledged_at, use_reports::acknowledged_revision),
            use_reports::withdrawn_at,
        )
    };
}

fn use_report(
    (source, id, says, reported_at, revision, seen, withdrawn_at): Row,
) -> Result<UseReport, Error> {
    let (first_day, last_day, substance, outcome) = says;
    let acknowledged = match seen {
        (Some(by), Some(at), Some(revision)) => Some(Acknowledgement { by: by.to(), at: at.0, revision }),
        _ => None,
    };
    Ok(UseReport {
        source: read(source)?,
        id: id.to(),
        says: Use {
            first_day: first_day.0,
            last_day: last_day.0,
            substance: substance.map(read).transpose()?,
            outcome: outcome.map(read).transpose()?,
        },
        reported_at: reported_at.0,
        revision,
        acknowledged,
        withdrawn_at: withdrawn_at.map(|at| at.0),
    })
}

/// The use report of an entry, withdrawn or not.
pub fn find_use_report(
    tx: &mut Tx,
    grant: &Grant,
    source: ReportSource,
    id: UseReportId,
) -> Result<Option<UseReport>, Error> {
    let row: Option<Row> = use_reports::table
        .find((Id::of(grant.participant()), source.as_str(), Id::of(id)))
        .select(use_report_columns!())
        .get_result(tx)
        .optional()?;
    row.map(use_report).transpose()
}

/// All use reports of a participant, withdrawn ones included, by source and in the order of their ids.
pub fn use_reports(tx: &mut Tx, grant: &Grant) -> Result<Vec<UseReport>, Error> {
    let rows: Vec<Row> = use_reports::table
        .filter(use_reports::participant_id.eq(Id::of(grant.participant())))
        .order((use_reports::source, use_reports::id))
        .select(use_report_columns!())
        .load(tx)?;
    rows.into_iter().map(use_report).collect()
}

/// Stores the report of an entry, in place of the one before.
pub fn put_use_report(tx: &mut Tx, grant: &Grant, report: &UseReport) -> Result<(), Error> {
    let content = (
        use_reports::first_day.eq(On(report.says.first_day)),
        use_reports::last_day.eq(On(report.says.last_day)),
        use_reports::substance.eq(report.says.substance.map(Substance::as_str)),
        use_reports::outcome.eq(report.says.outcome.map(LapseOutcome::as_str)),
        use_reports::reported_at.eq(At(report.reported_at)),
        use_reports::revision.eq(report.revision),
        use_reports::acknowledged_by.eq(report.acknowledged.map(|seen| Id::of(seen.by))),
        use_reports::acknowledged_at.eq(report.acknowledged.map(|seen| At(seen.at))),
        use_reports::acknowledged_revision.eq(report.acknowledged.map(|seen| seen.revision)),
        use_reports::withdrawn_at.eq(report.withdrawn_at.map(At)),
    );
    let row = (
        use_reports::participant_id.eq(Id::of(grant.participant())),
        use_reports::source.eq(report.source.as_str()),
        use_reports::id.eq(Id::of(report.id)),
        content,
    );
    let key = (use_reports::participant_id, use_reports::source, use_reports::id);
    each!(tx, conn => diesel::insert_into(use_reports::table).values(row).on_conflict(key).do_update().set(content).execute(conn))?;
    Ok(())
}

/// The reports of all participants a permit covers that nobody has acknowledged, or that were received since then, in
/// any order. Two queries, because each of them has an index.
pub fn use_reports_of_caseload(
    tx: &mut Tx,
    permit: &Permit,
    since: Moment,
) -> Result<Vec<(ParticipantId, UseReport)>, Error> {
    let columns = (use_reports::participant_id, use_report_columns!());
    let older = use_reports::acknowledged_revision.lt(use_reports::revision.nullable());
    let unseen = use_reports::acknowledged_revision.is_null().or(older);
    let unseen = use_reports::withdrawn_at.is_null().and(unseen);
    let mut rows: Vec<(Id, Row)> = of_caseload!(tx, permit, use_reports, unseen, columns)?;
    let seen = use_reports::acknowledged_revision.eq(use_reports::revision.nullable());
    let recent = use_reports::withdrawn_at.is_null().and(use_reports::reported_at.ge(At(since))).and(seen);
    let recent: Vec<(Id, Row)> = of_caseload!(tx, permit, use_reports, recent, columns)?;
    rows.extend(recent);
    rows.into_iter().map(|(participant, row)| Ok((participant.to(), use_report(row)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{PARTICIPANT, actor, at, day, grant, id, permit, test_database};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::account::Role;
    use uuid::Uuid;

    #[test]
    fn a_use_report_reads_back_and_is_in_the_caseload_until_it_is_acknowledged_or_withdrawn() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ReportLapse);
        let office = permit(Role::Supervisor, Action::ReadCaseload);
        let now = at("2026-03-02T18:00:00Z");
        let later = at("2026-03-03T18:00:00Z");
        let says = Use {
            first_day: day("2026-02-23"),
            last_day: day("2026-03-01"),
            substance: Some(Substance::Alcohol),
            outcome: Some(LapseOutcome::SingleLapse),
        };
        let lapse = UseReport::report(ReportSource::Lapse, id::<Uuid>(5), None, says, now);
        let unknown = Use { substance: None, outcome: None, ..says };
        let craving = UseReport::report(ReportSource::Craving, id::<Uuid>(5), None, unknown, now);
        put_use_report(tx, &own, &lapse).unwrap();
        assert_eq!(find_use_report(tx, &own, lapse.source, lapse.id).unwrap(), Some(lapse));
        assert_eq!(use_reports_of_caseload(tx, &office, later).unwrap(), [(id(PARTICIPANT), lapse)]);
        put_use_report(tx, &own, &craving).unwrap();
        assert_eq!(use_reports(tx, &own).unwrap(), [craving, lapse], "two entries of one id");

        let seen = lapse.acknowledge(actor(Role::Counselor).account, now);
        put_use_report(tx, &own, &seen).unwrap();
        assert_eq!(use_reports(tx, &own).unwrap(), [craving, seen]);
        assert_eq!(use_reports_of_caseload(tx, &office, later).unwrap(), [(id(PARTICIPANT), craving)]);
        assert_eq!(use_reports_of_caseload(tx, &office, now).unwrap().len(), 2, "it is recent");
        let again = UseReport::report(ReportSource::Lapse, id::<Uuid>(5), Some(&seen), says, now);
        put_use_report(tx, &own, &again).unwrap();
        assert_eq!(use_reports_of_caseload(tx, &office, later).unwrap().len(), 2, "nobody has seen that");
        for report in [craving, again] {
            let id: Uuid = report.id.into();
            let gone = UseReport::revise(report.source, id, Some(&report), None, later).unwrap();
            put_use_report(tx, &own, &gone).unwrap();
            assert_eq!(find_use_report(tx, &own, gone.source, gone.id).unwrap(), Some(gone));
        }
        assert_eq!(use_reports_of_caseload(tx, &office, now).unwrap(), []);
    }
}
