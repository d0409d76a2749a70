//! All that a phone must have at hand when it is offline, in one small answer.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use evenkeel_domain::access::{Action, Grant};
use evenkeel_domain::coping::assignment::{Assignee, AssignmentState};
use evenkeel_domain::coping::choice::{Choices, Chosen};
use evenkeel_domain::coping::library::{LibrarySkill, PrecautionNote, library};
use evenkeel_domain::coping::{SkillDraft, SkillRef, Skills};
use evenkeel_domain::plan::lines::{CrisisLines, crisis_lines};
use evenkeel_domain::plan::safety::{SafetyPlan, SafetySection, SafetyStep};
use evenkeel_domain::plan::section::Support;
use evenkeel_domain::plan::{Plan, PlanSection};
use evenkeel_domain::recovery::guidance::{Guidance, all_guidance};
use evenkeel_domain::reminder::{Preferences, next_due};
use evenkeel_domain::value::{Day, Moment, TimeZone};
use evenkeel_persistence::plan::offline::{Settings, settings};
use evenkeel_persistence::{Tx, coping, plan as store};
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::view::{Edition, edition};
use crate::app::App;
use crate::app::problem::Problem;
use crate::coping::assignment::{self, Assigned};
use crate::http::caller::{Caller, ParticipantRef};
use crate::http::etag::{IfNoneMatch, tag, tag_of};

/// How many days it looks ahead, today included.
const DAYS: i32 = 14;
/// Assignments in it at most: each may have a long note.
const MOST_ASSIGNMENTS: usize = 20;
/// Most bytes of it, but for its last brackets: a phone may be on a slow network. What may be left out is a skill.
const MOST_BYTES: usize = 195_000;

/// What a phone keeps for when it is offline, and from when that is. [`written`] writes it.
#[derive(Serialize, ToSchema)]
struct Offline {
    /// From when it is
    as_of: Moment,
    #[serde(flatten)]
    bundle: Bundle,
    /// The coping skills on offer, as many as keep it small: those of the plan first, then those to practice, the
    /// favorites, the library's, and the organization's. One with a precaution that holds for this person comes last
    #[schema(max_items = 400)]
    skills: Vec<OfflineSkill>,
}

/// All that a phone keeps but the skills.
#[derive(Serialize, ToSchema)]
struct Bundle {
    /// The zone that its days are of
    time_zone: TimeZone,
    /// The lines that answer day and night: for everybody, whatever the plan says
    #[schema(value_type = CrisisLines)]
    crisis_lines: &'static CrisisLines,
    /// What to read after use, for a lapse that is told without a network: what keeps alive comes first wherever it may
    /// have been an opioid
    #[schema(value_type = Guidance)]
    guidance: &'static RawValue,
    /// The six steps of the safety plan, ready to be read; the fifth always has the lines
    #[schema(min_items = 6, max_items = 6)]
    safety_steps: Vec<SafetyStep>,
    /// The safety plan
    safety_plan: Edition<SafetyPlan, SafetySection>,
    /// The plan
    plan: Edition<Plan, PlanSection>,
    /// The plan's people who can be reached, in its order
    #[schema(max_items = 10)]
    contacts: Vec<Support>,
    /// Skills they like, and precautions that hold for them, with the revision that a change starts from
    choices: Chosen,
    /// The skills that a counselor asks them to practice, as long as that is open: those with the earliest last day,
    /// at most 20
    #[schema(max_items = 20)]
    assignments: Vec<Assigned>,
    /// A sentence on each precaution that a skill may have
    #[schema(max_items = 8, value_type = Vec<PrecautionNote>)]
    precautions: &'static [PrecautionNote],
    /// Today and the 13 days after it
    #[schema(min_items = 14, max_items = 14)]
    days: Vec<OfflineDay>,
}

/// A coping skill with all that one needs to do it.
#[derive(Clone, Serialize, ToSchema)]
struct OfflineSkill {
    /// Which one
    skill: SkillRef,
    /// Whether it has a precaution that holds for this person: it may be read, it is not to be offered
    has_precaution: bool,
    /// What it is
    #[schema(value_type = SkillDraft)]
    content: Cow<'static, RawValue>,
}

/// What each skill of the library is, written once: it is the same in all answers.
static LIBRARY: LazyLock<HashMap<&'static str, Box<RawValue>>> = LazyLock::new(|| {
    let written =
        |skill: &'static LibrarySkill| Some((skill.code.as_ref(), to_raw_value(&skill.skill).ok()?));
    library().skills.iter().filter_map(written).collect()
});

static LIBRARY_TAG: LazyLock<String> = LazyLock::new(|| tag(None, library()));

/// The guidance, written once as well.
static GUIDANCE: LazyLock<Box<RawValue>> = LazyLock::new(|| to_raw_value(all_guidance()).unwrap_or_default());

