//! The relapse-prevention plan and the safety plan: written by two, revision by revision, and never lost.

pub mod offline;
pub mod paper;
pub mod safety;
pub mod view;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpResponse, get, post, put};
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::account::Role;
use evenkeel_domain::coping::SkillRef;
use evenkeel_domain::craving::{Substance, TriggerCategory};
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::plan::completeness::{Completeness, completeness};
use evenkeel_domain::plan::proposal::{self, Proposal};
use evenkeel_domain::plan::{
    self, Author, Care, Conflict, Difference, ItemId, Plan, PlanSection, Refusal, Revision,
};
use evenkeel_domain::recovery::learning::PlanSummary;
use evenkeel_domain::value::{Day, Moment};
use evenkeel_persistence::plan::Kept;
use evenkeel_persistence::{Error, Tx, account, craving, plan as store, recovery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::body::{Json, Path, Query, Recorded};
use crate::caller::{Caller, Whose};
use crate::etag::{IfMatch, IfNoneMatch, tagged};
use crate::journal::note;
use crate::problem::Problem;
use view::{
    CompareQuery, Comparison, Edition, EditionOf, RevisionHeads, RevisionNumber, RevisionQuery, Standing,
    StandingOf,
};

/// The kind of care that plans are written in, which says how soon they are looked at again. There is no other
/// before the house knows of programs and their phases.
const CARE: Care = Care::Iop;
/// How many of the latest cravings say which substances somebody uses or used.
const CRAVINGS: i64 = 50;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read_plan)
        .service(change_plan)
        .service(list_plan_revisions)
        .service(read_plan_revision)
        .service(sign_plan)
        .service(compare_plan)
        .service(read_agreed_plan)
        .service(accept_proposal)
        .service(paper::print_plan)
        .service(offline::read_offline);
    safety::routes(config);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let said = refusal.to_string();
        match refusal {
            Refusal::Stale { .. } => Self::stale(),
            Refusal::NotCurrent { .. } => {
                Self::conflict(format!("{said}. Read it, and sign it if you agree to what it says."))
            }
            Refusal::NotASigner => Self::refused(format!("{said}. Ask one of them to sign.")),
            Refusal::ReviewTooFar { .. } => Self::invalid("/review_on", said),
            Refusal::TooLarge => Self::invalid("", said),
            Refusal::Full => Self::invalid("/proposal", said),
            Refusal::NoSuchTrigger => Self::invalid("/proposal/against", said),
            Refusal::Different => Self::different().and("/id", said),
        }
    }
}

/// What either document does in its own way.
pub trait Written: Kept + Send + 'static {
    /// The revision that a draft makes; see [`plan::save`].
    fn saved(
        current: Option<&Revision<Self>>,
        based_on: i32,
        draft: Self,
        author: Author,
        today: Day,
        now: Moment,
    ) -> Result<Revision<Self>, Refusal>;
    /// A draft made from `base`, merged into what stands.
    fn reconciled(
        base: &Self,
        current: &Self,
        draft: Self,
        author: Role,
    ) -> Result<Self, Conflict<Self::Section>>;
    /// What somebody in this role may see of it, and which sections they may not.
    fn shown(&self, current: &Self, role: Role) -> (Self, Vec<Self::Section>);
    /// What differs in a newer one, as far as somebody in this role may see both.
    fn compared(&self, new: &Self, current: &Self, role: Role) -> Vec<Difference<Self::Section>>;
    /// What is missing on a day.
    fn lacking(&self, tx: &mut Tx, grant: &Grant, on: Day) -> Result<Completeness<Self::Section>, Problem>;
}

