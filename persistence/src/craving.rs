//! Cravings, with their ratings, outcomes and revisions.

use std::collections::BTreeMap;

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::ParticipantId;
use evenkeel_domain::craving::{
    Craving, CravingDraft, CravingId, Intensity, Outcome, Rating, RatingId, ReportedOutcome, Substance,
};
use evenkeel_domain::log_entry::{Entry, Revision};
use evenkeel_domain::value::{Day, Moment};

use crate::column::{AsJson, Stored};
use crate::schema::{craving_outcomes, craving_ratings, craving_revisions, cravings};
use crate::{Error, Tx};

/// `outcome` is the known one. `detail` is the draft of the first entry or the last correction, with its outcome.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = cravings, primary_key(participant_id, id), treat_none_as_default_value = false)]
struct Row {
    participant_id: Stored<ParticipantId>,
    id: Stored<CravingId>,
    felt_at: Stored<Moment>,
    local_day: Stored<Day>,
    received_at: Stored<Moment>,
    clock_suspect: bool,
    intensity: Stored<Intensity>,
    peak: Stored<Intensity>,
    outcome: Stored<Option<Outcome>>,
    outcome_at: Stored<Option<Moment>>,
    revision: i32,
    withdrawn_at: Stored<Option<Moment>>,
    detail: AsJson<CravingDraft>,
}

impl Row {
    fn new(grant: &Grant, craving: &Craving) -> Self {
        Self {
            participant_id: Stored(grant.participant()),
            id: Stored(craving.id),
            felt_at: Stored(craving.felt_at()),
            local_day: Stored(craving.local_day),
            received_at: Stored(craving.received_at),
            clock_suspect: craving.clock_suspect,
            intensity: Stored(craving.draft.intensity),
            peak: Stored(craving.peak),
            outcome: Stored(craving.draft.outcome),
            outcome_at: Stored(craving.outcome_at),
            revision: craving.revision,
            withdrawn_at: Stored(craving.withdrawn_at),
            detail: AsJson(CravingDraft { outcome: craving.written_outcome, ..craving.draft.clone() }),
        }
    }

    fn craving(self, ratings: Vec<Rating>) -> Craving {
        let written = self.detail.0;
        Craving {
            peak: self.peak.0,
            outcome_at: self.outcome_at.0,
            written_outcome: written.outcome,
            ratings,
            entry: Entry {
                id: self.id.0,
                participant: self.participant_id.0,
                draft: CravingDraft { outcome: self.outcome.0, ..written },
                local_day: self.local_day.0,
                received_at: self.received_at.0,
                clock_suspect: self.clock_suspect,
                revision: self.revision,
                withdrawn_at: self.withdrawn_at.0,
            },
        }
    }
}