/// A day to come.
#[derive(Serialize, ToSchema)]
struct OfflineDay {
    /// The day
    day: Day,
    /// When the reminder of this day is due, if it has one
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reminder_at: Option<Moment>,
    /// Which plans are to be looked at again on this day
    #[schema(max_items = 2)]
    reviews: Vec<Reviewed>,
}

/// Which document is to be looked at again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Reviewed {
    /// The relapse-prevention plan
    Plan,
    /// The safety plan
    SafetyPlan,
}

/// The skills on offer: those of the plan first, then those to practice, the favorites, the library's, and the
/// organization's; those with a precaution last.
fn skills(
    plan: &Plan,
    assignments: &[Assigned],
    choices: &Choices,
    on_offer: &Skills<'_>,
) -> Vec<OfflineSkill> {
    let assigned = assignments.iter().map(|one| one.assignment.draft.skill.clone());
    let liked = choices.favorites.iter().cloned();
    let near: Vec<SkillRef> = plan.skills(None).into_iter().chain(assigned).chain(liked).collect();
    let mut skills: Vec<OfflineSkill> = on_offer
        .iter()
        .filter_map(|(skill, draft)| {
            let written = match &skill {
                SkillRef::Library(code) => {
                    LIBRARY.get(code.as_ref()).map(|written| Cow::Borrowed(&**written))
                }
                SkillRef::Organization(_) => to_raw_value(draft).ok().map(Cow::Owned),
            };
            Some(OfflineSkill { skill, has_precaution: !choices.allow(draft), content: written? })
        })
        .collect();
    skills.sort_by_key(|one| {
        let place = near.iter().position(|skill| *skill == one.skill).unwrap_or(usize::MAX);
        (one.has_precaution, place, matches!(one.skill, SkillRef::Organization(_)))
    });
    skills
}

fn bundle(tx: &mut Tx, grant: &Grant) -> Result<(Bundle, Vec<OfflineSkill>), Problem> {
    let now = grant.now();
    let Settings { time_zone, wish, chosen } = settings(tx, grant)?.ok_or_else(Problem::unknown)?;
    let (plan, safety_plan) = store::current_both(tx, grant)?;
    let said = plan.as_ref().map(|plan| plan.content.clone()).unwrap_or_default();
    let safe = safety_plan.as_ref().map(|plan| plan.content.clone()).unwrap_or_default();
    let own = coping::skills(tx, grant.actor().organization)?;
    let on_offer = Skills::new(library(), &own);
    let to = Assignee { participant: grant.participant(), zone: &time_zone, choices: &chosen.choices };
    let mut assignments = assignment::listed(tx, grant, to, &on_offer, now)?;
    assignments.retain(|one| one.state == AssignmentState::Open);
    assignments.sort_by_key(|one| (one.assignment.draft.until, one.assignment.id));
    assignments.truncate(MOST_ASSIGNMENTS);
    let days = days(&wish, &time_zone, [said.review_on, safe.review_on], now);
    let skills = skills(&said, &assignments, &chosen.choices, &on_offer);
    let bundle = Bundle {
        crisis_lines: crisis_lines(),
        guidance: &GUIDANCE,
        safety_steps: safe.steps().into(),
        safety_plan: edition(grant, safety_plan.as_ref(), &safe),
        plan: edition(grant, plan.as_ref(), &said),
        contacts: said.supports.iter().filter(|support| support.reach.is_some()).cloned().collect(),
        choices: chosen,
        assignments,
        precautions: &library().precautions,
        days,
        time_zone,
    };
    Ok((bundle, skills))
}

fn days(
    wish: &Preferences,
    zone: &TimeZone,
    [plan, safety_plan]: [Option<Day>; 2],
    now: Moment,
) -> Vec<OfflineDay> {
    let today = now.local_day(zone);
    // All of today's, so that the bundle stays the same all day.
    let mut after = today.begins(zone).unwrap_or(now).plus(-SignedDuration::from_micros(1));
    let mut due = Vec::new();
    while let Some(next) = next_due(wish, zone, after).filter(|next| today.until(next.local_date) < DAYS) {
        after = next.due_at;
        due.push(next);
    }
    let days = (0..DAYS).map(|ahead| {
        let day = today.plus(ahead);
        let reviews = [(plan, Reviewed::Plan), (safety_plan, Reviewed::SafetyPlan)];
        OfflineDay {
            day,
            reminder_at: due.iter().find(|due| due.local_date == day).map(|due| due.due_at),
            reviews: reviews.into_iter().filter(|(on, _)| *on == Some(day)).map(|(_, of)| of).collect(),
        }
    });
    days.collect()
}

