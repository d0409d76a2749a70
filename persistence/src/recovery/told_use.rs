//! Use that cravings and check-ins tell of.

use diesel::prelude::*;
use evenkeel_domain::access::{Grant, Permit};
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::craving::Substance;
use evenkeel_domain::recovery::lapse::{Acknowledgement, LapseOutcome};
use evenkeel_domain::recovery::told_use::{TellingId, ToldUse, UseDay};

use crate::account::read;
use crate::column::{At, Id, On};
use crate::schema::{lapses, told_uses};
use crate::{Error, Tx};

type Row = (Id, String, On, On, Option<String>, At, (Option<Id>, Option<At>));

macro_rules! told_use_columns {
    () => {
        (
            told_uses::id,
            told_uses::kind,
            told_uses::first_day,
            told_uses::last_day,
            told_uses::substance,
            told_uses::told_at,
            (told_uses::acknowledged_by, told_uses::acknowledged_at),
        )
    };
}

fn told_use((id, kind, from, to, substance, told_at, (by, at)): Row) -> Result<ToldUse, Error> {
    Ok(ToldUse {
        id: id.to(),
        kind: read(kind)?,
        from: from.0,
        to: to.0,
        substance: substance.map(read).transpose()?,
        told_at: told_at.0,
        acknowledged: by.zip(at).map(|(by, at)| Acknowledgement { by: by.to(), at: at.0 }),
    })
}

/// What an entry tells of use, if it does.
pub fn find_told_use(tx: &mut Tx, grant: &Grant, id: TellingId) -> Result<Option<ToldUse>, Error> {
    let row: Option<Row> = told_uses::table
        .find((Id::of(grant.participant()), Id::of(id)))
        .select(told_use_columns!())
        .get_result(tx)
        .optional()?;
    row.map(told_use).transpose()
}

/// All that a participant's entries tell of use, in the order of their ids.
pub fn told_uses(tx: &mut Tx, grant: &Grant) -> Result<Vec<ToldUse>, Error> {
    let rows: Vec<Row> = told_uses::table
        .filter(told_uses::participant_id.eq(Id::of(grant.participant())))
        .order(told_uses::id)
        .select(told_use_columns!())
        .load(tx)?;
    rows.into_iter().map(told_use).collect()
}

/// Keeps what an entry tells, in place of what it told before.
pub fn put_told_use(tx: &mut Tx, grant: &Grant, told: &ToldUse) -> Result<(), Error> {
    let content = (
        told_uses::kind.eq(told.kind.as_str()),
        told_uses::first_day.eq(On(told.from)),
        told_uses::last_day.eq(On(told.to)),
        told_uses::substance.eq(told.substance.map(Substance::as_str)),
        told_uses::told_at.eq(At(told.told_at)),
        told_uses::acknowledged_by.eq(told.acknowledged.map(|seen| Id::of(seen.by))),
        told_uses::acknowledged_at.eq(told.acknowledged.map(|seen| At(seen.at))),
    );
    let row = (
        told_uses::participant_id.eq(Id::of(grant.participant())),
        told_uses::id.eq(Id::of(told.id)),
        content,
    );
    let of = (told_uses::participant_id, told_uses::id);
    each!(tx, conn => diesel::insert_into(told_uses::table).values(row).on_conflict(of).do_update().set(content).execute(conn))?;
    Ok(())
}

/// Forgets what an entry told that tells of use no more.
pub fn remove_told_use(tx: &mut Tx, grant: &Grant, id: TellingId) -> Result<(), Error> {
    let target = told_uses::table.find((Id::of(grant.participant()), Id::of(id)));
    diesel::delete(target).execute(tx)?;
    Ok(())
}

/// What nobody has acknowledged yet of all participants a permit covers, in any order.
pub fn unacknowledged_uses(tx: &mut Tx, permit: &Permit) -> Result<Vec<(ParticipantId, ToldUse)>, Error> {
    let news = told_uses::acknowledged_at.is_null();
    let columns = (told_uses::participant_id, told_use_columns!());
    let rows: Vec<(Id, Row)> = of_caseload!(tx, permit, told_uses, news, columns)?;
    rows.into_iter().map(|(participant, row)| Ok((participant.to(), told_use(row)?))).collect()
}

