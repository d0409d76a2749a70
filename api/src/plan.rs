//! The relapse-prevention plan and the safety plan: written by two, revision by revision, and never lost.

pub mod offline;
pub mod paper;
pub mod prevention;
pub mod safety;
pub mod view;
mod written;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::plan::proposal::Proposal;
use evenkeel_domain::plan::{
    self, Author, Clash, Conflict, Document, ItemId, Plan, PlanSection, Refusal, Revision,
};
use evenkeel_domain::recovery::learning::PlanSummary;
use evenkeel_persistence::{Error, Tx, plan as store};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

pub use self::written::Written;
use crate::app::App;
use crate::app::audit;
use crate::app::calendar::today;
use crate::app::problem::Problem;
use crate::coping::OnOffer;
use crate::http::body::{Path, Recorded};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::tagged;
use view::{EditionOf, RevisionNumber, StandingOf};

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    prevention::routes(config);
    safety::routes(config);
    config.service(paper::print_plan).service(offline::read_offline);
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
            Refusal::ReviewPast | Refusal::ReviewTooFar { .. } => Self::invalid("/review_on", said),
            Refusal::TooLarge => Self::invalid("", said),
            Refusal::Full => Self::invalid("/proposal", said),
            Refusal::NoSuchTrigger => Self::invalid("/proposal/against", said),
            Refusal::Different => Self::different(said.clone()).and("/id", said),
            Refusal::HasPrecaution => Self::invalid("/proposal/skill", said),
            Refusal::Kept { section } => Self::invalid(pointer::<Plan>(section), said),
            Refusal::Sharing => Self::invalid(pointer::<Plan>(PlanSection::Sharing), said),
        }
    }
}

fn pointer<D: Document>(section: D::Section) -> String {
    format!("/{}", D::field(section))
}

fn author(grant: &Grant) -> Author {
    Author { account: grant.actor().account, role: grant.actor().role }
}

// What happens

/// A proposal that somebody takes up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The proposal
    pub proposal: Proposal,
    /// The id for the item that it adds, if it adds one; made by the phone
    pub id: ItemId,
}

/// What came of a change.
pub enum Change<D: Written> {
    /// It is the current revision now.
    New(Revision<D>),
    /// The current revision says it already.
    Known(Revision<D>),
    /// It started from another revision than the current one; nothing was stored.
    Stale(Option<Revision<D>>),
    /// It started from another revision, and these sections do not go together; nothing was stored.
    Apart(Vec<(D::Section, Clash)>, Option<Revision<D>>),
}

/// What happens when a document is saved, whichever way it came in: a new revision, unsigned, is stored and
/// recorded in the audit log. `merging`: if it started from an older revision, what both sides did is brought together.
pub fn change<D: Written>(
    tx: &mut Tx,
    grant: &Grant,
    based_on: i32,
    draft: D,
    merging: bool,
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
                keep(tx, grant, current, number, merged, Action::ChangePlan)
            }
            Err(Conflict { sections }) => Ok(Change::Apart(sections, current)),
        };
    }
    keep(tx, grant, current, based_on, draft, Action::ChangePlan)
}

