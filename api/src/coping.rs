//! Coping skills: what works for somebody, and what to try now.
//!
//! The skills on offer are in [`organization`], favorites and precautions in [`choice`], assignments in [`assignment`],
//! practice in [`skill_practice`].

pub mod assignment;
pub mod choice;
pub mod organization;
pub mod skill_practice;

use actix_web::get;
use actix_web::web::Data;
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::coping::evidence::{Evidence, Worked};
use evenkeel_domain::coping::library::library;
use evenkeel_domain::coping::organization::OrganizationSkill;
use evenkeel_domain::coping::suggestion::{Asked, Suggestion, suggest};
use evenkeel_domain::coping::{Choices, Refusal, SkillRef, Skills};
use evenkeel_domain::craving::{Intensity, TriggerCategory};
use evenkeel_domain::plan::{Plan, visible_to};
use evenkeel_persistence::{Tx, coping as store, plan};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Query};
use crate::http::caller::{Caller, ParticipantRef};

/// The routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    organization::routes(config);
    assignment::routes(config);
    choice::routes(config);
    skill_practice::routes(config);
    config.service(read_what_works).service(suggest_skills);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Entry(refusal) => refusal.into(),
            Refusal::DifferentAssignment | Refusal::DifferentSkill => Self::different(refusal.to_string()),
            Refusal::Retired => Self::conflict(refusal.to_string()),
            Refusal::Stale => Self::stale_since(refusal.to_string()),
            Refusal::WhichRevision => Self::which_revision(),
            Refusal::NotOffered | Refusal::HasPrecaution => Self::invalid("/skill", refusal.to_string()),
            Refusal::Until => Self::invalid("/until", refusal.to_string()),
        }
    }
}

/// A participant's choices, and the skills on offer to them.
pub struct OnOffer {
    pub choices: Choices,
    own: Vec<OrganizationSkill>,
}

impl OnOffer {
    pub fn read(tx: &mut Tx, grant: &Grant) -> Result<Self, Problem> {
        let choices = store::chosen(tx, grant)?.choices;
        Ok(Self { choices, own: store::skills(tx, grant.actor().organization)? })
    }
    pub fn skills(&self) -> Skills<'_> {
        Skills::new(library(), &self.own)
    }
    /// Whether a skill on offer has a precaution that applies to the participant.
    pub fn warns_of(&self, skill: &SkillRef) -> bool {
        self.choices.warn_of(skill, &self.skills())
    }
}

// Actions

/// The skills in the plan, all or those for one kind of trigger, the best first, as far as the actor may see the plan.
pub fn planned_skills(
    tx: &mut Tx,
    grant: &Grant,
    trigger: Option<TriggerCategory>,
) -> Result<Vec<SkillRef>, Problem> {
    let Some(current) = plan::current::<Plan>(tx, grant)? else { return Ok(Vec::new()) };
    let visible = visible_to(&current.content, &current.content, grant.actor().role);
    Ok(visible.plan.skills(trigger))
}

/// Skills to try now, from a participant's practice, plan and choices and the skills on offer.
pub fn suggestions(tx: &mut Tx, grant: &Grant, asked: Asked) -> Result<Vec<Suggestion>, Problem> {
    let evidence: Evidence = store::tries(tx, grant)?.into_iter().collect();
    let plan = planned_skills(tx, grant, asked.trigger)?;
    let on_offer = OnOffer::read(tx, grant)?;
    Ok(suggest(asked, &evidence, &plan, &on_offer.choices, &on_offer.skills()))
}

// Routes

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SituationQuery {
    /// Only practice in this kind of situation, or in a craving of this kind; default: all practice
    #[param(inline)]
    trigger: Option<TriggerCategory>,
}

/// What worked for somebody.
#[derive(Serialize, ToSchema)]
struct WhatWorks {
    /// Each skill that was tried. Those with a claim come first, the best one first
    #[schema(max_items = 10000)]
    items: Vec<Worked>,
}

/// Read what works
///
/// How much each skill eased an urge or distress when this participant practiced it, and how sure that is. There is
/// no claim about a skill before its third try. Practice while calm (`before` 0, `after` 0) cannot ease anything. It
/// counts for assignments, but not here, in suggestions or in plan proposals. Practice in a craving without a
/// `trigger` of its own counts for each trigger of that craving.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), SituationQuery),
    responses((status = 200, description = "What worked", body = WhatWorks)),
)]
#[get("/v1/participants/{participant}/coping/what-works")]
async fn read_what_works(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<SituationQuery>,
) -> Result<Json<WhatWorks>, Problem> {
    let (participant,) = path.into_inner();
    let SituationQuery { trigger } = query.into_inner();
    let evidence = caller
        .read(&app, Action::ReadSkillPractice, participant, None, move |tx, grant| {
            let tries = store::tries(tx, grant)?;
            Ok(tries.into_iter().collect::<Evidence>())
        })
        .await?;
    Ok(Json(WhatWorks { items: evidence.what_works(trigger) }))
}

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct NowQuery {
    /// The kind of situation
    #[param(inline)]
    trigger: Option<TriggerCategory>,
    /// How strong the urge or distress is
    #[param(inline)]
    intensity: Option<Intensity>,
}

/// Skills to try now, the best first.
#[derive(Serialize, ToSchema)]
struct Suggestions {
    /// The skills, each with the reason for the suggestion
    #[schema(max_items = 8)]
    items: Vec<Suggestion>,
}

/// Suggest skills to try now
///
/// First the skills that worked for this participant, then those in their plan, then their favorites, then those that
/// fit. Skills that did not help them come last, even if they are in their plan. Skills with a precaution that applies
/// to them are left out.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), NowQuery),
    responses((status = 200, description = "Skills to try now", body = Suggestions)),
)]
#[get("/v1/participants/{participant}/coping/suggestions")]
async fn suggest_skills(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<NowQuery>,
) -> Result<Json<Suggestions>, Problem> {
    let (participant,) = path.into_inner();
    let NowQuery { trigger, intensity } = query.into_inner();
    let items = caller
        .read(&app, Action::ReadSkillPractice, participant, None, move |tx, grant| {
            let items = suggestions(tx, grant, Asked { trigger, intensity })?;
            Ok(items)
        })
        .await?;
    Ok(Json(Suggestions { items }))
}