/// Stores a new craving. False if the participant already has one with this id.
pub fn add(tx: &mut Tx, grant: &Grant, craving: &Craving) -> Result<bool, Error> {
    let row = Row::new(grant, craving);
    let added = each!(tx, conn => diesel::insert_into(cravings::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

row! {
    #[diesel(table_name = craving_ratings)]
    RatingRow of Rating {
        id: RatingId,
        rated_at: Moment,
        intensity: Intensity,
    }
}

/// One craving with its ratings, withdrawn or not.
pub fn find(tx: &mut Tx, grant: &Grant, id: CravingId) -> Result<Option<Craving>, Error> {
    let participant = Stored(grant.participant());
    let row: Option<Row> =
        cravings::table.find((participant, Stored(id))).select(Row::as_select()).get_result(tx).optional()?;
    let Some(row) = row else { return Ok(None) };
    let ratings = craving_ratings::table
        .filter(craving_ratings::participant_id.eq(participant))
        .filter(craving_ratings::craving_id.eq(Stored(id)))
        .order((craving_ratings::rated_at, craving_ratings::id))
        .select(RatingRow::as_select())
        .load(tx)?;
    Ok(Some(row.craving(ratings.into_iter().map(Rating::from).collect())))
}

revisions!(craving_revisions.craving_id, Craving, CravingDraft);

/// A page of cravings without withdrawn ones, the latest felt first: those felt from `from` on and before `until`,
/// after the last one of the page before.
pub fn list(
    tx: &mut Tx,
    grant: &Grant,
    from: Option<Moment>,
    until: Option<Moment>,
    after: Option<(Moment, CravingId)>,
    limit: i64,
) -> Result<Vec<Craving>, Error> {
    let participant = Stored(grant.participant());
    let mut query = cravings::table
        .filter(cravings::participant_id.eq(participant))
        .filter(cravings::withdrawn_at.is_null())
        .order((cravings::felt_at.desc(), cravings::id.desc()))
        .select(Row::as_select())
        .limit(limit)
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(cravings::felt_at.ge(Stored(from)));
    }
    if let Some(until) = until {
        query = query.filter(cravings::felt_at.lt(Stored(until)));
    }
    if let Some((at, id)) = after {
        let same = cravings::felt_at.eq(Stored(at)).and(cravings::id.lt(Stored(id)));
        query = query.filter(cravings::felt_at.lt(Stored(at)).or(same));
    }
    let rows: Vec<Row> = query.load(tx)?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let rated: Vec<(CravingId, RatingRow)> = craving_ratings::table
        .filter(craving_ratings::participant_id.eq(participant))
        .filter(craving_ratings::craving_id.eq_any(ids))
        .order((craving_ratings::rated_at, craving_ratings::id))
        .select((craving_ratings::craving_id, RatingRow::as_select()))
        .load(tx)?;
    let mut ratings: BTreeMap<CravingId, Vec<Rating>> = BTreeMap::new();
    for (craving, rating) in rated {
        ratings.entry(craving).or_default().push(rating.into());
    }
    let craving = |row: Row| {
        let ratings = ratings.remove(&row.id.0).unwrap_or_default();
        row.craving(ratings)
    };
    Ok(rows.into_iter().map(craving).collect())
}

/// The substances of the latest `limit` cravings, without withdrawn ones.
pub fn substances(tx: &mut Tx, grant: &Grant, limit: i64) -> Result<Vec<Substance>, Error> {
    let drafts: Vec<AsJson<CravingDraft>> = cravings::table
        .filter(cravings::participant_id.eq(Stored(grant.participant())))
        .filter(cravings::withdrawn_at.is_null())
        .order((cravings::felt_at.desc(), cravings::id.desc()))
        .select(cravings::detail)
        .limit(limit)
        .load(tx)?;
    Ok(drafts.into_iter().filter_map(|draft| draft.0.substance).collect())
}

/// The cravings of a day, to count it again. They are without ratings, which the peak includes.
pub fn of_day(tx: &mut Tx, grant: &Grant, day: Day) -> Result<Vec<Craving>, Error> {
    let rows = cravings::table
        .filter(cravings::participant_id.eq(Stored(grant.participant())))
        .filter(cravings::local_day.eq(Stored(day)))
        .filter(cravings::withdrawn_at.is_null())
        .select(Row::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(|row| row.craving(Vec::new())).collect())
}

/// Stores a changed craving. [`add_rating`] stores its ratings.
pub fn put(tx: &mut Tx, grant: &Grant, craving: &Craving) -> Result<(), Error> {
    let target = cravings::table.find((Stored(grant.participant()), Stored(craving.id)));
    diesel::update(target).set(Row::new(grant, craving)).execute(tx)?;
    Ok(())
}

/// Stores a later rating. False if the craving already has one with this id.
pub fn add_rating(tx: &mut Tx, grant: &Grant, craving: CravingId, rating: &Rating) -> Result<bool, Error> {
    let row = (
        craving_ratings::participant_id.eq(Stored(grant.participant())),
        craving_ratings::craving_id.eq(Stored(craving)),
        RatingRow::from(rating.clone()),
    );
    let added = each!(tx, conn => diesel::insert_into(craving_ratings::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

row! {
    #[diesel(table_name = craving_outcomes)]
    OutcomeRow of ReportedOutcome {
        outcome: Outcome,
        observed_at: Moment,
        received_at: Moment,
    }
}

/// All outcomes that were reported after a craving was logged, in the order in which they arrived.
pub fn outcomes(tx: &mut Tx, grant: &Grant, craving: CravingId) -> Result<Vec<ReportedOutcome>, Error> {
    let rows = craving_outcomes::table
        .filter(craving_outcomes::participant_id.eq(Stored(grant.participant())))
        .filter(craving_outcomes::craving_id.eq(Stored(craving)))
        .order((craving_outcomes::received_at, craving_outcomes::observed_at, craving_outcomes::outcome))
        .select(OutcomeRow::as_select())
        .load(tx)?;
    Ok(rows.into_iter().map(ReportedOutcome::from).collect())
}

/// Stores a reported outcome.
pub fn add_outcome(
    tx: &mut Tx,
    grant: &Grant,
    craving: CravingId,
    reported: &ReportedOutcome,
) -> Result<(), Error> {
    let row = (
        craving_outcomes::participant_id.eq(Stored(grant.participant())),
        craving_outcomes::craving_id.eq(Stored(craving)),
        OutcomeRow::from(*reported),
    );
    diesel::insert_into(craving_outcomes::table).values(row).execute(tx)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{PARTICIPANT, at, grant, id, value};
    use diesel::query_builder::QueryId;
    use diesel::sqlite::Sqlite;
    use evenkeel_domain::access::Action;
    use evenkeel_domain::craving::record;

    #[test]
    fn the_statements_of_a_craving_stay_prepared() {
        fn is_fixed<T: QueryId>(_: &T) -> bool {
            T::HAS_STATIC_QUERY_ID
        }
        let draft = value(serde_json::json!(
            { "occurred_at": "2026-03-02T18:40:00Z", "time_zone": "America/New_York", "intensity": 7 }));
        let craving = record(id(PARTICIPANT), id(1), draft, at("2026-03-02T18:40:00Z"));
        let row = Row::new(&grant(Action::RecordCraving), &craving);
        let key = (Stored(craving.participant), Stored(craving.id));
        let find = cravings::table.find(key).select(<Row as SelectableHelper<Sqlite>>::as_select());
        assert!(is_fixed(&find));
        assert!(is_fixed(&diesel::insert_into(cravings::table).values(row)));
    }
}
