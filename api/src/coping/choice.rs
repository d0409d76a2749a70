//! Favourite skills and own cautions: one document, changed by the participant, its cautions by the counselor too.

use actix_web::web::Data;
use actix_web::{get, put};
use evenkeel_domain::access::{Act, Grant};
use evenkeel_domain::coping::{Caution, Choices, Chosen, Refusal};
use evenkeel_domain::journal::{Act as Deed, Room};
use evenkeel_domain::value::{Few, Moment};
use evenkeel_persistence::{Tx, coping as store};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::body::{Json, Path};
use crate::caller::{Caller, Whose};
use crate::etag::{MayMatch, Tag, Tagged};
use crate::journal::{note, note_shown, seen};
use crate::problem::Problem;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(read_coping_choices).service(change_coping_choices).service(note_cautions);
}

// What happens

/// What happens when somebody changes what is chosen: it holds from now on, and is journaled.
pub fn change(
    tx: &mut Tx,
    grant: &Grant,
    change: impl Fn(&Chosen) -> Result<Chosen, Refusal>,
    request: Uuid,
    now: Moment,
) -> Result<Chosen, Problem> {
    let before = store::chosen(tx, grant)?;
    let chosen = change(&before)?;
    keep(tx, grant, &before, chosen, request, now)
}

fn keep(
    tx: &mut Tx,
    grant: &Grant,
    before: &Chosen,
    chosen: Chosen,
    request: Uuid,
    now: Moment,
) -> Result<Chosen, Problem> {
    if chosen == *before {
        note_shown(tx, grant, Room::Coping, None, request, now)?;
    } else {
        store::put_chosen(tx, grant, &chosen, now)?;
        note(tx, grant, Deed::Change, Room::Coping, None, request, now)?;
    }
    Ok(chosen)
}

/// Runs a change. Where it started from something older, the refusal shows what stands, which staff then have read.
async fn changed(
    app: &App,
    caller: Caller,
    whose: Whose,
    act: Act,
    by: impl Fn(&Chosen) -> Result<Chosen, Refusal> + Send + 'static,
) -> Result<Tagged<Json<Chosen>>, Problem> {
    let now = app.now();
    let done = app.write_to(caller.record(whose), move |tx| {
        let grant = caller.granted(tx, act, &whose)?;
        let current = store::chosen(tx, &grant)?;
        match by(&current) {
            Err(Refusal::Stale) => {
                note_shown(tx, &grant, Room::Coping, None, caller.request_id, now)?;
                Ok(Err(current))
            }
            made => keep(tx, &grant, &current, made?, caller.request_id, now).map(Ok),
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

/// Read favourite skills and own cautions
///
/// Revision 0, with nothing in it, until somebody chooses.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path)),
    responses((
        status = 200, description = "What holds now", body = Chosen,
        headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
    )),
    security(("bearer" = []))
)]
#[get("/v1/participants/{participant}/coping/choices")]
async fn read_coping_choices(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
) -> Result<Tagged<Json<Chosen>>, Problem> {
    let (whose,) = path.into_inner();
    let (grant, chosen) = app
        .read(move |tx| {
            let grant = caller.granted(tx, Act::ReadPractice, &whose)?;
            let chosen = store::chosen(tx, &grant)?;
            Ok((grant, chosen))
        })
        .await?;
    seen(&app, grant, Room::Coping, None, caller.request_id).await?;
    Ok(Tagged(chosen.revision, Json(chosen)))
}

/// Choose favourite skills and own cautions
///
/// All of them anew: what is no longer listed no longer holds. Once something is chosen, `If-Match` names the
/// revision that was read. A skill with one of the cautions is never suggested or assigned. A favourite that is
/// not on offer does no harm. What stands already is answered as it stands.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), MayMatch),
    responses(
        (
            status = 200, description = "What holds from now on", body = Chosen,
            headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
        ),
        (status = 412, description = "It was changed since; `current` is what stands, its tag is in ETag"),
        (status = 428, description = "Something is chosen already, and If-Match is missing"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/coping/choices")]
async fn change_coping_choices(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    MayMatch { read }: MayMatch,
    Json(choices): Json<Choices>,
) -> Result<Tagged<Json<Chosen>>, Problem> {
    let (whose,) = path.into_inner();
    let by = move |before: &Chosen| before.anew(read, choices.clone());
    changed(&app, caller, whose, Act::ChooseSkills, by).await
}

/// Cautions that hold for a participant.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "cautions": ["heart_condition"] }))]
struct Cautions {
    /// All that hold
    #[schema(value_type = Vec<Caution>, max_items = 8)]
    cautions: Few<Caution, 8>,
}

/// Note which cautions hold
///
/// By the participant or their counselor: all of them anew, what is no longer listed no longer holds. The
/// favourites stay as they are. Once something is chosen, `If-Match` names the revision that was read. It is the
/// same document as `choices`, and answered as that.
#[utoipa::path(
    tag = "coping",
    params(("participant" = inline(Whose), Path), MayMatch),
    responses(
        (
            status = 200, description = "What holds from now on", body = Chosen,
            headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
        ),
        (status = 412, description = "It was changed since; `current` is what stands, its tag is in ETag"),
        (status = 428, description = "Something is chosen already, and If-Match is missing"),
    ),
    security(("bearer" = []))
)]
#[put("/v1/participants/{participant}/coping/cautions")]
async fn note_cautions(
    app: Data<App>,
    caller: Caller,
    path: Path<(Whose,)>,
    MayMatch { read }: MayMatch,
    Json(Cautions { cautions }): Json<Cautions>,
) -> Result<Tagged<Json<Chosen>>, Problem> {
    let (whose,) = path.into_inner();
    let by = move |before: &Chosen| before.with_cautions(read, cautions.clone());
    changed(&app, caller, whose, Act::NoteCautions, by).await
}