impl Written for Plan {
    fn saved(
        current: Option<&Revision<Self>>,
        based_on: i32,
        draft: Self,
        author: Author,
        today: Day,
        now: Moment,
    ) -> Result<Revision<Self>, Refusal> {
        plan::save(current, based_on, draft, author, CARE, today, now)
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
    fn lacking(&self, tx: &mut Tx, grant: &Grant, on: Day) -> Result<Completeness<PlanSection>, Problem> {
        Ok(completeness(self, &substances(tx, grant)?, CARE, on))
    }
}

/// The substances that somebody uses or used, as far as the record tells.
fn substances(tx: &mut Tx, grant: &Grant) -> Result<Vec<Substance>, Problem> {
    let starts = recovery::starts(tx, grant)?;
    let free_from = starts.iter().filter(|start| start.withdrawn_at.is_none()).map(|start| start.substance);
    let lapses = recovery::lapses(tx, grant)?;
    let used = lapses.iter().filter(|lapse| lapse.withdrawn_at.is_none()).map(|lapse| lapse.substance);
    let cravings = craving::list(tx, grant, None, None, None, CRAVINGS)?;
    let craved = cravings.iter().filter_map(|craving| craving.draft.substance);
    Ok(free_from.chain(used).chain(craved).collect())
}

/// The participant's own day.
fn today(tx: &mut Tx, grant: &Grant, now: Moment) -> Result<Day, Problem> {
    let zone = account::time_zone(tx, grant.participant())?.ok_or_else(Problem::unknown)?;
    Ok(now.local_day(&zone))
}

fn author(grant: &Grant) -> Author {
    Author { account: grant.actor().account, role: grant.actor().role }
}

// What happens

/// What came of a change.
pub enum Change<D: Written> {
    /// It is the current revision now.
    New(Revision<D>),
    /// The current revision says it already.
    Known(Revision<D>),
    /// It started from another revision than the current one; nothing was stored.
    Stale(Option<Revision<D>>),
    /// It started from another revision, and both sides changed these sections; nothing was stored.
    Overlap(Vec<D::Section>, Option<Revision<D>>),
}

/// What happens when a document is saved, whichever way it came in: a new revision, unsigned, is stored and
/// journaled. `merging`: if it started from an older revision, what both sides did is brought together.
pub fn change<D: Written>(
    tx: &mut Tx,
    grant: &Grant,
    based_on: i32,
    draft: D,
    merging: bool,
    request: Uuid,
    now: Moment,
) -> Result<Change<D>, Problem> {
    let current = store::current::<D>(tx, grant)?;
    if let (true, Some(standing)) = (merging, &current)
        && based_on != standing.revision
    {
        let base = match based_on {
            0 => D::default(),
            older => match store::at::<D>(tx, grant, older)? {
                Some(base) => base.content,
                None => return Ok(Change::Stale(current)),
            },
        };
        return match D::reconciled(&base, &standing.content, draft, grant.actor().role) {
            Ok(merged) => {
                let number = standing.revision;
                keep(tx, grant, current, number, merged, Deed::Change, request, now)
            }
            Err(Conflict { sections }) => Ok(Change::Overlap(sections, current)),
        };
    }
    keep(tx, grant, current, based_on, draft, Deed::Change, request, now)
}

/// What happens when somebody takes up a proposal: the plan says it, in a new revision.
pub fn accept(
    tx: &mut Tx,
    grant: &Grant,
    based_on: i32,
    Acceptance { proposal, id }: &Acceptance,
    request: Uuid,
    now: Moment,
) -> Result<Change<Plan>, Problem> {
    let current = store::current::<Plan>(tx, grant)?;
    let number = current.as_ref().map_or(0, |current| current.revision);
    let plan = current.as_ref().map(|current| current.content.clone()).unwrap_or_default();
    // Who does not see a section has no say in it.
    if plan::withheld(&plan, &plan, grant.actor().role).contains(&proposal.section()) {
        return Err(Problem::not_allowed());
    }
    match proposal::accept(&plan, proposal, *id) {
        Ok(draft) => keep(tx, grant, current, based_on, draft, Deed::Accept, request, now),
        // It may have fitted the revision that the proposal was read with.
        Err(_) if based_on != number => Ok(Change::Stale(current)),
        Err(refusal) => Err(refusal.into()),
    }
}

#[expect(clippy::too_many_arguments, reason = "both ways to a new revision end here")]
fn keep<D: Written>(
    tx: &mut Tx,
    grant: &Grant,
    current: Option<Revision<D>>,
    based_on: i32,
    draft: D,
    deed: Deed,
    request: Uuid,
    now: Moment,
) -> Result<Change<D>, Problem> {
    let today = today(tx, grant, now)?;
    let saved = match D::saved(current.as_ref(), based_on, draft, author(grant), today, now) {
        Err(Refusal::Stale { .. }) => return Ok(Change::Stale(current)),
        saved => saved?,
    };
    if current.as_ref() == Some(&saved) {
        return Ok(Change::Known(saved));
    }
    store::add(tx, grant, &saved).map_err(|error| match error {
        // Another copy of the product stored a revision of this number meanwhile.
        Error::Duplicate => Problem::stale(),
        other => other.into(),
    })?;
    note(tx, grant, deed, Room::Plan, None, request, now)?;
    Ok(Change::New(saved))
}

/// What happens when somebody signs the current revision. A signature sent again is the same one, also after
/// another revision has followed; `true` says it is new.
pub fn sign<D: Written>(
    tx: &mut Tx,
    grant: &Grant,
    revision: i32,
    request: Uuid,
    now: Moment,
) -> Result<(Revision<D>, bool), Problem> {
    let by = author(grant);
    let meant = store::at::<D>(tx, grant, revision)?.ok_or_else(Problem::unknown)?;
    if meant.signatures.iter().any(|signature| signature.by == by.account) {
        return Ok((meant, false));
    }
    let current = store::current::<D>(tx, grant)?.ok_or_else(Problem::unknown)?;
    let signed = plan::sign(&current, revision, by, now)?;
    if let Some(signature) = signed.signatures.iter().find(|signature| signature.by == by.account) {
        store::sign::<D>(tx, grant, signature)?;
    }
    note(tx, grant, Deed::Sign, Room::Plan, None, request, now)?;
    Ok((signed, true))
}

/// The plan as the holder of a grant may see it; empty if there is none yet.
fn visible(tx: &mut Tx, grant: &Grant) -> Result<Plan, Problem> {
    let plan: Plan = view::content(tx, grant)?;
    Ok(plan.shown(&plan, grant.actor().role).0)
}

/// The skills that the plan names, or names against one kind of trigger, the best first, as far as the holder
/// of the grant may see it. For the rooms that suggest skills.
pub fn planned_skills(
    tx: &mut Tx,
    grant: &Grant,
    trigger: Option<TriggerCategory>,
) -> Result<Vec<SkillRef>, Problem> {
    Ok(visible(tx, grant)?.skills(trigger))
}

/// What the plan knows already, as far as the holder of the grant may see it. For the room that learns.
pub fn summary(tx: &mut Tx, grant: &Grant) -> Result<PlanSummary, Problem> {
    Ok(visible(tx, grant)?.summary())
}

// How a change is answered

enum Told<D: Written> {
    New(StandingOf<D>),
    Known(StandingOf<D>),
    Clash(Problem),
}

/// Runs a change and answers with what stands afterwards. What a refusal shows of the current revision is
/// journaled as read, in the same transaction.
async fn changed<D: Written>(
    app: &App,
    caller: Caller,
    whose: Whose,
    deed: impl Fn(&mut Tx, &Grant, Moment) -> Result<Change<D>, Problem> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let now = app.now();
    let told = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::ChangePlan, &whose)?;
        let (problem, current) = match deed(tx, &grant, now)? {
            Change::New(revision) => return Ok(Told::New(view::standing(tx, &grant, Some(&revision), now)?)),
            Change::Known(revision) => {
                return Ok(Told::Known(view::standing(tx, &grant, Some(&revision), now)?));
            }
            Change::Stale(current) => (Problem::stale(), current),
            Change::Overlap(sections, current) => (overlap(&sections)?, current),
        };
        if grant.actor().participant != Some(grant.participant()) {
            note(tx, &grant, Deed::Read, Room::Plan, None, caller.request_id, now)?;
        }
        let current = view::standing(tx, &grant, current.as_ref(), now)?;
        let tag = current.tag();
        let current = serde_json::to_value(&current).map_err(Problem::internal)?;
        Ok(Told::<D>::Clash(problem.with_current(current, tag)))
    });
    match told.await? {
        Told::New(standing) => Ok(tagged(StatusCode::CREATED, &standing.tag(), &standing)),
        Told::Known(standing) => Ok(tagged(StatusCode::OK, &standing.tag(), &standing)),
        Told::Clash(problem) => Err(problem),
    }
}

