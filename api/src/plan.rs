//! The relapse-prevention plan and the safety plan. Participant and staff write them in revisions, and no revision is
//! ever removed.

pub mod offline;
pub mod prevention;
pub mod printed;
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
use view::{CurrentRevisionOf, EditionOf, RevisionNumber};

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    prevention::routes(config);
    safety::routes(config);
    config.service(printed::print_plan).service(offline::read_offline);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Stale { .. } => Self::stale(),
            Refusal::NotCurrent { .. } => {
                Self::conflict(format!("{detail}. Read it, and sign it if you agree."))
            }
            Refusal::NotASigner => Self::refused(format!("{detail}. Ask one of them to sign.")),
            Refusal::ReviewPast | Refusal::ReviewTooFar { .. } => Self::invalid("/review_on", detail),
            Refusal::TooLarge => Self::invalid("", detail),
            Refusal::Full => Self::invalid("/proposal", detail),
            Refusal::NoSuchTrigger => Self::invalid("/proposal/against", detail),
            Refusal::Different => Self::different(detail.clone()).and("/id", detail),
            Refusal::HasPrecaution => Self::invalid("/proposal/skill", detail),
            Refusal::Hidden { section } => Self::invalid(pointer::<Plan>(section), detail),
            Refusal::Sharing => Self::invalid(pointer::<Plan>(PlanSection::Sharing), detail),
        }
    }
}

fn pointer<D: Document>(section: D::Section) -> String {
    format!("/{}", D::field(section))
}

fn author(grant: &Grant) -> Author {
    Author { account: grant.actor().account, role: grant.actor().role }
}

// Actions

/// A proposal that somebody accepts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The proposal
    pub proposal: Proposal,
    /// The id for the item that it adds, if it adds one. The phone makes it
    pub id: ItemId,
}

/// The outcome of a change.
pub enum Change<D: Written> {
    /// It is the new current revision.
    New(Revision<D>),
    /// The current revision already has this content.
    Known(Revision<D>),
    /// It started from another revision than the current one. Nothing was stored.
    Stale(Option<Revision<D>>),
    /// It started from another revision, and these sections cannot be merged. Nothing was stored.
    Unmergeable(Vec<(D::Section, Clash)>, Option<Revision<D>>),
}

/// Saves a document as a new, unsigned revision. `merging`: if it started from an older revision, merge the changes of
/// both sides.
pub fn change<D: Written>(
    tx: &mut Tx,
    grant: &Grant,
    based_on: i32,
    draft: D,
    merging: bool,
) -> Result<Change<D>, Problem> {
    let current = store::current::<D>(tx, grant)?;
    if let (true, Some(latest)) = (merging, &current)
        && based_on != latest.revision
    {
        let base = match based_on {
            0 => D::default(),
            older => match store::at::<D>(tx, grant, older)? {
                Some(base) => base.content,
                None => return Ok(Change::Stale(current)),
            },
        };
        return match Written::merged(&base, &latest.content, draft, grant.actor().role) {
            Ok(merged) => {
                let number = latest.revision;
                save(tx, grant, current, number, merged, Action::ChangePlan)
            }
            Err(Conflict { sections }) => Ok(Change::Unmergeable(sections, current)),
        };
    }
    save(tx, grant, current, based_on, draft, Action::ChangePlan)
}

