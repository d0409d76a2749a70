//! The relapse-prevention plan: written and signed by participant and counselor, partly kept from the care team
//! if the participant wishes.

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
    self, CompareQuery, Comparison, Edition, EditionOf, RevisionHeads, RevisionNumber, RevisionQuery,
    Standing,
};
use super::{Acceptance, ChangeQuery, Written, accept, author, change, changed, signed};
use crate::app::App;
use crate::app::problem::Problem;
use crate::coping::OnOffer;
use crate::http::body::{Json, Path, Query, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::{IfMatch, IfNoneMatch};
use crate::program::level_on;

/// How many of the latest cravings say which substances somebody uses or used.
const LATEST_CRAVINGS: i64 = 50;

/// The substances that somebody uses or used, as far as the record says.
fn known_substances(tx: &mut Tx, grant: &Grant) -> Result<Vec<Substance>, Problem> {
    let mut known = recovery::substances(tx, grant)?;
    known.extend(craving::substances(tx, grant, LATEST_CRAVINGS)?);
    Ok(known)
}

/// The routes of the plan.
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
    fn reconciled(
        base: &Self,
        current: &Self,
        draft: Self,
        author: Role,
    ) -> Result<Self, Conflict<PlanSection>> {
        plan::reconcile(base, current, draft, author)
    }
    fn shown(&self, current: &Self, role: Role) -> (Self, Vec<PlanSection>) {
        let view = plan::visible_to(self, current, role);
        (view.plan, view.withheld)
    }
    fn compared(&self, new: &Self, current: &Self, role: Role) -> Vec<Difference<PlanSection>> {
        plan::compare_visible(self, new, current, role)
    }
    fn lacking(
        &self,
        tx: &mut Tx,
        grant: &Grant,
        on: Day,
        withheld: &[PlanSection],
    ) -> Result<Completeness<PlanSection>, Problem> {
        let (used, noted) = (known_substances(tx, grant)?, OnOffer::read(tx, grant)?);
        let level = level_on(tx, grant, on)?;
        Ok(completeness(self, &used, |skill| noted.warns_of(skill), level, on, withheld))
    }
}

/// Read the plan
///
/// The current revision as far as the caller may see it, what is missing from it, and the lines that answer day
/// and night. Before the first save it is revision 0 and empty. The tag changes with a signature and, as what is
/// missing does, with the day and the level of care; the number before its dot is the revision.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path),
        ("If-None-Match" = Option<String>, Header, max_length = 200, description = "The ETag of the copy at hand"),
    ),
    responses(
        (status = 200, description = "The current revision", body = Standing<Plan, PlanSection>,
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
                "why": "A craving leaves little time to think. Choose now what you will do about this one.",
            }] },
            "crisis_lines": { "reviewed_on": "2026-11-24", "country": "US", "lines": [{
                "name": "988 Suicide & Crisis Lifeline", "reach": "call or text 988", "emergency": false,
                "source": "https://988lifeline.org",
            }] },
         })),
        (status = 304, description = "The copy at hand is the newest"),
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
/// The whole plan anew, from either side; it becomes a new, unsigned revision. `If-Match` says which revision it
/// was made from, so that nobody overwrites what they have not seen. A save that comes too late is answered with
/// 412 and what stands in `current`; with `merge=true` both are merged, and only if that does not go together
/// the answer is 409, which names the sections and says why; so it is where one side took out what the other
/// changed. Sections that are withheld from the caller are sent empty, and `only_me` as it was read: they stay as
/// they are, and anything else is refused. A new `review_on` lies at most 14 days ahead in intensive outpatient
/// care and 90 in continuing care; one that stands blocks nothing.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ChangeQuery,
        ("If-Match" = String, Header, max_length = 64, example = "\"3\"",
         description = "The ETag that was read, or the number of the revision in quotes; \"0\" for the first"),
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
        (status = 201, description = "Stored, durably, as a new revision", body = Standing<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 200, description = "The current revision says this already", body = Standing<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 409, description = "Merging: the sections that `errors` names do not go together, each with why; `current` is what stands"),
        (status = 412, description = "The plan was changed since; `current` is what stands, its tag is in ETag"),
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
/// Who saved and who signed each, the latest first, without what it says.
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
/// As it was saved. What the participant keeps from the caller now is kept in older revisions, too.
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
/// By the participant and a counselor, each for themselves, under the current revision: it is agreed once both
/// did. A signed revision never changes; the next save is a new, unsigned one.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), ("revision" = inline(RevisionNumber), Path)),
    responses(
        (status = 201, description = "Signed, durably", body = Edition<Plan, PlanSection>),
        (status = 200, description = "Signed before", body = Edition<Plan, PlanSection>),
        (status = 409, description = "Another revision followed: read it, and sign that one"),
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
/// The latest revision that both signed, which may be older than the current one.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses(
        (status = 200, description = "The agreed revision", body = Edition<Plan, PlanSection>),
        (status = 404, description = "No revision is signed by both, or there is nothing that the caller may know of"),
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

/// Take up a proposal
///
/// One tap instead of editing: the plan with the proposal in it becomes a new, unsigned revision. What the plan
/// says already is not added again; no skill is added that has a precaution that holds for the participant.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path),
        ("If-Match" = String, Header, max_length = 64, example = "\"3\"",
         description = "The ETag that was read, or the number of the revision in quotes; \"0\" for the first"),
    ),
    request_body(content = Acceptance, example = json!({
        "proposal": { "kind": "add_skill", "against": { "category": "conflict" }, "skill": "library:urge_surfing" },
        "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a205",
    })),
    responses(
        (status = 201, description = "Stored, durably, as a new revision", body = Standing<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 200, description = "The current revision says this already", body = Standing<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 409, description = "The id stands for something else in the plan: make a new one"),
        (status = 412, description = "The plan was changed since; `current` is what stands, its tag is in ETag"),
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
