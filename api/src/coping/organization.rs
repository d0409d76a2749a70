//! The skills on offer: the library's, and those that an organization added.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post, put};
use evenkeel_domain::access::{Action, Permit};
use evenkeel_domain::coping::library::{PrecautionNote, Reviewer, library};
use evenkeel_domain::coping::organization::{self, OrganizationSkill, SkillRevision};
use evenkeel_domain::coping::{Family, SkillDraft, SkillId, SkillRef, Skills};
use evenkeel_domain::value::Day;
use evenkeel_persistence::{Tx, coping as store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;
use crate::app::audit;
use crate::app::problem::Problem;
use crate::http::body::{Json, Path, Query, Recorded};
use crate::http::caller::Caller;
use crate::http::etag::{IfNoneMatch, MayMatch, Tag, Tagged, tag};

/// The routes of this part.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_skills)
        .service(read_skill)
        .service(put_skill)
        .service(retire_skill)
        .service(restore_skill)
        .service(list_skill_revisions);
}

// Actions

/// Adds a skill to an organization and stores it once. The same content again changes nothing.
pub fn add(
    tx: &mut Tx,
    permit: &Permit,
    id: SkillId,
    draft: SkillDraft,
) -> Result<Recorded<OrganizationSkill>, Problem> {
    let of = permit.actor().organization;
    let skill = organization::add(of, id, draft, permit.actor().account, permit.now());
    if !store::add_skill(tx, permit, &skill)? {
        let stored = find(tx, permit, id)?;
        let first = store::first_skill(tx, of, id)?.ok_or_else(Problem::unknown)?;
        organization::same(&stored, &first, &skill.skill)?;
        return Ok(Recorded::Known(stored));
    }
    audit::record_permitted(tx, permit, Some(id.into()))?;
    Ok(Recorded::New(skill))
}

/// Edits a skill from the revision that the editor read. The earlier revision stays stored.
pub fn edit(
    tx: &mut Tx,
    permit: &Permit,
    id: SkillId,
    read: i32,
    draft: SkillDraft,
) -> Result<OrganizationSkill, Problem> {
    let before = find(tx, permit, id)?;
    let (edited, earlier) = organization::edit(&before, read, draft, permit.actor().account, permit.now())?;
    if let Some(earlier) = earlier {
        store::add_skill_revision(tx, permit, id, &earlier)?;
        store::put_skill(tx, permit, &edited)?;
        audit::record_permitted(tx, permit, Some(id.into()))?;
    }
    Ok(edited)
}

fn retire(tx: &mut Tx, permit: &Permit, id: SkillId) -> Result<(), Problem> {
    let before = find(tx, permit, id)?;
    let retired = organization::retire(&before, permit.now());
    if retired != before {
        store::put_skill(tx, permit, &retired)?;
        audit::record_permitted(tx, permit, Some(id.into()))?;
    }
    Ok(())
}

fn restore(tx: &mut Tx, permit: &Permit, id: SkillId) -> Result<OrganizationSkill, Problem> {
    let before = find(tx, permit, id)?;
    let restored = organization::restore(&before);
    if restored != before {
        store::put_skill(tx, permit, &restored)?;
        audit::record_permitted(tx, permit, Some(id.into()))?;
    }
    Ok(restored)
}

fn find(tx: &mut Tx, permit: &Permit, id: SkillId) -> Result<OrganizationSkill, Problem> {
    store::find_skill(tx, permit.actor().organization, id)?.ok_or_else(Problem::unknown)
}

// Routes

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SkillQuery {
    /// Only skills of this family
    #[param(inline)]
    family: Option<Family>,
}

/// A skill on offer.
#[derive(Serialize, ToSchema)]
struct Offered {
    /// Its name in practices, plans and assignments
    skill: SkillRef,
    #[serde(flatten)]
    draft: SkillDraft,
    /// Its revision; only an organization's own skill has one
    #[schema(minimum = 1, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i32>,
}

/// The skills on offer.
#[derive(Serialize, ToSchema)]
struct OfferedSkills {
    /// The version of the library. A phone that has this version does not have to read the library's skills again
    #[schema(minimum = 1)]
    library_version: i32,
    /// When the library was last reviewed
    reviewed_on: Day,
    /// Who reviewed it
    reviewed_by: Reviewer,
    /// An explanation of each precaution
    #[schema(max_items = 8)]
    precautions: Vec<PrecautionNote>,
    /// The skills, the organization's own first
    #[schema(max_items = 10000)]
    items: Vec<Offered>,
}

/// List the skills on offer
///
/// The library's and the organization's own, without retired ones.
#[utoipa::path(
    params(
        SkillQuery,
        ("If-None-Match" = Option<String>, Header, max_length = 200, description = "The ETag of the stored copy"),
    ),
    responses(
        (status = 200, description = "The skills on offer", body = OfferedSkills,
         headers(("ETag" = String, description = "A hash of this answer"))),
        (status = 304, description = "The stored copy is current"),
    ),
)]
#[get("/v1/skills")]
async fn list_skills(
    app: Data<App>,
    caller: Caller,
    query: Query<SkillQuery>,
    at_hand: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let SkillQuery { family } = query.into_inner();
    let own = caller.read_organization(&app, Action::ReadSkills, move |tx, permit| {
        Ok(store::skills(tx, permit.actor().organization)?)
    });
    let (own, library) = (own.await?, library());
    let revisions: BTreeMap<_, _> =
        own.iter().map(|one| (SkillRef::Organization(one.id), one.revision)).collect();
    let items = Skills::new(library, &own)
        .iter()
        .filter(|(_, skill)| family.is_none_or(|family| skill.family == family))
        .map(|(name, skill)| {
            let revision = revisions.get(&name).copied();
            Offered { skill: name, draft: skill.clone(), revision }
        })
        .collect();
    let offered = OfferedSkills {
        library_version: library.version,
        reviewed_on: library.reviewed_on,
        reviewed_by: library.reviewed_by.clone(),
        precautions: library.precautions.clone(),
        items,
    };
    Ok(at_hand.answer(&tag(None, &offered), &offered))
}

