//! The plan that learns: changes that cravings, practice, check-ins and lapses suggest.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::check_in::{CheckInKind, signs_seen};
use evenkeel_domain::plan::{ItemId, Plan, PlanSection};
use evenkeel_domain::recovery::learning::{
    Declined, Evidence, LOG_DAYS, Lesson, PlanSummary, TriggerSeen, learn,
};
use evenkeel_domain::value::Day;
use evenkeel_persistence::{Tx, check_in, coping, craving, plan as plans, recovery as store};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::calendar::home_zone;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::IfMatch;
use crate::plan::view::CurrentRevision;
use crate::plan::{self, Acceptance, Change};

/// The most cravings that are read, the latest first. Nobody logs more than 40 a day by hand.
const MOST_CRAVINGS: i64 = 1200;
/// The days of ticked warning signs that are read, today included.
const SIGN_DAYS: i32 = 366;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_plan_proposals).service(accept_plan_proposal).service(decline_plan_proposal);
}

/// What the plan can learn from, as of a day.
struct Learning {
    evidence: Evidence,
    plan: PlanSummary,
    declined: Vec<Declined>,
    today: Day,
}

impl Learning {
    fn read(tx: &mut Tx, grant: &Grant) -> Result<Self, Problem> {
        let zone = home_zone(tx, grant.participant())?;
        let today = grant.now().local_day(&zone);
        let mut evidence = Evidence::default();
        // One more day than needed, because entries count on the day of their own time zone.
        let since = today.plus(-LOG_DAYS).begins(&zone);
        for craving in craving::list(tx, grant, since, None, None, MOST_CRAVINGS)? {
            let (day, intensity) = (craving.local_day, craving.draft.intensity);
            let kinds = craving.draft.triggers.iter();
            let seen = kinds.map(|category| TriggerSeen { category: *category, day, intensity });
            evidence.triggers.extend(seen);
        }
        for kind in CheckInKind::ALL {
            let check_ins = check_in::days(tx, grant, *kind, today.plus(1 - SIGN_DAYS), today)?;
            evidence.signs.extend(check_ins.iter().flat_map(signs_seen));
        }
        let lapses = store::lapse::list(tx, grant)?.into_iter();
        let uses = lapses.filter(|lapse| lapse.withdrawn_at.is_none() && lapse.draft.outcome.is_use());
        evidence.lapses = uses.map(|lapse| lapse.local_day).collect();
        let tries = coping::tries(tx, grant)?.into_iter();
        evidence.skills = tries.map(|(skill, _, tries)| (skill, tries)).collect();
        let (plan, declined) = (plan::summary(tx, grant)?, store::declined(tx, grant)?);
        Ok(Self { evidence, plan, declined, today })
    }

    /// All proposals, declined ones too.
    fn all(&self) -> Vec<Lesson> {
        learn(&self.evidence, &self.plan, &[], self.today)
    }

    /// Whether the logs suggest a change that the plan already has.
    fn has_made(&self, key: &str) -> bool {
        let skills = self.evidence.skills.iter().map(|(skill, _)| skill.clone()).collect();
        let before = PlanSummary { skills, ..PlanSummary::default() };
        learn(&self.evidence, &before, &[], self.today).iter().any(|lesson| lesson.key == key)
    }

    /// All proposals without those that were declined.
    fn shown(&self) -> Vec<Lesson> {
        learn(&self.evidence, &self.plan, &self.declined, self.today)
    }
}

/// Declines a proposal. It comes again after 28 days, or earlier with twice the evidence. Doing it again changes
/// nothing.
pub fn decline(tx: &mut Tx, grant: &Grant, key: &str) -> Result<(), Problem> {
    let learning = Learning::read(tx, grant)?;
    let lesson = learning.all().into_iter().find(|lesson| lesson.key == key).ok_or_else(Problem::unknown)?;
    if learning.shown().contains(&lesson) {
        let declined = Declined { key: lesson.key, count: lesson.grounds.count, on: learning.today };
        store::put_declined(tx, grant, &declined)?;
        audit::record(tx, grant, Action::DeclineProposal, None)?;
    }
    Ok(())
}

