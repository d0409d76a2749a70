//! Coping skills: what works for somebody, what to try now.
//!
//! What is on offer is in [`organization`], favorites and precautions in [`choice`], what was assigned in
//! [`assignment`], what was practiced in [`skill_practice`].

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

/// What a participant chose, and the skills that are on offer to them.
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
    /// Whether a skill on offer has a precaution that holds for the participant.
    pub fn warns_of(&self, skill: &SkillRef) -> bool {
        self.choices.warn_of(skill, &self.skills())
    }
}

// What happens

/// The skills that the plan names, or names against one kind of trigger, the best first, as far as the holder of the
/// grant may see it.
pub fn planned_skills(
    tx: &mut Tx,
    grant: &Grant,
    trigger: Option<TriggerCategory>,
) -> Result<Vec<SkillRef>, Problem> {
    let Some(current) = plan::current::<Plan>(tx, grant)? else { return Ok(Vec::new()) };
    let visible = visible_to(&current.content, &current.content, grant.actor().role);
    Ok(visible.plan.skills(trigger))
}

/// What somebody may try now: from their own practice, their plan, their choices and what is on offer to them.
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
    /// Only what was practiced in this kind of situation, or in a craving of this kind; everything if not given
    #[param(inline)]
    trigger: Option<TriggerCategory>,
}

/// What worked for somebody.
#[derive(Serialize, ToSchema)]
struct WhatWorks {
    /// Each skill that was tried: first those of which something can be said, the best first
    #[schema(max_items = 10000)]
    items: Vec<Worked>,
}

/// Read what works
///
/// By how much each skill eased an urge or distress when this participant practiced it, and how sure that is.
/// Nothing is claimed of a skill before its third try. Practice while calm (`before` 0, `after` 0) shows nothing of
/// easing and is left out, here, in suggestions and in what the plan could learn; it is kept and counts for
/// assignments. Practice in a craving that names no `trigger` of its own counts for each of that craving's.
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
    /// The skills, each with why it is suggested
    #[schema(max_items = 8)]
    items: Vec<Suggestion>,
}

/// Suggest skills to try now
///
/// What worked for this participant, then what their plan names, then what they like, then what fits. What their
/// own practice shows not to help comes after everything else, also if it is in their plan. Never a skill with a
/// precaution that holds for them.
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