fn overlap(sections: &[impl Serialize]) -> Result<Problem, Problem> {
    let both =
        "you and somebody else changed this in different ways: choose, and send it with the newest revision";
    let problem = Problem::conflict(
        "Both sides changed the same thing. `errors` names the sections; everything else would fit together.",
    );
    sections.iter().try_fold(problem, |problem, section| {
        let name = serde_json::to_value(section).map_err(Problem::internal)?;
        Ok(problem.and(format!("/{}", name.as_str().unwrap_or_default()), both))
    })
}

// Routes

/// Read the plan
///
/// The current revision as far as the caller may see it, what is missing from it, and the lines that answer day
/// and night. Before the first save it is revision 0 and empty. The tag changes with a signature and, as what is
/// missing does, with the day; the number before its dot is the revision.
#[utoipa::path(
    tag = "plan",
    params(
        ("participant" = inline(Whose), Path),
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
                "review_on": "2026-03-12",
            },
            "completeness": { "percent": 37, "gaps": [{
                "section": "triggers", "item": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a202", "code": "no_skill",
                "why": "A craving leaves little time to think. Choose now what you will do about this one.",
            }] },
            "crisis_lines": { "reviewed_on": "2026-11-24", "country": "US", "lines": [{
                "name": "988 Suicide & Crisis Lifeline", "reach": "call or text 988",
                "source": "https://988lifeline.org",
            }] },
         })),
        (status = 304, description = "The copy at hand is the newest"),
    ),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/plan")]