/// Adds an accepted proposal to the plan, in a new revision.
pub fn accept(
    tx: &mut Tx,
    grant: &Grant,
    based_on: i32,
    Acceptance { proposal, id }: &Acceptance,
) -> Result<Change<Plan>, Problem> {
    let current = store::current::<Plan>(tx, grant)?;
    let number = current.as_ref().map_or(0, |current| current.revision);
    let plan = current.as_ref().map(|current| current.content.clone()).unwrap_or_default();
    let on_offer = OnOffer::read(tx, grant)?;
    match plan::accept_proposal(&plan, proposal, *id, grant.actor().role, |skill| on_offer.warns_of(skill)) {
        Ok(draft) => save(tx, grant, current, based_on, draft, Action::AcceptPlanProposal),
        // The rule may have accepted it for the revision that the caller read.
        Err(_) if based_on != number => Ok(Change::Stale(current)),
        Err(refusal @ Refusal::Hidden { section }) => {
            Err(Problem::invalid("/proposal", format!("changes {}: {refusal}", section.as_str())))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

fn save<D: Written>(
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
        // Another copy of the server has just stored a revision with this number.
        Error::Duplicate => Problem::stale(),
        other => other.into(),
    })?;
    audit::record(tx, grant, action, None)?;
    Ok(Change::New(saved))
}

/// Signs the current revision. Sending a signature again changes nothing, even if there is a newer revision by then.
pub fn sign<D: Written>(tx: &mut Tx, grant: &Grant, revision: i32) -> Result<Recorded<Revision<D>>, Problem> {
    let by = author(grant);
    let named = store::at::<D>(tx, grant, revision)?.ok_or_else(Problem::unknown)?;
    if named.signatures.iter().any(|signature| signature.by == by.account) {
        return Ok(Recorded::Known(named));
    }
    let current = store::current::<D>(tx, grant)?.ok_or_else(Problem::unknown)?;
    let signed = plan::sign(&current, revision, by, grant.now())?;
    if let Some(signature) = signed.signatures.iter().find(|signature| signature.by == by.account) {
        store::sign::<D>(tx, grant, signature)?;
    }
    audit::record(tx, grant, Action::SignPlan, None)?;
    Ok(Recorded::New(signed))
}

/// The plan as far as the holder of the grant may see it; empty before the first save.
fn visible(tx: &mut Tx, grant: &Grant) -> Result<Plan, Problem> {
    let plan: Plan = view::content(tx, grant)?;
    Ok(plan.shown(&plan, grant.actor().role).0)
}

/// A summary of the plan as far as the holder of the grant may see it, for the module that proposes changes.
pub fn summary(tx: &mut Tx, grant: &Grant) -> Result<PlanSummary, Problem> {
    Ok(visible(tx, grant)?.summary())
}

/// Whether the plan already has what a proposal would add, as far as the holder of the grant may see it.
pub fn says(tx: &mut Tx, grant: &Grant, proposal: &Proposal) -> Result<bool, Problem> {
    let plan = visible(tx, grant)?;
    Ok(proposal.is_in(&plan))
}

// Answers

enum ChangeAnswer<D: Written> {
    New(CurrentRevisionOf<D>),
    Known(CurrentRevisionOf<D>),
    Clash(Problem),
}

/// Runs a change and answers with the current revision. If nothing changed, the audit log records the answer as a read,
/// in the same transaction.
pub async fn changed<D: Written>(
    app: &App,
    caller: Caller,
    action: Action,
    participant: ParticipantRef,
    work: impl Fn(&mut Tx, &Grant) -> Result<Change<D>, Problem> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let answer = caller.write(app, action, participant, move |tx, grant| {
        let (problem, current) = match work(tx, grant)? {
            Change::New(revision) => {
                return Ok(ChangeAnswer::New(view::current_revision(tx, grant, Some(&revision))?));
            }
            Change::Known(revision) => (None, Some(revision)),
            Change::Stale(current) => (Some(Problem::stale()), current),
            Change::Unmergeable(sections, current) => (Some(unmergeable::<D>(&sections)), current),
        };
        audit::record_view(tx, grant, Action::ReadPlan, None)?;
        let current = view::current_revision(tx, grant, current.as_ref())?;
        let Some(problem) = problem else { return Ok(ChangeAnswer::Known(current)) };
        let tag = current.tag();
        let current = serde_json::to_value(&current).map_err(Problem::internal)?;
        Ok(ChangeAnswer::<D>::Clash(problem.with_current(current, tag)))
    });
    match answer.await? {
        ChangeAnswer::New(current) => Ok(tagged(StatusCode::CREATED, &current.tag(), &current)),
        ChangeAnswer::Known(current) => Ok(tagged(StatusCode::OK, &current.tag(), &current)),
        ChangeAnswer::Clash(problem) => Err(problem),
    }
}

fn unmergeable<D: Document>(sections: &[(D::Section, Clash)]) -> Problem {
    let problem = Problem::conflict(
        "Your changes and somebody else's cannot be merged in the sections that `errors` names. Read `current`, \
         decide for these sections, and save again.",
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
    /// If the plan has changed since, merge the changes of both sides
    #[serde(default)]
    #[param(required = false)]
    merge: bool,
}