/// The days of all lapses with use that stand of those of these participants a permit covers, in any order.
pub fn use_days(tx: &mut Tx, permit: &Permit, of: &[ParticipantId]) -> Result<Vec<UseDay>, Error> {
    let use_of_any = LapseOutcome::ALL.iter().filter(|outcome| outcome.is_use()).map(|one| one.as_str());
    let of = of.iter().copied().map(Id::of);
    let used = lapses::withdrawn_at
        .is_null()
        .and(lapses::outcome.eq_any(use_of_any))
        .and(lapses::participant_id.eq_any(of));
    let columns = (lapses::participant_id, lapses::substance, lapses::local_day);
    let rows: Vec<(Id, String, On)> = of_caseload!(tx, permit, lapses, used, columns)?;
    rows.into_iter()
        .map(|(participant, substance, day)| {
            Ok(UseDay { participant: participant.to(), substance: read(substance)?, day: day.0 })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fresh::{PARTICIPANT, actor, at, day, grant, house, id, value};
    use crate::recovery::{add_lapse, put_lapse};
    use evenkeel_domain::access::{Act, OfficeAct, permit};
    use evenkeel_domain::account::Role;
    use evenkeel_domain::recovery::lapse;
    use evenkeel_domain::recovery::told_use::TellingKind;

    #[test]
    fn what_an_entry_tells_reads_back_until_it_tells_so_no_more() {
        let mut house = house();
        let tx = &mut house.tx;
        let own = grant(Act::ReportLapse);
        let office = permit(&actor(Role::Supervisor), OfficeAct::ReadCaseload).unwrap();
        let now = at("2026-03-02T18:00:00Z");
        let told = ToldUse {
            id: id(5),
            kind: TellingKind::CheckIn,
            from: day("2026-02-23"),
            to: day("2026-03-01"),
            substance: Some(Substance::Alcohol),
            told_at: now,
            acknowledged: None,
        };
        put_told_use(tx, &own, &told).unwrap();
        assert_eq!(find_told_use(tx, &own, told.id).unwrap(), Some(told));
        assert_eq!(unacknowledged_uses(tx, &office).unwrap(), [(id(PARTICIPANT), told)]);
        let unknown = ToldUse { substance: None, ..told };
        put_told_use(tx, &own, &unknown).unwrap();
        assert_eq!(told_uses(tx, &own).unwrap(), [unknown]);
        let seen = unknown.acknowledge(actor(Role::Counselor).account, now);
        put_told_use(tx, &own, &seen).unwrap();
        assert_eq!(find_told_use(tx, &own, told.id).unwrap(), Some(seen));
        assert_eq!(unacknowledged_uses(tx, &office).unwrap(), []);
        remove_told_use(tx, &own, told.id).unwrap();
        assert_eq!(find_told_use(tx, &own, told.id).unwrap(), None);
    }

    #[test]
    fn a_lapse_with_use_has_a_day_as_long_as_it_stands() {
        let mut house = house();
        let tx = &mut house.tx;
        let own = grant(Act::ReportLapse);
        let office = permit(&actor(Role::Supervisor), OfficeAct::ReadCaseload).unwrap();
        let now = at("2026-03-02T18:00:00Z");
        let draft = |outcome: &str| {
            value(serde_json::json!({ "occurred_at": "2026-03-01T12:00:00Z", "time_zone": "UTC",
                "substance": "alcohol", "outcome": outcome }))
        };
        let used = lapse::report(id(PARTICIPANT), id(1), draft("single_use"), now);
        add_lapse(tx, &own, &used).unwrap();
        add_lapse(tx, &own, &lapse::report(id(PARTICIPANT), id(2), draft("near_miss"), now)).unwrap();
        let days = |tx: &mut Tx, of| use_days(tx, &office, &[id(of)]).unwrap();
        let on =
            UseDay { participant: id(PARTICIPANT), substance: Substance::Alcohol, day: day("2026-03-01") };
        assert_eq!((days(tx, PARTICIPANT), days(tx, PARTICIPANT + 1)), (vec![on], vec![]));
        put_lapse(tx, &own, &lapse::withdraw(&used, now)).unwrap();
        assert_eq!(days(tx, PARTICIPANT), []);
    }
}
