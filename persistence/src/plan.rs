//! The plan and the safety plan: every revision and its signatures.

pub mod offline;

use std::fmt::Debug;

use diesel::dsl::max;
use diesel::prelude::*;
use evenkeel_domain::access::Grant;
use evenkeel_domain::account::{AccountId, Role};
use evenkeel_domain::plan::safety::SafetyPlan;
use evenkeel_domain::plan::{Author, Document, Plan, Revision, Signature, agreed_revision};
use evenkeel_domain::value::Moment;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::column::{AsJson, Stored};
use crate::schema::{plan_revisions, plan_signatures};
use crate::{Error, Tx};

/// A document that is stored in revisions. A participant has one of each kind.
pub trait StoredDocument: Document + Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its kind, as stored in its rows.
    const KIND: &'static str;
}
impl StoredDocument for Plan {
    const KIND: &'static str = "plan";
}
impl StoredDocument for SafetyPlan {
    const KIND: &'static str = "safety_plan";
}

row! {
    #[diesel(table_name = plan_signatures)]
    SignatureRow of Signature {
        #[diesel(column_name = account_id)]
        by: AccountId,
        role: Role,
        at: Moment,
        revision: i32,
    }
}

/// A revision without its content.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = plan_revisions, treat_none_as_default_value = false)]
struct Head {
    revision: i32,
    author: Stored<AccountId>,
    author_role: Stored<Role>,
    made_at: Stored<Moment>,
}

impl Head {
    fn revision<D>(self, content: D, signatures: Vec<Signature>) -> Revision<D> {
        let author = Author { account: self.author.0, role: self.author_role.0 };
        Revision { revision: self.revision, author, made_at: self.made_at.0, content, signatures }
    }
}

/// Stores a new revision. The second of two that were made from the same one is an [`Error::Duplicate`]. [`sign`]
/// stores its signatures.
pub fn add<D: StoredDocument>(tx: &mut Tx, grant: &Grant, revision: &Revision<D>) -> Result<(), Error> {
    let row = (
        plan_revisions::participant_id.eq(Stored(grant.participant())),
        plan_revisions::kind.eq(D::KIND),
        Head {
            revision: revision.revision,
            author: Stored(revision.author.account),
            author_role: Stored(revision.author.role),
            made_at: Stored(revision.made_at),
        },
        plan_revisions::content.eq(AsJson(revision.content.clone())),
    );
    diesel::insert_into(plan_revisions::table).values(row).execute(tx)?;
    Ok(())
}

