//! The plans as somebody may see them, and the ways to look that both documents share.

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

/// The number of a revision in a path or query, from 1; 0 stands for the empty document before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RevisionNumber(i32);

/// Why a text is no number of a revision.
#[derive(Debug, thiserror::Error)]
#[error("must be the number of a revision, 0 to {MOST_REVISIONS}")]
pub struct NoRevision;

impl TryFrom<String> for RevisionNumber {
    type Error = NoRevision;
    fn try_from(text: String) -> Result<Self, NoRevision> {
        // `parse` would take a sign, too.
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
                "The number of a revision, from 1; 0 stands for the empty document before the first",
            ))
            .minimum(Some(0))
            .maximum(Some(MOST_REVISIONS))
            .examples([serde_json::json!(3)])
            .into()
    }
}
impl ToSchema for RevisionNumber {}

/// A document as it was saved once, as far as the caller may see it.
#[derive(Serialize, ToSchema)]
pub struct Edition<D, S> {
    /// The revision; 0 if nothing was ever saved
    #[schema(minimum = 0, maximum = 1_000_000)]
    revision: i32,
    /// Who saved it; absent if nothing was ever saved
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    author: Option<Author>,
    /// When
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    made_at: Option<Moment>,
    /// What it says, empty where something is withheld
    content: D,
    /// The sections that the participant keeps from the caller, whether there is anything in them or not. Sent
    /// back empty, they stay as they are
    #[schema(max_items = 13)]
    withheld: Vec<S>,
    /// How far it is agreed
    agreement: Agreement,
    /// Who signed it, in order of time
    #[schema(max_items = 100)]
    signatures: Vec<Signature>,
}

/// The current revision, what is missing from it, and the lines that answer day and night.
#[derive(Serialize, ToSchema)]
pub struct Standing<D, S> {
    #[serde(flatten)]
    edition: Edition<D, S>,
    /// What is missing and why that matters; withheld sections count in nothing
    completeness: Completeness<S>,
    /// The national lines, which belong to every plan
    #[schema(value_type = CrisisLines)]
    crisis_lines: &'static CrisisLines,
}

/// The [`Edition`] of a document.
pub type EditionOf<D> = Edition<D, <D as Document>::Section>;
/// The [`Standing`] of a document.
pub type StandingOf<D> = Standing<D, <D as Document>::Section>;

/// A revision, or the emptiness before the first, as the holder of a grant may see it.
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

/// What stands now, as the holder of a grant may see it.
pub fn standing<D: Written>(
    tx: &mut Tx,
    grant: &Grant,
    current: Option<&Revision<D>>,
    _now: Moment,
) -> Result<StandingOf<D>, Problem> {
    let content = current.map(|current| current.content.clone()).unwrap_or_default();
    let edition = edition(grant, current, &content);
    let today = today(tx, grant)?;
    let completeness = content.lacking(tx, grant, today, &edition.withheld)?;
    Ok(Standing { edition, completeness, crisis_lines: crisis_lines() })
}

impl<D: Serialize, S: Serialize> Standing<D, S> {
    /// The tag of this answer: it changes with a signature and, as what is missing does, with the day and the level of care.
    pub fn tag(&self) -> String {
        tag(Some(self.edition.revision), self)
    }
}

/// Looks at a plan: who may, what is seen, and the line in the audit log that must be there before the answer.
pub async fn look<T: Send + 'static>(
    app: &App,
    caller: Caller,
    participant: ParticipantRef,
    at: impl Fn(&mut Tx, &Grant) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    caller.read(app, Action::ReadPlan, participant, None, at).await
}

/// Answers with what stands.
pub async fn read<D: Written>(
    app: &App,
    caller: Caller,
    participant: ParticipantRef,
    known: &IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let now = app.now();
    let found = look(app, caller, participant, move |tx, grant| {
        let current = store::current::<D>(tx, grant)?;
        standing(tx, grant, current.as_ref(), now)
    });
    let found = found.await?;
    Ok(known.answer(&found.tag(), &found))
}

/// What a document says now; empty if nothing was ever saved.
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

/// A revision without what it says.
#[derive(Serialize, ToSchema)]
pub struct RevisionHead {
    /// Its number
    #[schema(minimum = 1, maximum = 1_000_000)]
    revision: i32,
    /// Who saved it
    author: Author,
    /// When
    made_at: Moment,
    /// How far it is agreed
    agreement: Agreement,
    /// Who signed it, in order of time
    #[schema(max_items = 100)]
    signatures: Vec<Signature>,
}

/// A page of revisions, the latest first.
#[derive(Serialize, ToSchema)]
pub struct RevisionHeads {
    /// The revisions
    #[schema(max_items = 200)]
    items: Vec<RevisionHead>,
    /// Where the next page begins; absent on the last
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Before>,
}

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RevisionQuery {
    /// How many entries at most; 50 if not given
    #[serde(default)]
    #[param(required = false, inline)]
    limit: Limit,
    /// Where to go on
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
    /// The revision to start from; 0 for the empty document before the first
    #[param(inline)]
    from: RevisionNumber,
    /// The revision to compare it with
    #[param(inline)]
    to: RevisionNumber,
}

/// What differs between two revisions, as far as the caller may see both.
#[derive(Serialize, ToSchema)]
pub struct Comparison<S> {
    /// The revision it starts from
    #[schema(minimum = 0, maximum = 1_000_000)]
    from: i32,
    /// The revision it is compared with
    #[schema(minimum = 0, maximum = 1_000_000)]
    to: i32,
    /// The differences, in the order of the sections; none if both say the same
    #[schema(max_items = 1000)]
    differences: Vec<Difference<S>>,
    /// The sections left out because the participant keeps them from the caller
    #[schema(max_items = 13)]
    withheld: Vec<S>,
}

/// Answers with what differs between two revisions.
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
