//! Coping skills: what works for somebody, what to try now.
//!
//! What is on offer is in [`organisation`], favourites and cautions in [`choice`], what was assigned in
//! [`assignment`], what was practised in [`practice`].

pub mod assignment;
pub mod choice;
pub mod organisation;
pub mod practice;

use actix_web::get;
use actix_web::web::Data;
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::coping::evidence::{Evidence, Worked};
use evenkeel_domain::coping::library::library;
use evenkeel_domain::coping::organisation::OrganisationSkill;
use evenkeel_domain::coping::suggestion::{Asked, Suggestion, suggest};
use evenkeel_domain::coping::{Choices, Refusal, SkillRef, Skills};
use evenkeel_domain::craving::{Intensity, TriggerCategory};
use evenkeel_domain::journal::Room;
use evenkeel_persistence::{Tx, coping as store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::caller::{Caller, Whose};
use crate::journal::seen;
use crate::plan::planned_skills;
use crate::problem::Problem;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig) {
    organisation::routes(config);
    assignment::routes(config);
    choice::routes(config);
    practice::routes(config);
    config.service(read_what_works).service(suggest_skills);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Different | Refusal::AssignedOther | Refusal::AddedOther => {
                Self::different(refusal.to_string())
            }
            Refusal::TooManyRevisions => Self::refused(refusal.to_string()),
            Refusal::Withdrawn | Refusal::Retired => Self::conflict(refusal.to_string()),
            Refusal::Stale => Self::stale_since(refusal.to_string()),
            Refusal::WhichRevision => Self::which_revision(),
            Refusal::NotOffered | Refusal::Cautioned => Self::invalid("/skill", refusal.to_string()),
            Refusal::Until => Self::invalid("/until", refusal.to_string()),
        }
    }
}

/// What a participant chose, and the skills that are on offer to them.
pub struct OnOffer {
    pub choices: Choices,
    own: Vec<OrganisationSkill>,
}

impl OnOffer {
    pub fn read(tx: &mut Tx, grant: &Grant) -> Result<Self, Problem> {
        let choices = store::chosen(tx, grant)?.choices;
        Ok(Self { choices, own: store::skills(tx, grant.actor().organisation)? })
    }
    pub fn skills(&self) -> Skills<'_> {
        Skills::new(library(), &self.own)
    }
    /// Whether a skill on offer has a caution that holds for the participant.
    pub fn warns_of(&self, skill: &SkillRef) -> bool {
        self.choices.warn_of(skill, &self.skills())
    }
}

// What happens

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
    /// Only what was practised in this kind of situation, or in a craving of this kind; everything if not given
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
/// By how much each skill eased an urge or distress when this participant practised it, and how sure that is.
/// Nothing is claimed of a skill before its third try. Practice while calm (`before` 0, `after` 0) shows nothing of
/// easing and is left out, here, in suggestions and in what the plan could learn; it is kept and counts for
/// assignments. Practice in a craving that names no `trigger` of its own counts for each of that craving's.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), SituationQuery),
    responses((status = 200, description = "What worked", body = WhatWorks)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/coping/what-works")]
async fn read_what_works(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<SituationQuery>,
) -> Result<Json<WhatWorks>, Problem> {
    let (whose,) = path.into_inner();
    let SituationQuery { trigger } = query.into_inner();
    let (grant, evidence) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadPractice, &whose)?;
            let tries = store::tries(tx, &grant)?;
            Ok((grant, tries.into_iter().collect::<Evidence>()))
        })
        .await?;
    seen(&app, grant, Room::Coping, None, caller.request_id).await?;
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
/// caution that holds for them.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), NowQuery),
    responses((status = 200, description = "Skills to try now", body = Suggestions)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/coping/suggestions")]
async fn suggest_skills(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    query: Query<NowQuery>,
) -> Result<Json<Suggestions>, Problem> {
    let (whose,) = path.into_inner();
    let NowQuery { trigger, intensity } = query.into_inner();
    let (grant, items) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadPractice, &whose)?;
            let items = suggestions(tx, &grant, Asked { trigger, intensity })?;
            Ok((grant, items))
        })
        .await?;
    seen(&app, grant, Room::Coping, None, caller.request_id).await?;
    Ok(Json(Suggestions { items }))
}
