//! The plans as far as the caller may see them, and the reads that both documents share.

use actix_web::HttpResponse;
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::plan::completeness::Completeness;
use evenkeel_domain::plan::lines::{CrisisLines, crisis_lines};
use evenkeel_domain::plan::{Agreement, Author, Difference, Document, Revision, Signature};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, plan as store};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::written::Written;
use crate::app::App;
use crate::app::calendar::today;
use crate::app::problem::Problem;
use crate::http::body::Json;
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::{IfNoneMatch, MOST_REVISIONS, tag};
use crate::http::page::{Before, Limit};

/// The number of a revision in a path or query, from 1. 0 means the empty document before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RevisionNumber(i32);

/// Why a text is not the number of a revision.
#[derive(Debug, thiserror::Error)]
#[error("must be the number of a revision, 0 to {MOST_REVISIONS}")]
pub struct NoRevision;

impl TryFrom<String> for RevisionNumber {
    type Error = NoRevision;
    fn try_from(text: String) -> Result<Self, NoRevision> {
        // `parse` would also accept a sign.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && *number <= MOST_REVISIONS);
        number.map(Self).ok_or(NoRevision)
    }
}
impl From<RevisionNumber> for i32 {
    fn from(number: RevisionNumber) -> Self {
        number.0
    }
}
impl PartialSchema for RevisionNumber {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .description(Some(
                "The number of a revision, from 1; 0 means the empty document before the first",
            ))
            .minimum(Some(0))
            .maximum(Some(MOST_REVISIONS))
            .examples([serde_json::json!(3)])
            .into()
    }
}
impl ToSchema for RevisionNumber {}

/// One revision of a document, as far as the caller may see it.
#[derive(Serialize, ToSchema)]
pub struct Edition<D, S> {
    /// The number of the revision; 0 before the first save
    #[schema(minimum = 0, maximum = 1_000_000)]
    revision: i32,
    /// Who saved it; absent before the first save
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    author: Option<Author>,
    /// When it was saved; absent before the first save
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    made_at: Option<Moment>,
    /// The content; withheld sections are empty
    content: D,
    /// The sections that the participant withholds from the caller, even if they are empty. Send them back empty and
    /// they remain as they are
    #[schema(max_items = 13)]
    withheld: Vec<S>,
    /// Who has agreed to it so far
    agreement: Agreement,
    /// The signatures, in order of time
    #[schema(max_items = 100)]
    signatures: Vec<Signature>,
}

/// The current revision, what is missing from it, and the crisis lines.
#[derive(Serialize, ToSchema)]
pub struct CurrentRevision<D, S> {
    #[serde(flatten)]
    edition: Edition<D, S>,
    /// What is missing and why that matters; withheld sections do not count
    completeness: Completeness<S>,
    /// The national crisis lines
    #[schema(value_type = CrisisLines)]
    crisis_lines: &'static CrisisLines,
}

/// The [`Edition`] of a document.
pub type EditionOf<D> = Edition<D, <D as Document>::Section>;
/// The [`CurrentRevision`] of a document.
pub type CurrentRevisionOf<D> = CurrentRevision<D, <D as Document>::Section>;

/// A revision, or the empty one before the first, as far as the holder of the grant may see it.
pub fn edition<D: Written>(grant: &Grant, revision: Option<&Revision<D>>, current: &D) -> EditionOf<D> {
    let Some(revision) = revision else {
        let (content, withheld) = D::default().shown(current, grant.actor().role);
        let (author, made_at, signatures) = (None, None, Vec::new());
        return Edition {
            revision: 0,
            author,
            made_at,
            content,
            withheld,
            agreement: Agreement::Draft,
            signatures,
        };
    };
    let (content, withheld) = revision.content.shown(current, grant.actor().role);
    Edition {
        revision: revision.revision,
        author: Some(revision.author),
        made_at: Some(revision.made_at),
        content,
        withheld,
        agreement: revision.agreement(),
        signatures: revision.signatures.clone(),
    }
}

/// The current revision, as far as the holder of the grant may see it.
pub fn current_revision<D: Written>(
    tx: &mut Tx,
    grant: &Grant,
    current: Option<&Revision<D>>,
) -> Result<CurrentRevisionOf<D>, Problem> {
    let content = current.map(|current| current.content.clone()).unwrap_or_default();
    let edition = edition(grant, current, &content);
    let today = today(tx, grant)?;
    let completeness = content.completeness(tx, grant, today, &edition.withheld)?;
    Ok(CurrentRevision { edition, completeness, crisis_lines: crisis_lines() })
}

impl<D: Serialize, S: Serialize> CurrentRevision<D, S> {
    /// The tag of this answer. It changes with a signature, and with the day and the level of care, on which
    /// completeness depends.
    pub fn tag(&self) -> String {
        tag(Some(self.edition.revision), self)
    }
}

/// Reads something of a plan as [`Action::ReadPlan`].
pub async fn look<T: Send + 'static>(
    app: &App,
    caller: Caller,
    participant: ParticipantRef,
    at: impl Fn(&mut Tx, &Grant) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    caller.read(app, Action::ReadPlan, participant, None, at).await
}