/// Read a skill of the organization
///
/// Also a retired one, so that practice of it can still be shown by name.
#[utoipa::path(
    params(("id" = inline(SkillId), Path)),
    responses((
        status = 200, description = "The skill", body = OrganizationSkill,
        headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
    )),
)]
#[get("/v1/skills/{id}")]
async fn read_skill(
    app: Data<App>,
    caller: Caller,
    path: Path<(SkillId,)>,
) -> Result<Tagged<Json<OrganizationSkill>>, Problem> {
    let (id,) = path.into_inner();
    let skill = caller.read_organization(&app, Action::ReadSkills, move |tx, permit| find(tx, permit, id));
    let skill = skill.await?;
    Ok(Tagged(skill.revision, Json(skill)))
}

/// Add or edit a skill of the organization
///
/// Without `If-Match`, the skill is added under an id that the client makes. The answer to the same content again is
/// the stored skill. With `If-Match`, the revision that was read is edited, and the earlier revision stays stored.
#[utoipa::path(
    params(("id" = inline(SkillId), Path), MayMatch),
    responses(
        (
            status = 201, description = "Added, durably", body = OrganizationSkill,
            headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
        ),
        (
            status = 200, description = "Edited, or stored before with the same content", body = OrganizationSkill,
            headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
        ),
        (status = 409, description = "The id is in use for other content, or the skill was retired"),
        (status = 412, description = "It was changed since; read it again"),
    ),
)]
#[put("/v1/skills/{id}")]
async fn put_skill(
    app: Data<App>,
    caller: Caller,
    path: Path<(SkillId,)>,
    MayMatch { read }: MayMatch,
    Json(draft): Json<SkillDraft>,
) -> Result<Tagged<Recorded<OrganizationSkill>>, Problem> {
    let (id,) = path.into_inner();
    let known = read.filter(|read| *read != 0);
    let action = if known.is_some() { Action::EditSkill } else { Action::AddSkill };
    let done = caller.write_organization(&app, action, move |tx, permit| match known {
        None => add(tx, permit, id, draft.clone()),
        Some(read) => {
            let edited = edit(tx, permit, id, read, draft.clone())?;
            Ok(Recorded::Known(edited))
        }
    });
    let done = done.await?;
    Ok(Tagged(done.value().revision, done))
}

/// Retire a skill of the organization
///
/// It is no longer offered. Practice of it stays stored. Doing it again changes nothing.
#[utoipa::path(
    params(("id" = inline(SkillId), Path)),
    responses((status = 204, description = "Retired")),
)]
#[delete("/v1/skills/{id}")]
async fn retire_skill(
    app: Data<App>,
    caller: Caller,
    path: Path<(SkillId,)>,
) -> Result<HttpResponse, Problem> {
    let (id,) = path.into_inner();
    caller.write_organization(&app, Action::RetireSkill, move |tx, permit| retire(tx, permit, id)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Offer a retired skill of the organization again
///
/// With the content that it had when it was retired. Doing it again changes nothing.
#[utoipa::path(
    params(("id" = inline(SkillId), Path)),
    responses((
        status = 200, description = "On offer", body = OrganizationSkill,
        headers(("ETag" = inline(Tag), description = "Its revision, for If-Match")),
    )),
)]
#[post("/v1/skills/{id}/restore")]
async fn restore_skill(
    app: Data<App>,
    caller: Caller,
    path: Path<(SkillId,)>,
) -> Result<Tagged<Json<OrganizationSkill>>, Problem> {
    let (id,) = path.into_inner();
    let done =
        caller.write_organization(&app, Action::RestoreSkill, move |tx, permit| restore(tx, permit, id));
    let skill = done.await?;
    Ok(Tagged(skill.revision, Json(skill)))
}

/// All revisions of a skill.
#[derive(Serialize, ToSchema)]
struct SkillRevisions {
    /// The revisions, the oldest first
    #[schema(max_items = 10000)]
    items: Vec<SkillRevision>,
}

/// Read the revisions of a skill of the organization
///
/// The last one is the current one.
#[utoipa::path(
    params(("id" = inline(SkillId), Path)),
    responses((
        status = 200, description = "All revisions", body = SkillRevisions,
        headers(("ETag" = inline(Tag), description = "The last revision, for If-Match")),
    )),
)]
#[get("/v1/skills/{id}/revisions")]
async fn list_skill_revisions(
    app: Data<App>,
    caller: Caller,
    path: Path<(SkillId,)>,
) -> Result<Tagged<Json<SkillRevisions>>, Problem> {
    let (id,) = path.into_inner();
    let found = caller.read_organization(&app, Action::ReadSkills, move |tx, permit| {
        let skill = find(tx, permit, id)?;
        let earlier = store::skill_revisions(tx, permit.actor().organization, id)?;
        Ok((earlier, skill))
    });
    let (mut items, OrganizationSkill { revision, changed_by, changed_at, skill, .. }) = found.await?;
    items.push(SkillRevision { revision, changed_by, changed_at, skill });
    Ok(Tagged(revision, Json(SkillRevisions { items })))
}