/// Read what a phone keeps for when it is offline
///
/// Both plans, the people and lines to call, what to read after use, all coping skills, what was chosen and
/// assigned of them, and the next 14 days, in one answer under 200 kB. The tag leaves `as_of` out: with
/// `If-None-Match`, an unchanged bundle costs nothing. Keep it where it opens without signing in.
#[utoipa::path(
    params(
        ("If-None-Match" = Option<String>, Header, max_length = 200, description = "The ETag of the copy at hand"),
    ),
    responses(
        (status = 200, description = "The bundle", body = Offline,
         headers(("ETag" = String, description = "A hash of all but `as_of`"))),
        (status = 304, description = "The copy at hand is the newest"),
        (status = 404, description = "The caller has no record of their own"),
    ),
)]
#[get("/v1/participants/me/offline")]
pub(super) async fn read_offline(
    app: Data<App>,
    caller: Caller,
    known: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let bundle = caller.read(&app, Action::ReadPlan, ParticipantRef::Me, None, move |tx, grant| {
        Ok((bundle(tx, grant)?, grant.now()))
    });
    let ((bundle, skills), now) = bundle.await?;
    let (said, tag) = written(now, &bundle, &skills).map_err(Problem::internal)?;
    Ok(known.unchanged(&tag).unwrap_or_else(|| {
        let mut answer = HttpResponse::Ok();
        answer.insert_header((header::ETAG, tag)).content_type(header::ContentType::json()).body(said)
    }))
}

/// An [`Offline`] as JSON with as many skills as keep it small, and its tag. It is the longest answer there is:
/// all is written once and lies in one place.
fn written(
    now: Moment,
    bundle: &impl Serialize,
    skills: &[OfflineSkill],
) -> serde_json::Result<(Vec<u8>, String)> {
    let mut said = Vec::with_capacity(64 * 1024);
    said.extend_from_slice(br#"{"as_of":"#);
    serde_json::to_writer(&mut said, &now)?;
    let after = said.len();
    serde_json::to_writer(&mut said, bundle)?;
    // The brace that opens the bundle becomes the comma before its first field, the one that closes it the
    // comma after its last.
    said[after] = b',';
    said.pop();
    // What the skills of the library say is the longest part and the same in all answers: its tag stands for it.
    let mut tagged = said[after..].to_vec();
    tagged.extend_from_slice(LIBRARY_TAG.as_bytes());
    said.extend_from_slice(br#","skills":["#);
    let first = said.len();
    for skill in skills {
        let before = said.len();
        if first < before {
            said.push(b',');
        }
        serde_json::to_writer(&mut said, skill)?;
        if MOST_BYTES < said.len() {
            said.truncate(before);
            continue;
        }
        serde_json::to_writer(&mut tagged, &(&skill.skill, skill.has_precaution))?;
        if let Cow::Owned(content) = &skill.content {
            tagged.extend_from_slice(content.get().as_bytes());
        }
    }
    said.extend_from_slice(b"]}");
    Ok((said, tag_of(None, &tagged)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use serde_json::{Value, json};

    fn skill(bytes: usize) -> OfflineSkill {
        let content = to_raw_value(&"s".repeat(bytes)).unwrap();
        let skill = SkillRef::try_from("library:urge_surfing".to_owned()).unwrap();
        OfflineSkill { skill, has_precaution: false, content: Cow::Owned(content) }
    }
    fn said(second: i64, skills: &[OfflineSkill]) -> (Value, usize, String) {
        let now = Moment::try_from(Timestamp::from_second(second).unwrap()).unwrap();
        let (said, tag) = written(now, &json!({ "plan": {}, "days": [] }), skills).unwrap();
        (serde_json::from_slice(&said).unwrap(), said.len(), tag)
    }

    #[test]
    fn a_bundle_leaves_out_the_skill_that_would_make_it_too_large_and_keeps_those_that_fit() {
        let (bundle, bytes, _) = said(0, &[skill(100_000), skill(99_000), skill(90_000), skill(1_000)]);
        let lengths: Vec<_> = bundle["skills"]
            .as_array()
            .unwrap()
            .iter()
            .map(|skill| skill["content"].as_str().unwrap().len())
            .collect();
        assert_eq!(lengths, [100_000, 90_000, 1_000]);
        assert!(bytes < 200_000);
        assert_eq!((&bundle["as_of"], &bundle["days"]), (&json!("1970-01-01T00:00:00Z"), &json!([])));
    }

    #[test]
    fn the_tag_of_a_bundle_changes_with_what_it_says_and_not_with_the_time() {
        let (empty, _, tag) = said(0, &[]);
        assert_eq!(empty["skills"], json!([]));
        assert_eq!(said(60, &[]).2, tag);
        assert_ne!(said(0, &[skill(1)]).2, tag);
    }
}
