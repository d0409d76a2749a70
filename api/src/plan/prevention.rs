//! The relapse-prevention plan, written and signed by participant and counselor. The participant can withhold sections
//! from the care team.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::account::Role;
use evenkeel_domain::craving::Substance;
use evenkeel_domain::plan::completeness::{Completeness, completeness};
use evenkeel_domain::plan::{self, Conflict, Difference, Plan, PlanSection, Refusal, Revision};
use evenkeel_domain::value::{Day, Moment};
use evenkeel_persistence::{Tx, craving, plan as store, recovery};
use utoipa_actix_web::service_config::ServiceConfig;

use super::view::{
    self, CompareQuery, Comparison, CurrentRevision, Edition, EditionOf, RevisionHeads, RevisionNumber,
    RevisionQuery,
};
use super::{Acceptance, ChangeQuery, Written, accept, author, change, changed, signed};
use crate::app::App;
use crate::app::problem::Problem;
use crate::coping::OnOffer;
use crate::http::body::{Json, Path, Query, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::{IfMatch, IfNoneMatch};
use crate::program::level_on;

/// How many of the latest cravings are read for their substances.
const LATEST_CRAVINGS: i64 = 50;

/// The substances that the participant uses or used, according to the record; `None` for an unnamed one.
fn known_substances(tx: &mut Tx, grant: &Grant) -> Result<Vec<Option<Substance>>, Problem> {
    let mut known = recovery::substances(tx, grant)?;
    known.extend(craving::substances(tx, grant, LATEST_CRAVINGS)?.into_iter().map(Some));
    Ok(known)
}

/// The routes of the relapse-prevention plan.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read_plan)
        .service(change_plan)
        .service(list_plan_revisions)
        .service(read_plan_revision)
        .service(sign_plan)
        .service(compare_plan)
        .service(read_agreed_plan)
        .service(accept_proposal);
}

impl Written for Plan {
    fn saved(
        tx: &mut Tx,
        grant: &Grant,
        current: Option<&Revision<Self>>,
        based_on: i32,
        draft: Self,
        today: Day,
        now: Moment,
    ) -> Result<Result<Revision<Self>, Refusal>, Problem> {
        let level = level_on(tx, grant, today)?;
        Ok(plan::save(current, based_on, draft, author(grant), level, today, now))
    }
    fn merged(base: &Self, current: &Self, draft: Self, author: Role) -> Result<Self, Conflict<PlanSection>> {
        plan::reconcile(base, current, draft, author)
    }
    fn shown(&self, current: &Self, role: Role) -> (Self, Vec<PlanSection>) {
        let view = plan::visible_to(self, current, role);
        (view.plan, view.withheld)
    }
    fn compared(&self, new: &Self, current: &Self, role: Role) -> Vec<Difference<PlanSection>> {
        plan::compare_visible(self, new, current, role)
    }
    fn completeness(
        &self,
        tx: &mut Tx,
        grant: &Grant,
        on: Day,
        withheld: &[PlanSection],
    ) -> Result<Completeness<PlanSection>, Problem> {
        let (used, on_offer) = (known_substances(tx, grant)?, OnOffer::read(tx, grant)?);
        let level = level_on(tx, grant, on)?;
        Ok(completeness(self, &used, |skill| on_offer.warns_of(skill), level, on, withheld))
    }
}

