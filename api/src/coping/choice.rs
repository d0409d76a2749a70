//! Favorite skills and own precautions: one document, changed by the participant, its precautions by the counselor too.

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

// What happens

/// What happens when somebody changes what is chosen: it holds from now on, and is recorded in the audit log.
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

/// Runs a change. Where it started from something older, the refusal shows the current choices, which staff then have read.
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

/// Read favorite skills and own precautions
///
/// Revision 0, with nothing in it, until somebody chooses.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path)),
    responses((
        status = 200, description = "What holds grant.now()", body = Chosen,
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

/// Choose favorite skills and own precautions
///
/// All of them anew: what is no longer listed no longer holds. Once something is chosen, `If-Match` names the
/// revision that was read. A skill with one of the precautions is never suggested or assigned. A favorite that is
/// not on offer does no harm. The same choices again change nothing.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), MayMatch),
    responses(
        (
            status = 200, description = "What holds from now on", body = Chosen,
            headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
        ),
        (status = 412, description = "It was changed since; `current` is the current one, its tag is in ETag"),
        (status = 428, description = "Something is chosen already, and If-Match is missing"),
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

/// Precautions that hold for a participant.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "precautions": ["heart_condition"] }))]
struct Precautions {
    /// All that hold
    #[schema(value_type = Vec<Precaution>, max_items = 8)]
    precautions: BoundedSet<Precaution, 8>,
}

/// Note which precautions hold
///
/// By the participant or their counselor: all of them anew, what is no longer listed no longer holds. The
/// favorites stay as they are. Once something is chosen, `If-Match` names the revision that was read. It is the
/// same document as `choices`, and answered as that.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), MayMatch),
    responses(
        (
            status = 200, description = "What holds from now on", body = Chosen,
            headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
        ),
        (status = 412, description = "It was changed since; `current` is the current one, its tag is in ETag"),
        (status = 428, description = "Something is chosen already, and If-Match is missing"),
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
