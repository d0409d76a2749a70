//! Favorite skills and precautions: one document that the participant changes. Their counselor can change the
//! precautions too.

use actix_web::web::Data;
use actix_web::{get, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::coping::{Choices, Chosen, Precaution, Refusal};
use evenkeel_domain::value::BoundedSet;
use evenkeel_persistence::{Tx, coping as store};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::{MayMatch, Tag, Tagged};

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(read_coping_choices).service(change_coping_choices).service(note_precautions);
}

// Actions

/// Changes the choices and records it in the audit log.
pub fn change(
    tx: &mut Tx,
    grant: &Grant,
    change: impl Fn(&Chosen) -> Result<Chosen, Refusal>,
) -> Result<Chosen, Problem> {
    let before = store::chosen(tx, grant)?;
    let chosen = change(&before)?;
    keep(tx, grant, &before, chosen)
}

fn keep(tx: &mut Tx, grant: &Grant, before: &Chosen, chosen: Chosen) -> Result<Chosen, Problem> {
    if chosen == *before {
        audit::record_view(tx, grant, Action::ReadSkillPractice, None)?;
    } else {
        store::put_chosen(tx, grant, &chosen, grant.now())?;
        audit::record(tx, grant, grant.action(), None)?;
    }
    Ok(chosen)
}

/// Runs a change. If it started from an older revision, the refusal shows the current choices. For staff that counts as
/// a read.
async fn changed(
    app: &App,
    caller: Caller,
    participant: ParticipantRef,
    action: Action,
    by: impl Fn(&Chosen) -> Result<Chosen, Refusal> + Send + 'static,
) -> Result<Tagged<Json<Chosen>>, Problem> {
    let done = caller.write(app, action, participant, move |tx, grant| {
        let current = store::chosen(tx, grant)?;
        match by(&current) {
            Err(Refusal::Stale) => {
                audit::record_view(tx, grant, Action::ReadSkillPractice, None)?;
                Ok(Err(current))
            }
            made => keep(tx, grant, &current, made?).map(Ok),
        }
    });
    match done.await? {
        Ok(chosen) => Ok(Tagged(chosen.revision, Json(chosen))),
        Err(current) => {
            let tag = format!("\"{}\"", current.revision);
            let current = serde_json::to_value(&current).map_err(Problem::internal)?;
            Err(Problem::from(Refusal::Stale).with_current(current, tag))
        }
    }
}

// Routes

/// Read favorite skills and precautions
///
/// They are empty, with revision 0, until somebody chooses.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((
        status = 200, description = "The current choices", body = Chosen,
        headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
    )),
)]
#[get("/v1/participants/{participant}/coping/choices")]
async fn read_coping_choices(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
) -> Result<Tagged<Json<Chosen>>, Problem> {
    let (participant,) = path.into_inner();
    let chosen = caller
        .read(&app, Action::ReadSkillPractice, participant, None, move |tx, grant| {
            let chosen = store::chosen(tx, grant)?;
            Ok(chosen)
        })
        .await?;
    Ok(Tagged(chosen.revision, Json(chosen)))
}

/// Choose favorite skills and precautions
///
/// Send all of them: they replace the earlier ones. After the first choice, `If-Match` must name the revision that was
/// read. A skill with one of the precautions is never suggested or assigned. A favorite that is not on offer is not
/// suggested. The same choices again change nothing.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), MayMatch),
    responses(
        (
            status = 200, description = "The new choices", body = Chosen,
            headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
        ),
        (status = 412, description = "They were changed since; `current` has the current ones, ETag their tag"),
        (status = 428, description = "There are choices already, and If-Match is missing"),
    ),
)]
#[put("/v1/participants/{participant}/coping/choices")]
async fn change_coping_choices(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    MayMatch { read }: MayMatch,
    Json(choices): Json<Choices>,
) -> Result<Tagged<Json<Chosen>>, Problem> {
    let (participant,) = path.into_inner();
    let by = move |before: &Chosen| before.replaced(read, choices.clone());
    changed(&app, caller, participant, Action::ChooseSkills, by).await
}

/// The precautions that apply to a participant.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "precautions": ["heart_condition"] }))]
struct Precautions {
    /// All that apply
    #[schema(value_type = Vec<Precaution>, max_items = 8)]
    precautions: BoundedSet<Precaution, 8>,
}

/// Note precautions
///
/// By the participant or their counselor. Send all precautions: they replace the earlier ones. The favorites stay.
/// After the first choice, `If-Match` must name the revision that was read. This is the same document as `choices`,
/// with the same answer.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), MayMatch),
    responses(
        (
            status = 200, description = "The new choices", body = Chosen,
            headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
        ),
        (status = 412, description = "They were changed since; `current` has the current ones, ETag their tag"),
        (status = 428, description = "There are choices already, and If-Match is missing"),
    ),
)]
#[put("/v1/participants/{participant}/coping/precautions")]
async fn note_precautions(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    MayMatch { read }: MayMatch,
    Json(Precautions { precautions }): Json<Precautions>,
) -> Result<Tagged<Json<Chosen>>, Problem> {
    let (participant,) = path.into_inner();
    let by = move |before: &Chosen| before.with_precautions(read, precautions.clone());
    changed(&app, caller, participant, Action::NotePrecautions, by).await
}