/// Read the plan
///
/// The current revision as far as the caller may see it, what is missing from it, and crisis lines that answer day and
/// night. Before the first save it is revision 0 and empty. The number before the dot in the ETag is the revision. The
/// ETag also changes with a signature, and with the day and the level of care, because what is missing depends on them.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path),
        ("If-None-Match" = Option<String>, Header, max_length = 200, description = "The ETag of the client's copy"),
    ),
    responses(
        (status = 200, description = "The current revision", body = CurrentRevision<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer")),
         example = json!({
            "revision": 3, "author": { "account": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b3", "role": "counselor" },
            "made_at": "2026-03-02T18:40:00Z", "agreement": "participant", "withheld": ["reasons"],
            "signatures": [{
                "by": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a2b4", "role": "participant", "at": "2026-03-02T18:45:00Z",
                "revision": 3,
            }],
            "content": {
                "triggers": [{
                    "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a202", "category": "urges", "source": "external",
                    "words": "Payday",
                }],
                "review_on": "2026-03-12", "only_me": ["reasons"],
            },
            "completeness": { "percent": 37, "gaps": [{
                "section": "triggers", "item": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a202", "code": "no_skill",
                "why": "A craving leaves little time to think. Choose now what you will do about this trigger.",
            }] },
            "crisis_lines": { "reviewed_on": "2026-11-24", "country": "US", "lines": [{
                "name": "988 Suicide & Crisis Lifeline", "reach": "call or text 988", "emergency": false,
                "source": "https://988lifeline.org",
            }] },
         })),
        (status = 304, description = "The client's copy is current"),
    ),
)]
#[get("/v1/participants/{participant}/plan")]
async fn read_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    known: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let (participant,) = path.into_inner();
    view::read::<Plan>(&app, caller, participant, &known).await
}

/// Save the plan
///
/// Send the whole plan. The participant or staff may save it, and it becomes a new, unsigned revision. `If-Match` says
/// which revision it was made from, so that nobody overwrites changes they have not seen.
///
/// If the plan has changed since, the answer is 412 with the current revision in `current`. With `merge=true` the
/// changes of both sides are merged. If that is not possible, for example because one side removed what the other
/// changed, the answer is 409, which names the sections and gives the reasons.
///
/// Send the sections that are withheld from you empty, and `only_me` as you read it: they remain as they are, and
/// anything else is refused. A new `review_on` is at most 14 days ahead in intensive outpatient care and 90 in continuing
/// care. A stored one that is further ahead does not block a save.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ChangeQuery,
        ("If-Match" = String, Header, max_length = 64, example = "\"3\"",
         description = "The ETag you read, or the number of the revision in quotes; \"0\" for the first save"),
    ),
    request_body(content = Plan, example = json!({
        "reasons": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a201", "words": "My daughter" }],
        "triggers": [{
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a202", "category": "urges", "source": "external",
            "words": "Payday", "coping": ["library:urge_surfing"],
        }],
        "supports": [{
            "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a203", "name": "Sam", "role": "sponsor", "reach": "555-0100",
        }],
        "lapse_response": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a204", "words": "Call Sam" }],
        "review_on": "2026-03-12", "only_me": ["reasons"],
    })),
    responses(
        (status = 201, description = "Stored as a new revision", body = CurrentRevision<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 200, description = "The current revision already has this content", body = CurrentRevision<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 409, description = "The merge failed in the sections that `errors` names, each with the reason; `current` is the current revision"),
        (status = 412, description = "The plan has changed since; `current` is the current revision, and ETag has its tag"),
        (status = 428, description = "If-Match is missing"),
    ),
)]
#[put("/v1/participants/{participant}/plan")]
async fn change_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<ChangeQuery>,
    IfMatch(based_on): IfMatch,
    Json(draft): Json<Plan>,
) -> Result<HttpResponse, Problem> {
    let (participant,) = path.into_inner();
    let merging = query.into_inner().merge;
    let work = move |tx: &mut Tx, grant: &Grant| change(tx, grant, based_on, draft.clone(), merging);
    changed(&app, caller, Action::ChangePlan, participant, work).await
}

/// List the revisions of the plan
///
/// Who saved and who signed each one, the latest first, without the content.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), RevisionQuery),
    responses((status = 200, description = "A page of revisions", body = RevisionHeads)),
)]
#[get("/v1/participants/{participant}/plan/revisions")]
async fn list_plan_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<RevisionQuery>,
) -> Result<Json<RevisionHeads>, Problem> {
    let (participant,) = path.into_inner();
    view::list::<Plan>(&app, caller, participant, query.into_inner()).await
}