async fn read_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    known: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let (whose,) = path.into_inner();
    view::read::<Plan>(&app, caller, whose, &known).await
}

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChangeQuery {
    /// If the plan was changed since, bring together what both sides did
    #[serde(default)]
    #[param(required = false)]
    merge: bool,
}

/// Save the plan
///
/// The whole plan anew, from either side; it becomes a new, unsigned revision. `If-Match` says which revision it
/// was made from, so that nobody overwrites what they have not seen. A save that comes too late is answered with
/// 412 and what stands in `current`; with `merge=true` both are merged, and only if both sides changed the same
/// thing in different ways the answer is 409, which names those sections. Sections that are withheld from the
/// caller stay as they are, whatever is sent.
#[utoipa::path(
    tag = "plan",
    params(
        ("participant" = inline(Whose), Path), ChangeQuery,
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
        "lapse_steps": [{ "id": "0192f0c1-2d3e-7a4b-8c5d-6e7f8091a204", "words": "Call Sam" }],
        "review_on": "2026-03-12", "only_me": ["reasons"],
    })),
    responses(
        (status = 201, description = "Stored, durably, as a new revision", body = Standing<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 200, description = "The current revision says this already", body = Standing<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 409, description = "Merging: both sides changed the sections that `errors` names; `current` is what stands"),
        (status = 412, description = "The plan was changed since; `current` is what stands, its tag is in ETag"),
        (status = 428, description = "If-Match is missing"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/plan")]
async fn change_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<ChangeQuery>,
    IfMatch(based_on): IfMatch,
    Json(draft): Json<Plan>,
) -> Result<HttpResponse, Problem> {
    let (whose,) = path.into_inner();
    let merging = query.into_inner().merge;
    let deed = move |tx: &mut Tx, grant: &Grant, now| {
        change(tx, grant, based_on, draft.clone(), merging, caller.request_id, now)
    };
    changed(&app, caller, whose, deed).await
}

/// List the revisions of the plan
///
/// Who saved and who signed each, the latest first, without what it says.
#[utoipa::path(
    tag = "plan",
    params(("participant" = inline(Whose), Path), RevisionQuery),
    responses((status = 200, description = "A page of revisions", body = RevisionHeads)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/plan/revisions")]
async fn list_plan_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<RevisionQuery>,
) -> Result<Json<RevisionHeads>, Problem> {
    let (whose,) = path.into_inner();
    view::list::<Plan>(&app, caller, whose, query.into_inner()).await
}

/// Read a revision of the plan
///
/// As it was saved. What the participant keeps from the caller now is kept in older revisions, too.
#[utoipa::path(
    tag = "plan",
    params(("participant" = inline(Whose), Path), ("revision" = inline(RevisionNumber), Path)),
    responses((status = 200, description = "The revision", body = Edition<Plan, PlanSection>)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/plan/revisions/{revision}")]
async fn read_plan_revision(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, RevisionNumber)>,
) -> Result<Json<EditionOf<Plan>>, Problem> {
    let (whose, revision) = path.into_inner();
    view::read_revision(&app, caller, whose, revision).await
}

/// Sign the plan
///
/// By the participant and a counselor, each for themselves, under the current revision: it is agreed once both
/// did. A signed revision never changes; the next save is a new, unsigned one.
#[utoipa::path(
    tag = "plan",
    params(("participant" = inline(Whose), Path), ("revision" = inline(RevisionNumber), Path)),
    responses(
        (status = 201, description = "Signed, durably", body = Edition<Plan, PlanSection>),
        (status = 200, description = "Signed before", body = Edition<Plan, PlanSection>),
        (status = 409, description = "Another revision followed: read it, and sign that one"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/plan/revisions/{revision}/signature")]
async fn sign_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose, RevisionNumber)>,
) -> Result<Recorded<EditionOf<Plan>>, Problem> {
    signed::<Plan>(&app, caller, path).await
}

async fn signed<D: Written>(
    app: &App,
    caller: Caller,
    path: Path<(Whose, RevisionNumber)>,
) -> Result<Recorded<EditionOf<D>>, Problem> {
    let (whose, revision) = path.into_inner();
    let now = app.now();
    app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::SignPlan, &whose)?;
        let (signed, new) = sign::<D>(tx, &grant, revision.into(), caller.request_id, now)?;
        let edition = view::edition(&grant, Some(&signed), &view::content(tx, &grant)?);
        Ok(if new { Recorded::New(edition) } else { Recorded::Known(edition) })
    })
    .await
}

