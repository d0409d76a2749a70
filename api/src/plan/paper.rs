//! The plans on paper: drawn from the [`Poster`] that the rule laid out.

mod layout;
mod page;
mod text;

use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, get};
use evenkeel_domain::plan::lines::crisis_lines;
use evenkeel_domain::plan::poster::{Poster, poster};
use evenkeel_domain::plan::safety::SafetyPlan;
use evenkeel_domain::plan::{Plan, Revision};
use evenkeel_persistence::plan as store;
use serde::Deserialize;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::{Written, today, view};
use crate::app::App;
use crate::app::problem::Problem;
use crate::coping::OnOffer;
use crate::http::body::{Path, Query};
use crate::http::caller::{Caller, ParticipantRef};

/// Which paper it is printed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// 8.5 x 11 inches.
    #[default]
    Letter,
    /// 210 x 297 mm.
    A4,
}

impl Paper {
    /// Width and height in points.
    const fn size(self) -> (f32, f32) {
        match self {
            Self::Letter => (612.0, 792.0),
            Self::A4 => (595.276, 841.89),
        }
    }
}

#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PaperQuery {
    /// Which paper it is printed on; letter if not given
    #[serde(default)]
    #[param(required = false, inline)]
    paper: Paper,
}

/// The bytes of a page, for the document.
struct Page;

impl PartialSchema for Page {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .into()
    }
}
impl ToSchema for Page {}

/// Answers with a poster on paper.
async fn printed(poster: Poster, paper: Paper, name: &str) -> Result<HttpResponse, Problem> {
    // Drawing takes longer than a worker may be kept from other requests.
    let drawn = web::block(move || page::pdf(&poster, paper)).await.map_err(Problem::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}.pdf\"")))
        .body(drawn.map_err(Problem::internal)?))
}

/// Print the plan
///
/// To be folded into a wallet or pinned to a wall. The lines that answer day and night and where naloxone is, or
/// where to get it, stand in a frame above everything, on the first page; the emergency number, naloxone at hand
/// and the first line also on each further one. Below: skills, people, steps after a slip, triggers and reasons.
/// On one page: where it ends, reasons, triggers and people give way and are counted, never a step, a line or part
/// of a number; only these may take a second page. Skills with a precaution that holds for the participant are left
/// off; a trigger with no other is answered by another skill of theirs, somebody to talk to, or whoever stands on
/// the page. It names neither the program nor the person beyond what the plan says, leaves out what the participant
/// keeps from the caller, and says that it does. Until both signed the current revision, it says so beside the day.
///
/// Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari and Thai letters are printed. Others, such as Chinese,
/// Japanese, Korean and emoji, are not: an ellipsis stands for them, and a note that they are in the app.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), PaperQuery),
    responses((status = 200, description = "The plan on paper", body = inline(Page), content_type = "application/pdf"))
)]
#[get("/v1/participants/{participant}/plan.pdf")]
pub(super) async fn print_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<PaperQuery>,
) -> Result<HttpResponse, Problem> {
    let (participant,) = path.into_inner();
    let found = view::look(&app, caller, participant, move |tx, grant| {
        let current = store::current::<Plan>(tx, grant)?;
        let agreement = current.as_ref().map(Revision::agreement);
        let plan = current.map(|current| current.content).unwrap_or_default();
        let (plan, withheld) = plan.shown(&plan, grant.actor().role);
        let on_offer = OnOffer::read(tx, grant)?;
        let (skills, choices) = (on_offer.skills(), &on_offer.choices);
        let today = today(tx, grant)?;
        Ok(poster(&plan, &withheld, &crisis_lines().lines, &skills, choices, today).agreed(agreement))
    });
    printed(found.await?, query.into_inner().paper, "my-plan").await
}

/// Print the safety plan
///
/// The six steps, all of them whole, on one page or more; the fifth begins with the emergency number. That and the
/// first line to call stand in a frame above them on each page. A step that is empty yet can be written in by hand.
/// Until both signed the current revision, it says so beside the day. Which letters are printed, and what stands
/// for others, is as for the plan.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), PaperQuery),
    responses((status = 200, description = "The safety plan on paper", body = inline(Page), content_type = "application/pdf"))
)]
#[get("/v1/participants/{participant}/safety-plan.pdf")]
pub(super) async fn print_safety_plan(
    app: Data<App>,
    caller: Caller,
    path: Path<(ParticipantRef,)>,
    query: Query<PaperQuery>,
) -> Result<HttpResponse, Problem> {
    let (participant,) = path.into_inner();
    let found = view::look(&app, caller, participant, move |tx, grant| {
        let current = store::current::<SafetyPlan>(tx, grant)?;
        let agreement = current.as_ref().map(Revision::agreement);
        let plan = current.map(|current| current.content).unwrap_or_default();
        Ok(plan.poster(today(tx, grant)?).agreed(agreement))
    });
    printed(found.await?, query.into_inner().paper, "my-safety-plan").await
}