/// Stores a signature of the revision that it names. False if this person has already signed that revision.
pub fn sign<D: StoredDocument>(tx: &mut Tx, grant: &Grant, signature: &Signature) -> Result<bool, Error> {
    let row = (
        plan_signatures::participant_id.eq(Stored(grant.participant())),
        plan_signatures::kind.eq(D::KIND),
        SignatureRow::from(*signature),
    );
    let added = each!(tx, conn => diesel::insert_into(plan_signatures::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(added == 1)
}

/// The signatures of the revisions from `first` to `last`, both included, in the order of their times.
fn signatures<D: StoredDocument>(
    tx: &mut Tx,
    grant: &Grant,
    first: i32,
    last: i32,
) -> Result<Vec<Signature>, Error> {
    let query = plan_signatures::table
        .filter(plan_signatures::participant_id.eq(Stored(grant.participant())))
        .filter(plan_signatures::kind.eq(D::KIND))
        .filter(plan_signatures::revision.between(first, last))
        .order((plan_signatures::at, plan_signatures::account_id));
    let rows: Vec<SignatureRow> = each!(tx, conn => query.select(SignatureRow::as_select()).load(conn))?;
    Ok(rows.into_iter().map(Signature::from).collect())
}

type Row<D> = (Head, AsJson<D>);

fn whole<D: StoredDocument>(
    tx: &mut Tx,
    grant: &Grant,
    row: Option<Row<D>>,
) -> Result<Option<Revision<D>>, Error> {
    let Some((head, content)) = row else { return Ok(None) };
    let signatures = signatures::<D>(tx, grant, head.revision, head.revision)?;
    Ok(Some(head.revision(content.0, signatures)))
}

/// One revision.
pub fn at<D: StoredDocument>(tx: &mut Tx, grant: &Grant, number: i32) -> Result<Option<Revision<D>>, Error> {
    let query = plan_revisions::table.find((Stored(grant.participant()), D::KIND, number));
    let row = each!(tx, conn => query.select((Head::as_select(), plan_revisions::content)).get_result(conn))
        .optional()?;
    whole(tx, grant, row)
}

/// The latest revision; none before the first is saved.
pub fn current<D: StoredDocument>(tx: &mut Tx, grant: &Grant) -> Result<Option<Revision<D>>, Error> {
    let query = plan_revisions::table
        .filter(plan_revisions::participant_id.eq(Stored(grant.participant())))
        .filter(plan_revisions::kind.eq(D::KIND))
        .order(plan_revisions::revision.desc())
        .limit(1);
    let row = each!(tx, conn => query.select((Head::as_select(), plan_revisions::content)).get_result(conn))
        .optional()?;
    whole(tx, grant, row)
}

/// A plan and a safety plan; none if it was never saved.
pub type Both = (Option<Revision<Plan>>, Option<Revision<SafetyPlan>>);

/// The latest revisions of the plan and the safety plan, as [`current`] reads each, but in a quarter of the queries.
pub fn current_both(tx: &mut Tx, grant: &Grant) -> Result<Both, Error> {
    let participant = Stored(grant.participant());
    let latest = diesel::alias!(plan_revisions as latest_of_kind);
    let is_current = |kind: &'static str| {
        let revision = latest
            .filter(latest.field(plan_revisions::participant_id).eq(participant))
            .filter(latest.field(plan_revisions::kind).eq(kind))
            .select(max(latest.field(plan_revisions::revision)))
            .single_value();
        plan_revisions::kind.eq(kind).and(plan_revisions::revision.nullable().eq(revision))
    };
    let is_under_it = plan_signatures::participant_id
        .eq(plan_revisions::participant_id)
        .and(plan_signatures::kind.eq(plan_revisions::kind))
        .and(plan_signatures::revision.eq(plan_revisions::revision));
    let query = plan_revisions::table
        .left_join(plan_signatures::table.on(is_under_it))
        .filter(plan_revisions::participant_id.eq(participant))
        .filter(is_current(Plan::KIND).or(is_current(SafetyPlan::KIND)));
    let rows: Vec<SignedRow> = each!(tx, conn => query
        .select((
            plan_revisions::kind,
            Head::as_select(),
            plan_revisions::content,
            Option::<SignatureRow>::as_select(),
        ))
        .load(conn))?;
    let (plan, safety_plan) = rows.into_iter().partition(|(kind, ..)| kind == Plan::KIND);
    Ok((with_signed(plan)?, with_signed(safety_plan)?))
}

// A row for each signature repeats the content. It is read once, when its kind is known.
type SignedRow = (String, Head, AsJson<Box<RawValue>>, Option<SignatureRow>);

/// One revision from its rows: one for each signature, or one without.
fn with_signed<D: StoredDocument>(rows: Vec<SignedRow>) -> Result<Option<Revision<D>>, Error> {
    let mut rows = rows.into_iter();
    let Some((_, head, content, first)) = rows.next() else { return Ok(None) };
    let signed = first.into_iter().chain(rows.filter_map(|(.., signed)| signed));
    let mut signatures: Vec<_> = signed.map(Signature::from).collect();
    // Sorted here, so that the database does not have to sort the contents of the revisions.
    signatures.sort_by_key(|signature| (signature.at, signature.by));
    Ok(Some(head.revision(content.read()?, signatures)))
}

/// The revisions that anybody signed, without their contents, the latest first.
pub fn signed<D: StoredDocument>(tx: &mut Tx, grant: &Grant) -> Result<Vec<Revision<()>>, Error> {
    let signed = plan_signatures::table
        .filter(plan_signatures::participant_id.eq(Stored(grant.participant())))
        .filter(plan_signatures::kind.eq(D::KIND))
        .select(plan_signatures::revision);
    let rows: Vec<Head> = plan_revisions::table
        .filter(plan_revisions::participant_id.eq(Stored(grant.participant())))
        .filter(plan_revisions::kind.eq(D::KIND))
        .filter(plan_revisions::revision.eq_any(signed))
        .order(plan_revisions::revision.desc())
        .select(Head::as_select())
        .load(tx)?;
    with_signatures::<D>(tx, grant, rows)
}

/// The latest revision that both have signed; see [`agreed_revision`].
pub fn agreed<D: StoredDocument>(tx: &mut Tx, grant: &Grant) -> Result<Option<Revision<D>>, Error> {
    let number = agreed_revision(&signed::<D>(tx, grant)?).map(|agreed| agreed.revision);
    number.map_or(Ok(None), |number| at(tx, grant, number))
}

fn with_signatures<D: StoredDocument>(
    tx: &mut Tx,
    grant: &Grant,
    rows: Vec<Head>,
) -> Result<Vec<Revision<()>>, Error> {
    let numbers = || rows.iter().map(|row| row.revision);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else { return Ok(Vec::new()) };
    let all = signatures::<D>(tx, grant, first, last)?;
    let revision = |row: Head| {
        let own = all.iter().filter(|signature| signature.revision == row.revision).copied().collect();
        row.revision((), own)
    };
    Ok(rows.into_iter().map(revision).collect())
}

/// A page of revisions without their contents, the latest first: those before the last one of the page before.
pub fn heads<D: StoredDocument>(
    tx: &mut Tx,
    grant: &Grant,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Revision<()>>, Error> {
    let rows: Vec<Head> = plan_revisions::table
        .filter(plan_revisions::participant_id.eq(Stored(grant.participant())))
        .filter(plan_revisions::kind.eq(D::KIND))
        .filter(plan_revisions::revision.lt(before.unwrap_or(i32::MAX)))
        .order(plan_revisions::revision.desc())
        .select(Head::as_select())
        .limit(limit)
        .load(tx)?;
    with_signatures::<D>(tx, grant, rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_database::{actor, at as moment, day, grant, test_database, value};
    use evenkeel_domain::access::Action;
    use evenkeel_domain::plan::{self, Agreement, safety};
    use evenkeel_domain::program::LevelOfCare;

    fn saying(words: &str) -> Plan {
        value(serde_json::json!({
            "triggers": [{
                "id": "00000000-0000-0000-0000-000000000002", "category": "conflict", "source": "external",
                "words": words, "coping": ["library:urge_surfing"],
            }],
            "naloxone": { "has": true }, "review_on": "2026-03-10", "only_me": ["reasons"],
        }))
    }
    fn author(role: Role) -> Author {
        Author { account: actor(role).account, role }
    }

    #[test]
    fn a_plan_reads_back_in_all_its_revisions_with_their_signatures() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ChangePlan);
        let (today, now) = (day("2026-03-02"), moment("2026-03-02T18:00:00Z"));
        assert_eq!(current::<Plan>(tx, &own).unwrap(), None);
        assert_eq!(agreed::<Plan>(tx, &own).unwrap(), None);
        let mut before = None;
        for number in 1..=3 {
            let words = format!("payday {number}");
            let sam = author(Role::Participant);
            let (last, level) = (number - 1, LevelOfCare::IntensiveOutpatient);
            let saved = plan::save(before.as_ref(), last, saying(&words), sam, level, today, now).unwrap();
            add(tx, &own, &saved).unwrap();
            assert!(matches!(add(tx, &own, &saved), Err(Error::Duplicate)));
            before = Some(saved);
        }
        for (number, role) in [(2, Role::Counselor), (2, Role::Participant), (3, Role::Participant)] {
            let signature = Signature { by: actor(role).account, role, at: now, revision: number };
            assert!(sign::<Plan>(tx, &own, &signature).unwrap());
            let again = Signature { at: moment("2026-03-09T18:00:00Z"), ..signature };
            assert!(!sign::<Plan>(tx, &own, &again).unwrap());
        }
        let last = current::<Plan>(tx, &own).unwrap().unwrap();
        let before = before.unwrap();
        assert_eq!((&last.content, last.author, last.made_at), (&before.content, before.author, now));
        assert_eq!((last.revision, last.agreement()), (3, Agreement::Participant));
        assert_eq!(last.signatures[0].at, now);
        let agreed = agreed::<Plan>(tx, &own).unwrap().unwrap();
        assert_eq!((agreed.revision, agreed.agreement()), (2, Agreement::Agreed));
        assert_eq!(agreed.content, saying("payday 2"));
        assert_eq!(at::<Plan>(tx, &own, 2).unwrap(), Some(agreed));
        assert_eq!(at::<Plan>(tx, &own, 4).unwrap(), None);
        let agreements = |page: Vec<Revision<()>>| {
            page.iter().map(|head| (head.revision, head.agreement())).collect::<Vec<_>>()
        };
        let page = agreements(heads::<Plan>(tx, &own, None, 2).unwrap());
        assert_eq!(page, [(3, Agreement::Participant), (2, Agreement::Agreed)]);
        assert_eq!(agreements(signed::<Plan>(tx, &own).unwrap()), page);
        assert_eq!(agreements(heads::<Plan>(tx, &own, Some(2), 2).unwrap()), [(1, Agreement::Draft)]);
        assert_eq!(current::<SafetyPlan>(tx, &own).unwrap(), None);
    }

    #[test]
    fn a_safety_plan_is_stored_beside_the_plan() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ChangePlan);
        let draft = value(serde_json::json!({ "internal_coping": [
            { "id": "00000000-0000-0000-0000-000000000002", "words": "Walk to the water" }
        ] }));
        let now = moment("2026-03-02T18:00:00Z");
        let saved = safety::save(None, 0, draft, author(Role::Participant), day("2026-03-02"), now).unwrap();
        add(tx, &own, &saved).unwrap();
        assert_eq!(current::<SafetyPlan>(tx, &own).unwrap(), Some(saved));
        assert_eq!(current::<Plan>(tx, &own).unwrap(), None);
    }

    #[test]
    fn both_plans_are_read_together_as_each_alone() {
        let mut database = test_database();
        let tx = &mut database.tx;
        let own = grant(Action::ChangePlan);
        let (today, now) = (day("2026-03-02"), moment("2026-03-02T18:00:00Z"));
        let sam = author(Role::Participant);
        let both = |tx: &mut Tx| {
            let alone = (current::<Plan>(tx, &own).unwrap(), current::<SafetyPlan>(tx, &own).unwrap());
            assert_eq!(current_both(tx, &own).unwrap(), alone);
            alone
        };
        assert_eq!(both(tx), (None, None));
        let safe = safety::save(None, 0, value(serde_json::json!({})), sam, today, now).unwrap();
        add(tx, &own, &safe).unwrap();
        let signed = Signature { by: sam.account, role: sam.role, at: now, revision: 1 };
        sign::<SafetyPlan>(tx, &own, &signed).unwrap();
        assert_eq!(both(tx).1.unwrap().signatures, [signed]);
        let level = LevelOfCare::IntensiveOutpatient;
        let first = plan::save(None, 0, saying("payday"), sam, level, today, now).unwrap();
        add(tx, &own, &first).unwrap();
        let casey = author(Role::Counselor);
        let before = moment("2026-03-02T17:59:00Z");
        let hers = Signature { by: casey.account, role: casey.role, at: before, revision: 1 };
        for signature in [signed, hers] {
            sign::<Plan>(tx, &own, &signature).unwrap();
        }
        let (plan, safe) = both(tx);
        assert_eq!((plan.unwrap().signatures, safe.unwrap().signatures), (vec![hers, signed], vec![signed]));
        let second = plan::save(Some(&first), 1, saying("Friday"), sam, level, today, now).unwrap();
        add(tx, &own, &second).unwrap();
        let (plan, safe) = both(tx);
        assert_eq!((plan.unwrap().revision, safe.unwrap().signatures.len()), (2, 1));
    }
}
