//! The revisions of the relapse-prevention plan and of the safety plan, and the signatures under them.

use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::plan::safety::SafetyPlan;
use evenkeel_domain::plan::{Author, Document, Plan, Revision, Signature};
use serde::de::DeserializeOwned;

use crate::account::read;
use crate::column::{At, Id, Json};
use crate::schema::{plan_revisions, plan_signatures};
use crate::{Error, Tx};

/// A document whose revisions are kept.
pub trait Kept: Document + DeserializeOwned {
    /// The word that its rows stand under.
    const KIND: &'static str;
}
impl Kept for Plan {
    const KIND: &'static str = "plan";
}
impl Kept for SafetyPlan {
    const KIND: &'static str = "safety_plan";
}

type Head = (i32, Id, String, At);

macro_rules! head_columns {
    () => {
        (
            plan_revisions::revision,
            plan_revisions::author,
            plan_revisions::author_role,
            plan_revisions::made_at,
        )
    };
}

/// The rows of one document of one participant.
macro_rules! of {
    ($table:ident, $grant:expr, $document:ident) => {
        $table::table
            .filter($table::participant_id.eq(Id::of($grant.participant())))
            .filter($table::kind.eq($document::KIND))
    };
}

fn revision<D>(head: Head, content: D, signatures: Vec<Signature>) -> Result<Revision<D>, Error> {
    let (revision, author, role, made_at) = head;
    let author = Author { account: author.to(), role: read(role)? };
    Ok(Revision { revision, author, made_at: made_at.0, content, signatures })
}

/// The signatures under these revisions, in order of time.
fn signatures<D: Kept>(tx: &mut Tx, grant: &Grant, revisions: &[i32]) -> Result<Vec<Signature>, Error> {
    let rows: Vec<(i32, Id, String, At)> = of!(plan_signatures, grant, D)
        .filter(plan_signatures::revision.eq_any(revisions.to_vec()))
        .order((plan_signatures::at, plan_signatures::account_id))
        .select((
            plan_signatures::revision,
            plan_signatures::account_id,
            plan_signatures::role,
            plan_signatures::at,
        ))
        .load(tx)?;
    rows.into_iter()
        .map(|(revision, by, role, at)| Ok(Signature { by: by.to(), role: read(role)?, at: at.0, revision }))
        .collect()
}

fn whole<D: Kept>(
    tx: &mut Tx,
    grant: &Grant,
    row: Option<(Head, Json)>,
) -> Result<Option<Revision<D>>, Error> {
    let Some((head, content)) = row else { return Ok(None) };
    let signatures = signatures::<D>(tx, grant, &[head.0])?;
    revision(head, content.to()?, signatures).map(Some)
}

/// The current revision, if there is one.
pub fn current<D: Kept>(tx: &mut Tx, grant: &Grant) -> Result<Option<Revision<D>>, Error> {
    let row = of!(plan_revisions, grant, D)
        .order(plan_revisions::revision.desc())
        .select((head_columns!(), plan_revisions::content))
        .first(tx)
        .optional()?;
    whole(tx, grant, row)
}

/// One revision, if there is one of that number.
pub fn at<D: Kept>(tx: &mut Tx, grant: &Grant, revision: i32) -> Result<Option<Revision<D>>, Error> {
    let row = plan_revisions::table
        .find((Id::of(grant.participant()), D::KIND, revision))
        .select((head_columns!(), plan_revisions::content))
        .first(tx)
        .optional()?;
    whole(tx, grant, row)
}

/// A page of revisions without what they say, the latest first: those before one, if it is given.
pub fn heads<D: Kept>(
    tx: &mut Tx,
    grant: &Grant,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Revision<()>>, Error> {
    let mut query = of!(plan_revisions, grant, D)
        .order(plan_revisions::revision.desc())
        .select(head_columns!())
        .limit(limit)
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(plan_revisions::revision.lt(before));
    }
    let rows = query.load(tx)?;
    with_signatures::<D>(tx, grant, rows)
}

/// The revisions that somebody signed, without what they say, the latest first.
pub fn signed<D: Kept>(tx: &mut Tx, grant: &Grant) -> Result<Vec<Revision<()>>, Error> {
    let signed: Vec<i32> =
        of!(plan_signatures, grant, D).select(plan_signatures::revision).distinct().load(tx)?;
    let rows = of!(plan_revisions, grant, D)
        .filter(plan_revisions::revision.eq_any(signed))
        .order(plan_revisions::revision.desc())
        .select(head_columns!())
        .load(tx)?;
    with_signatures::<D>(tx, grant, rows)
}

fn with_signatures<D: Kept>(tx: &mut Tx, grant: &Grant, rows: Vec<Head>) -> Result<Vec<Revision<()>>, Error> {
    let numbers: Vec<i32> = rows.iter().map(|row| row.0).collect();
    let signatures = signatures::<D>(tx, grant, &numbers)?;
    rows.into_iter()
        .map(|head| {
            let own = signatures.iter().filter(|signature| signature.revision == head.0);
            let own = own.copied().collect();
            revision(head, (), own)
        })
        .collect()
}

/// Stores a new revision, unsigned. One that somebody else stored meanwhile under its number is for the
/// transaction to meet when it runs again.
pub fn add<D: Kept>(tx: &mut Tx, grant: &Grant, revision: &Revision<D>) -> Result<(), Error> {
    let row = (
        plan_revisions::participant_id.eq(Id::of(grant.participant())),
        plan_revisions::kind.eq(D::KIND),
        plan_revisions::revision.eq(revision.revision),
        plan_revisions::author.eq(Id::of(revision.author.account)),
        plan_revisions::author_role.eq(revision.author.role.as_str()),
        plan_revisions::made_at.eq(At(revision.made_at)),
        plan_revisions::content.eq(Json::of(&revision.content)?),
    );
    let added = each!(tx, conn => diesel::insert_into(plan_revisions::table).values(row).on_conflict_do_nothing().execute(conn))?;
    if added == 1 { Ok(()) } else { Err(Error::Contended) }
}

/// Stores a signature; false if this person signed that revision before.
pub fn sign<D: Kept>(tx: &mut Tx, grant: &Grant, signature: &Signature) -> Result<bool, Error> {
    let row = (
        plan_signatures::participant_id.eq(Id::of(grant.participant())),
        plan_signatures::kind.eq(D::KIND),
        plan_signatures::revision.eq(signature.revision),
        plan_signatures::account_id.eq(Id::of(signature.by)),
        plan_signatures::role.eq(signature.role.as_str()),
        plan_signatures::at.eq(At(signature.at)),
    );
    let added = each!(tx, conn => diesel::insert_into(plan_signatures::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}
