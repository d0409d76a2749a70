//! Use that a craving or a check-in tells of: who treats the person hears of it, whether or not a lapse is told.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, put};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::recovery::told_use::{TellingId, TellingKind, ToldUse};
use evenkeel_domain::value::Moment;
use evenkeel_persistence::{Tx, recovery as store};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::Path;
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::IfMatch;

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config.service(acknowledge_told_use).service(take_back_told_use);
}

// What happens

/// What happens when an entry was written that may tell of use, or did before: what it tells now, which may depend on
/// what it told before, is kept, or nothing. For the rooms whose entries may.
pub fn tell(
    tx: &mut Tx,
    grant: &Grant,
    kind: TellingKind,
    id: TellingId,
    told: impl FnOnce(Option<&ToldUse>) -> Option<ToldUse>,
    now: Moment,
) -> Result<(), Problem> {
    let before = store::find_told_use(tx, grant, kind, id)?;
    let told = match (told(before.as_ref()), before) {
        (Some(told), _) => told.weighed(&store::lapses(tx, grant)?),
        (None, Some(before)) => before.take_back(now),
        (None, None) => return Ok(()),
    };
    if Some(told) != before {
        store::put_told_use(tx, grant, &told)?;
    }
    Ok(())
}

/// What happens when the person takes back what an entry tells of use, as of a revision; the entry stays.
pub fn take_back(
    tx: &mut Tx,
    grant: &Grant,
    kind: TellingKind,
    id: TellingId,
    revision: i32,
) -> Result<(), Problem> {
    let before = store::find_told_use(tx, grant, kind, id)?.ok_or_else(Problem::unknown)?;
    let gone = before.take_back_as_of(revision, grant.now())?;
    if gone != before {
        store::put_told_use(tx, grant, &gone)?;
        audit::record(tx, grant, Action::WithdrawUseReport, Some(id.into()))?;
    }
    Ok(())
}

/// What happens when a lapse has changed, or somebody has seen it: what entries tell is weighed anew.
pub fn weigh(tx: &mut Tx, grant: &Grant) -> Result<(), Problem> {
    let told = store::told_uses(tx, grant)?;
    if told.is_empty() {
        return Ok(());
    }
    let lapses = store::lapses(tx, grant)?;
    for told in told {
        let weighed = told.weighed(&lapses);
        if weighed != told {
            store::put_told_use(tx, grant, &weighed)?;
        }
    }
    Ok(())
}

/// What happens when somebody who treats the person has seen what an entry tells, as of a revision.
pub fn acknowledge(
    tx: &mut Tx,
    grant: &Grant,
    kind: TellingKind,
    id: TellingId,
    revision: i32,
) -> Result<(), Problem> {
    let before =
        store::find_told_use(tx, grant, kind, id)?.filter(ToldUse::stands).ok_or_else(Problem::unknown)?;
    let seen = before.acknowledge(revision, grant.actor().account, grant.now())?;
    if seen != before {
        store::put_told_use(tx, grant, &seen)?;
        audit::record(tx, grant, Action::AcknowledgeUse, Some(id.into()))?;
    }
    Ok(())
}

// Routes

/// Acknowledge use that an entry tells of
///
/// Whoever treats the person has seen what their craving or check-in tells; it stands out in the caseload no more.
/// Of several, the first stands. `If-Match` names the revision that was seen: what was told since, nobody has. `404`
/// where the entry tells of no use, or no longer.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("kind" = inline(TellingKind), Path), ("id" = inline(TellingId), Path),
        (
            "If-Match" = String, Header, description = "The `revision` of what was seen, in quotes",
            min_length = 3, max_length = 64, example = "\"1\""
        ),
    ),
    responses(
        (status = 204, description = "Acknowledged"),
        (status = 412, description = "Something else or more was told since that revision"),
        (status = 428, description = "If-Match is missing"),
    ),
)]
#[put("/v1/participants/{participant}/recovery/told-uses/{kind}/{id}/acknowledgement")]
async fn acknowledge_told_use(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, TellingKind, TellingId)>,
    IfMatch(seen): IfMatch,
) -> Result<HttpResponse, Problem> {
    let (participant, kind, id) = path.into_inner();
    caller
        .write(&app, Action::AcknowledgeUse, participant, move |tx, grant| {
            acknowledge(tx, grant, kind, id, seen)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Take back that use was told
///
/// By the person alone, where an entry tells of use that never was: a wrong tick. `If-Match` names the revision that is
/// meant. The entry stays as it is, and what is told later is told anew. Again is the same.
#[utoipa::path(
    params(
        ("participant" = inline(ParticipantRef), Path), ("kind" = inline(TellingKind), Path), ("id" = inline(TellingId), Path),
        (
            "If-Match" = String, Header, description = "The `revision` of what is taken back, in quotes",
            min_length = 3, max_length = 64, example = "\"1\""
        ),
    ),
    responses(
        (status = 204, description = "Taken back"),
        (status = 412, description = "Use was told anew since that revision"),
        (status = 428, description = "If-Match is missing"),
    ),
)]
#[delete("/v1/participants/{participant}/recovery/told-uses/{kind}/{id}")]
async fn take_back_told_use(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef, TellingKind, TellingId)>,
    IfMatch(meant): IfMatch,
) -> Result<HttpResponse, Problem> {
    let (participant, kind, id) = path.into_inner();
    caller
        .write(&app, Action::WithdrawUseReport, participant, move |tx, grant| {
            take_back(tx, grant, kind, id, meant)
        })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