/// Compare two revisions of the plan
///
/// What was added, removed, changed or moved, item by item and field by field.
#[utoipa::path(
    tag = "plan",
    params(("participant" = inline(Whose), Path), CompareQuery),
    responses((status = 200, description = "The differences", body = Comparison<PlanSection>)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/plan/compare")]
async fn compare_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<CompareQuery>,
) -> Result<Json<Comparison<PlanSection>>, Problem> {
    let (whose,) = path.into_inner();
    view::compare::<Plan>(&app, caller, whose, query.into_inner()).await
}

/// Read the agreed plan
///
/// The latest revision that both signed, which may be older than the current one.
#[utoipa::path(
    tag = "plan",
    params(("participant" = inline(Whose), Path)),
    responses(
        (status = 200, description = "The agreed revision", body = Edition<Plan, PlanSection>),
        (status = 404, description = "No revision is signed by both, or there is nothing that the caller may know of"),
    ),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/plan/agreed")]
async fn read_agreed_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
) -> Result<Json<EditionOf<Plan>>, Problem> {
    let (whose,) = path.into_inner();
    let found = view::look(&app, caller, whose, |tx, grant| {
        let agreed = store::agreed::<Plan>(tx, grant)?.ok_or_else(Problem::unknown)?;
        Ok(view::edition(grant, Some(&agreed), &view::content(tx, grant)?))
    });
    found.await.map(Json)
}

/// A proposal that somebody takes up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The proposal
    pub proposal: Proposal,
    /// The id for the item that it adds, if it adds one; made by the phone
    pub id: ItemId,
}

/// Take up a proposal
///
/// One tap instead of editing: the plan with the proposal in it becomes a new, unsigned revision. What the plan
/// says already is not added again.
#[utoipa::path(
    tag = "plan",
    params(
        ("participant" = inline(Whose), Path),
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
    security(("bearer" = []))
)]
#[post("/v1/participants/{participant}/plan/proposals/accept")]
async fn accept_proposal(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    IfMatch(based_on): IfMatch,
    Json(acceptance): Json<Acceptance>,
) -> Result<HttpResponse, Problem> {
    let (whose,) = path.into_inner();
    let deed = move |tx: &mut Tx, grant: &Grant, now| {
        accept(tx, grant, based_on, &acceptance, caller.request_id, now)
    };
    changed(&app, caller, whose, deed).await
}
