//! The safety plan: six steps for a suicidal crisis. It is saved, merged and signed like the relapse-prevention plan,
//! but the whole care team sees all of it.

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

use super::printed::print_safety_plan;
use super::view::{
    self, CompareQuery, Comparison, CurrentRevision, Edition, EditionOf, RevisionHeads, RevisionNumber,
    RevisionQuery,
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
    fn merged(base: &Self, current: &Self, draft: Self, _: Role) -> Result<Self, Conflict<SafetySection>> {
        plan::merge(base, current, &draft)
    }
    fn shown(&self, _: &Self, _: Role) -> (Self, Vec<SafetySection>) {
        (self.clone(), Vec::new())
    }
    fn compared(&self, new: &Self, _: &Self, _: Role) -> Vec<Difference<SafetySection>> {
        plan::compare(self, new)
    }
    fn completeness(
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
/// The current revision, what is missing from it, and the crisis lines of its fifth step, so that there is always
/// somebody to call. Before the first save it is revision 0 and empty.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path),
        ("If-None-Match" = Option<String>, Header, max_length = 200, description = "The ETag of the client's copy"),
    ),
    responses(
        (status = 200, description = "The current revision", body = CurrentRevision<SafetyPlan, SafetySection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 304, description = "The client's copy is current"),
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
/// Saved like the relapse-prevention plan: the whole document, by the participant or staff, with `If-Match`. With
/// `merge=true` the changes of both sides are merged. Where the two sides worded something differently, the plan has
/// both wordings. Where one side removed what the other changed, the answer is 409, so that nothing reappears or
/// disappears unnoticed. Without a `review_on`, the next review is 30 days ahead.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ChangeQuery,
        ("If-Match" = String, Header, max_length = 64, example = "\"3\"",
         description = "The ETag you read, or the number of the revision in quotes; \"0\" for the first save"),
    ),
    request_body(content = SafetyPlan, example = json!({
        "warning_signs": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a301", "words": "I stop answering messages" }],
        "internal_coping": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a302", "words": "A cold shower" }],
        "distractions": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a303", "kind": "place", "words": "The library" }],
        "helpers": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a304", "name": "Sam", "reach": "555-0100" }],
        "professionals": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a305", "name": "Dr. Lee", "reach": "555-0101" }],
        "safe_environment": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a306", "words": "Sam keeps the pills" }],
    })),
    responses(
        (status = 201, description = "Stored as a new revision", body = CurrentRevision<SafetyPlan, SafetySection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 200, description = "The current revision already has this content", body = CurrentRevision<SafetyPlan, SafetySection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 409, description = "The merge failed in the sections that `errors` names, each with the reason; `current` is the current revision"),
        (status = 412, description = "The plan has changed since; `current` is the current revision, and ETag has its tag"),
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
/// Who saved and who signed each one, the latest first, without the content.
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
/// The participant and a counselor each sign the current revision.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("revision" = inline(RevisionNumber), Path)),
    responses(
        (status = 201, description = "Signed", body = Edition<SafetyPlan, SafetySection>),
        (status = 200, description = "Already signed", body = Edition<SafetyPlan, SafetySection>),
        (status = 409, description = "There is a newer revision: read and sign that one"),
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