/// Answers with the current revision.
pub async fn read<D: Written>(
    app: &App,
    caller: Caller,
    participant: ParticipantRef,
    known: &IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let found = look(app, caller, participant, move |tx, grant| {
        let current = store::current::<D>(tx, grant)?;
        current_revision(tx, grant, current.as_ref())
    });
    let found = found.await?;
    Ok(known.answer(&found.tag(), &found))
}

/// The current content of a document; empty before the first save.
pub fn content<D: Written>(tx: &mut Tx, grant: &Grant) -> Result<D, Problem> {
    Ok(store::current::<D>(tx, grant)?.map(|current| current.content).unwrap_or_default())
}

/// Answers with one revision.
pub async fn read_revision<D: Written>(
    app: &App,
    caller: Caller,
    participant: ParticipantRef,
    number: RevisionNumber,
) -> Result<Json<EditionOf<D>>, Problem> {
    let found = look(app, caller, participant, move |tx, grant| {
        let found = store::at::<D>(tx, grant, number.0)?.ok_or_else(Problem::unknown)?;
        Ok(edition(grant, Some(&found), &content(tx, grant)?))
    });
    found.await.map(Json)
}

/// A revision without its content.
#[derive(Serialize, ToSchema)]
pub struct RevisionHead {
    /// The number of the revision
    #[schema(minimum = 1, maximum = 1_000_000)]
    revision: i32,
    /// Who saved it
    author: Author,
    /// When it was saved
    made_at: Moment,
    /// Who has agreed to it so far
    agreement: Agreement,
    /// The signatures, in order of time
    #[schema(max_items = 100)]
    signatures: Vec<Signature>,
}

/// A page of revisions, the latest first.
#[derive(Serialize, ToSchema)]
pub struct RevisionHeads {
    /// The revisions
    #[schema(max_items = 200)]
    items: Vec<RevisionHead>,
    /// The cursor of the next page; absent on the last page
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Before>,
}

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RevisionQuery {
    /// The most entries to answer; default 50
    #[serde(default)]
    #[param(required = false, inline)]
    limit: Limit,
    /// The `next` of the page before
    #[param(inline)]
    after: Option<Before>,
}

/// Answers with a page of revisions.
pub async fn list<D: Written>(
    app: &App,
    caller: Caller,
    participant: ParticipantRef,
    RevisionQuery { limit, after }: RevisionQuery,
) -> Result<Json<RevisionHeads>, Problem> {
    let most = i64::from(limit);
    let before = after.map(|Before(number)| i32::try_from(number).unwrap_or(i32::MAX));
    let mut found =
        look(app, caller, participant, move |tx, grant| Ok(store::heads::<D>(tx, grant, before, most + 1)?))
            .await?;
    let most = usize::try_from(most).unwrap_or(1);
    let more = most < found.len();
    found.truncate(most);
    let next = if more { found.last().map(|last| Before(last.revision.into())) } else { None };
    let head = |found: Revision<()>| RevisionHead {
        agreement: found.agreement(),
        revision: found.revision,
        author: found.author,
        made_at: found.made_at,
        signatures: found.signatures,
    };
    Ok(Json(RevisionHeads { items: found.into_iter().map(head).collect(), next }))
}

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CompareQuery {
    /// The older revision; 0 for the empty document before the first
    #[param(inline)]
    from: RevisionNumber,
    /// The newer revision
    #[param(inline)]
    to: RevisionNumber,
}

/// The differences between two revisions, as far as the caller may see both.
#[derive(Serialize, ToSchema)]
pub struct Comparison<S> {
    /// The older revision
    #[schema(minimum = 0, maximum = 1_000_000)]
    from: i32,
    /// The newer revision
    #[schema(minimum = 0, maximum = 1_000_000)]
    to: i32,
    /// The differences in the order of the sections; empty if there are none
    #[schema(max_items = 1000)]
    differences: Vec<Difference<S>>,
    /// The sections left out because the participant withholds them from the caller
    #[schema(max_items = 13)]
    withheld: Vec<S>,
}

/// Answers with the differences between two revisions.
pub async fn compare<D: Written>(
    app: &App,
    caller: Caller,
    participant: ParticipantRef,
    CompareQuery { from, to }: CompareQuery,
) -> Result<Json<Comparison<D::Section>>, Problem> {
    let found = look(app, caller, participant, move |tx, grant| {
        let of = |tx: &mut Tx, number: RevisionNumber| match number.0 {
            0 => Ok(D::default()),
            number => match store::at::<D>(tx, grant, number)? {
                Some(found) => Ok(found.content),
                None => Err(Problem::unknown()),
            },
        };
        let (old, new) = (of(tx, from)?, of(tx, to)?);
        let (current, role) = (content(tx, grant)?, grant.actor().role);
        let mut withheld = [old.shown(&current, role).1, new.shown(&current, role).1].concat();
        withheld.sort_unstable();
        withheld.dedup();
        let differences = old.compared(&new, &current, role);
        Ok(Comparison { from: from.0, to: to.0, differences, withheld })
    });
    found.await.map(Json)
}
