//! The printed plans, as PDFs.

mod layout;
mod page;
mod text;

use actix_web::http::header;
use actix_web::web::{self, Data};
use actix_web::{HttpResponse, get};
use evenkeel_domain::plan::Plan;
use evenkeel_domain::plan::lines::crisis_lines;
use evenkeel_domain::plan::printed::{PrintedPlan, printed_plan};
use evenkeel_domain::plan::safety::SafetyPlan;
use evenkeel_persistence::plan as store;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{Written, view};
use crate::app::App;
use crate::app::calendar::home_zone;
use crate::app::problem::Problem;
use crate::coping::OnOffer;
use crate::http::body::{Path, Query};
use crate::http::caller::{Caller, ParticipantRef};

/// The size of the paper.
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
    /// The size of the paper; default: letter
    #[serde(default)]
    #[param(required = false, inline)]
    paper: Paper,
}

/// The bytes of a PDF, for the OpenAPI document.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only its schema is used")]
struct Pdf(Vec<u8>);

/// Answers with a plan as a PDF.
async fn answer(plan: PrintedPlan, paper: Paper, name: &str) -> Result<HttpResponse, Problem> {
    // In another thread, because it would delay the other requests of this worker.
    let drawn = web::block(move || page::pdf(&plan, paper)).await.map_err(Problem::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}.pdf\"")))
        .body(drawn.map_err(Problem::internal)?))
}

/// Print the plan
///
/// To fold into a wallet or pin to a wall. A box at the top of the first page has the crisis lines and where naloxone
/// is or where to get it. Each further page repeats the emergency number, naloxone at hand and the first crisis line.
/// Below are skills, people, lapse response steps, triggers and reasons.
///
/// The plan is on one page. If that is full, reasons, triggers and people are left out and counted. Steps and crisis
/// lines are never left out, and take a second page if necessary. Skills with a precaution that applies to the
/// participant are left out. If a trigger then has no skill, its answer is another skill of theirs, somebody to talk
/// to, or anybody on the page. Names of the program or the person appear only if the plan has them. What the
/// participant does not share with the caller is left out, and a note says so. The foot has the revision and when
/// both signed it, or that they have not. The PDF is tagged for screen readers (PDF/UA).
///
/// Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari and Thai letters are always printed. Others, such as Chinese,
/// Japanese and Korean, are printed if the server has a font for them. If not, and for emoji, an ellipsis is printed
/// with a note that they are in the app.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), PaperQuery),
    responses((status = 200, description = "The printed plan", body = inline(Pdf), content_type = "application/pdf"))
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
        let plan = current.as_ref().map(|current| current.content.clone()).unwrap_or_default();
        let (plan, withheld) = plan.shown(&plan, grant.actor().role);
        let on_offer = OnOffer::read(tx, grant)?;
        let (skills, choices) = (on_offer.skills(), &on_offer.choices);
        let zone = home_zone(tx, grant.participant())?;
        let today = grant.now().local_day(&zone);
        let printed = printed_plan(&plan, &withheld, &crisis_lines().lines, &skills, choices, today);
        Ok(printed.of_revision(current.as_ref(), &zone))
    });
    answer(found.await?, query.into_inner().paper, "my-plan").await
}

/// Print the safety plan
///
/// The six steps, all complete, on one page or more. The fifth begins with the emergency number. That number and the
/// first crisis line are in a box above them on each page. An empty step has space to write by hand. The foot has the
/// revision and when both signed it, or that they have not. Letters are printed as in the plan.
#[utoipa::path(
    params(("participant" = inline(ParticipantRef), Path), PaperQuery),
    responses((status = 200, description = "The printed safety plan", body = inline(Pdf), content_type = "application/pdf"))
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
        let plan = current.as_ref().map(|current| current.content.clone()).unwrap_or_default();
        let zone = home_zone(tx, grant.participant())?;
        Ok(plan.printed(grant.now().local_day(&zone)).of_revision(current.as_ref(), &zone))
    });
    answer(found.await?, query.into_inner().paper, "my-safety-plan").await
}

#[cfg(test)]
mod tests {
    use evenkeel_domain::plan::printed::{PrintedGroup, PrintedLine, PrintedPlan};
    use evenkeel_domain::plan::safety::SafetyPlan;
    use evenkeel_domain::value::Day;
    use proptest::prelude::*;

    pub fn day() -> Day {
        serde_json::from_str("\"2026-03-02\"").unwrap()
    }
    /// A plan with one group of these lines below the emergency box.
    pub fn of(lines: Vec<PrintedLine>) -> PrintedPlan {
        let groups = vec![PrintedGroup::critical("If a lapse happens", lines)];
        PrintedPlan { groups, ..SafetyPlan::default().printed(day()) }
    }
    /// Any text. Half of them have many scripts, numbers, directions, joiners and emoji close together.
    pub fn any_text() -> impl Strategy<Value = String> {
        let close = "[a-z0-9 ()+./–\\-א-ת٠-٩ء-ي\u{900}-\u{97f}ก-๛一-三가-갛০-৯０-９\u{200d}\u{202e}\u{2067}\u{20e3}\u{301}\u{fdfd}👨👩🇺…]{0,30}";
        prop_oneof![any::<String>(), close]
    }
}
