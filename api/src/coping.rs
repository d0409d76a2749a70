//! Coping skills: what somebody chose, what works for them, what to try now.
//!
//! What is on offer is in [`organisation`], what was assigned in [`assignment`], what was practised in
//! [`practice`].

pub mod assignment;
pub mod organisation;
pub mod practice;

use actix_web::web::Data;
use actix_web::{get, put};
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::coping::evidence::{Evidence, Worked};
use evenkeel_domain::coping::library::library;
use evenkeel_domain::coping::suggestion::{Asked, Suggestion, suggest};
use evenkeel_domain::coping::{Choices, Refusal, Skills};
use evenkeel_domain::craving::{Intensity, TriggerCategory};
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, coping as store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::caller::{Caller, Whose};
use crate::journal::{note, seen};
use crate::plan::planned_skills;
use crate::problem::Problem;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig) {
    organisation::routes(config);
    assignment::routes(config);
    practice::routes(config);
    config
        .service(read_coping_choices)
        .service(change_coping_choices)
        .service(read_what_works)
        .service(suggest_skills);
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Different | Refusal::AssignedOther | Refusal::AddedOther => {
                Self::different(refusal.to_string())
            }
            Refusal::Withdrawn | Refusal::Retired => Self::conflict(refusal.to_string()),
            Refusal::Stale => Self::stale_since(refusal.to_string()),
            Refusal::NotOffered | Refusal::Cautioned => Self::invalid("/skill", refusal.to_string()),
            Refusal::Until => Self::invalid("/until", refusal.to_string()),
        }
    }
}

// What happens

/// What happens when somebody chooses their favourite skills and own cautions: all of it anew.
pub fn choose(
    tx: &mut Tx,
    grant: &Grant,
    choices: &Choices,
    request: Uuid,
    now: Moment,
) -> Result<(), Problem> {
    if store::choices(tx, grant)? != *choices {
        store::put_choices(tx, grant, choices, now)?;
        note(tx, grant, Deed::Change, Room::Coping, None, request, now)?;
    }
    Ok(())
}

/// What somebody may try now: from their own practice, their plan, their choices and what is on offer to them.
pub fn suggestions(tx: &mut Tx, grant: &Grant, asked: Asked) -> Result<Vec<Suggestion>, Problem> {
    let evidence: Evidence = store::tries(tx, grant)?.into_iter().collect();
    let plan = planned_skills(tx, grant, asked.trigger)?;
    let choices = store::choices(tx, grant)?;
    let own = store::skills(tx, grant.actor().organisation)?;
    Ok(suggest(asked, &evidence, &plan, &choices, &Skills::new(library(), &own)))
}

// Routes

/// Read favourite skills and own cautions
///
/// Nothing until the participant chooses.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path)),
    responses((status = 200, description = "What holds now", body = Choices)),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/coping/choices")]
async fn read_coping_choices(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
) -> Result<Json<Choices>, Problem> {
    let (whose,) = path.into_inner();
    let (grant, choices) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadPractice, &whose)?;
            let choices = store::choices(tx, &grant)?;
            Ok((grant, choices))
        })
        .await?;
    seen(&app, grant, Room::Coping, None, caller.request_id).await?;
    Ok(Json(choices))
}

/// Choose favourite skills and own cautions
///
/// All of them anew: what is left out is no longer chosen. A skill with one of the cautions is never suggested
/// or assigned. A favourite that is not on offer does no harm.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path)),
    responses((status = 200, description = "What holds from now on", body = Choices)),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/coping/choices")]
async fn change_coping_choices(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    Json(choices): Json<Choices>,
) -> Result<Json<Choices>, Problem> {
    let (whose,) = path.into_inner();
    let now = app.now();
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, Act::ChooseSkills, &whose)?;
        choose(tx, &grant, &choices, caller.request_id, now)?;
        Ok(choices.clone())
    });
    done.await.map(Json)
}

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SituationQuery {
    /// Only what was practised in this kind of situation; everything if not given
    #[param(inline)]
    trigger: Option<TriggerCategory>,
}

/// What worked for somebody.
#[derive(Serialize, ToSchema)]
struct WhatWorks {
    /// Each skill that was practised: first those of which something can be said, the best first
    #[schema(max_items = 10000)]
    items: Vec<Worked>,
}

/// Read what works
///
/// By how much each skill eased an urge or distress when this participant practised it, and how sure that is.
/// Nothing is claimed of a skill before its third try.
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
/// What worked for this participant, then what their plan names, then what they like, then what fits. Never a
/// skill with a caution that holds for them.
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