/// Accepts a proposal: makes a new revision of the plan with the change. A phone that did not receive the answer may
/// send the request again.
pub fn accept(
    tx: &mut Tx,
    grant: &Grant,
    key: &str,
    based_on: i32,
    id: ItemId,
) -> Result<Change<Plan>, Problem> {
    let learning = Learning::read(tx, grant)?;
    match learning.all().into_iter().find(|lesson| lesson.key == key) {
        Some(lesson) => {
            let proposal = lesson.change.proposal().ok_or_else(Problem::unknown)?;
            plan::accept(tx, grant, based_on, &Acceptance { proposal, id })
        }
        None if learning.has_made(key) => {
            plans::current::<Plan>(tx, grant)?.map(Change::Known).ok_or_else(Problem::unknown)
        }
        None => Err(Problem::unknown()),
    }
}

/// The changes that the plan could learn, each with its grounds.
#[derive(Serialize, ToSchema)]
struct Lessons {
    /// Triggers first, then warning signs, then skills, each with the highest count first
    #[schema(max_items = 1000)]
    items: Vec<Lesson>,
}

/// Read what the plan could learn
///
/// Changes that the logs suggest and the plan does not have yet: triggers of the last 28 days, warning signs ticked in
/// the week before a lapse, and skills that did not help, each with its grounds in numbers. A person decides.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((
        status = 200, description = "The proposals", body = Lessons,
        example = json!({ "items": [{
            "key": "trigger:conflict", "change": { "type": "add_trigger", "category": "conflict" },
            "grounds": { "count": 4, "days": ["2026-02-25", "2026-03-02"], "mean": 6.25 },
        }] })
    )),
)]
#[get("/v1/participants/{participant}/recovery/proposals")]
async fn list_plan_proposals(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
) -> Result<Json<Lessons>, Problem> {
    let (participant,) = path.into_inner();
    let items = caller.read(&app, Action::ReadRecovery, participant, None, |tx, grant| {
        Ok(Learning::read(tx, grant)?.shown())
    });
    Ok(Json(Lessons { items: items.await? }))
}

/// Accept a proposal
///
/// Makes a new, unsigned revision of the plan with the change, from the revision in `If-Match`. The proposal does not
/// come again. A declined proposal can still be accepted.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path),
        (
            "key" = String, Path, description = "The `key` of the proposal", min_length = 1, max_length = 200,
            example = "trigger:conflict"
        ),
        ("If-Match" = String, Header, max_length = 64, example = "\"3\"",
         description = "The ETag of the plan that was read, or the number of its revision in quotes; \"0\" for the first"),
    ),
    responses(
        (status = 201, description = "Stored, durably, as a new revision", body = CurrentRevision<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 200, description = "The current revision already has the change", body = CurrentRevision<Plan, PlanSection>,
         headers(("ETag" = String, description = "The revision and a hash of this answer"))),
        (status = 412, description = "The plan was changed since; `current` has the current plan, ETag its tag"),
        (status = 428, description = "If-Match is missing"),
    ),
)]
#[post("/v1/participants/{participant}/recovery/proposals/{key}/accept")]
async fn accept_plan_proposal(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, String)>,
    IfMatch(based_on): IfMatch,
) -> Result<HttpResponse, Problem> {
    let (participant, key) = path.into_inner();
    let id = ItemId::from(app.fresh_id());
    let accepted = move |tx: &mut Tx, grant: &Grant| accept(tx, grant, &key, based_on, id);
    // A counselor may change the plan, but not decline a proposal for the person.
    plan::changed(&app, caller, Action::AcceptProposal, participant, accepted).await
}

/// Decline a proposal
///
/// It comes again after 28 days, or earlier with twice the evidence. Doing it again changes nothing.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path),
        (
            "key" = String, Path, description = "The `key` of the proposal", min_length = 1, max_length = 200,
            example = "trigger:conflict"
        ),
    ),
    responses((status = 204, description = "Declined")),
)]
#[post("/v1/participants/{participant}/recovery/proposals/{key}/decline")]
async fn decline_plan_proposal(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, String)>,
) -> Result<HttpResponse, Problem> {
    let (participant, key) = path.into_inner();
    caller
        .write(&app, Action::DeclineProposal, participant, move |tx, grant| decline(tx, grant, &key))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
