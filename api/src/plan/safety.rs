//! The safety plan: six steps for the hours in which somebody may not want to live. The same ways as the
//! relapse-prevention plan, apart from it; the whole care team sees all of it.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::account::Role;
use evenkeel_domain::plan::completeness::Completeness;
use evenkeel_domain::plan::safety::{self, SafetyPlan, SafetySection};
use evenkeel_domain::plan::{self, Conflict, Difference, Refusal, Revision};
use evenkeel_domain::value::{Day, Moment};
use evenkeel_persistence::Tx;
use utoipa_actix_web::service_config::ServiceConfig;

use super::paper::print_safety_plan;
use super::view::{
    self, CompareQuery, Comparison, Edition, EditionOf, RevisionHeads, RevisionNumber, RevisionQuery,
    Standing,
};
use super::{ChangeQuery, Written, author, change, changed, signed};
use crate::app::App;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Query, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::{IfMatch, IfNoneMatch};

/// The routes of the safety plan.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read_safety_plan)
        .service(change_safety_plan)
        .service(list_safety_plan_revisions)
        .service(read_safety_plan_revision)
        .service(sign_safety_plan)
        .service(compare_safety_plan)
        .service(print_safety_plan);
}

impl Written for SafetyPlan {
    fn saved(
        _: &mut Tx,
        grant: &Grant,
        current: Option<&Revision<Self>>,
        based_on: i32,
        draft: Self,
        today: Day,
        now: Moment,
    ) -> Result<Result<Revision<Self>, Refusal>, Problem> {
        Ok(safety::save(current, based_on, draft, author(grant), today, now))
    }
    fn reconciled(
        base: &Self,
        current: &Self,
        draft: Self,
        _: Role,
    ) -> Result<Self, Conflict<SafetySection>> {
        plan::merge(base, current, &draft)
    }
    fn shown(&self, _: &Self, _: Role) -> (Self, Vec<SafetySection>) {
        (self.clone(), Vec::new())
    }
    fn compared(&self, new: &Self, _: &Self, _: Role) -> Vec<Difference<SafetySection>> {
        plan::compare(self, new)
    }
    fn lacking(
        &self,
        _: &mut Tx,
        _: &Grant,
        on: Day,
        _: &[SafetySection],
    ) -> Result<Completeness<SafetySection>, Problem> {
        Ok(safety::completeness(self, on))
    }
}

/// Read the safety plan
///
/// The current revision, what is missing from it, and the lines that belong to its fifth step: there is always
/// somebody to call. Before the first save it is revision 0 and empty.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path),
        ("If-None-Match" = Option<String>, Header, max_length = 200, description = "The ETag of the copy at hand"),
    ),
    responses(
        (status = 200, description = "The current revision", body = Standing<SafetyPlan, SafetySection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 304, description = "The copy at hand is the newest"),
    ),
)]
#[get("/v1/participants/{participant}/safety-plan")]
async fn read_safety_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    known: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let (participant,) = path.into_inner();
    view::read::<SafetyPlan>(&app, caller, participant, &known).await
}

/// Save the safety plan
///
/// As the plan is saved: whole, from either side, with `If-Match`; with `merge=true` what both sides did is
/// brought together. What two sides worded in two ways is kept in both; what one took out and the other changed is
/// answered with 409, so that nothing comes back or goes in silence. Without a day for the next review, it is 30
/// days ahead.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ChangeQuery,
        ("If-Match" = String, Header, max_length = 64, example = "\"3\"",
         description = "The ETag that was read, or the number of the revision in quotes; \"0\" for the first"),
    ),
    request_body(content = SafetyPlan, example = json!({
        "warning_signs": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a301", "words": "I stop answering messages" }],
        "alone": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a302", "words": "A cold shower" }],
        "distractions": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a303", "kind": "place", "words": "The library" }],
        "people": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a304", "name": "Sam", "reach": "555-0100" }],
        "professionals": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a305", "name": "Dr. Lee", "reach": "555-0101" }],
        "safe_environment": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a306", "words": "Sam keeps the pills" }],
    })),
    responses(
        (status = 201, description = "Stored, durably, as a new revision", body = Standing<SafetyPlan, SafetySection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 200, description = "The current revision says this already", body = Standing<SafetyPlan, SafetySection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 409, description = "Merging: the sections that `errors` names do not go together, each with why; `current` is what stands"),
        (status = 412, description = "The plan was changed since; `current` is what stands, its tag is in ETag"),
        (status = 428, description = "If-Match is missing"),
    ),
)]
#[put("/v1/participants/{participant}/safety-plan")]
async fn change_safety_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<ChangeQuery>,
    IfMatch(based_on): IfMatch,
    Json(draft): Json<SafetyPlan>,
) -> Result<HttpResponse, Problem> {
    let (participant,) = path.into_inner();
    let merging = query.into_inner().merge;
    let work = move |tx: &mut Tx, grant: &Grant| change(tx, grant, based_on, draft.clone(), merging);
    changed(&app, caller, Action::ChangePlan, participant, work).await
}

/// List the revisions of the safety plan
///
/// Who saved and who signed each, the latest first, without what it says.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), RevisionQuery),
    responses((status = 200, description = "A page of revisions", body = RevisionHeads)),
)]
#[get("/v1/participants/{participant}/safety-plan/revisions")]
async fn list_safety_plan_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<RevisionQuery>,
) -> Result<Json<RevisionHeads>, Problem> {
    let (participant,) = path.into_inner();
    view::list::<SafetyPlan>(&app, caller, participant, query.into_inner()).await
}

/// Read a revision of the safety plan
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("revision" = inline(RevisionNumber), Path)),
    responses((status = 200, description = "The revision", body = Edition<SafetyPlan, SafetySection>)),
)]
#[get("/v1/participants/{participant}/safety-plan/revisions/{revision}")]
async fn read_safety_plan_revision(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, RevisionNumber)>,
) -> Result<Json<EditionOf<SafetyPlan>>, Problem> {
    let (participant, revision) = path.into_inner();
    view::read_revision(&app, caller, participant, revision).await
}

/// Sign the safety plan
///
/// By the participant and a counselor, each for themselves, under the current revision.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("revision" = inline(RevisionNumber), Path)),
    responses(
        (status = 201, description = "Signed, durably", body = Edition<SafetyPlan, SafetySection>),
        (status = 200, description = "Signed before", body = Edition<SafetyPlan, SafetySection>),
        (status = 409, description = "Another revision followed: read it, and sign that one"),
    ),
)]
#[put("/v1/participants/{participant}/safety-plan/revisions/{revision}/signature")]
async fn sign_safety_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, RevisionNumber)>,
) -> Result<Recorded<EditionOf<SafetyPlan>>, Problem> {
    signed::<SafetyPlan>(&app, caller, path).await
}

/// Compare two revisions of the safety plan
///
/// What was added, removed, changed or moved, item by item and field by field.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), CompareQuery),
    responses((status = 200, description = "The differences", body = Comparison<SafetySection>)),
)]
#[get("/v1/participants/{participant}/safety-plan/compare")]
async fn compare_safety_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<CompareQuery>,
) -> Result<Json<Comparison<SafetySection>>, Problem> {
    let (participant,) = path.into_inner();
    view::compare::<SafetyPlan>(&app, caller, participant, query.into_inner()).await
}