/// Read a revision of the plan
///
/// The revision as it was saved. Sections that the participant withholds from the caller now are also withheld in older
/// revisions.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("revision" = inline(RevisionNumber), Path)),
    responses((status = 200, description = "The revision", body = Edition<Plan, PlanSection>)),
)]
#[get("/v1/participants/{participant}/plan/revisions/{revision}")]
async fn read_plan_revision(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, RevisionNumber)>,
) -> Result<Json<EditionOf<Plan>>, Problem> {
    let (participant, revision) = path.into_inner();
    view::read_revision(&app, caller, participant, revision).await
}

/// Sign the plan
///
/// The participant and a counselor each sign the current revision; it is agreed when both have signed. A signed revision
/// never changes: the next save makes a new, unsigned one.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("revision" = inline(RevisionNumber), Path)),
    responses(
        (status = 201, description = "Signed", body = Edition<Plan, PlanSection>),
        (status = 200, description = "Already signed", body = Edition<Plan, PlanSection>),
        (status = 409, description = "There is a newer revision: read and sign that one"),
    ),
)]
#[put("/v1/participants/{participant}/plan/revisions/{revision}/signature")]
async fn sign_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, RevisionNumber)>,
) -> Result<Recorded<EditionOf<Plan>>, Problem> {
    signed::<Plan>(&app, caller, path).await
}

/// Compare two revisions of the plan
///
/// What was added, removed, changed or moved, item by item and field by field.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), CompareQuery),
    responses((status = 200, description = "The differences", body = Comparison<PlanSection>)),
)]
#[get("/v1/participants/{participant}/plan/compare")]
async fn compare_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<CompareQuery>,
) -> Result<Json<Comparison<PlanSection>>, Problem> {
    let (participant,) = path.into_inner();
    view::compare::<Plan>(&app, caller, participant, query.into_inner()).await
}

/// Read the agreed plan
///
/// The latest revision that both have signed. It may be older than the current one.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses(
        (status = 200, description = "The agreed revision", body = Edition<Plan, PlanSection>),
        (status = 404, description = "No revision is signed by both, or the caller may not see this record"),
    ),
)]
#[get("/v1/participants/{participant}/plan/agreed")]
async fn read_agreed_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
) -> Result<Json<EditionOf<Plan>>, Problem> {
    let (participant,) = path.into_inner();
    let found = view::look(&app, caller, participant, |tx, grant| {
        let agreed = store::agreed::<Plan>(tx, grant)?.ok_or_else(Problem::unknown)?;
        Ok(view::edition(grant, Some(&agreed), &view::content(tx, grant)?))
    });
    found.await.map(Json)
}

/// Accept a proposal
///
/// Adds the proposal to the plan, which becomes a new, unsigned revision. What the plan already has is not added again.
/// A skill with a precaution that applies to the participant is refused.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path),
        ("If-Match" = String, Header, max_length = 64, example = "\"3\"",
         description = "The ETag you read, or the number of the revision in quotes; \"0\" for the first save"),
    ),
    request_body(content = Acceptance, example = json!({
        "proposal": { "kind": "add_skill", "against": { "category": "conflict" }, "skill": "library:urge_surfing" },
        "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a205",
    })),
    responses(
        (status = 201, description = "Stored as a new revision", body = CurrentRevision<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 200, description = "The current revision already has this content", body = CurrentRevision<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 409, description = "The plan already uses this id for another item: make a new id"),
        (status = 412, description = "The plan has changed since; `current` is the current revision, and ETag has its tag"),
        (status = 428, description = "If-Match is missing"),
    ),
)]
#[post("/v1/participants/{participant}/plan/proposals/accept")]
async fn accept_proposal(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    IfMatch(based_on): IfMatch,
    Json(acceptance): Json<Acceptance>,
) -> Result<HttpResponse, Problem> {
    let (participant,) = path.into_inner();
    let work = move |tx: &mut Tx, grant: &Grant| accept(tx, grant, based_on, &acceptance);
    changed(&app, caller, Action::AcceptPlanProposal, participant, work).await
}
