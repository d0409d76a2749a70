//! Use that cravings and check-ins tell of.

use diesel::prelude::*;
use evenkeel_domain::access::{Grant, Permit};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::craving::Substance;
use evenkeel_domain::recovery::lapse::Acknowledgement;
use evenkeel_domain::recovery::told_use::{TellingId, TellingKind, ToldUse};

use crate::column::{At, Id, On, read};
use crate::schema::told_uses;
use crate::{Error, Tx};

type Row = (
    String,
    Id,
    On,
    On,
    Option<String>,
    (Option<i16>, Option<i16>),
    (At, i32, bool, Option<At>, bool),
    (Option<Id>, Option<At>),
);

macro_rules! told_use_columns {
    () => {
        (
            told_uses::kind,
            told_uses::id,
            told_uses::first_day,
            told_uses::last_day,
            told_uses::substance,
            (told_uses::alcohol_days, told_uses::drug_days),
            (
                told_uses::reported_at,
                told_uses::revision,
                told_uses::seen_with_lapses,
                told_uses::taken_back_at,
                told_uses::is_taken_back,
            ),
            (told_uses::acknowledged_by, told_uses::acknowledged_at),
        )
    };
}

fn told_use((kind, id, from, to, substance, days, told, (by, at)): Row) -> Result<ToldUse, Error> {
    let (alcohol_days, drug_days) = days;
    let (reported_at, revision, seen_with_lapses, taken_back_at, is_taken_back) = told;
    Ok(ToldUse {
        kind: read(kind)?,
        id: id.to(),
        from: from.0,
        to: to.0,
        substance: substance.map(read).transpose()?,
        alcohol_days,
        drug_days,
        reported_at: reported_at.0,
        revision,
        acknowledged: by.zip(at).map(|(by, at)| Acknowledgement { by: by.to(), at: at.0 }),
        seen_with_lapses,
        taken_back_at: taken_back_at.map(|at| at.0),
        is_taken_back,
    })
}

/// What an entry tells of use, or told before it was taken back.
pub fn find_told_use(
    tx: &mut Tx,
    grant: &Grant,
    kind: TellingKind,
    id: TellingId,
) -> Result<Option<ToldUse>, Error> {
    let row: Option<Row> = told_uses::table
        .find((Id::of(grant.participant()), kind.as_str(), Id::of(id)))
        .select(told_use_columns!())
        .get_result(tx)
        .optional()?;
    row.map(told_use).transpose()
}

/// All that a participant's entries tell of use, also what was taken back, by kind and in the order of their ids.
pub fn told_uses(tx: &mut Tx, grant: &Grant) -> Result<Vec<ToldUse>, Error> {
    let rows: Vec<Row> = told_uses::table
        .filter(told_uses::participant_id.eq(Id::of(grant.participant())))
        .order((told_uses::kind, told_uses::id))
        .select(told_use_columns!())
        .load(tx)?;
    rows.into_iter().map(told_use).collect()
}

/// Keeps what an entry tells, in place of what it told before.
pub fn put_told_use(tx: &mut Tx, grant: &Grant, told: &ToldUse) -> Result<(), Error> {
    let content = (
        told_uses::first_day.eq(On(told.from)),
        told_uses::last_day.eq(On(told.to)),
        told_uses::substance.eq(told.substance.map(Substance::as_str)),
        told_uses::alcohol_days.eq(told.alcohol_days),
        told_uses::drug_days.eq(told.drug_days),
        told_uses::reported_at.eq(At(told.reported_at)),
        told_uses::revision.eq(told.revision),
        told_uses::seen_with_lapses.eq(told.seen_with_lapses),
        told_uses::taken_back_at.eq(told.taken_back_at.map(At)),
        told_uses::is_taken_back.eq(told.is_taken_back),
        told_uses::acknowledged_by.eq(told.acknowledged.map(|seen| Id::of(seen.by))),
        told_uses::acknowledged_at.eq(told.acknowledged.map(|seen| At(seen.at))),
    );
    let row = (
        told_uses::participant_id.eq(Id::of(grant.participant())),
        told_uses::kind.eq(told.kind.as_str()),
        told_uses::id.eq(Id::of(told.id)),
        content,
    );
    let of = (told_uses::participant_id, told_uses::kind, told_uses::id);
    each!(tx, conn => diesel::insert_into(told_uses::table).values(row).on_conflict(of).do_update().set(content).execute(conn))?;
    Ok(())
}

/// What nobody has acknowledged yet, nor the lapses that tell of it, of all participants a permit covers, in any order.
pub fn unacknowledged_uses(tx: &mut Tx, permit: &Permit) -> Result<Vec<(ParticipantId, ToldUse)>, Error> {
    let unseen = told_uses::acknowledged_at.is_null().and(told_uses::seen_with_lapses.eq(false));
    let news = unseen.and(told_uses::is_taken_back.eq(false));
    let columns = (told_uses::participant_id, told_use_columns!());
    let rows: Vec<(Id, Row)> = of_caseload!(tx, permit, told_uses, news, columns)?;
    rows.into_iter().map(|(participant, row)| Ok((participant.to(), told_use(row)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{PARTICIPANT, actor, at, day, grant, id, permit, test_database};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::account::Role;
    use uuid::Uuid;

    #[test]
    fn what_an_entry_tells_reads_back_until_it_tells_so_no_more() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ReportLapse);
        let office = permit(Role::Supervisor, Action::ReadCaseload);
        let now = at("2026-03-02T18:00:00Z");
        let days = (day("2026-02-23"), day("2026-03-01"));
        let told = ToldUse::new(TellingKind::CheckIn, id::<Uuid>(5), days, Some(Substance::Alcohol), now);
        let told = ToldUse { alcohol_days: Some(2), ..told };
        put_told_use(tx, &own, &told).unwrap();
        assert_eq!(find_told_use(tx, &own, told.kind, told.id).unwrap(), Some(told));
        assert_eq!(unacknowledged_uses(tx, &office).unwrap(), [(id(PARTICIPANT), told)]);
        let unknown = ToldUse { substance: None, ..told };
        put_told_use(tx, &own, &unknown).unwrap();
        let craving = ToldUse { kind: TellingKind::Craving, alcohol_days: None, ..told };
        put_told_use(tx, &own, &craving).unwrap();
        assert_eq!(told_uses(tx, &own).unwrap(), [unknown, craving], "of one id");
        let with_lapses = ToldUse { seen_with_lapses: true, revision: 2, ..unknown };
        put_told_use(tx, &own, &with_lapses).unwrap();
        assert_eq!(told_uses(tx, &own).unwrap(), [with_lapses, craving]);
        put_told_use(tx, &own, &craving.take_back(now)).unwrap();
        assert_eq!(unacknowledged_uses(tx, &office).unwrap(), []);
        let seen = unknown.acknowledge(1, actor(Role::Counselor).account, now).unwrap();
        put_told_use(tx, &own, &seen).unwrap();
        assert_eq!(find_told_use(tx, &own, told.kind, told.id).unwrap(), Some(seen));
        assert_eq!(unacknowledged_uses(tx, &office).unwrap(), []);
    }
}
