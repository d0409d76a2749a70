//! The printed plans: PDFs of what the domain says is printed.

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

/// The bytes of a PDF, for the API's document.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only its schema is used")]
struct Pdf(Vec<u8>);

/// Answers with a plan as a PDF.
async fn answer(plan: PrintedPlan, paper: Paper, name: &str) -> Result<HttpResponse, Problem> {
    // Drawing would hold up the other requests of a worker.
    let drawn = web::block(move || page::pdf(&plan, paper)).await.map_err(Problem::internal)?;
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{name}.pdf\"")))
        .body(drawn.map_err(Problem::internal)?))
}

/// Print the plan
///
/// To fold into a wallet or pin to a wall. The lines that answer day and night and where naloxone is, or where to
/// get it, are in a box above everything, on the first page; each further page repeats the emergency number,
/// naloxone at hand and the first line. Below: skills, people, the lapse response plan, triggers and reasons.
/// On one page: where it ends, reasons, triggers and people are left out and counted, never a step, a line or part
/// of a number; only these may take a second page. Skills with a precaution that holds for the participant are left
/// out; a trigger with no other is answered by another skill of theirs, somebody to talk to, or anybody on
/// the page. It names neither the program nor the person beyond what the plan says, leaves out what the participant
/// does not share with the caller, and says that it does. The line at the foot says which revision it is and when
/// both signed it, or that they have not. It is tagged for screen readers (PDF/UA).
///
/// Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari and Thai letters are always printed; others, such as Chinese,
/// Japanese and Korean, where the server has a font for them. Elsewhere, and for emoji, an ellipsis is printed, and
/// a note that they are in the app.
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
/// The six steps, all of them whole, on one page or more; the fifth begins with the emergency number. That and the
/// first line to call are in a box above them on each page. A step that is still empty can be filled in by hand.
/// The line at the foot says which revision it is and when both signed it, or that they have not. Which letters are
/// printed, and what is printed for others, is as for the plan.
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
    /// Any text; half of them have many scripts, numbers, directions, joiners and emoji close together.
    pub fn any_text() -> impl Strategy<Value = String> {
        let close = "[a-z0-9 ()+./–\\-א-ת٠-٩ء-ي\u{900}-\u{97f}ก-๛一-三가-갛০-৯０-９\u{200d}\u{202e}\u{2067}\u{20e3}\u{301}\u{fdfd}👨👩🇺…]{0,30}";
        prop_oneof![any::<String>(), close]
    }
}
