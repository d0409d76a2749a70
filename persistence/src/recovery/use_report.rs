//! Use reports of cravings, check-ins and lapses.

use diesel::prelude::*;
use evenkeel_domain::access::{Grant, Permit};
use evenkeel_domain::account::{AccountId, ParticipantId};
use evenkeel_domain::craving::Substance;
use evenkeel_domain::recovery::lapse::LapseOutcome;
use evenkeel_domain::recovery::use_report::{Acknowledgement, ReportSource, Use, UseReport, UseReportId};
use evenkeel_domain::value::{Day, Moment};

use crate::column::Stored;
use crate::schema::use_reports;
use crate::{Error, Tx};

row! {
    #[derive(AsChangeset)]
    #[diesel(table_name = use_reports)]
    UseRow of Use {
        first_day: Day,
        last_day: Day,
        substance: Option<Substance>,
        outcome: Option<LapseOutcome>,
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = use_reports, primary_key(participant_id, source, id), treat_none_as_default_value = false)]
struct Row {
    participant_id: Stored<ParticipantId>,
    source: Stored<ReportSource>,
    id: Stored<UseReportId>,
    #[diesel(embed)]
    says: UseRow,
    reported_at: Stored<Moment>,
    revision: i32,
    acknowledged_by: Stored<Option<AccountId>>,
    acknowledged_at: Stored<Option<Moment>>,
    acknowledged_revision: Stored<Option<i32>>,
    withdrawn_at: Stored<Option<Moment>>,
}

impl Row {
    fn new(grant: &Grant, report: &UseReport) -> Self {
        let seen = report.acknowledged;
        Self {
            participant_id: Stored(grant.participant()),
            source: Stored(report.source),
            id: Stored(report.id),
            says: report.says.into(),
            reported_at: Stored(report.reported_at),
            revision: report.revision,
            acknowledged_by: Stored(seen.map(|seen| seen.by)),
            acknowledged_at: Stored(seen.map(|seen| seen.at)),
            acknowledged_revision: Stored(seen.map(|seen| seen.revision)),
            withdrawn_at: Stored(report.withdrawn_at),
        }
    }
}

impl From<Row> for UseReport {
    fn from(row: Row) -> Self {
        let seen = row.acknowledged_by.0.zip(row.acknowledged_at.0).zip(row.acknowledged_revision.0);
        Self {
            source: row.source.0,
            id: row.id.0,
            says: row.says.into(),
            reported_at: row.reported_at.0,
            revision: row.revision,
            acknowledged: seen.map(|((by, at), revision)| Acknowledgement { by, at, revision }),
            withdrawn_at: row.withdrawn_at.0,
        }
    }
}

/// The use report of an entry, withdrawn or not.
pub fn find_use_report(
    tx: &mut Tx,
    grant: &Grant,
    source: ReportSource,
    id: UseReportId,
) -> Result<Option<UseReport>, Error> {
    let query = use_reports::table.find((Stored(grant.participant()), Stored(source), Stored(id)));
    Ok(query.select(Row::as_select()).get_result(tx).optional()?.map(UseReport::from))
}

/// All use reports of a participant, withdrawn ones included, by source and in the order of their ids.
pub fn use_reports(tx: &mut Tx, grant: &Grant) -> Result<Vec<UseReport>, Error> {
    let rows = use_reports::table
        .filter(use_reports::participant_id.eq(Stored(grant.participant())))
        .order((use_reports::source, use_reports::id))
        .select(Row::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(UseReport::from).collect())
}

/// Stores the report of an entry, in place of the one before.
pub fn put_use_report(tx: &mut Tx, grant: &Grant, report: &UseReport) -> Result<(), Error> {
    let row = || Row::new(grant, report);
    let key = (use_reports::participant_id, use_reports::source, use_reports::id);
    each!(tx, conn => diesel::insert_into(use_reports::table).values(row()).on_conflict(key).do_update().set(row()).execute(conn))?;
    Ok(())
}

/// The reports of all participants a permit covers that nobody has acknowledged, or that were received since then, in
/// any order. Two queries, because each of them has an index.
pub fn use_reports_of_caseload(
    tx: &mut Tx,
    permit: &Permit,
    since: Moment,
) -> Result<Vec<(ParticipantId, UseReport)>, Error> {
    let older = use_reports::acknowledged_revision.lt(use_reports::revision.nullable());
    let unseen = use_reports::acknowledged_revision.is_null().or(older);
    let unseen = use_reports::withdrawn_at.is_null().and(unseen);
    let mut rows: Vec<Row> = of_caseload!(tx, permit, use_reports, unseen, Row::as_select())?;
    let seen = use_reports::acknowledged_revision.eq(use_reports::revision.nullable());
    let recent =
        use_reports::withdrawn_at.is_null().and(use_reports::reported_at.ge(Stored(since))).and(seen);
    let recent: Vec<Row> = of_caseload!(tx, permit, use_reports, recent, Row::as_select())?;
    rows.extend(recent);
    Ok(rows.into_iter().map(|row| (row.participant_id.0, row.into())).collect())
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