/// What happens when somebody takes up a proposal: the plan says it, in a new revision.
pub fn accept(
    tx: &mut Tx,
    grant: &Grant,
    based_on: i32,
    Acceptance { proposal, id }: &Acceptance,
) -> Result<Change<Plan>, Problem> {
    let current = store::current::<Plan>(tx, grant)?;
    let number = current.as_ref().map_or(0, |current| current.revision);
    let plan = current.as_ref().map(|current| current.content.clone()).unwrap_or_default();
    let noted = OnOffer::read(tx, grant)?;
    match plan::take_up(&plan, proposal, *id, grant.actor().role, |skill| noted.warns_of(skill)) {
        Ok(draft) => keep(tx, grant, current, based_on, draft, Action::AcceptPlanProposal),
        // It may have fitted the revision that the proposal was read with.
        Err(_) if based_on != number => Ok(Change::Stale(current)),
        Err(refusal @ Refusal::Kept { section }) => {
            Err(Problem::invalid("/proposal", format!("changes {}: {refusal}", section.as_str())))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn keep<D: Written>(
    tx: &mut Tx,
    grant: &Grant,
    current: Option<Revision<D>>,
    based_on: i32,
    draft: D,
    action: Action,
) -> Result<Change<D>, Problem> {
    let today = today(tx, grant)?;
    let saved = match D::saved(tx, grant, current.as_ref(), based_on, draft, today, grant.now())? {
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
    audit::record(tx, grant, action, None)?;
    Ok(Change::New(saved))
}

/// What happens when somebody signs the current revision. A signature sent again is the same one, also after
/// another revision has followed.
pub fn sign<D: Written>(tx: &mut Tx, grant: &Grant, revision: i32) -> Result<Recorded<Revision<D>>, Problem> {
    let by = author(grant);
    let meant = store::at::<D>(tx, grant, revision)?.ok_or_else(Problem::unknown)?;
    if meant.signatures.iter().any(|signature| signature.by == by.account) {
        return Ok(Recorded::Known(meant));
    }
    let current = store::current::<D>(tx, grant)?.ok_or_else(Problem::unknown)?;
    let signed = plan::sign(&current, revision, by, grant.now())?;
    if let Some(signature) = signed.signatures.iter().find(|signature| signature.by == by.account) {
        store::sign::<D>(tx, grant, signature)?;
    }
    audit::record(tx, grant, Action::SignPlan, None)?;
    Ok(Recorded::New(signed))
}

/// The plan as the holder of a grant may see it; empty if there is none yet.
fn visible(tx: &mut Tx, grant: &Grant) -> Result<Plan, Problem> {
    let plan: Plan = view::content(tx, grant)?;
    Ok(plan.shown(&plan, grant.actor().role).0)
}

/// What the plan knows already, as far as the holder of the grant may see it. For the module that proposes changes.
pub fn summary(tx: &mut Tx, grant: &Grant) -> Result<PlanSummary, Problem> {
    Ok(visible(tx, grant)?.summary())
}

/// Whether the plan says already what a proposal would add, as far as the holder of the grant may see it.
pub fn says(tx: &mut Tx, grant: &Grant, proposal: &Proposal) -> Result<bool, Problem> {
    let plan = visible(tx, grant)?;
    Ok(proposal.is_said(&plan))
}

// How a change is answered

enum Told<D: Written> {
    New(StandingOf<D>),
    Known(StandingOf<D>),
    Clash(Problem),
}

/// Runs a change and answers with what stands afterwards. Where nothing was changed, what the answer shows is
/// recorded in the audit log as read, in the same transaction.
pub async fn changed<D: Written>(
    app: &App,
    caller: Caller,
    action: Action,
    participant: ParticipantRef,
    work: impl Fn(&mut Tx, &Grant) -> Result<Change<D>, Problem> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let told = caller.write(app, action, participant, move |tx, grant| {
        let (problem, current) = match work(tx, grant)? {
            Change::New(revision) => {
                return Ok(Told::New(view::standing(tx, grant, Some(&revision), grant.now())?));
            }
            Change::Known(revision) => (None, Some(revision)),
            Change::Stale(current) => (Some(Problem::stale()), current),
            Change::Apart(sections, current) => (Some(apart::<D>(&sections)), current),
        };
        audit::record_view(tx, grant, Action::ReadPlan, None)?;
        let current = view::standing(tx, grant, current.as_ref(), grant.now())?;
        let Some(problem) = problem else { return Ok(Told::Known(current)) };
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

fn apart<D: Document>(sections: &[(D::Section, Clash)]) -> Problem {
    let problem = Problem::conflict(
        "What you and somebody else did does not go together. `errors` names the sections and says why; \
         everything else would fit.",
    );
    sections
        .iter()
        .fold(problem, |problem, (section, clash)| problem.and(pointer::<D>(*section), clash.to_string()))
}

async fn signed<D: Written>(
    app: &App,
    caller: Caller,
    path: Path<(ParticipantRef, RevisionNumber)>,
) -> Result<Recorded<EditionOf<D>>, Problem> {
    let (participant, revision) = path.into_inner();
    caller
        .write(app, Action::SignPlan, participant, move |tx, grant| {
            let signed = sign::<D>(tx, grant, revision.into())?;
            if let Recorded::Known(_) = signed {
                audit::record_view(tx, grant, Action::ReadPlan, None)?;
            }
            let content = view::content(tx, grant)?;
            Ok(signed.map(|signed| view::edition(grant, Some(&signed), &content)))
        })
        .await
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
