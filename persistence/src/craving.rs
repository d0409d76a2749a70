//! Cravings as they were logged, their re-ratings and their earlier revisions.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::craving::{
    Craving, CravingDraft, CravingId, Outcome, Rating, ReportedOutcome, Revision, Substance,
};
use evenkeel_domain::value::{Day, Moment};

use crate::column::{At, Id, Json, On, broken, read};
use crate::schema::{craving_outcomes, craving_ratings, craving_revisions, cravings};
use crate::{Error, Tx};

/// Stores a new craving; false if the participant has one of that id.
pub fn add(tx: &mut Tx, grant: &Grant, craving: &Craving) -> Result<bool, Error> {
    let row = (
        cravings::participant_id.eq(Id::of(grant.participant())),
        cravings::id.eq(Id::of(craving.id)),
        cravings::felt_at.eq(At(craving.felt_at())),
        cravings::local_day.eq(On(craving.local_day)),
        cravings::received_at.eq(At(craving.received_at)),
        cravings::clock_suspect.eq(craving.clock_suspect),
        cravings::intensity.eq(i16::from(craving.draft.intensity)),
        cravings::peak.eq(i16::from(craving.peak)),
        cravings::outcome.eq(craving.draft.outcome.map(Outcome::as_str)),
        cravings::outcome_at.eq(craving.outcome_at.map(At)),
        cravings::revision.eq(craving.revision),
        cravings::withdrawn_at.eq(craving.withdrawn_at.map(At)),
        cravings::detail.eq(Json::of(&craving.draft)?),
    );
    let added = each!(tx, conn => diesel::insert_into(cravings::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

type Row = (Id, On, At, bool, i16, Option<String>, Option<At>, i32, Option<At>, Json);

macro_rules! craving_columns {
    () => {
        (
            cravings::id,
            cravings::local_day,
            cravings::received_at,
            cravings::clock_suspect,
            cravings::peak,
            cravings::outcome,
            cravings::outcome_at,
            cravings::revision,
            cravings::withdrawn_at,
            cravings::detail,
        )
    };
}

fn craving(grant: &Grant, row: Row, ratings: Vec<Rating>) -> Result<Craving, Error> {
    let (id, day, received_at, clock_suspect, peak, stood, outcome_at, revision, withdrawn_at, detail) = row;
    let mut draft: CravingDraft = detail.read()?;
    let written_outcome = std::mem::replace(&mut draft.outcome, stood.map(read).transpose()?);
    Ok(Craving {
        id: id.to(),
        participant: grant.participant(),
        draft,
        local_day: day.0,
        received_at: received_at.0,
        clock_suspect,
        peak: peak.try_into().map_err(broken)?,
        outcome_at: outcome_at.map(|at| at.0),
        written_outcome,
        revision,
        withdrawn_at: withdrawn_at.map(|at| at.0),
        ratings,
    })
}

/// One craving with its ratings, withdrawn or not.
pub fn find(tx: &mut Tx, grant: &Grant, id: CravingId) -> Result<Option<Craving>, Error> {
    let row: Option<Row> = cravings::table
        .find((Id::of(grant.participant()), Id::of(id)))
        .select(craving_columns!())
        .get_result(tx)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let ratings: Vec<(Id, At, i16)> = craving_ratings::table
        .filter(craving_ratings::participant_id.eq(Id::of(grant.participant())))
        .filter(craving_ratings::craving_id.eq(Id::of(id)))
        .select((craving_ratings::id, craving_ratings::rated_at, craving_ratings::intensity))
        .load(tx)?;
    let mut ratings = ratings.into_iter().map(rating).collect::<Result<Vec<_>, _>>()?;
    ratings.sort_by_key(|rating| (rating.rated_at, rating.id));
    craving(grant, row, ratings).map(Some)
}

fn rating((id, at, intensity): (Id, At, i16)) -> Result<Rating, Error> {
    Ok(Rating { id: id.to(), rated_at: at.0, intensity: intensity.try_into().map_err(broken)? })
}

revisions!(cravings.detail, craving_revisions.craving_id, CravingId, Revision.craving: CravingDraft);

/// A page of cravings that stand, the latest felt first: those felt from `from` on and before `until`, after
/// the one a page before ended with.
pub fn list(
    tx: &mut Tx,
    grant: &Grant,
    from: Option<Moment>,
    until: Option<Moment>,
    after: Option<(Moment, CravingId)>,
    limit: i64,
) -> Result<Vec<Craving>, Error> {
    let participant = Id::of(grant.participant());
    let mut query = cravings::table
        .filter(cravings::participant_id.eq(participant))
        .filter(cravings::withdrawn_at.is_null())
        .order((cravings::felt_at.desc(), cravings::id.desc()))
        .select(craving_columns!())
        .limit(limit)
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(cravings::felt_at.ge(At(from)));
    }
    if let Some(until) = until {
        query = query.filter(cravings::felt_at.lt(At(until)));
    }
    if let Some((at, id)) = after {
        let same = cravings::felt_at.eq(At(at)).and(cravings::id.lt(Id::of(id)));
        query = query.filter(cravings::felt_at.lt(At(at)).or(same));
    }
    let rows: Vec<Row> = query.load(tx)?;
    let ids: Vec<Id> = rows.iter().map(|row| row.0).collect();
    let rated: Vec<(Id, (Id, At, i16))> = craving_ratings::table
        .filter(craving_ratings::participant_id.eq(participant))
        .filter(craving_ratings::craving_id.eq_any(ids))
        .order((craving_ratings::rated_at, craving_ratings::id))
        .select((
            craving_ratings::craving_id,
            (craving_ratings::id, craving_ratings::rated_at, craving_ratings::intensity),
        ))
        .load(tx)?;
    rows.into_iter()
        .map(|row| {
            let own = rated.iter().filter(|(of, _)| *of == row.0).map(|(_, found)| rating(*found));
            let ratings = own.collect::<Result<Vec<_>, _>>()?;
            craving(grant, row, ratings)
        })
        .collect()
}

/// What was craved in the latest cravings, at most `limit`, those entered in error left out.
pub fn substances(tx: &mut Tx, grant: &Grant, limit: i64) -> Result<Vec<Substance>, Error> {
    #[derive(serde::Deserialize)]
    struct Craved {
        substance: Option<Substance>,
    }
    let drafts: Vec<Json> = cravings::table
        .filter(cravings::participant_id.eq(Id::of(grant.participant())))
        .filter(cravings::withdrawn_at.is_null())
        .order((cravings::felt_at.desc(), cravings::id.desc()))
        .select(cravings::detail)
        .limit(limit)
        .load(tx)?;
    let mut known = Vec::new();
    for draft in drafts {
        known.extend(draft.read::<Craved>()?.substance);
    }
    Ok(known)
}

/// The cravings that stand on a day, for a recount. Their ratings are left out; the peak knows them.
pub fn of_day(tx: &mut Tx, grant: &Grant, day: Day) -> Result<Vec<Craving>, Error> {
    let rows: Vec<Row> = cravings::table
        .filter(cravings::participant_id.eq(Id::of(grant.participant())))
        .filter(cravings::local_day.eq(On(day)))
        .filter(cravings::withdrawn_at.is_null())
        .select(craving_columns!())
        .load(tx)?;
    rows.into_iter().map(|row| craving(grant, row, Vec::new())).collect()
}

/// Stores what a rule made of a craving; its ratings are stored by [`add_rating`]. A corrected one replaces
/// the content, after [`keep_revision`] has put the old one aside.
pub fn put(tx: &mut Tx, grant: &Grant, craving: &Craving, corrected: bool) -> Result<(), Error> {
    let target = || cravings::table.find((Id::of(grant.participant()), Id::of(craving.id)));
    let state = (
        cravings::peak.eq(i16::from(craving.peak)),
        cravings::outcome.eq(craving.draft.outcome.map(Outcome::as_str)),
        cravings::outcome_at.eq(craving.outcome_at.map(At)),
        cravings::withdrawn_at.eq(craving.withdrawn_at.map(At)),
    );
    diesel::update(target()).set(state).execute(tx)?;
    if corrected {
        let content = (
            cravings::felt_at.eq(At(craving.felt_at())),
            cravings::local_day.eq(On(craving.local_day)),
            cravings::clock_suspect.eq(craving.clock_suspect),
            cravings::intensity.eq(i16::from(craving.draft.intensity)),
            cravings::revision.eq(craving.revision),
            cravings::detail.eq(Json::of(&craving.draft)?),
        );
        diesel::update(target()).set(content).execute(tx)?;
    }
    Ok(())
}

/// Stores a re-rating; false if the craving has one of that id.
pub fn add_rating(tx: &mut Tx, grant: &Grant, craving: CravingId, rating: &Rating) -> Result<bool, Error> {
    let row = (
        craving_ratings::participant_id.eq(Id::of(grant.participant())),
        craving_ratings::craving_id.eq(Id::of(craving)),
        craving_ratings::id.eq(Id::of(rating.id)),
        craving_ratings::rated_at.eq(At(rating.rated_at)),
        craving_ratings::intensity.eq(i16::from(rating.intensity)),
    );
    let added = each!(tx, conn => diesel::insert_into(craving_ratings::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// All outcomes that were told of a craving after it was logged, in the order they came.
pub fn outcomes(tx: &mut Tx, grant: &Grant, craving: CravingId) -> Result<Vec<ReportedOutcome>, Error> {
    let rows: Vec<(String, At, At)> = craving_outcomes::table
        .filter(craving_outcomes::participant_id.eq(Id::of(grant.participant())))
        .filter(craving_outcomes::craving_id.eq(Id::of(craving)))
        .order((craving_outcomes::received_at, craving_outcomes::observed_at, craving_outcomes::outcome))
        .select((craving_outcomes::outcome, craving_outcomes::observed_at, craving_outcomes::received_at))
        .load(tx)?;
    rows.into_iter()
        .map(|(outcome, observed_at, received_at)| {
            Ok(ReportedOutcome {
                outcome: read(outcome)?,
                observed_at: observed_at.0,
                received_at: received_at.0,
            })
        })
        .collect()
}

/// Keeps an outcome that was told.
pub fn add_outcome(
    tx: &mut Tx,
    grant: &Grant,
    craving: CravingId,
    told: &ReportedOutcome,
) -> Result<(), Error> {
    let row = (
        craving_outcomes::participant_id.eq(Id::of(grant.participant())),
        craving_outcomes::craving_id.eq(Id::of(craving)),
        craving_outcomes::observed_at.eq(At(told.observed_at)),
        craving_outcomes::outcome.eq(told.outcome.as_str()),
        craving_outcomes::received_at.eq(At(told.received_at)),
    );
    diesel::insert_into(craving_outcomes::table).values(row).execute(tx)?;
    Ok(())
}
